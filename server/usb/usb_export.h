/*
 * USB devices behind one listening address: a bus with its devices, and the sessions of clients.
 */
#ifndef SERVER_USB_USB_EXPORT_H
#define SERVER_USB_USB_EXPORT_H

#include "cli.h"

struct addr;
struct crowd;
struct event_base;
struct usb_export;
struct usb_options;
struct usb_pcap;

/* Publishes `devices`, a list whose options must outlive it, at `listen`, among the crowd of the
 * process. Transfers are recorded in `pcap`, which stays the caller's, unless it is NULL. Returns
 * NULL with what is wrong in `error`. */
struct usb_export *usb_export_new(struct event_base *base, struct crowd *crowd,
                                  const struct usb_options *devices, const struct addr *listen,
                                  struct usb_pcap *pcap, char error[static CLI_ERROR_MAX]);

/* Ends its sessions, for which it runs the loop. Accepts NULL. */
void usb_export_free(struct usb_export *e);

/* Logs the state. */
void usb_export_report(const struct usb_export *e);

#endif
