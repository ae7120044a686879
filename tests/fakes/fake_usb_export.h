/*
 * An export without a listener: a bus with devices of the test, and sessions that the test makes of
 * sockets that it has.
 */
#ifndef TESTS_FAKES_FAKE_USB_EXPORT_H
#define TESTS_FAKES_FAKE_USB_EXPORT_H

#include <event2/util.h>

#include "usb_bus.h"
#include "usb_session.h"

struct fake_usb_export {
    struct usb_sessions sessions;
    struct usb_session_setup setup; /* its bus, and the budget of sessions */
    unsigned forgotten;             /* sessions that have ended */
    unsigned changes;               /* that were told */
};

/* Begins without devices; usb_bus_add adds them to setup.bus, and frees them in the end. What it
 * was before is ended. */
void fake_usb_export_begin(struct fake_usb_export *e, struct event_base *base, size_t budget);
void fake_usb_export_end(struct fake_usb_export *e);

/* Begins a session of a client, whose socket it owns from then on. Returns false without memory. */
bool fake_usb_export_connect(struct fake_usb_export *e, evutil_socket_t fd);

#endif
