/*
 * Windows's table of TCP connections: the state of one of ours, and whose a listener is.
 */
#ifndef WIN32_TCP_TABLE_H
#define WIN32_TCP_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include <event2/util.h>

/* The state, MIB_TCP_STATE_..., of a connected socket's connection; 0 if the table has it no more:
 * it has been reset. Negative if Windows does not tell. */
int tcp_table_state(evutil_socket_t fd);

/* The process that listens on `port`, or on that of IPv6 only, 0 if none is known. */
unsigned long tcp_table_listener(uint16_t port, bool ipv6_only);

/* Whether somebody listens on `port`, and `*for_others`: at another address than the loopback's. */
bool tcp_table_has_listener(uint16_t port, bool *for_others);

#endif
