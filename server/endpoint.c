#include "endpoint.h"

#include <stdio.h>
#include <stdlib.h>

#include "gate.h"
#include "log.h"
#include "port.h"
#include "report_endpoint.h"
#include "source.h"
#include "usb_export.h"

struct endpoint {
    const struct source *source;
    struct gate *gate;
    struct port *port; /* one of the two */
    struct usb_export *export;
};

static void on_newcomer(void *ctx, struct newcomer *n)
{
    struct endpoint *e = ctx;

    if (e->port)
        port_take(e->port, n);
    else
        usb_export_take(e->export, n);
}

static void on_opened(void *ctx)
{
    struct endpoint *e = ctx;

    if (e->port)
        log_info("%s: listening on %s", e->source->port.name, gate_text(e->gate));
    else
        usb_export_set_address(e->export, gate_text(e->gate));
}

static const struct gate_callbacks gate_callbacks = {on_newcomer, on_opened};

/* The source at the address, and how that takes connections. Returns false with the reason in
 * `error`. */
static bool make_inside(struct endpoint *e, struct event_base *base, struct usb_pcap *pcap,
                        struct gate_options *gate, char error[static CLI_ERROR_MAX])
{
    const struct source *s = e->source;

    if (s->is_usb) {
        e->export = usb_export_new(base, &s->usb, pcap, error);
        if (e->export)
            *gate = (struct gate_options){GATE_USB, usb_export_queue_max(e->export), s->usb.name};
        return e->export;
    }
    e->port = port_new(base, &s->port, error);
    *gate = (struct gate_options){s->port.mode == PORT_MODE_RAW ? GATE_RAW : GATE_SERIAL,
                                  PORT_STREAM_MAX, s->port.name};
    return e->port;
}

struct endpoint *endpoint_new(struct event_base *base, struct crowd *crowd,
                              const struct source *source, struct usb_pcap *pcap,
                              char error[static CLI_ERROR_MAX])
{
    struct endpoint *e = calloc(1, sizeof *e);
    struct gate_options gate;

    snprintf(error, CLI_ERROR_MAX, "out of memory");
    if (!e)
        return NULL;
    e->source = source;
    if (!make_inside(e, base, pcap, &gate, error))
        goto fail;
    e->gate = gate_new(base, crowd, &source->listen, &gate, &gate_callbacks, e, error);
    /* a device is not touched for an address that is not available */
    if (!e->gate || (e->port && port_begin(e->port, error) < 0))
        goto fail;
    if (!gate_is_waiting(e->gate))
        on_opened(e);
    return e;

fail:
    endpoint_free(e);
    return NULL;
}

void endpoint_free(struct endpoint *e)
{
    if (!e)
        return;
    gate_close(e->gate);
    port_free(e->port);
    if (!usb_export_free(e->export))
        return; /* its sessions have their places yet */
    gate_free(e->gate);
    free(e);
}

struct port *endpoint_port(const struct endpoint *e)
{
    return e->port;
}

int endpoint_report(const struct endpoint *e, struct report_endpoint *r)
{
    r->address = gate_text(e->gate);
    r->is_usb = e->source->is_usb;
    return r->is_usb ? usb_export_report(e->export, &r->usb) : port_report(e->port, &r->port);
}
