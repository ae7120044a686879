/*
 * A published port and its clients. A device, its owner, observers, those that wait, and those that
 * are told why not. The first client opens the device and the last one closes it, unless its
 * options have `hold`.
 *
 * Everything runs on the loop thread.
 */
#ifndef SERVER_SERIAL_PORT_H
#define SERVER_SERIAL_PORT_H

#include <stddef.h>
#include <stdint.h>

#include "cli.h"
#include "port_options.h"

struct event_base;
struct newcomer;
struct port;
struct port_report;

/* Bytes that may wait for a client. */
enum { PORT_STREAM_MAX = 512 * 1024 };

/* Makes a port, whose options must outlive it. Foreseeable faults of its device are found out, but
 * the device is not opened. Returns NULL with the reason in `error`. */
struct port *port_new(struct event_base *base, const struct port_options *options,
                      char error[static CLI_ERROR_MAX]);

/* Its address is there: a device that is to be held is opened. Returns 0, or -errno with the reason
 * in `error`. */
int port_begin(struct port *p, char error[static CLI_ERROR_MAX]);

/* Takes a newcomer of the gate, or has it wait. */
void port_take(struct port *p, struct newcomer *n);

/* Ends all sessions, and closes the device with its state put back. Accepts NULL. */
void port_free(struct port *p);

/* Says what is known of it; `clients` is the caller's to free. Returns 0 or -ENOMEM. */
int port_report(const struct port *p, struct port_report *r);

/* Bytes for the device that it has not got yet. */
size_t port_untransmitted(const struct port *p);

/* Bytes that the device has got. */
uint64_t port_taken(const struct port *p);

#endif
