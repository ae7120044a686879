/*
 * An address without a network: connections are made by the test. Implements common/net/listener.h;
 * there is one.
 */
#ifndef TESTS_FAKES_FAKE_LISTENER_H
#define TESTS_FAKES_FAKE_LISTENER_H

#include <event2/util.h>

#include "listener.h"

/* Connects; returns the client's end, non-blocking. It is accepted at once. */
evutil_socket_t fake_listener_connect(void);

#endif
