/*
 * One message of the Telnet COM-PORT option (RFC 2217) as a struct, and back. This codec reads and
 * writes the body of a subnegotiation, after the option byte, with its doubled IACs undone. The
 * order of messages is comport.h's.
 */
#ifndef COMMON_PROTO_RFC2217_H
#define COMMON_PROTO_RFC2217_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "line.h"

enum {
    RFC2217_OPTION = 44,       /* COM-PORT-OPTION */
    RFC2217_FROM_SERVER = 100, /* added to a command's code by servers */
    RFC2217_TEXT_MAX = 255,    /* of a SIGNATURE, longer ones are cut */
    RFC2217_BODY_MAX = 1 + RFC2217_TEXT_MAX,
};

/* RFC 2217 section 3. The code table there prints "text" for SIGNATURE; everybody uses 0 and 100.
 */
enum rfc2217_command {
    RFC2217_SIGNATURE = 0,
    RFC2217_SET_BAUDRATE = 1,
    RFC2217_SET_DATASIZE = 2,
    RFC2217_SET_PARITY = 3,
    RFC2217_SET_STOPSIZE = 4,
    RFC2217_SET_CONTROL = 5,
    RFC2217_NOTIFY_LINESTATE = 6,
    RFC2217_NOTIFY_MODEMSTATE = 7,
    RFC2217_FLOWCONTROL_SUSPEND = 8,
    RFC2217_FLOWCONTROL_RESUME = 9,
    RFC2217_SET_LINESTATE_MASK = 10,
    RFC2217_SET_MODEMSTATE_MASK = 11,
    RFC2217_PURGE_DATA = 12,
    /* Ours, between net2pty and com2net only: DTR and RTS as one change, with the client's time. No
     * other server knows it, so none but com2net may be sent it; servers never send it. Answered
     * like the SET-CONTROL of each line. */
    RFC2217_SET_LINES = 50,
    /* Ours, too, between ends that say ext=1 in their SIGNATURE: serial_ext.h. */
    RFC2217_SELECT = 51,
    RFC2217_LIST = 52,
    RFC2217_STATE = 53,
    RFC2217_RESUME = 54,
    RFC2217_IDENTITY = 55,
    RFC2217_COMMANDS, /* one more than the last */
};

/* Values of SET-CONTROL. 14 to 18 come after an outbound value and refine the inbound side. */
enum rfc2217_control {
    RFC2217_CONTROL_FLOW_QUERY = 0,
    RFC2217_CONTROL_FLOW_NONE = 1,
    RFC2217_CONTROL_FLOW_XONXOFF = 2,
    RFC2217_CONTROL_FLOW_HARDWARE = 3,
    RFC2217_CONTROL_BREAK_QUERY = 4,
    RFC2217_CONTROL_BREAK_ON = 5,
    RFC2217_CONTROL_BREAK_OFF = 6,
    RFC2217_CONTROL_DTR_QUERY = 7,
    RFC2217_CONTROL_DTR_ON = 8,
    RFC2217_CONTROL_DTR_OFF = 9,
    RFC2217_CONTROL_RTS_QUERY = 10,
    RFC2217_CONTROL_RTS_ON = 11,
    RFC2217_CONTROL_RTS_OFF = 12,
    RFC2217_CONTROL_IN_QUERY = 13,
    RFC2217_CONTROL_IN_NONE = 14,
    RFC2217_CONTROL_IN_XONXOFF = 15,
    RFC2217_CONTROL_IN_HARDWARE = 16,
    RFC2217_CONTROL_FLOW_DCD = 17,
    RFC2217_CONTROL_IN_DTR = 18,
    RFC2217_CONTROL_FLOW_DSR = 19,
    RFC2217_CONTROL_RESET = 100, /* ours: run the recipe of the port's reset= */
};

enum rfc2217_purge {
    RFC2217_PURGE_RX = 1, /* what the server has from the device */
    RFC2217_PURGE_TX = 2, /* what the server has for the device */
    RFC2217_PURGE_BOTH = 3,
};

struct rfc2217_message {
    uint8_t command; /* enum rfc2217_command, direction taken off */
    bool from_server;
    bool draft_baud;     /* SET-BAUDRATE in one byte, an index into the draft's table (old Cisco).
                            `value` is the speed all the same. An answer has to be in kind */
    uint32_t value;      /* the speed, or the one byte of the other commands; SET-LINES: when, in
                            microseconds of the client's clock, which wraps */
    uint8_t mask;        /* SET-LINES: which of LINE_DTR and LINE_RTS change, */
    uint8_t lines;       /* and what to */
    const uint8_t *text; /* of a SIGNATURE, or the bytes after the code of 51 to 55: borrowed */
    size_t text_len;
};

/*
 * Reads a body. Returns 0; -ENOTSUP for a command that is neither RFC 2217's nor ours; -EBADMSG for
 * a payload of the wrong size. With -EBADMSG, `command` and `from_server` are set so that the
 * command can be answered with the value in force. On 0, m->text points into `body`. A server's
 * speed of more than four bytes is taken by its first four (sredird on 64 bits sends 8).
 */
int rfc2217_decode(const uint8_t *body, size_t len, struct rfc2217_message *m);

/* Writes a body and returns its size. m->command must be one of the enum's. */
size_t rfc2217_encode(const struct rfc2217_message *m, uint8_t body[static RFC2217_BODY_MAX]);

/* The value of SET-CONTROL for a flow control of our output; 0 if there is none. */
uint8_t rfc2217_flow_out_code(unsigned flow);

/* The same for our input. */
uint8_t rfc2217_flow_in_code(unsigned flow);

/* The flow control that a value of SET-CONTROL asks for. Returns -EINVAL if it is not a flow's. */
int rfc2217_flow_of_code(uint32_t code, bool *inbound);

#endif
