/*
 * The built-in loopback port `loop:`: sent bytes come back, RTS is CTS, DTR is DSR and CD, a break
 * is received as a break. For trying everything out without hardware, and for tests.
 */
#ifndef SERVER_SERIAL_LOOP_PORT_H
#define SERVER_SERIAL_LOOP_PORT_H

#include "serial.h"

/* Opens one; `paced`: bytes take the time that speed and format say. Returns NULL without memory.
 */
struct serial *loop_port_open(struct event_base *base, bool paced,
                              const struct serial_callbacks *callbacks, void *ctx,
                              struct line_settings *current);

#endif
