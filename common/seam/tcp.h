/*
 * TCP connections: how they are tuned, and what the system knows of the peer. Implemented in
 * posix/linux/tcp.c and win32/tcp.c.
 */
#ifndef COMMON_SEAM_TCP_H
#define COMMON_SEAM_TCP_H

#include <stdbool.h>
#include <stddef.h>

#include <event2/util.h>

/* Readies a TCP socket for our traffic: no Nagle delay, and keepalive that notices a dead peer
 * within 15 s of silence. On Windows peers of the same machine are excepted from the latter. For a
 * `slow` line little is under way, so that it can be called back. */
void tcp_tune(evutil_socket_t fd, bool slow);

/* Whether the peer has acknowledged nothing for 15 s although something is under way, which
 * keepalive does not notice. A living peer that does not read is not dead. */
bool tcp_is_dead(evutil_socket_t fd);

/* For how long, in milliseconds, the peer has sent nothing at all although something is under way
 * to it. It is an estimate: nobody knows since when something is under way. 0: nothing is, or the
 * system cannot tell. */
unsigned tcp_silence_ms(evutil_socket_t fd);

/* Whether the peer has closed or reset the connection, told without reading what came before. */
bool tcp_peer_has_closed(evutil_socket_t fd);

/* Whether it was a reset, after which nothing can be sent to the peer either. */
bool tcp_is_reset(evutil_socket_t fd);

/* Bytes that the peer has not acknowledged yet; 0 where the system cannot tell. */
size_t tcp_unacknowledged(evutil_socket_t fd);

#endif
