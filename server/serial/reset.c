/*
 * Theory of operation. A recipe is a row of steps; each sets lines and speed and lasts until a
 * timer goes on to the next. However it ends, the last step's lines and the speed from before are
 * made: in the middle of a recipe a board may be held in reset.
 */
#include "reset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "log_peer.h"
#include "os.h"
#include "port.h"

struct reset {
    struct port *port;
    const struct reset_recipe *recipe;
    struct event *timer;
    const struct reset_step *step; /* running, or NULL */
    uint32_t baud;                 /* from before */
    void (*ended)(void *ctx, bool done);
    void *ctx;
};

enum {
    DTR = LINE_DTR,
    RTS = LINE_RTS,
    BOTH = LINE_DTR | LINE_RTS,
};

/* "On" is asserted: the pin of a 3.3 V adapter is low then. */
static const struct reset_recipe recipes[] = {
    /* Espressif's two transistors: RTS on with DTR off holds EN low, DTR on with RTS off GPIO0;
     * both alike do nothing. As esptool's ClassicReset, but each step moves both lines at once, as
     * the transistors want it. */
    {"esp",
     false,
     {
         {BOTH, RTS, 100, 0}, /* in reset */
         {BOTH, DTR, 50, 0},  /* out of it, GPIO0 low: the bootloader */
         {BOTH, 0, 0, 0},
     }},
    /* A chip's own USB-Serial/JTAG looks at the lines itself. As esptool's USBJTAGSerialReset,
     * which goes through both on, never through both off. */
    {"esp-usb-jtag",
     true,
     {
         {BOTH, 0, 100, 0},
         {BOTH, DTR, 100, 0}, /* the bootloader, at the next reset */
         {RTS, RTS, 0, 0},
         {DTR, 0, 100, 0}, /* in reset */
         {BOTH, 0, 0, 0},
     }},
    /* A capacitor between DTR (on some boards RTS) and RESET makes a pulse of the line going on.
     * As avrdude -c arduino: off long enough to unload it, then on. */
    {"arduino",
     false,
     {
         {BOTH, 0, 250, 0},
         {BOTH, BOTH, 0, 0},
     }},
    /* DTR is NRST (on: reset), RTS is BOOT0 inverted (off: high, the system bootloader): the
     * wiring of stm32loader and FlyMcu. NRST is released with BOOT0 high, which is looked at just
     * then, and BOOT0 goes low afterwards, so that the next reset runs the program again. */
    {"stm32",
     false,
     {
         {BOTH, DTR, 100, 0}, /* in reset, BOOT0 high */
         {DTR, 0, 100, 0},    /* out of it: the bootloader */
         {RTS, RTS, 0, 0},
     }},
    /* Boards with USB of their own (Leonardo, SAMD, RP2040): DTR going off at 1200 is the sign.
     * They wait for up to 250 ms whether DTR comes back, then leave the bus. */
    {"touch1200",
     true,
     {
         {DTR, DTR, 50, 1200},
         {DTR, 0, 500, 1200},
         {DTR, DTR, 0, 0},
     }},
};

const struct reset_recipe *reset_find(const char *name)
{
    for (size_t i = 0; i < sizeof recipes / sizeof *recipes; i++)
        if (strcmp(recipes[i].name, name) == 0)
            return &recipes[i];
    return NULL;
}

static int apply(struct reset *r, const struct reset_step *step)
{
    struct line_settings want = *port_line(r->port);
    struct line_settings got;
    int e = 0;

    want.baud = step->baud ? step->baud : r->baud;
    if (want.baud != port_line(r->port)->baud)
        e = port_configure(r->port, &want, &got);
    return e < 0 ? e : port_set_outputs(r->port, step->mask, step->lines);
}

static bool is_last(const struct reset_step *step)
{
    return !step[1].mask;
}

/* Makes the last step, out of turn. */
static void skip_to_end(struct reset *r)
{
    while (!is_last(r->step))
        r->step++;
    apply(r, r->step);
}

static void finish(struct reset *r, bool done)
{
    event_del(r->timer);
    r->step = NULL;
    log_peer_info(port_name(r->port), "%s: reset %s %s", port_name(r->port), r->recipe->name,
                  done ? "is done" : "has ended early");
}

/* Does steps until one lasts, or the last one is done. Returns 0 or what one failed with; then the
 * lines are as after the last step, as far as the port does it. */
static int go_on(struct reset *r)
{
    for (;; r->step++) {
        const struct timeval delay = {0, r->step->wait_ms * 1000};
        int e = apply(r, r->step);

        if (e < 0)
            skip_to_end(r);
        if (e < 0 || is_last(r->step))
            return e;
        if (r->step->wait_ms > 0) {
            event_add(r->timer, &delay);
            return 0;
        }
    }
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
    struct reset *r = ctx;

    (void)fd;
    (void)what;
    r->step++;
    int e = go_on(r);
    if (e < 0)
        log_peer_warn(port_name(r->port), "%s: the port refuses reset %s: %s", port_name(r->port),
                      r->recipe->name, os_error_text(-e));
    if (e == 0 && !is_last(r->step))
        return;
    finish(r, e == 0);
    r->ended(r->ctx, e == 0);
}

int reset_start(struct reset *r, void (*ended)(void *ctx, bool done), void *ctx)
{
    if (r->step)
        return -EBUSY;
    log_peer_info(port_name(r->port), "%s: reset %s", port_name(r->port), r->recipe->name);
    r->baud = port_line(r->port)->baud;
    r->ended = ended;
    r->ctx = ctx;
    r->step = r->recipe->steps;
    int e = go_on(r);
    if (e < 0)
        finish(r, false);
    return e;
}

void reset_stop(struct reset *r)
{
    if (!r || !r->step)
        return;
    skip_to_end(r);
    finish(r, false);
}

void reset_device_gone(struct reset *r)
{
    if (!r || !r->step)
        return;
    bool done = r->recipe->leaves && is_last(r->step + 1);
    skip_to_end(r);
    finish(r, done);
    r->ended(r->ctx, done);
}

struct reset *reset_new(struct event_base *base, struct port *port,
                        const struct reset_recipe *recipe)
{
    struct reset *r = calloc(1, sizeof *r);

    if (!r)
        return NULL;
    r->port = port;
    r->recipe = recipe;
    r->timer = evtimer_new(base, on_timer, r);
    if (!r->timer) {
        free(r);
        return NULL;
    }
    return r;
}

void reset_free(struct reset *r)
{
    if (!r)
        return;
    reset_stop(r);
    event_free(r->timer);
    free(r);
}
