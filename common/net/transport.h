/*
 * The carrier of a stream's bytes: a socket. It is a table of functions, so that another layer fits
 * between the two. stream.c and those who make connections (listener, dialer) use it; nobody
 * outside this folder does.
 */
#ifndef COMMON_NET_TRANSPORT_H
#define COMMON_NET_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <event2/util.h>

struct event_base;
struct transport;

struct transport_ops {
    /* Whether the stream is to be told that it can read, or write. */
    void (*watch_reading)(struct transport *t, bool on);
    void (*watch_writing)(struct transport *t, bool on);
    /* Receives into two places, the second one when the first is full (its length may be 0).
     * Returns the bytes moved, 0 when the peer has closed its side, -EAGAIN when nothing is there,
     * or another -errno. Neither this nor `send` blocks. */
    int (*receive)(struct transport *t, void *first, size_t first_len, void *second,
                   size_t second_len);
    /* Sends what is taken now: returns the bytes, -EAGAIN, or another -errno. */
    int (*send)(struct transport *t, const void *data, size_t len);
    /* Tells the peer that nothing more will come; receiving continues. */
    void (*end_sending)(struct transport *t);
    /* Facts about the peer: tcp.h has the promises, as tcp_*. */
    bool (*peer_has_closed)(const struct transport *t);
    bool (*is_reset)(const struct transport *t);
    bool (*is_dead)(const struct transport *t);
    unsigned (*silence_ms)(const struct transport *t);
    size_t (*unacknowledged)(const struct transport *t);
    /* The peer's address. Returns 0 or -errno. */
    int (*peer)(const struct transport *t, struct sockaddr_storage *address);
    /* Has `close` reset the connection. */
    void (*reset)(struct transport *t);
    /* Ends the connection at once: nothing is called back any more. */
    void (*close)(struct transport *t);
    /* Closes it, if nobody has, and frees it. */
    void (*free)(struct transport *t);
};

/* The first member of each kind. */
struct transport {
    const struct transport_ops *ops;
    /* The stream's, on the loop thread. */
    void (*readable)(void *ctx);
    void (*writable)(void *ctx);
    void *ctx;
};

/* Makes a transport of a connected, non-blocking socket, which it owns from then on (also when it
 * fails). Little is under way on a `slow` one, so that it can be called back (tcp_tune). Returns
 * NULL without memory. */
struct transport *transport_socket_new(struct event_base *base, evutil_socket_t fd, bool slow);

struct stream;
struct stream_options;

/* Makes a stream of a socket, which it owns from then on (also when it fails). It has no owner yet:
 * stream_set_owner comes before the loop's next turn. Returns NULL without memory. */
struct stream *stream_of_socket(struct event_base *base, evutil_socket_t fd,
                                const struct stream_options *options);

#endif
