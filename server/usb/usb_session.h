/*
 * One USB/IP client of an export, from its first byte to its end: it asks (usb_inquiry.h), and then
 * may have a device (usb_import.h).
 */
#ifndef SERVER_USB_USB_SESSION_H
#define SERVER_USB_USB_SESSION_H

#include <stddef.h>

struct event_base;
struct newcomer;
struct usb_bus;
struct usb_pcap;
struct usb_session;

/* Sessions that are not over: each enters the list at birth, and leaves it at its end. */
struct usb_sessions {
    struct usb_session *first;
};

/* Called from the loop, or from usb_sessions_end. */
struct usb_session_callbacks {
    /* One is over, and has released its device. It frees itself. */
    void (*ended)(void *ctx);
    /* One has imported a device, or a device is free again, perhaps after its end. */
    void (*changed)(void *ctx);
};

/* The objects that sessions are given at birth. It must outlive them. */
struct usb_session_setup {
    struct event_base *base;
    struct usb_bus *bus;
    struct usb_pcap *pcap;    /* where transfers are recorded, or NULL */
    size_t budget;            /* bytes that URBs may hold at most, whichever device is imported */
    struct usb_sessions *all; /* that it enters */
    const struct usb_session_callbacks *callbacks;
    void *ctx;
};

/* A session of a newcomer, whose connection it owns from then on. Returns NULL without memory. */
struct usb_session *usb_session_new(const struct usb_session_setup *setup,
                                    struct newcomer *newcomer);

/* Takes what it has sent by now, which may end it. */
void usb_session_begin(struct usb_session *s);

/* Something has changed in the list of devices: tells clients, or gets on with their imports. */
void usb_sessions_notice(struct usb_sessions *all);

/* Ends all, for the reason `why`, for the log. Each leaves the list once its device is idle. */
void usb_sessions_end(struct usb_sessions *all, const char *why);

#endif
