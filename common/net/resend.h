/*
 * Sends what a replay keeps over a stream, as far as that takes it.
 */
#ifndef COMMON_NET_RESEND_H
#define COMMON_NET_RESEND_H

struct replay;
struct stream;

/* Gives the stream what it has not been given, until some of it waits in the stream. Continue when
 * that has drained. Returns 0 or a -errno of stream_write. */
int resend(struct replay *r, struct stream *s);

#endif
