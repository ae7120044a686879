#include "address.h"

#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool address_port(const char *text, uint16_t *port)
{
    unsigned value = 0;

    for (const char *p = text; *p; p++) {
        if (!is_digit(*p))
            return false;
        value = value * 10 + (unsigned)(*p - '0');
        if (value > 65535)
            return false;
    }
    *port = (uint16_t)value;
    return *text != '\0';
}

/* Four hexadecimal digits, a colon and four more, which cannot be a host's name and its port. */
static bool is_ids(const char *text)
{
    bool digits_before = true, digits_behind = true;

    for (int i = 0; i < 9; i++) {
        if (i == 4 ? text[i] != ':' : !is_hex(text[i]))
            return false;
        if (i < 4)
            digits_before = digits_before && is_digit(text[i]);
        else if (i > 4)
            digits_behind = digits_behind && is_digit(text[i]);
    }
    if (text[9] && (text[9] != ':' || strchr(text + 10, ':'))) /* or an IPv6 address */
        return false;
    return digits_before || !digits_behind;
}

/* Digits and dots, which the C library completes: 0403 is 0.0.1.3 to it. */
static bool is_number(const char *host)
{
    while (is_digit(*host) || *host == '.')
        host++;
    return *host == '\0';
}

static bool is_whole_number(const char *host)
{
    int parts = 0;

    for (; parts < 4; parts++) {
        unsigned value = 0, digits = 0;

        for (; is_digit(*host) && digits < 4; host++, digits++)
            value = value * 10 + (unsigned)(*host - '0');
        if (digits == 0 || value > 255 || (digits > 1 && host[-(int)digits] == '0'))
            return false;
        if (parts < 3 && *host++ != '.')
            return false;
    }
    return *host == '\0';
}

/* Takes "name://" off; "name:" alone, as socat writes it, where a host and a port follow. */
static const char *take_scheme(const char *text, struct address *a)
{
    const char *end = strchr(text, ':');
    size_t len = end ? (size_t)(end - text) : 0;
    const bool is_url = end && end[1] == '/' && end[2] == '/';

    if (len == 0 || len >= sizeof a->scheme || !is_letter(*text))
        return text;
    for (size_t i = 0; i < len; i++)
        a->scheme[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] + ('a' - 'A') : text[i]);
    a->scheme[len] = '\0';
    if (is_url)
        return end + 3;
    if ((strcmp(a->scheme, "tcp") == 0 || strcmp(a->scheme, "rfc2217") == 0) &&
        strchr(end + 1, ':'))
        return end + 1;
    a->scheme[0] = '\0';
    return text;
}

/* Of an IPv6 address, whose zone may be any name; nothing but it has colons. */
static bool is_ipv6_letter(const char *host, const char *p)
{
    const char *zone = strchr(host, '%');

    return is_hex(*p) || *p == ':' || *p == '.' || (zone && p >= zone);
}

static bool is_name_letter(char c)
{
    return is_digit(c) || is_letter(c) || strchr("._-", c) || (unsigned char)c >= 0x80;
}

static enum address_fault check_host(const char *host)
{
    const bool is_ipv6 = strchr(host, ':');

    if (*host && is_number(host) && !is_whole_number(host))
        return ADDRESS_BAD_NUMBER;
    for (const char *p = host; *p; p++)
        if (is_ipv6 ? !is_ipv6_letter(host, p) : !is_name_letter(*p))
            return ADDRESS_BAD_NAME;
    return ADDRESS_FINE;
}

/* Length of host and port: after it a URL may have a path or options. */
static size_t authority(const char *text, const struct address *a)
{
    const char *p = text;

    while (*p && !(a->scheme[0] && (*p == '/' || *p == '?')))
        p++;
    return (size_t)(p - text);
}

enum address_fault address_parse(const char *text, struct address *a)
{
    char whole[ADDRESS_HOST_MAX + 16], *host = whole, *end, *port;

    memset(a, 0, sizeof *a);
    if (is_ids(text))
        return ADDRESS_IS_IDS;
    text = take_scheme(text, a);
    const size_t len = authority(text, a);
    if (len >= sizeof whole)
        return ADDRESS_TOO_LONG;
    memcpy(whole, text, len);
    whole[len] = '\0';
    if (*host == '[') {
        end = strchr(++host, ']');
        if (!end || (end[1] && end[1] != ':'))
            return ADDRESS_BAD_BRACKETS;
        port = end[1] ? end + 2 : NULL;
        *end = '\0';
    } else {
        end = strchr(host, ':');
        port = end && !strchr(end + 1, ':') ? end + 1 : NULL;
        if (port)
            *end = '\0';
    }
    if (strlen(host) >= sizeof a->host)
        return ADDRESS_TOO_LONG;
    memcpy(a->host, host, strlen(host) + 1);
    a->has_port = port;
    if (port && !address_port(port, &a->port))
        return ADDRESS_BAD_PORT;
    return check_host(a->host);
}

bool address_is_loopback(const char *host)
{
    return strcmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 ||
           strcmp(host, "::1") == 0;
}
