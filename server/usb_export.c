#include "usb_export.h"

#include <stdio.h>
#include <stdlib.h>

#include "log.h"
#include "source.h"
#include "usb_device.h"
#include "usb_session.h"
#include "virtual/demo.h"

struct usb_export {
    struct event_base *base;
    const struct source *sources;
    struct listener *listener;
    struct usb_device *devices;
    struct usb_session *sessions;
    struct usb_pcap *pcap;
};

static void on_accepted(void *ctx, evutil_socket_t fd)
{
    struct usb_export *e = ctx;
    struct usb_session *s = usb_session_new(e->base, e, fd);

    if (!s) {
        log_error("%s: out of memory for a new client", listener_text(e->listener));
        return;
    }
    usb_session_set_next(s, e->sessions);
    e->sessions = s;
}

void usb_export_forget(struct usb_export *e, struct usb_session *gone)
{
    struct usb_session *before = NULL, *s = e->sessions;

    for (; s != gone; s = usb_session_next(s))
        before = s;
    if (before)
        usb_session_set_next(before, usb_session_next(gone));
    else
        e->sessions = usb_session_next(gone);
}

struct usb_pcap *usb_export_pcap(const struct usb_export *e)
{
    return e->pcap;
}

size_t usb_export_budget(const struct usb_export *e)
{
    return e->sources->usb_budget;
}

struct usb_device *usb_export_devices(const struct usb_export *e)
{
    return e->devices;
}

void usb_export_report(const struct usb_export *e)
{
    for (const struct usb_device *d = e->devices; d; d = d->next)
        log_info("%s on %s: busid %s, %04x:%04x, client %s", d->name, listener_text(e->listener),
                 d->record.busid, d->record.vendor, d->record.product,
                 d->importer ? usb_session_peer(d->importer) : "none");
}

struct usb_export *usb_export_new(struct event_base *base, const struct source *sources, int count,
                                  struct usb_pcap *pcap, char error[static CLI_ERROR_MAX])
{
    struct usb_export *e = calloc(1, sizeof *e);
    struct usb_device **at;

    snprintf(error, CLI_ERROR_MAX, "out of memory");
    if (!e)
        return NULL;
    e->base = base;
    e->sources = sources;
    e->pcap = pcap;
    at = &e->devices;
    for (int i = 0; i < count; i++) {
        const struct demo_options options = {sources[i].usb_file, sources[i].usb_read_only,
                                             sources[i].usb_real_times};

        *at =
            demo_new(base, sources[i].selector, &options, sources[i].name, (unsigned)i + 1, error);
        if (!*at)
            goto fail;
        at = &(*at)->next;
    }
    e->listener = listener_new(base, &sources->listen, on_accepted, e, error);
    if (!e->listener)
        goto fail;
    for (const struct usb_device *d = e->devices; d; d = d->next)
        log_info("%s: listening on %s, busid %s", d->name, listener_text(e->listener),
                 d->record.busid);
    return e;

fail:
    usb_export_free(e);
    return NULL;
}

void usb_export_free(struct usb_export *e)
{
    if (!e)
        return;
    listener_free(e->listener);
    while (e->sessions)
        usb_session_end(e->sessions, "com2net ends");
    while (e->devices) {
        struct usb_device *d = e->devices;

        e->devices = d->next;
        d->ops->free(d);
    }
    free(e);
}
