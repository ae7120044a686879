/*
 * The addresses of servers' names. A look-up may take as long as a name server likes. So the C
 * library does it in a thread of its own, callers wait for a limited time, and the result is
 * remembered. Calls may come from several threads. A fork's child repeats the look-ups that its
 * parent had not finished.
 */
#ifndef CLIENT_LIBUSB_USBIP_NAMES_H
#define CLIENT_LIBUSB_USBIP_NAMES_H

#include "plain_socket.h"

struct usbip_server;

enum {
    USBIP_NAMES_ADDRESSES = 16,   /* of a name, at most */
    USBIP_NAMES_FRESH_MS = 60000, /* older ones are looked up again, and used meanwhile */
    USBIP_NAMES_AGAIN_MS = 5000,  /* so are those that lead nowhere, or are not known */
};

/* For a caller that holds a lock of its own while it calls these. Call it before registering that
 * lock with pthread_atfork. A fork locks first what was registered later, as a call does. */
void usbip_names_prepare(void);

/* Sees to it that a server's addresses are known, and not too old. Waits so many ms at most. The
 * look-up continues, and its result is there for later callers. */
void usbip_names_look_up(const struct usbip_server *s, int ms);

/* Gives the addresses that are known, without waiting. Returns how many, or -ENOENT (the name is
 * not known), -ENODATA (no name server has answered). */
int usbip_names_get(const struct usbip_server *s,
                    struct plain_address list[static USBIP_NAMES_ADDRESSES]);

/* An address has been of use: it comes first from now on. NULL: none was. */
void usbip_names_note(const struct usbip_server *s, const struct plain_address *good);

#endif
