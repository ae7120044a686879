#include "report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "endpoint.h"
#include "line_text.h"
#include "log.h"
#include "proto/buf.h"
#include "published.h"
#include "teller.h"
#include "text.h"

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

/* --- as lines of text ------------------------------------------------------------------------- */

enum { LINE_MAX_LEN = 1024 };

/* Where the lines go. */
struct writer {
    void (*take)(void *ctx, const char *line);
    void *ctx;
};

static void add_line(const struct writer *w, const char *format, ...)
    __attribute__((format(COM2NET_PRINTF, 2, 3)));

static void add_line(const struct writer *w, const char *format, ...)
{
    char line[LINE_MAX_LEN];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    w->take(w->ctx, line);
}

static const struct port_report_client *owner_of(const struct port_report *p)
{
    for (size_t i = 0; i < p->count; i++)
        if (p->clients[i].role == CLIENT_OWNER)
            return &p->clients[i];
    return NULL;
}

static void add_client(const struct writer *w, const char *name, const struct port_report_client *c)
{
    static const char *const roles[] = {"owner", "observer", "refused"};

    add_line(w, "%s: client %s: %s, %s, for %llu s; %llu bytes from it, %llu to it, %llu left out",
             name, c->peer, roles[c->role], c->speaks, (unsigned long long)c->for_s,
             (unsigned long long)c->received, (unsigned long long)c->sent,
             (unsigned long long)c->left_out);
}

static void add_port(const struct writer *w, const char *address, const struct port_report *p)
{
    static const char *const states[] = {"closed", "open", "closing", "unplugged"};
    const struct port_report_client *owner = owner_of(p);
    char line[LINE_TEXT_MAX], lines[LINE_TEXT_MAX];

    line_text(&p->line, line);
    line_modem_text(p->lines, lines);
    add_line(w, "%s on %s: %s, %s, lines %s, client %s%s%s", p->name, address, states[p->state],
             line, lines, owner ? owner->peer : "none", owner ? " speaks " : "",
             owner ? owner->speaks : "");
    add_line(w,
             "%s: %llu bytes to the device, %zu of them waiting, %llu from it; clients so far: "
             "%llu",
             p->name, (unsigned long long)p->to_device, p->waiting,
             (unsigned long long)p->from_device, (unsigned long long)p->clients_served);
    for (size_t i = 0; i < p->count; i++)
        add_client(w, p->name, &p->clients[i]);
}

static void add_usb(const struct writer *w, const char *address, const struct usb_report *u)
{
    if (u->count == 0)
        add_line(w, "%s on %s: no device is there", u->name, address);
    for (size_t i = 0; i < u->count; i++) {
        const struct usb_report_device *d = &u->devices[i];

        add_line(w, "%s on %s: busid %s, %04x:%04x, client %s", d->name, address, d->busid,
                 d->vendor, d->product, d->importer[0] ? d->importer : "none");
    }
}

static void write_to(const struct writer *w, const struct report *r)
{
    for (size_t i = 0; i < r->count; i++) {
        const struct report_endpoint *e = &r->endpoints[i];

        if (e->is_usb)
            add_usb(w, e->address, &e->usb);
        else
            add_port(w, e->address, &e->port);
    }
}

static void log_line(void *ctx, const char *line)
{
    (void)ctx;
    log_info("%s", line);
}

void report_log(const struct report *r)
{
    write_to(&(struct writer){log_line, NULL}, r);
}

/* --- for other programs ----------------------------------------------------------------------- */

void report_each_device(const struct report *r, void (*take)(void *ctx, const struct published *p),
                        void *ctx)
{
    for (size_t i = 0; i < r->count; i++) {
        const struct report_endpoint *e = &r->endpoints[i];

        if (!e->is_usb)
            take(ctx, &(struct published){e->port.path, e->address, e->port.name});
        for (size_t j = 0; e->is_usb && j < e->usb.count; j++) {
            const struct usb_report_device *d = &e->usb.devices[j];
            char key[sizeof "usb:" + sizeof d->busid];

            snprintf(key, sizeof key, "%s%s", d->real ? "usb:" : "", d->real ? d->busid : "");
            take(ctx, &(struct published){key, e->address, d->name});
        }
    }
}

/* A line for which there is no room, or no memory, is left out. */
static void tell_device(void *ctx, const struct published *p)
{
    published_add(ctx, p);
}

static void tell_line(void *ctx, const char *line)
{
    char clean[LINE_MAX_LEN + 1];

    text_clean(clean, sizeof clean - 1, line);
    strcat(clean, "\n");
    buf_add(ctx, clean, strlen(clean));
}

char *report_tell(const struct report *r)
{
    struct buf b;

    buf_init(&b, TELLER_TEXT_MAX);
    report_each_device(r, tell_device, &b);
    buf_add(&b, "\n", 1);
    write_to(&(struct writer){tell_line, &b}, r);
    char *text = malloc(b.len + 1);
    if (text) {
        memcpy(text, buf_head(&b), b.len);
        text[b.len] = '\0';
    }
    buf_free(&b);
    return text;
}
