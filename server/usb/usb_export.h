/*
 * USB devices at one listening address: a bus with its devices, and the sessions of clients.
 */
#ifndef SERVER_USB_USB_EXPORT_H
#define SERVER_USB_USB_EXPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "cli.h"

struct event_base;
struct newcomer;
struct usb_export;
struct usb_options;
struct usb_pcap;
struct usb_report;

/* Makes the bus of `devices`, a list whose options must outlive it. Transfers are recorded in
 * `pcap`, which stays the caller's, unless it is NULL. Returns NULL with the reason in `error`. */
struct usb_export *usb_export_new(struct event_base *base, const struct usb_options *devices,
                                  struct usb_pcap *pcap, char error[static CLI_ERROR_MAX]);

/* Bytes that may wait for a client. */
size_t usb_export_queue_max(const struct usb_export *e);

/* Its address is there, or with NULL there no more; the text outlives that. Logs what is published,
 * as for devices that arrive from then on. */
void usb_export_set_address(struct usb_export *e, const char *address);

/* Takes a newcomer of the gate. */
void usb_export_take(struct usb_export *e, struct newcomer *n);

/* Ends its sessions, for which it runs the loop. Returns false, and changes nothing, when a device
 * does not release its transfers. Accepts NULL. */
bool usb_export_free(struct usb_export *e);

/* Says what is known of its devices; `devices` is the caller's to free. Returns 0 or -ENOMEM. */
int usb_export_report(const struct usb_export *e, struct usb_report *r);

#endif
