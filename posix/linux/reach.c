/* The way to a port of Linux's; see common/seam/reach.h. */
#include "reach.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { LINE_MAX_LEN = 512, ADDRESSES_MAX = 4 };

/* A line that is put together. */
struct line {
    char text[LINE_MAX_LEN];
    size_t len;
};

/* Of an address that another machine may know: of an interface that works, and no bridge for
 * containers of this machine. */
static bool is_for_others(const struct ifaddrs *a)
{
    static const char *const local[] = {"docker", "br-", "veth", "virbr", "cni", "podman", "lxc"};

    if (!a->ifa_addr || a->ifa_addr->sa_family != AF_INET || !(a->ifa_flags & IFF_UP) ||
        (a->ifa_flags & IFF_LOOPBACK))
        return false;
    for (size_t i = 0; i < sizeof local / sizeof *local; i++)
        if (strncmp(a->ifa_name, local[i], strlen(local[i])) == 0)
            return false;
    return true;
}

/* ", or 192.0.2.7:7000, or ..."; nothing if there are none. Returns how many. */
static int add_addresses(struct line *l, uint16_t port)
{
    struct ifaddrs *all;
    char host[NI_MAXHOST];
    int count = 0;

    if (getifaddrs(&all) < 0)
        return 0;
    for (struct ifaddrs *a = all; a && count < ADDRESSES_MAX; a = a->ifa_next) {
        if (!is_for_others(a) || getnameinfo(a->ifa_addr, sizeof(struct sockaddr_in), host,
                                             sizeof host, NULL, 0, NI_NUMERICHOST) != 0)
            continue;
        l->len += (size_t)snprintf(l->text + l->len, sizeof l->text - l->len, "%s%.40s:%u",
                                   count ? " or " : "", host, port);
        count++;
    }
    freeifaddrs(all);
    return count;
}

static void tell_machines(const struct reach_port *p, reach_teller *tell, void *ctx)
{
    struct line l = {.len = 0};

    l.len = (size_t)snprintf(l.text, sizeof l.text, "another machine types ");
    if (add_addresses(&l, p->port) == 0)
        return;
    snprintf(l.text + l.len, sizeof l.text - l.len,
             ", where no firewall of this machine is in the way");
    tell(ctx, REACH_FINE, l.text);
}

void reach_tell(const struct reach_port *p, reach_teller *tell, void *ctx)
{
    char line[LINE_MAX_LEN];

    if (p->loopback) {
        snprintf(line, sizeof line,
                 "port %u is for programs of this machine, and containers with its network "
                 "(--network host); for others listen on 0.0.0.0:%u",
                 p->port, p->port);
        tell(ctx, REACH_NOTE, line);
        return;
    }
    snprintf(line, sizeof line,
             "a container of this machine types host:%u to %s, or has the network of the machine "
             "(--network host) and types localhost:%u",
             p->port, p->usb ? "net2usb" : "net2pty", p->port);
    tell(ctx, REACH_FINE, line);
    tell_machines(p, tell, ctx);
}
