/*
 * The addresses of a name, by the system's own means: /etc/hosts, name servers, mDNS and whatever
 * else it is set up for. The loop continues meanwhile. A changed set-up counts for the next
 * look-up.
 */
#ifndef COMMON_SEAM_RESOLVER_H
#define COMMON_SEAM_RESOLVER_H

#include <stdint.h>

#include <event2/util.h>

struct event_base;
struct resolver;

/* Called once, on the loop's thread, after resolver_start has returned. `error` is 0 or one of
 * getaddrinfo's; `found`, for streams, is the callee's, to be freed by evutil_freeaddrinfo. */
typedef void resolver_found(void *ctx, int error, struct evutil_addrinfo *found);

/* Begins a look-up. Returns NULL where that is not possible: without memory, or while too many
 * earlier ones, which were given up, have not come back. The system decides how long it takes: the
 * owner has a limit of its own. */
struct resolver *resolver_start(struct event_base *base, const char *host, uint16_t port,
                                resolver_found *found, void *ctx);

/* Gives it up, or frees it after its callback, where it may be called; NULL is fine. */
void resolver_free(struct resolver *r);

#endif
