/*
 * A connection that no gate has let in: of a socket that the test has.
 */
#ifndef TESTS_FAKES_FAKE_NEWCOMER_H
#define TESTS_FAKES_FAKE_NEWCOMER_H

#include <event2/util.h>

#include "newcomer.h"

struct event_base;

/* Owns the socket. `queue_max` as in stream.h. */
struct newcomer fake_newcomer(struct event_base *base, evutil_socket_t fd, size_t queue_max);

#endif
