/*
 * Connects to a server, again and again until it works, with a back-off from 0.1 to 5 s. It never
 * blocks the loop, not even for the look-up of a name.
 */
#ifndef COMMON_NET_DIALER_H
#define COMMON_NET_DIALER_H

#include "addr.h"

struct dialer;
struct event_base;
struct stream;
struct stream_options;
struct unreached;

struct dialer_callbacks {
    /* Connected: the stream is the owner's, and gets its callbacks before this returns. The dialer
     * rests until dialer_start. */
    void (*connected)(void *ctx, struct stream *stream);
    /* One attempt has failed; the next one follows by itself. */
    void (*failed)(void *ctx, const struct unreached *why);
};

/* Makes a dialer that rests. `streams` is for each connection. Returns NULL without memory. */
struct dialer *dialer_new(struct event_base *base, const struct addr *addr,
                          const struct stream_options *streams,
                          const struct dialer_callbacks *callbacks, void *ctx);

/* Accepts NULL. */
void dialer_free(struct dialer *d);

/* Begins to connect: the first time and after dialer_succeeded at once, otherwise after the
 * back-off that earlier failures have earned. */
void dialer_start(struct dialer *d);

/* The session over the last connection works: the back-off begins again. */
void dialer_succeeded(struct dialer *d);

#endif
