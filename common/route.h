/*
 * The kernel's table of IPv4 routes, as /proc/net/route has it (fib_route_seq_show in
 * net/ipv4/fib_trie.c): a line of headings, then for each route name, destination, gateway, flags,
 * counters, metric, mask. Addresses are the numbers in hexadecimal that their four bytes are in
 * memory.
 */
#ifndef COMMON_ROUTE_H
#define COMMON_ROUTE_H

#include <stdbool.h>

enum { ROUTE_ADDRESS_MAX = 16 };

/* Finds the gateway of the default route, of several that of the lowest metric, as "172.17.0.1".
 * Returns false where there is none. */
bool route_gateway(const char *table, char address[static ROUTE_ADDRESS_MAX]);

#endif
