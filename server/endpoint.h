/*
 * One address of com2net, and its source: a serial port, or USB devices. Everything runs on the
 * loop thread.
 */
#ifndef SERVER_ENDPOINT_H
#define SERVER_ENDPOINT_H

#include "cli.h"

struct crowd;
struct endpoint;
struct event_base;
struct port;
struct report_endpoint;
struct source;
struct usb_pcap;

/* Publishes a source, and those that share its address. `source` is the first of them. It outlives
 * the endpoint, as do the crowd of the process and `pcap`. Transfers of USB devices are recorded in
 * `pcap` unless it is NULL. Returns NULL with the reason in `error`. */
struct endpoint *endpoint_new(struct event_base *base, struct crowd *crowd,
                              const struct source *source, struct usb_pcap *pcap,
                              char error[static CLI_ERROR_MAX]);

/* Closes the address, ends all sessions, and leaves the devices as they were found. Accepts NULL.
 */
void endpoint_free(struct endpoint *e);

/* The serial port, or NULL. */
struct port *endpoint_port(const struct endpoint *e);

/* Says what is known of it (report.h). Returns 0 or -ENOMEM. */
int endpoint_report(const struct endpoint *e, struct report_endpoint *r);

#endif
