#include "fakes/fake_usb_export.h"

#include <stdio.h>
#include <stdlib.h>

#include "fakes/fake_newcomer.h"

static void on_device(void *ctx, struct usb_device *d)
{
    (void)d;
    ((struct fake_usb_export *)ctx)->changes++;
}

static void on_changed(void *ctx)
{
    ((struct fake_usb_export *)ctx)->changes++;
}

static void on_ended(void *ctx)
{
    struct fake_usb_export *e = ctx;

    e->forgotten++;
    usb_bus_sweep(e->setup.bus);
}

void fake_usb_export_begin(struct fake_usb_export *e, struct event_base *base, size_t budget)
{
    static const struct usb_bus_callbacks of_bus = {.arrived = on_device, .left = on_device};
    static const struct usb_session_callbacks of_sessions = {.ended = on_ended,
                                                             .changed = on_changed};
    char error[CLI_ERROR_MAX];

    fake_usb_export_end(e);
    *e = (struct fake_usb_export){.setup = {.base = base,
                                            .bus = usb_bus_new(base, NULL, &of_bus, e, error),
                                            .budget = budget,
                                            .all = &e->sessions,
                                            .callbacks = &of_sessions,
                                            .ctx = e}};
    if (!e->setup.bus) {
        fprintf(stderr, "%s\n", error);
        abort();
    }
}

void fake_usb_export_end(struct fake_usb_export *e)
{
    usb_bus_free(e->setup.bus);
    e->setup.bus = NULL;
}

bool fake_usb_export_connect(struct fake_usb_export *e, evutil_socket_t fd)
{
    struct newcomer newcomer = fake_newcomer(e->setup.base, fd, 2 * e->setup.budget);
    struct usb_session *s = newcomer.stream ? usb_session_new(&e->setup, &newcomer) : NULL;

    if (s)
        usb_session_begin(s);
    else
        newcomer_close(&newcomer);
    return s;
}
