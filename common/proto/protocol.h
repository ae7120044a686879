/*
 * Tells protocols apart by how a connection begins. Whole beginnings count, not first bytes.
 * Firmware images, camera commands and typed text can begin with FF FB, 01 11 and `G`, too.
 *
 *   Telnet    IAC WILL|DO|WONT|DONT and a known option, or IAC SB COM-PORT (RFC 854, RFC 2217)
 *   USB/IP    01 11, a known operation, and the four zeros of a request
 *             (Documentation/usb/usbip_protocol.rst; usbip_ext.h)
 *   TLS       a record of type 22 that holds a ClientHello (RFC 8446, 5.1 and 4.1.2)
 *   SSH       `SSH-` (RFC 4253, 4.2)
 *   HTTP      a method, a space and a `/` (RFC 9112, 3)
 *
 * A lone IAC WILL 0 might be data, and is if data follow it at once. A Telnet client continues with
 * the next negotiation, or waits for an answer.
 */
#ifndef COMMON_PROTO_PROTOCOL_H
#define COMMON_PROTO_PROTOCOL_H

#include <stddef.h>
#include <stdint.h>

enum protocol {
    PROTOCOL_OPEN, /* not decided: it is the beginning of one that is known */
    PROTOCOL_DATA, /* none that is known */
    PROTOCOL_TELNET,
    PROTOCOL_USBIP,
    PROTOCOL_TLS,
    PROTOCOL_SSH,
    PROTOCOL_HTTP,
};

/* No more bytes than these are ever needed for a decision. */
enum { PROTOCOL_BEGINNING_MAX = 16 };

/* The protocol that begins with these bytes. Once that is not PROTOCOL_OPEN, further bytes do not
 * change it. */
enum protocol protocol_tell(const uint8_t *data, size_t len);

/* The same, where nothing more comes for now: PROTOCOL_TELNET for a whole negotiation, data
 * otherwise. No bytes are no data: PROTOCOL_OPEN. */
enum protocol protocol_tell_resting(const uint8_t *data, size_t len);

/* "HTTP" and so on, for people. */
const char *protocol_name(enum protocol p);

#endif
