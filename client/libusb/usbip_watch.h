/*
 * The kept connections of a context, which tell that a server's list has changed. It also tells
 * when a server is to be asked though nothing has come. The caller has the backend's lock.
 */
#ifndef CLIENT_LIBUSB_USBIP_WATCH_H
#define CLIENT_LIBUSB_USBIP_WATCH_H

#include <stdbool.h>
#include <stddef.h>

struct libusb_context;

void usbip_watch_init(struct libusb_context *ctx);
void usbip_watch_exit(struct libusb_context *ctx);

/* Those of the process that this one is forked from are ended here. */
void usbip_watch_leave_parent(struct libusb_context *ctx);

/* Whether a connection is to be kept: there is none. A server that closes them gets a new one after
 * a second, for which it is due. */
bool usbip_watch_is_wanted(struct libusb_context *ctx, size_t server);

/* Keeps a connection, which it owns. */
void usbip_watch_begin(struct libusb_context *ctx, size_t server, int fd);

/* Closes it. */
void usbip_watch_end(struct libusb_context *ctx, size_t server);

/* A server has answered, which took so many ms, or has not. A server that does not answer, and has
 * been watched before, is due again after some time, more each time. Nothing else would tell that
 * it is back. While hotplug callbacks are registered so is each without a kept connection. */
void usbip_watch_note(struct libusb_context *ctx, size_t server, bool answered, int took);

/* A hotplug callback has been registered. */
void usbip_watch_poll(struct libusb_context *ctx);

/* A server has something to say, or is due. Returns whether it is to be heard now: one that talks
 * all the time is left alone until it is due. */
bool usbip_watch_hears(struct libusb_context *ctx, size_t server);

/* Whether a descriptor that the core has waited for is the timer: then servers are due. */
bool usbip_watch_takes_timer(struct libusb_context *ctx, int fd);

/* Takes the next server that is due; -1 if there is none. */
int usbip_watch_take_due(struct libusb_context *ctx);

#endif
