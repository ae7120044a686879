/*
 * com2net's additions to the first phase of USB/IP; packaging/doc/usbip-extensions.md defines them.
 * Lists name the user of a device, and are sent again when they change. Descriptors are available
 * without an import. Imports are kept for a while. A server that has them sets a mark in each
 * device's record (`extensions` of struct usbip_device). A client asks for them only where it has
 * seen the mark. Numbers are big-endian. Pure: bytes and structs.
 */
#ifndef COMMON_PROTO_USBIP_EXT_H
#define COMMON_PROTO_USBIP_EXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "usbip.h"

struct buf;

enum {
    USBIP_EXT_VERSION = 1, /* what `extensions` says */
    USBIP_EXT_NAME_SIZE = 64,
    USBIP_EXT_USER_SIZE = 80,
    USBIP_EXT_TOKEN_SIZE = 16,
    USBIP_EXT_ENTRY_SIZE = USBIP_EXT_NAME_SIZE + USBIP_EXT_USER_SIZE + 8,
    USBIP_EXT_LIST_SIZE = 4,                                             /* of a request: flags */
    USBIP_EXT_IMPORT_SIZE = USBIP_BUSID_SIZE + 4 + USBIP_EXT_TOKEN_SIZE, /* of a request */
    USBIP_EXT_GRANT_SIZE = 8,
    USBIP_EXT_REASON_SIZE = 200,         /* after a refusal of one: why, for people; ended by a 0 */
    USBIP_EXT_DESCRIPTOR_SIZE = 8,       /* what each begins with */
    USBIP_EXT_DESCRIPTORS_MAX = 1 << 17, /* bytes of an answer */
    USBIP_EXT_GRACE_MAX_MS = 60 * 1000,
};

/* In USB/IP's first phase, beside enum usbip_op_code. */
enum usbip_ext_code {
    USBIP_OP_REQ_EXT_LIST = 0x8c01,
    USBIP_OP_REP_EXT_LIST = 0x0c01,
    USBIP_OP_REQ_EXT_DESCRIPTORS = 0x8c02,
    USBIP_OP_REP_EXT_DESCRIPTORS = 0x0c02,
    USBIP_OP_REQ_EXT_IMPORT = 0x8c03,
    USBIP_OP_REP_EXT_IMPORT = 0x0c03,
};

/* Flags of USBIP_OP_REQ_EXT_LIST. */
enum {
    USBIP_EXT_KEEP = 1, /* the connection stays, and the list comes again when it changes */
};

enum usbip_ext_state {
    USBIP_EXT_FREE = 0,
    USBIP_EXT_USED = 1, /* by `user` */
    USBIP_EXT_KEPT = 2, /* for `user`, whose connection was lost, through its grace time */
};

/* After each device's record in the answer to USBIP_OP_REQ_EXT_LIST, before its interfaces. */
struct usbip_ext_entry {
    char name[USBIP_EXT_NAME_SIZE]; /* what may be asked for in place of the busid; ended by a 0 */
    char user[USBIP_EXT_USER_SIZE]; /* "host:port", or ""; ended by a 0 */
    enum usbip_ext_state state;
};

/* An import that the server keeps for `grace_ms` after the connection has gone, for a client that
 * shows the same token. */
struct usbip_ext_import {
    char busid[USBIP_BUSID_SIZE]; /* or its name */
    uint32_t grace_ms;
    uint8_t token[USBIP_EXT_TOKEN_SIZE]; /* made at random by the client */
};

/* After the record in the answer to it. */
struct usbip_ext_grant {
    uint32_t grace_ms; /* what it will be, at most what was asked for */
    bool resumed;      /* the device is as this client has left it */
};

void usbip_ext_put_entry(const struct usbip_ext_entry *e,
                         uint8_t bytes[static USBIP_EXT_ENTRY_SIZE]);
void usbip_ext_get_entry(const uint8_t bytes[static USBIP_EXT_ENTRY_SIZE],
                         struct usbip_ext_entry *e);
void usbip_ext_put_import(const struct usbip_ext_import *i,
                          uint8_t bytes[static USBIP_EXT_IMPORT_SIZE]);
void usbip_ext_get_import(const uint8_t bytes[static USBIP_EXT_IMPORT_SIZE],
                          struct usbip_ext_import *i);
void usbip_ext_put_grant(const struct usbip_ext_grant *g,
                         uint8_t bytes[static USBIP_EXT_GRANT_SIZE]);
void usbip_ext_get_grant(const uint8_t bytes[static USBIP_EXT_GRANT_SIZE],
                         struct usbip_ext_grant *g);

/* One descriptor, under the wValue and wIndex of the GET_DESCRIPTOR that returns it (USB 2.0
 * section 9.4.3). They hold the type and number, and the language of a string. */
struct usbip_ext_descriptor {
    uint16_t value, index;
    const uint8_t *data; /* within what is walked */
    size_t len;
};

/* Adds a descriptor after others. Returns 0, -EMSGSIZE (it is longer than a device can send) or
 * what buf_add says. */
int usbip_ext_add_descriptor(struct buf *b, uint16_t value, uint16_t index, const uint8_t *data,
                             size_t len);

/* The same for a string, in American English, of UTF-8 text. */
int usbip_ext_add_string(struct buf *b, uint8_t number, const char *text);

/* Takes the first descriptor off `*data`. Returns false at the end, or where the bytes are none. */
bool usbip_ext_next_descriptor(const uint8_t **data, size_t *len, struct usbip_ext_descriptor *d);

#endif
