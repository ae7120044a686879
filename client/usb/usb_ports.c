/* net2usb ports and detach: the devices that the kernel has from servers. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "log.h"
#include "net2usb.h"
#include "vhci.h"

static void print_port(const struct vhci_port *p)
{
    struct vhci_record record;
    struct vhci_nodes nodes;

    printf("port %u: ", p->number);
    if (vhci_get_record(p->number, &record) == 0)
        printf(strchr(record.host, ':') ? "%s of [%s]:%s" : "%s of %s:%s", record.busid,
               record.host, record.port);
    else
        printf("from a server that is not noted");
    if (p->state == VHCI_USED && strcmp(p->busid, "0-0") != 0) {
        printf(" is %s here", p->busid);
        vhci_find_nodes(p->busid, &nodes);
        for (size_t i = 0; i < nodes.count; i++)
            printf("%s /dev/%s", i > 0 ? "," : ":", nodes.names[i]);
    } else {
        printf(p->state == VHCI_ERROR ? ": the connection is lost" : ": it is being attached");
    }
    putchar('\n');
}

int usb_ports(void *ctx, const struct cli_arguments *a)
{
    char error[VHCI_ERROR_MAX];
    struct vhci_port *ports;
    size_t count, used = 0;

    (void)ctx;
    if (a->count > 0)
        return cli_usage_error("ports takes nothing");
    if (vhci_read(&ports, &count, error) < 0) {
        log_error("%s", error);
        return CLI_EXIT_FAILED;
    }
    for (size_t i = 0; i < count; i++) {
        if (ports[i].state != VHCI_FREE) {
            print_port(&ports[i]);
            used++;
        }
    }
    if (used == 0)
        printf("nothing is attached\n");
    free(ports);
    return CLI_EXIT_OK;
}

static int detach(unsigned port)
{
    char error[VHCI_ERROR_MAX];

    if (vhci_detach(port, error) < 0) {
        log_error("%s", error);
        return CLI_EXIT_FAILED;
    }
    vhci_remove_record(port);
    return CLI_EXIT_OK;
}

static int detach_all(void)
{
    char error[VHCI_ERROR_MAX];
    struct vhci_port *ports;
    size_t count;
    int status = CLI_EXIT_OK;

    if (vhci_read(&ports, &count, error) < 0) {
        log_error("%s", error);
        return CLI_EXIT_FAILED;
    }
    for (size_t i = 0; i < count; i++)
        if (ports[i].state != VHCI_FREE && detach(ports[i].number) != CLI_EXIT_OK)
            status = CLI_EXIT_FAILED;
    free(ports);
    return status;
}

int usb_detach(void *ctx, const struct cli_arguments *a)
{
    const struct net2usb_options *o = ctx;
    const char *port = o->port ? o->port : a->count > 0 ? a->words[0] : NULL;

    if (!port || a->count != (o->port ? 0 : 1))
        return cli_usage_error(
            "detach takes a port, or all: net2usb detach PORT; net2usb ports shows "
            "them");
    if (strcmp(port, "all") == 0)
        return detach_all();
    if (!*port || strlen(port) > 4 || port[strspn(port, "0123456789")])
        return cli_usage_error("%s is no port; net2usb ports shows them, and all is all of them",
                               port);
    return detach((unsigned)atoi(port));
}
