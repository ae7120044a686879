#include "usbip_server.h"

#include <errno.h>
#include <string.h>

int usbip_server_parse(const char *text, struct usbip_server *s)
{
    const char *host = text, *end, *port;

    s->looked_up = false;
    if (*text == '[') {
        host++;
        end = strchr(text, ']');
        if (!end)
            return -EINVAL;
        port = end + 1;
    } else {
        end = strrchr(text, ':');
        if (!end || strchr(text, ':') != end) /* a bare IPv6 address has no port behind it */
            end = text + strlen(text);
        port = end;
    }
    if (end == host || (size_t)(end - host) >= sizeof s->host || (*port && *port != ':'))
        return -EINVAL;
    memcpy(s->host, host, (size_t)(end - host));
    s->host[end - host] = '\0';
    port = *port ? port + 1 : "3240";
    if (!*port || strlen(port) >= sizeof s->port || port[strspn(port, "0123456789")])
        return -EINVAL;
    strcpy(s->port, port);
    return 0;
}
