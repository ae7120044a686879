/*
 * USB/IP's first phase, from the client's side: each call has a connection of its own and waits for
 * the answer. For programs of any kind: it has no loop, no thread but for names (usbip_names.h),
 * prints nothing, and its descriptors are closed by exec. Calls may come from several threads.
 */
#ifndef CLIENT_LIBUSB_USBIP_CALL_H
#define CLIENT_LIBUSB_USBIP_CALL_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/usbip.h"
#include "proto/usbip_ext.h"
#include "usbip_server.h"

struct buf;
struct usbip_reader;

enum {
    USBIP_CALL_INTERFACES_MAX = 32,
    USBIP_CALL_DEVICES_MAX = 4096, /* of a list; more is no list */
    USBIP_CALL_TIMEOUT_MS = 5000,  /* of each call, in all, unless it is given */
};

/* A device of a list. */
struct usbip_found {
    struct usbip_device device;
    struct usbip_ext_entry entry; /* empty, and free, without the extensions */
    struct usbip_interface interfaces[USBIP_CALL_INTERFACES_MAX];
};

/*
 * Calls return 0 or a negative errno:
 *   connect's errors (ECONNREFUSED, EHOSTUNREACH, ...), ENOENT for a name that is not known,
 *               ENODATA where no name server has answered
 *   ETIMEDOUT   no connection in time
 *   ENOMSG      no answer in time, not a byte
 *   ETIME       an answer that has not ended in time
 *   EPROTO      the other end does not speak USB/IP as it should, or closes at once
 *   EBUSY       somebody has the device
 *   ENODEV      there is no such device
 *   EIO         the server cannot have the device; its log says why. Asked for a list: it has none,
 *               as com2net says of serial ports
 *   ENOMEM
 */

/* Lists devices, in so many ms, into memory that the caller frees. `extended`: by the request of
 * the extensions, which a server must have shown in a record before. With `watch` not NULL the
 * connection of an extended list stays, and is put there: usbip_call_next takes further lists from
 * it. */
int usbip_call_list(const struct usbip_server *s, int ms, bool extended, int *watch,
                    struct usbip_found **list, size_t *count);

/* Takes the list that has come from a kept connection, waiting so many ms for the rest of one that
 * has begun. Returns -EAGAIN if there is none. After another error the connection is of no use any
 * more. */
int usbip_call_next(int watch, int ms, struct usbip_found **list, size_t *count);

/* The text that a server sends within a second, unasked or to a request. It is for a server that
 * speaks something else than USB/IP. Returns how many bytes. */
size_t usbip_call_greeting(const struct usbip_server *s, uint8_t *said, size_t room);

/* Takes descriptors of a device, in the form of usbip_ext.h. */
int usbip_call_describe(const struct usbip_server *s, const char *busid, struct buf *descriptors);

struct usbip_imported {
    int fd; /* the caller's; URBs follow on it. Non-blocking */
    struct usbip_device device;
    struct usbip_ext_grant grant;       /* 0 without `terms` */
    char reason[USBIP_EXT_REASON_SIZE]; /* why it is refused, in the server's words, or "" */
};

/* Imports a device; with `terms` by the request of the extensions, which carries `busid`. When it
 * fails, only `reason` is filled in. */
int usbip_call_import(const struct usbip_server *s, const char *busid,
                      const struct usbip_ext_import *terms, struct usbip_imported *imported);

#endif
