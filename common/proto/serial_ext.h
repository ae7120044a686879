/*
 * Messages of ours in the COM-PORT option, between com2net and net2pty. They follow the codes 51 to
 * 55 of rfc2217.h, in either direction. packaging/doc/serial-extensions.md has the layouts, and who
 * says what when. All numbers are big-endian; texts are UTF-8, borrowed from the decoded bytes, and
 * not terminated.
 */
#ifndef COMMON_PROTO_SERIAL_EXT_H
#define COMMON_PROTO_SERIAL_EXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rfc2217.h"

enum {
    SERIAL_EXT_VERSION = 1,
    SERIAL_EXT_MAX = RFC2217_TEXT_MAX, /* bytes after a code */
    SERIAL_EXT_NAME_MAX = 64,
    SERIAL_EXT_TOKEN_SIZE = 16,
    SERIAL_EXT_NO_INTERFACE = 255,
};

struct serial_ext_text {
    const uint8_t *bytes;
    size_t len; /* more than 255, or than there is room for, is cut */
};

/* How a port is, for one client of it. */
enum serial_ext_state {
    SERIAL_EXT_YOURS = 0,
    SERIAL_EXT_UNKNOWN = 1, /* no such name, or not for this client */
    SERIAL_EXT_BUSY = 2,
    SERIAL_EXT_AWAY = 3,    /* the device is */
    SERIAL_EXT_WAITING = 4, /* in the queue */
    SERIAL_EXT_FAILED = 5,  /* the device cannot be opened */
};

/* SELECT's answer, and STATE. */
struct serial_ext_port_state {
    uint8_t state;               /* enum serial_ext_state; take others for BUSY */
    uint32_t place;              /* WAITING: in the queue, from 1 on */
    struct serial_ext_text text; /* for people */
};

/* One port of LIST's answer. */
struct serial_ext_entry {
    uint8_t state;    /* as it is for the client that asks */
    uint32_t since_s; /* for how long its owner has had it */
    struct serial_ext_text name;
    struct serial_ext_text kind;  /* "serial", "loop" */
    struct serial_ext_text owner; /* "host:port", or empty */
};

/* The USB device of a port. */
struct serial_ext_identity {
    uint16_t vid, pid; /* 0: it is no USB device's */
    uint8_t interface; /* of several, or SERIAL_EXT_NO_INTERFACE */
    struct serial_ext_text serial, product, manufacturer, place;
};

enum serial_ext_resume_kind {
    SERIAL_EXT_BEGIN,  /* client: a session with this token begins */
    SERIAL_EXT_RESUME, /* client: continues the session of this token */
    SERIAL_EXT_GRANT,  /* server: counts begin, or continue, after this message */
    SERIAL_EXT_REFUSE, /* server: there is no such session */
    SERIAL_EXT_ACK,    /* either: so many bytes have been received */
};

struct serial_ext_resume {
    uint8_t kind;
    uint8_t token[SERIAL_EXT_TOKEN_SIZE]; /* BEGIN, RESUME */
    uint64_t received; /* RESUME, GRANT, ACK: bytes of the peer, since counts began */
    uint32_t grace_s;  /* GRANT: for how long a session without a connection is kept */
};

/* The version that a SIGNATURE says by a word `ext=N`; 0: none. */
unsigned serial_ext_version(const uint8_t *signature, size_t len);

/* Read the bytes after a code. Return 0, or -EBADMSG if they do not have the layout. A SELECT's
 * name has 1 to SERIAL_EXT_NAME_MAX bytes. */
int serial_ext_get_name(const uint8_t *payload, size_t len, struct serial_ext_text *name);
int serial_ext_get_state(const uint8_t *payload, size_t len, struct serial_ext_port_state *s);
int serial_ext_get_entry(const uint8_t *payload, size_t len, struct serial_ext_entry *e);
int serial_ext_get_identity(const uint8_t *payload, size_t len, struct serial_ext_identity *i);
int serial_ext_get_resume(const uint8_t *payload, size_t len, struct serial_ext_resume *r);

/* Write it, and return its size. */
size_t serial_ext_put_state(const struct serial_ext_port_state *s,
                            uint8_t payload[static SERIAL_EXT_MAX]);
size_t serial_ext_put_entry(const struct serial_ext_entry *e,
                            uint8_t payload[static SERIAL_EXT_MAX]);
size_t serial_ext_put_identity(const struct serial_ext_identity *i,
                               uint8_t payload[static SERIAL_EXT_MAX]);
size_t serial_ext_put_resume(const struct serial_ext_resume *r,
                             uint8_t payload[static SERIAL_EXT_MAX]);

#endif
