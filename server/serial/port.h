/*
 * A published port: a gate, the device behind it while it is open, and the clients' sessions.
 * The first client opens the device and the last one closes it, unless its options say `hold`.
 *
 * The functions for sessions below are called by serial_session.c only, those of one session for
 * the port it belongs to. Everything runs on the loop thread.
 */
#ifndef SERVER_SERIAL_PORT_H
#define SERVER_SERIAL_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/line.h"
#include "port_options.h"

struct addr;
struct crowd;
struct event_base;
struct port;
struct serial_session;

/* Publishes a port, whose options must outlive it, at `listen`, among the crowd of the process.
 * Returns NULL with the reason in `error`. */
struct port *port_new(struct event_base *base, struct crowd *crowd,
                      const struct port_options *options, const struct addr *listen,
                      char error[static CLI_ERROR_MAX]);

/* Ends all sessions, closes the device with its state put back, stops listening. Accepts NULL. */
void port_free(struct port *p);

const char *port_name(const struct port *p);
const struct port_options *port_options(const struct port *p);
struct event_base *port_loop(const struct port *p);

/* Logs one line: name, address, state, client, settings, lines. */
void port_report(const struct port *p);

/* --- for sessions ------------------------------------------------------------------------ */

/* A session has ended: the port forgets it, and closes once nobody is left and all bytes are out.
 */
void port_forget(struct port *p, struct serial_session *s);

/* A session's readiness for device bytes has changed. */
void port_update(struct port *p);

/* Takes bytes for the device: all of them, into a bounded queue behind the driver. After
 * port_is_full says true the session must pause its client until session_port_ready. Bytes for a
 * device that is unplugged wait for it. Returns 0 or -ENOMEM. */
int port_write(struct port *p, const uint8_t *data, size_t len);
bool port_is_full(const struct port *p);

/* Likewise for a session that reads ahead, for commands behind what the device does not take. */
bool port_is_full_ahead(const struct port *p);

/* Bytes that the device has not got yet, ours and the driver's. */
size_t port_untransmitted(const struct port *p);

/* Bytes that were written and are not among these: what this counts up by is what has got on. */
uint64_t port_taken(const struct port *p);

/* Settings and lines in force, and changing them; while the device is away they are kept for its
 * return. port_configure reports in `got` what is in force. */
const struct line_settings *port_line(const struct port *p);
int port_configure(struct port *p, const struct line_settings *want, struct line_settings *got);
unsigned port_lines(const struct port *p);
int port_set_outputs(struct port *p, unsigned mask, unsigned values);
bool port_break(const struct port *p);
int port_set_break(struct port *p, bool on);
int port_purge(struct port *p, bool rx, bool tx);

/* Runs the recipe of the port's reset=; `ended` is called from the loop with the outcome, unless
 * the owner goes before. Returns 0, -ENOTSUP without a recipe, -ENODEV while the device is away, or
 * what its first step failed with. */
int port_reset(struct port *p, void (*ended)(void *ctx, bool done), void *ctx);

#endif
