#include "address_text.h"

#include <stdio.h>
#include <string.h>

void address_text_fault(enum address_fault fault, const char *text,
                        char why[static ADDRESS_WHY_MAX])
{
    static const char *const texts[] = {
        [ADDRESS_FINE] = "",
        [ADDRESS_BAD_BRACKETS] = "write brackets around an IPv6 address, then the port: [::1]:7000",
        [ADDRESS_BAD_PORT] = "after the colon comes a port number from 0 to 65535, such as 7000",
        [ADDRESS_BAD_NUMBER] =
            "it is no whole IPv4 address, which has four numbers, such as 192.0.2.1",
        [ADDRESS_BAD_NAME] =
            ("no host has such a name; it is a name such as raspberry, or a number, "
             "then a colon and the port"),
        [ADDRESS_TOO_LONG] = "the host's name is too long",
    };

    if (fault == ADDRESS_IS_IDS)
        snprintf(why, ADDRESS_WHY_MAX,
                 "these are the ids of a USB device; the server comes before them: HOST %.100s",
                 text);
    else
        snprintf(why, ADDRESS_WHY_MAX, "%s", texts[fault]);
}

/* The end of an IPv6 address may be meant as the port: "::1:7000". Returns the length of the text
 * before it, or 0. */
static size_t length_without_port(const struct address *a, uint16_t *port)
{
    const char *gap = strstr(a->host, "::"), *end = strrchr(a->host, ':');

    return gap && end > gap + 1 && address_port(end + 1, port) ? (size_t)(end - a->host) : 0;
}

void address_text_no_port(const struct address *a, const char *example,
                          char why[static ADDRESS_WHY_MAX])
{
    uint16_t port;
    const size_t len = length_without_port(a, &port);

    if (strncmp(a->host, "::", 2) == 0 && address_port(a->host + 2, &port) && port >= 100)
        snprintf(why, ADDRESS_WHY_MAX, "write brackets around an IPv6 address: [::]:%u", port);
    else if (len > 0)
        snprintf(why, ADDRESS_WHY_MAX, "write an IPv6 address in brackets: [%.*s]:%u", (int)len,
                 a->host, port);
    else if (strchr(a->host, ':'))
        snprintf(why, ADDRESS_WHY_MAX, "its PORT is missing, as in [%s]:%s", a->host, example);
    else
        snprintf(why, ADDRESS_WHY_MAX, "its PORT is missing: it must be HOST:PORT, as in %s:%s",
                 a->host[0] ? a->host : "localhost", example);
}

void address_text_scheme(const struct address *a, const char *spoken,
                         char why[static ADDRESS_WHY_MAX])
{
    snprintf(why, ADDRESS_WHY_MAX, "%s:// is not spoken here, but %s", a->scheme, spoken);
}
