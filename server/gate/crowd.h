/*
 * The connections to com2net, and their bounds. The process has a bound, as its descriptors are
 * limited. Each address has one, so that a stranger at one does not starve another. Each peer has
 * one, too. A place is taken by a connection when it is accepted and kept to its end. Those that
 * use no device (not told apart yet, refused, observing, hearing of changes) can lose theirs to a
 * new one. Those that work on a device never do.
 *
 * Everything runs on the loop thread.
 */
#ifndef SERVER_GATE_CROWD_H
#define SERVER_GATE_CROWD_H

#include <stdbool.h>
#include <stddef.h>

struct crowd;
struct crowd_address;
struct crowd_place;

/* Ends a connection that has lost its place: it calls crowd_leave before it returns. */
typedef void crowd_evict(void *ctx, const char *why);

/* Of at most `most` connections. NULL without memory. Outlives its addresses. */
struct crowd *crowd_new(size_t most);

/* Has `peopled` called with true when the first connection comes, with false when the last one has
 * gone. */
void crowd_watch(struct crowd *c, void (*peopled)(bool anybody));

/* Accepts NULL. */
void crowd_free(struct crowd *c);

/* One more address. Its share of places cannot be taken by others. NULL without memory. */
struct crowd_address *crowd_address_new(struct crowd *c);

/* Its places have all been left before. */
void crowd_address_free(struct crowd_address *a);

/* A place for a connection from `peer` (addr_network). A connection without a device may lose its
 * own for it: the oldest of the peer that has the most. NULL when all are at work, or without
 * memory. */
struct crowd_place *crowd_enter(struct crowd_address *a, const char *peer, crowd_evict *evict,
                                void *ctx);

/* The functions for one place accept NULL, of a connection that no address has. */

/* The connection has another owner, which is told when it loses its place. */
void crowd_set_owner(struct crowd_place *p, crowd_evict *evict, void *ctx);

/* It uses a device from now on, or no more. */
void crowd_set_working(struct crowd_place *p, bool working);

/* It has ended. */
void crowd_leave(struct crowd_place *p);

#endif
