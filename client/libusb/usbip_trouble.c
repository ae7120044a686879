#include "usbip_trouble.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "error_text.h"
#include "usbip_call.h"

static enum unreached_why why_of(int error)
{
    switch (-error) {
    case ECONNREFUSED:
        return UNREACHED_REFUSED;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN:
        return UNREACHED_NO_WAY;
    case ENOENT:
        return UNREACHED_NO_NAME;
    case ENODATA:
        return UNREACHED_NAME_SERVER;
    case ETIMEDOUT:
        return UNREACHED_SILENT;
    case ENOMSG:
        return UNREACHED_MUTE;
    case EPROTO:
    case ECONNRESET:
        return UNREACHED_FOREIGN;
    default:
        return UNREACHED_OTHER;
    }
}

static const char *words_of(int error)
{
    switch (-error) {
    case EBUSY:
        return "somebody else has the device";
    case ENODEV:
        return "it has no such device";
    case EIO:
        return "it cannot have the device; its log says why";
    case ETIME:
        return "its answer does not end: is it, or the network, too slow?";
    default:
        return error_text(-error);
    }
}

/* `said` is for UNREACHED_FOREIGN. */
static void put(const struct usbip_server *s, int error, bool outside, const uint8_t *said,
                size_t len, char text[static UNREACHED_TEXT_MAX])
{
    unreached_text(&(struct unreached){.why = why_of(error),
                                       .usb = true,
                                       .outside = outside,
                                       .host = s->host,
                                       .port = s->port,
                                       .said = said,
                                       .said_len = len,
                                       .words = words_of(error)},
                   text);
}

void usbip_trouble_of_import(const struct usbip_server *s, int error, const char *reason,
                             char text[static UNREACHED_TEXT_MAX])
{
    if (reason[0])
        snprintf(text, UNREACHED_TEXT_MAX, "%s: %s",
                 error == -EBUSY ? "somebody else has the device" : "it cannot have the device",
                 reason);
    else
        put(s, error, false, NULL, 0, text);
}

static void put_of_list(const struct usbip_server *s, int error, bool outside,
                        char text[static UNREACHED_TEXT_MAX])
{
    static const char serial[] = "no USB devices are published there; if it is a serial port of "
                                 "com2net's, take net2pty for that, or the port of its usb: "
                                 "sources, 3240 as a rule";

    if (error == -EIO)
        memcpy(text, serial, sizeof serial);
    else
        put(s, error, outside, NULL, 0, text);
}

void usbip_trouble_of_list(const struct usbip_server *s, int error,
                           char text[static UNREACHED_TEXT_MAX])
{
    put_of_list(s, error, false, text);
}

void usbip_trouble_quoted(const struct usbip_server *s, int error, bool outside,
                          char text[static UNREACHED_TEXT_MAX])
{
    uint8_t said[UNREACHED_SAID_MAX];

    if (why_of(error) == UNREACHED_FOREIGN || why_of(error) == UNREACHED_MUTE) {
        const size_t len = usbip_call_greeting(s, said, sizeof said);

        put(s, len > 0 ? -EPROTO : error, outside, said, len, text);
    } else {
        put_of_list(s, error, outside, text);
    }
}
