/*
 * One USB/IP client: lists the devices of its export, or imports one and has its URBs carried out.
 * Those above the budget of the export wait, and are not failed; unlinks are heard meanwhile, as
 * far as what waits is kept (usb_urbs.h).
 */
#ifndef SERVER_USB_USB_SESSION_H
#define SERVER_USB_USB_SESSION_H

struct event_base;
struct newcomer;
struct usb_device;
struct usb_export;
struct usb_session;

/* A session of a newcomer, whose connection it owns from then on. Returns NULL without memory. */
struct usb_session *usb_session_new(struct event_base *base, struct usb_export *export,
                                    struct newcomer *newcomer);

/* Takes what it has sent by now, which may end it. */
void usb_session_begin(struct usb_session *s);

/* Ends it, for the reason `why`, for the log. usb_export_forget follows once its device is idle. */
void usb_session_end(struct usb_session *s, const char *why);

/* Something has changed in the list of devices: tells the client, or gets on with its import. */
void usb_session_notice(struct usb_session *s);

/* Links sessions of one export. */
struct usb_session *usb_session_next(const struct usb_session *s);
void usb_session_set_next(struct usb_session *s, struct usb_session *next);

const char *usb_session_peer(const struct usb_session *s);

#endif
