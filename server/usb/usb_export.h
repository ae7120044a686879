/*
 * USB devices published at one TCP port.
 */
#ifndef SERVER_USB_USB_EXPORT_H
#define SERVER_USB_USB_EXPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "cli.h"

struct addr;
struct crowd;
struct event_base;
struct usb_options;
struct usb_device;
struct usb_export;
struct usb_pcap;
struct usb_session;

/* Publishes `devices`, a list whose options must outlive it, at `listen`, among the crowd of the
 * process. Transfers are recorded in `pcap`, which stays the caller's, unless it is NULL. Returns
 * NULL with what is wrong in `error`.
 */
struct usb_export *usb_export_new(struct event_base *base, struct crowd *crowd,
                                  const struct usb_options *devices, const struct addr *listen,
                                  struct usb_pcap *pcap, char error[static CLI_ERROR_MAX]);
void usb_export_free(struct usb_export *e);

/* Where transfers are recorded, or NULL. */
struct usb_pcap *usb_export_pcap(const struct usb_export *e);

/* Bytes that URBs of one client may hold at most, whichever device it imports. */
size_t usb_export_budget(const struct usb_export *e);

/* The devices that are there now, as a list by their `next`. */
struct usb_device *usb_export_devices(struct usb_export *e);

/* Somebody has a device, or has it no more: sessions hear of it in the loop's next turn. */
void usb_export_changed(struct usb_export *e);

/* A session is over. */
void usb_export_forget(struct usb_export *e, struct usb_session *gone);

/* Logs the state. */
void usb_export_report(const struct usb_export *e);

#endif
