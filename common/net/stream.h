/*
 * A connection: bytes to and from a peer, in order, with a bounded queue of the bytes that the
 * kernel did not take. A listener, a dialer or local.h makes it; nobody outside this folder sees a
 * descriptor. A table of functions carries the bytes (transport.h). Their meaning is the owner's
 * business.
 *
 * net2usb has connections of its own (client/libusb): its libraries live in strangers' programs and
 * link the C library only.
 */
#ifndef COMMON_NET_STREAM_H
#define COMMON_NET_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"

struct event_base;
struct stream;

/* All run on the loop thread; each may close the stream. */
struct stream_callbacks {
    /* Bytes of the peer, valid during the call; len > 0. */
    void (*received)(void *ctx, const uint8_t *data, size_t len);
    /* Optional: where what comes next may be read to, in place of `received`: the room at `*into`,
     * or 0. `filled` says how much was; up to `beyond` bytes after it, at least one, are read by
     * the same call, and `received`. */
    size_t (*room)(void *ctx, uint8_t **into);
    void (*filled)(void *ctx, size_t len);
    size_t beyond;
    /* The queue has run empty after stream_write had to queue something. */
    void (*drained)(void *ctx);
    /* Optional: the peer has acknowledged nothing for a second although something is under way
     * (`on`), or does again. More of that would only be lost if the link is dead, which `ended`
     * says after 6 s. */
    void (*stalled)(void *ctx, bool on);
    /* The owner tells itself what stream_unacknowledged says at `ended`; otherwise it is logged. */
    bool tells_loss;
    /* The connection has ended; the owner calls stream_close. It comes from the loop: never from
     * within a call of the owner's but stream_catch_up, as he may be in the middle of anything.
     * `error` is 0 when the peer closed its side: nothing is received any more, but the peer may
     * still want to hear. Bytes that are written then still go out, until the owner closes too or
     * `ended` comes with an error, a negative errno. */
    void (*ended)(void *ctx, int error);
};

/* Of a stream that is made. */
struct stream_options {
    size_t queue_max; /* bytes that wait for the kernel at most */
    bool bulk;        /* it carries bulk, and has as much under way as the system likes */
};

/* Gives the stream an owner: its first, or another one. It does not read until stream_read says so.
 */
void stream_set_owner(struct stream *s, const struct stream_callbacks *callbacks, void *ctx);

/* Reads or pauses. A paused stream notices its peer's end only after some 15 s, so that what the
 * peer had sent before can still be taken. */
void stream_read(struct stream *s, bool on);

/* Takes the bytes that have come by now, as the loop is about to. It is for callers that want to
 * know at once whether the peer has gone. Nothing happens on a paused stream. */
void stream_catch_up(struct stream *s);

/* Whether the peer has closed the connection, or its side, though what it had sent may not be
 * received yet. */
bool stream_peer_has_closed(const struct stream *s);

/* The owner of a paused stream gets on with the bytes it has read: the 15 s begin again, unless the
 * peer has reset the connection. */
void stream_keep(struct stream *s);

/* Sends at once what the kernel takes and queues the rest, all or nothing. Returns 0, -ENOBUFS
 * when the queue's bound is reached, or another -errno; a broken connection is reported by `ended`
 * from the loop, not from here. */
int stream_write(struct stream *s, const void *data, size_t len);

/* Bytes that wait for the kernel. */
size_t stream_queued(const struct stream *s);

/* Bytes that the peer has not acknowledged, the queued ones included, and those that it cannot get
 * any more. */
size_t stream_unacknowledged(const struct stream *s);

/* Ends the connection now. Callbacks stop at once, and the socket is closed; the memory goes when
 * they have returned. */
void stream_close(struct stream *s);

/* The same, but with a reset, which also drops the bytes under way. It is for peers that come back
 * over another connection. They would take an orderly end for the end of everything. */
void stream_reset(struct stream *s);

/* Ignores the connection from now on, and leaves it open. The peer is told nothing, so it waits for
 * the client to come back over another connection. stream_close follows. */
void stream_park(struct stream *s);

/* Sends what is queued, then ends the connection without a reset, so that the peer gets all of it.
 * The stream is no longer the owner's; at most 2 s later it is gone, and sooner when there are very
 * many. */
void stream_finish(struct stream *s);

/* Whether a connection that ended with `error` was lost on its way: its peer may still be there. A
 * reset is not among them, as most are the peer's. */
bool stream_error_is_networks(int error);

/* The network that the peer is counted by (addr_network), or "?". */
void stream_network(const struct stream *s, char text[static ADDR_TEXT_MAX]);

/* The peer's address as "host:port", valid as long as the stream is. */
const char *stream_peer(const struct stream *s);

#endif
