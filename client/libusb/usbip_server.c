#include "usbip_server.h"

#include <errno.h>
#include <string.h>

#include "proto/address.h"

enum { DEFAULT_PORT = 3240 };

static void write_port(uint16_t port, char text[static 6])
{
    char digits[6];
    int n = 0;

    do
        digits[n++] = (char)('0' + port % 10);
    while (port /= 10);
    while (n > 0)
        *text++ = digits[--n];
    *text = '\0';
}

int usbip_server_parse(const char *text, struct usbip_server *s)
{
    struct address a;

    s->looked_up = false;
    if (address_parse(text, &a) != ADDRESS_FINE || !a.host[0] || (a.has_port && a.port == 0))
        return -EINVAL;
    if (a.scheme[0] && strcmp(a.scheme, "usbip") != 0 && strcmp(a.scheme, "tcp") != 0)
        return -EINVAL;
    memcpy(s->host, a.host, sizeof s->host);
    write_port(a.has_port ? a.port : DEFAULT_PORT, s->port);
    return 0;
}
