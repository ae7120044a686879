#include "report.h"

#include <errno.h>
#include <stdlib.h>

#include "endpoint.h"
#include "line_text.h"
#include "log.h"

int report_fill(struct report *r, struct endpoint *const *endpoints, size_t count)
{
    int error = 0;

    *r = (struct report){.endpoints = calloc(count, sizeof *r->endpoints)};
    if (!r->endpoints)
        return -ENOMEM;
    for (size_t i = 0; i < count && error == 0; i++)
        if (endpoints[i])
            error = endpoint_report(endpoints[i], &r->endpoints[r->count++]);
    return error;
}

void report_free(struct report *r)
{
    for (size_t i = 0; i < r->count; i++) {
        free(r->endpoints[i].port.clients);
        free(r->endpoints[i].usb.devices);
    }
    free(r->endpoints);
}

/* --- as text ---------------------------------------------------------------------------------- */

static const struct port_report_client *owner_of(const struct port_report *p)
{
    for (size_t i = 0; i < p->count; i++)
        if (p->clients[i].role == CLIENT_OWNER)
            return &p->clients[i];
    return NULL;
}

static void log_client(const char *name, const struct port_report_client *c)
{
    static const char *const roles[] = {"owner", "observer", "refused"};

    log_info("%s: client %s: %s, %s, for %llu s; %llu bytes from it, %llu to it, %llu left out",
             name, c->peer, roles[c->role], c->speaks, (unsigned long long)c->for_s,
             (unsigned long long)c->received, (unsigned long long)c->sent,
             (unsigned long long)c->left_out);
}

static void log_port(const char *address, const struct port_report *p)
{
    static const char *const states[] = {"closed", "open", "closing", "unplugged"};
    const struct port_report_client *owner = owner_of(p);
    char line[LINE_TEXT_MAX], lines[LINE_TEXT_MAX];

    line_text(&p->line, line);
    line_modem_text(p->lines, lines);
    log_info("%s on %s: %s, %s, lines %s, client %s%s%s", p->name, address, states[p->state], line,
             lines, owner ? owner->peer : "none", owner ? " speaks " : "",
             owner ? owner->speaks : "");
    log_info(
        "%s: %llu bytes to the device, %zu of them waiting, %llu from it; clients so far: %llu",
        p->name, (unsigned long long)p->to_device, p->waiting, (unsigned long long)p->from_device,
        (unsigned long long)p->clients_served);
    for (size_t i = 0; i < p->count; i++)
        log_client(p->name, &p->clients[i]);
}

static void log_usb(const char *address, const struct usb_report *u)
{
    for (size_t i = 0; i < u->count; i++) {
        const struct usb_report_device *d = &u->devices[i];

        log_info("%s on %s: busid %s, %04x:%04x, client %s", d->name, address, d->busid, d->vendor,
                 d->product, d->importer[0] ? d->importer : "none");
    }
}

void report_log(const struct report *r)
{
    for (size_t i = 0; i < r->count; i++) {
        const struct report_endpoint *e = &r->endpoints[i];

        if (e->is_usb)
            log_usb(e->address, &e->usb);
        else
            log_port(e->address, &e->port);
    }
}
