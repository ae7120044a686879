#include "endpoint.h"

#include <stdio.h>
#include <stdlib.h>

#include "gate.h"
#include "log.h"
#include "port.h"
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

    port_take(e->port, n);
}

static void on_opened(void *ctx)
{
    const struct endpoint *e = ctx;

    log_info("%s: listening on %s", e->source->port.name, gate_text(e->gate));
}

static const struct gate_callbacks gate_callbacks = {on_newcomer, on_opened};

/* Returns false with the reason in `error`. */
static bool publish_port(struct endpoint *e, struct event_base *base, struct crowd *crowd,
                         char error[static CLI_ERROR_MAX])
{
    const struct port_options *o = &e->source->port;
    const struct gate_options gate = {
        .mode = o->mode == PORT_MODE_RAW ? GATE_RAW : GATE_SERIAL,
        .queue_max = PORT_STREAM_MAX,
        .name = o->name,
    };

    e->port = port_new(base, o, error);
    if (!e->port)
        return false;
    e->gate = gate_new(base, crowd, &e->source->listen, &gate, &gate_callbacks, e, error);
    /* a device is not touched for an address that cannot be had */
    if (!e->gate || port_begin(e->port, error) < 0)
        return false;
    if (!gate_is_waiting(e->gate))
        on_opened(e);
    return true;
}

struct endpoint *endpoint_new(struct event_base *base, struct crowd *crowd,
                              const struct source *source, struct usb_pcap *pcap,
                              char error[static CLI_ERROR_MAX])
{
    struct endpoint *e = calloc(1, sizeof *e);

    snprintf(error, CLI_ERROR_MAX, "out of memory");
    if (!e)
        return NULL;
    e->source = source;
    if (source->is_usb)
        e->export = usb_export_new(base, crowd, &source->usb, &source->listen, pcap, error);
    if (source->is_usb ? e->export != NULL : publish_port(e, base, crowd, error))
        return e;
    endpoint_free(e);
    return NULL;
}

void endpoint_free(struct endpoint *e)
{
    if (!e)
        return;
    gate_close(e->gate);
    port_free(e->port);
    usb_export_free(e->export);
    gate_free(e->gate);
    free(e);
}

struct port *endpoint_port(const struct endpoint *e)
{
    return e->port;
}

void endpoint_report(const struct endpoint *e)
{
    if (e->port)
        port_report(e->port, gate_text(e->gate));
    else
        usb_export_report(e->export);
}
