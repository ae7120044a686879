#include "protocol.h"

#include <stdbool.h>
#include <string.h>

#include "rfc2217.h"
#include "telnet_gate.h"
#include "usbip.h"
#include "usbip_ext.h"

enum {
    NEGOTIATION_SIZE = 3,
    EXT_OPERATION = 0x8c, /* the upper byte of each code in usbip_ext.h */
};

/* Whether clients begin by negotiating it. */
static bool is_known_option(uint8_t option)
{
    static const uint8_t known[] = {
        0,  /* BINARY, RFC 856 */
        1,  /* ECHO, RFC 857 */
        3,  /* SUPPRESS-GO-AHEAD, RFC 858 */
        5,  /* STATUS, RFC 859 */
        6,  /* TIMING-MARK, RFC 860 */
        24, /* TERMINAL-TYPE, RFC 1091 */
        31, /* NAWS, RFC 1073 */
        32, /* TERMINAL-SPEED, RFC 1079 */
        33, /* TOGGLE-FLOW-CONTROL, RFC 1372 */
        34, /* LINEMODE, RFC 1184 */
        35, /* X-DISPLAY-LOCATION, RFC 1096 */
        36, /* ENVIRON, RFC 1408 */
        37, /* AUTHENTICATION, RFC 2941 */
        38, /* ENCRYPT, RFC 2946 */
        39, /* NEW-ENVIRON, RFC 1572 */
        RFC2217_OPTION,
    };

    return memchr(known, option, sizeof known) != NULL;
}

static enum protocol tell_telnet(const uint8_t *data, size_t len)
{
    if (len < 2)
        return PROTOCOL_OPEN;
    if (data[1] < TELNET_BYTE_SB || data[1] > TELNET_BYTE_DONT)
        return PROTOCOL_DATA;
    if (len < NEGOTIATION_SIZE)
        return PROTOCOL_OPEN;
    if (data[2] == RFC2217_OPTION)
        return PROTOCOL_TELNET;
    if (data[1] == TELNET_BYTE_SB || !is_known_option(data[2]))
        return PROTOCOL_DATA;
    if (len == NEGOTIATION_SIZE || (len == NEGOTIATION_SIZE + 1 && data[3] == TELNET_BYTE_IAC))
        return PROTOCOL_OPEN;
    return data[3] == TELNET_BYTE_IAC && data[4] > TELNET_BYTE_SE && data[4] < TELNET_BYTE_IAC
               ? PROTOCOL_TELNET
               : PROTOCOL_DATA;
}

/* A beginning whose bytes each have to be within bounds. */
struct range {
    uint8_t from, to;
};

static enum protocol tell_ranges(const struct range *ranges, size_t count, enum protocol what,
                                 const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < count && i < len; i++)
        if (data[i] < ranges[i].from || data[i] > ranges[i].to)
            return PROTOCOL_DATA;
    return len < count ? PROTOCOL_OPEN : what;
}

static enum protocol tell_tls(const uint8_t *data, size_t len)
{
    static const struct range hello[] = {
        {22, 22},  {3, 3},    {0, 4},    /* handshake, any version */
        {0, 0x40}, {0, 0xff},            /* at most 16 KiB */
        {1, 1},                          /* ClientHello */
        {0, 0},    {0, 0xff}, {0, 0xff}, /* its length, below 64 KiB */
        {3, 3},    {0, 4},               /* its version */
    };

    return tell_ranges(hello, sizeof hello / sizeof *hello, PROTOCOL_TLS, data, len);
}

static bool is_request(uint8_t high, uint8_t low)
{
    const unsigned code = (unsigned)high << 8 | low;

    return code == USBIP_OP_REQ_DEVLIST || code == USBIP_OP_REQ_IMPORT ||
           code >> 8 == EXT_OPERATION;
}

static enum protocol tell_usbip(const uint8_t *data, size_t len)
{
    static const struct range request[] = {
        {USBIP_VERSION >> 8, USBIP_VERSION >> 8},
        {USBIP_VERSION & 0xff, USBIP_VERSION & 0xff},
        {0x80, 0x8c},
        {0, 0xff},
        {0, 0},
        {0, 0},
        {0, 0},
        {0, 0},
    };

    if ((len > 2 && data[2] != 0x80 && data[2] != EXT_OPERATION) ||
        (len > 3 && !is_request(data[2], data[3])))
        return PROTOCOL_DATA;
    return tell_ranges(request, sizeof request / sizeof *request, PROTOCOL_USBIP, data, len);
}

static enum protocol tell_text(const char *text, enum protocol what, const uint8_t *data,
                               size_t len)
{
    const size_t size = strlen(text);

    if (memcmp(data, text, len < size ? len : size) != 0)
        return PROTOCOL_DATA;
    return len < size ? PROTOCOL_OPEN : what;
}

/* The texts that begin with a letter: no two of them decide alike for the same bytes. */
static enum protocol tell_texts(const uint8_t *data, size_t len)
{
    static const struct {
        const char *text;
        enum protocol what;
    } texts[] = {
        {"SSH-", PROTOCOL_SSH},       {"GET /", PROTOCOL_HTTP},   {"HEAD /", PROTOCOL_HTTP},
        {"POST /", PROTOCOL_HTTP},    {"PUT /", PROTOCOL_HTTP},   {"DELETE /", PROTOCOL_HTTP},
        {"OPTIONS /", PROTOCOL_HTTP}, {"PATCH /", PROTOCOL_HTTP}, {"TRACE /", PROTOCOL_HTTP},
        {"CONNECT /", PROTOCOL_HTTP},
    };
    enum protocol found = PROTOCOL_DATA;

    for (size_t i = 0; i < sizeof texts / sizeof *texts && found == PROTOCOL_DATA; i++)
        found = tell_text(texts[i].text, texts[i].what, data, len);
    return found;
}

enum protocol protocol_tell(const uint8_t *data, size_t len)
{
    if (len == 0)
        return PROTOCOL_OPEN;
    switch (data[0]) {
    case TELNET_BYTE_IAC:
        return tell_telnet(data, len);
    case USBIP_VERSION >> 8:
        return tell_usbip(data, len);
    case 22:
        return tell_tls(data, len);
    default:
        return tell_texts(data, len);
    }
}

enum protocol protocol_tell_resting(const uint8_t *data, size_t len)
{
    const enum protocol p = protocol_tell(data, len);

    if (p != PROTOCOL_OPEN || len == 0)
        return p;
    return data[0] == TELNET_BYTE_IAC && len >= NEGOTIATION_SIZE ? PROTOCOL_TELNET : PROTOCOL_DATA;
}

const char *protocol_name(enum protocol p)
{
    static const char *const names[] = {"nothing", "raw data", "Telnet", "USB/IP",
                                        "TLS",     "SSH",      "HTTP"};

    return names[p];
}
