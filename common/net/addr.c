#include "addr.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <event2/util.h>

static int parse_port(const char *text, uint16_t *port)
{
    unsigned value = 0;

    if (!*text)
        return -EINVAL;
    for (const char *p = text; *p; p++) {
        if (*p < '0' || *p > '9')
            return -EINVAL;
        value = value * 10 + (unsigned)(*p - '0');
        if (value > 65535)
            return -EINVAL;
    }
    *port = (uint16_t)value;
    return 0;
}

/* Splits host and port. A host in brackets may have colons, another one may not. */
static int split(const char *text, struct addr *addr, const char **why)
{
    const char *host = text;
    const char *end = strrchr(text, ':');

    addr->loopback = false;
    if (!end) {
        addr->host[0] = '\0';
        *why = "it must be a port number from 0 to 65535, such as 7000";
        return parse_port(text, &addr->port);
    }

    const char *port = end + 1;
    if (*host == '[' && end > host && end[-1] == ']') {
        host++;
        end--;
    } else if (memchr(host, ':', (size_t)(end - host))) {
        *why = "an IPv6 address stands in brackets, such as [::1]:7000";
        return -EINVAL;
    }
    if (end - host >= ADDR_HOST_MAX) {
        *why = "the host's name is too long";
        return -EINVAL;
    }
    memcpy(addr->host, host, (size_t)(end - host));
    addr->host[end - host] = '\0';
    *why = "behind the colon must stand a port number from 0 to 65535";
    return parse_port(port, &addr->port);
}

int addr_parse_listen(const char *text, struct addr *addr, const char **why)
{
    int r = split(text, addr, why);

    if (r < 0)
        return r;
    if (!addr->host[0] || evutil_ascii_strcasecmp(addr->host, "localhost") == 0) {
        snprintf(addr->host, sizeof addr->host, "127.0.0.1");
        addr->loopback = true;
    }
    return 0;
}

int addr_parse_connect(const char *text, struct addr *addr, const char **why)
{
    if (!strchr(text, ':') || *text == ':') {
        *why = "it must be HOST:PORT, such as localhost:7000";
        return -EINVAL;
    }
    int r = split(text, addr, why);
    if (r < 0)
        return r;
    if (addr->port == 0) {
        *why = "a port to connect to is from 1 to 65535";
        return -EINVAL;
    }
    return 0;
}

void addr_text(const struct addr *addr, char text[static ADDR_TEXT_MAX])
{
    const char *format = strchr(addr->host, ':') ? "[%s]:%u" : "%s:%u";

    snprintf(text, ADDR_TEXT_MAX, format, addr->host, addr->port);
}

void addr_of_sockaddr(const struct sockaddr *sa, struct addr *addr)
{
    *addr = (struct addr){.host = "?"};
    if (sa->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)sa;

        evutil_inet_ntop(AF_INET, &in->sin_addr, addr->host, sizeof addr->host);
        addr->port = ntohs(in->sin_port);
    } else if (sa->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)sa;

        evutil_inet_ntop(AF_INET6, &in6->sin6_addr, addr->host, sizeof addr->host);
        addr->port = ntohs(in6->sin6_port);
    }
}

void addr_network(const struct sockaddr *sa, char text[static ADDR_TEXT_MAX])
{
    struct sockaddr_in6 in6;
    struct addr addr;

    if (sa->sa_family == AF_INET6) {
        memcpy(&in6, sa, sizeof in6);
        memset(in6.sin6_addr.s6_addr + 8, 0, 8);
        sa = (const struct sockaddr *)&in6;
    }
    addr_of_sockaddr(sa, &addr);
    snprintf(text, ADDR_TEXT_MAX, "%s", addr.host);
}

const char *addr_error_text(int error)
{
    return error == EVUTIL_EAI_NONAME ? "its name is not known" : evutil_gai_strerror(error);
}

bool addr_is_loopback(const struct sockaddr *sa)
{
    struct addr addr;

    addr_of_sockaddr(sa, &addr);
    return strncmp(addr.host, "127.", 4) == 0 || strcmp(addr.host, "::1") == 0;
}
