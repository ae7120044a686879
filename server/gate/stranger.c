#include "stranger.h"

#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "log_peer.h"
#include "proto/usbip.h"
#include "stream.h"

enum { ANSWER_MAX = 1024 };

static const char *what_is_here(enum stranger_place place)
{
    return place == STRANGER_AT_USB
               ? "these are USB devices of com2net (USB/IP): take net2usb, or usbip"
               : "this is a serial port of com2net (RFC 2217): take net2pty";
}

static size_t answer_http(enum stranger_place place, uint8_t answer[static ANSWER_MAX])
{
    char body[ANSWER_MAX / 2];
    int len = snprintf(body, sizeof body, "No web page is here: %s.\n", what_is_here(place));

    return (size_t)snprintf((char *)answer, ANSWER_MAX,
                            "HTTP/1.1 400 Bad Request\r\n"
                            "Content-Type: text/plain; charset=utf-8\r\n"
                            "Content-Length: %d\r\n"
                            "Connection: close\r\n\r\n%s",
                            len, body);
}

/* The answer to the operation that was asked, with an error and nothing after it. */
static size_t answer_usbip(const uint8_t *first, uint8_t answer[static ANSWER_MAX])
{
    const uint16_t code = (uint16_t)(first[2] << 8 | first[3]);

    const struct usbip_op op = {.version = USBIP_VERSION,
                                .code = (uint16_t)(code & ~USBIP_OP_REQUEST),
                                .status = USBIP_ST_ERROR};

    usbip_put_op(&op, answer);
    return USBIP_OP_SIZE;
}

/* A fatal alert, handshake_failure (RFC 8446, 6.2), in the first version that all understand. */
static size_t answer_tls(uint8_t answer[static ANSWER_MAX])
{
    static const uint8_t alert[] = {21, 3, 1, 0, 2, 2, 40};

    memcpy(answer, alert, sizeof alert);
    return sizeof alert;
}

/* Before its version a server of SSH may send other lines (RFC 4253, 4.2); Telnet is text. */
static size_t answer_text(enum stranger_place place, uint8_t answer[static ANSWER_MAX])
{
    return (size_t)snprintf((char *)answer, ANSWER_MAX, "com2net: %s\r\n", what_is_here(place));
}

static size_t make_answer(enum protocol speech, const uint8_t *first, enum stranger_place place,
                          uint8_t answer[static ANSWER_MAX])
{
    switch (speech) {
    case PROTOCOL_HTTP:
        return answer_http(place, answer);
    case PROTOCOL_USBIP:
        return answer_usbip(first, answer);
    case PROTOCOL_TLS:
        return answer_tls(answer);
    case PROTOCOL_SSH:
    case PROTOCOL_TELNET:
        return answer_text(place, answer);
    case PROTOCOL_OPEN:
    case PROTOCOL_DATA:
        break;
    }
    return 0;
}

void stranger_refuse(struct stream *stream, enum protocol speech, const uint8_t *first,
                     enum stranger_place place, const char *where)
{
    char who[ADDR_TEXT_MAX + 32];
    uint8_t answer[ANSWER_MAX];
    size_t len = make_answer(speech, first, place, answer);

    snprintf(who, sizeof who, "%s by %s", protocol_name(speech), stream_peer(stream));
    log_peer_refusal(LOG_LEVEL_WARN, who, "%s: %s refused: it speaks %s, and %s", where,
                     stream_peer(stream), protocol_name(speech), what_is_here(place));
    if (len > 0)
        stream_write(stream, answer, len); /* if it fails, the end is answer enough */
    stream_finish(stream);
}
