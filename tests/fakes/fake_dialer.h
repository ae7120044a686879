/*
 * A dialer that connects when the test says so: the second implementation of common/net/dialer.h.
 * How much of what was sent is acknowledged is what the test's end has read:
 * --wrap=tcp_unacknowledged.
 */
#ifndef TESTS_FAKES_FAKE_DIALER_H
#define TESTS_FAKES_FAKE_DIALER_H

#include <stdbool.h>

#include <event2/util.h>

#include "proto/unreached.h"

struct fake_dialer {
    bool exists;
    bool wants;             /* to connect */
    evutil_socket_t server; /* the other end of the connection, or -1 */
    size_t unread;          /* at the moment when it was closed */
};

extern struct fake_dialer fake_dialer;

/* Connects; the dialer has to want it. */
void fake_dialer_connect(void);
/* An attempt has failed. */
void fake_dialer_fail(enum unreached_why why);
/* The server's end goes. */
void fake_dialer_close(void);

#endif
