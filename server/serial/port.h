/*
 * A published port: who is in. A device, its owner, observers, those that wait, and those that are
 * told why not. The first client opens the device and the last one closes it, unless its options
 * say `hold`.
 *
 * Everything runs on the loop thread.
 */
#ifndef SERVER_SERIAL_PORT_H
#define SERVER_SERIAL_PORT_H

#include <stddef.h>
#include <stdint.h>

#include "cli.h"
#include "port_options.h"

struct addr;
struct crowd;
struct event_base;
struct port;

/* Publishes a port, whose options must outlive it, at `listen`, among the crowd of the process.
 * Returns NULL with the reason in `error`. */
struct port *port_new(struct event_base *base, struct crowd *crowd,
                      const struct port_options *options, const struct addr *listen,
                      char error[static CLI_ERROR_MAX]);

/* Ends all sessions, closes the device with its state put back, stops listening. Accepts NULL. */
void port_free(struct port *p);

/* Logs one line: name, address, state, client, settings, lines. */
void port_report(const struct port *p);

/* Bytes for the device that it has not got yet, and those that it has. */
size_t port_untransmitted(const struct port *p);
uint64_t port_taken(const struct port *p);

#endif
