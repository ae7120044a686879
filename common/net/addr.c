#include "addr.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <event2/util.h>

static bool is_one_of(const char *scheme, const char *const *spoken)
{
    while (*spoken && strcmp(*spoken, scheme) != 0)
        spoken++;
    return *spoken;
}

/* The common part of listeners and servers. */
static int parse(const char *text, struct addr *addr, struct address *a,
                 char why[static ADDRESS_WHY_MAX])
{
    enum address_fault fault = address_parse(text, a);

    if (fault != ADDRESS_FINE) {
        address_text_fault(fault, text, why);
        return -EINVAL;
    }
    *addr = (struct addr){.port = a->port};
    snprintf(addr->host, sizeof addr->host, "%s", a->host);
    return 0;
}

/* Everybody, over IPv4 and IPv6. */
static int parse_asterisk(const char *port, struct addr *addr, struct address *a,
                          char why[static ADDRESS_WHY_MAX])
{
    snprintf(addr->host, sizeof addr->host, "0.0.0.0");
    addr->both = true;
    a->has_port = *port == ':';
    if (a->has_port && address_port(port + 1, &addr->port))
        return 0;
    if (a->has_port)
        address_text_fault(ADDRESS_BAD_PORT, port, why);
    else
        snprintf(why, ADDRESS_WHY_MAX, "everybody is *:PORT, such as *:7000");
    return -EINVAL;
}

int addr_parse_listen(const char *text, struct addr *addr, char why[static ADDRESS_WHY_MAX])
{
    struct address a = {.has_port = true};
    int r = 0;

    *addr = (struct addr){.port = 0};
    if (*text == '*') {
        r = parse_asterisk(text + 1, addr, &a, why);
    } else if (strchr(text, ':')) {
        r = parse(text, addr, &a, why);
    } else if (strchr(text, '.') || evutil_ascii_strcasecmp(text, "localhost") == 0) {
        r = parse(text, addr, &a, why);
    } else if (!address_port(text, &addr->port)) {
        snprintf(why, ADDRESS_WHY_MAX,
                 "it must be a port number from 0 to 65535, such as 7000, or ADDRESS:PORT");
        r = -EINVAL;
    }
    if (r == 0 && !a.has_port) {
        address_text_no_port(&a, "7000", why);
        r = -EINVAL;
    }
    if (r == 0 && a.scheme[0]) {
        snprintf(why, ADDRESS_WHY_MAX, "an address to listen on has no %s://: [ADDRESS:]PORT",
                 a.scheme);
        r = -EINVAL;
    }
    if (r == 0 && (!addr->host[0] || evutil_ascii_strcasecmp(addr->host, "localhost") == 0)) {
        snprintf(addr->host, sizeof addr->host, "127.0.0.1");
        addr->both = true;
    }
    return r;
}

const char *addr_ipv6_of(const struct addr *addr)
{
    if (!addr->both)
        return "";
    return strcmp(addr->host, "0.0.0.0") == 0 ? "::" : "::1";
}

/* A port alone: the host is what is missing. */
static int refuse_port(const char *text, char why[static ADDRESS_WHY_MAX])
{
    snprintf(why, ADDRESS_WHY_MAX,
             "its HOST is missing: it must be HOST:PORT, as in localhost:%s, or another machine's "
             "name",
             text);
    return -EINVAL;
}

int addr_parse_connect(const char *text, struct addr *addr, bool *raw,
                       char why[static ADDRESS_WHY_MAX])
{
    static const char *const telnet[] = {"", "rfc2217", "telnet", NULL};
    static const char *const bytes[] = {"tcp", "socket", NULL};
    struct address a;
    uint16_t port;

    if (address_port(*text == ':' ? text + 1 : text, &port))
        return refuse_port(*text == ':' ? text + 1 : text, why);
    if (parse(text, addr, &a, why) < 0)
        return -EINVAL;
    *raw = is_one_of(a.scheme, bytes);
    if (!*raw && !is_one_of(a.scheme, telnet)) {
        address_text_scheme(&a, "rfc2217://, or tcp:// for bytes only", why);
        return -EINVAL;
    }
    if (!a.has_port || !a.host[0]) {
        address_text_no_port(&a, "7000", why);
        return -EINVAL;
    }
    if (addr->port == 0) {
        snprintf(why, ADDRESS_WHY_MAX, "a port to connect to is from 1 to 65535");
        return -EINVAL;
    }
    return 0;
}

void addr_text(const struct addr *addr, char text[static ADDR_TEXT_MAX])
{
    const bool everybody = strcmp(addr_ipv6_of(addr), "::") == 0;
    const char *format = strchr(addr->host, ':') ? "[%s]:%u" : "%s:%u";

    snprintf(text, ADDR_TEXT_MAX, format, everybody ? "*" : addr->host, addr->port);
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
    return error == EVUTIL_EAI_NONAME ? "its name is not known: is it spelled right?"
                                      : evutil_gai_strerror(error);
}

bool addr_is_of_loopback(const struct addr *addr)
{
    return strncmp(addr->host, "127.", 4) == 0 || strcmp(addr->host, "::1") == 0;
}

bool addr_is_loopback(const struct sockaddr *sa)
{
    struct addr addr;

    addr_of_sockaddr(sa, &addr);
    return addr_is_of_loopback(&addr);
}
