/*
 * Theory of operation. A recipe is a row of steps; each sets lines and speed and lasts until a
 * timer starts the next. However it ends, the last step's lines and the speed from before are made.
 * In the middle of a recipe a board may be held in reset.
 */
#include "reset.h"

#include <errno.h>
#include <stdlib.h>

#include "device.h"
#include "error_text.h"
#include "log_peer.h"
#include "reset_recipe.h"
#include "timer.h"

struct reset {
    struct device *device;
    const struct reset_recipe *recipe;
    struct timer timer;
    const struct reset_step *step; /* running, or NULL */
    bool is_busy;                  /* the device is, with that step */
    uint32_t baud;                 /* from before */
    void (*ended)(void *ctx, bool done);
    void *ctx;
};

static int apply(struct reset *r, const struct reset_step *step)
{
    struct line_settings want = *device_line(r->device);
    struct line_settings got;
    int e = 0;

    want.baud = step->baud ? step->baud : r->baud;
    if (want.baud != device_line(r->device)->baud)
        e = device_configure(r->device, &want, &got);
    return e < 0 ? e : device_set_outputs(r->device, step->mask, step->lines);
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
    timer_stop(&r->timer);
    r->step = NULL;
    r->is_busy = false;
    log_peer_info(device_name(r->device), "%s: reset %s %s", device_name(r->device),
                  r->recipe->name, done ? "is done" : "has ended early");
}

/* Goes on after a step, which `e` says the result of: to the next one that lasts, or that the
 * device is busy with, or the last one. Returns 0 or what one failed with; then the lines are as
 * after the last step, as far as the port does it. */
static int go_on_after(struct reset *r, int e)
{
    while (e == 0 && !is_last(r->step) && r->step->wait_ms == 0 && !r->is_busy) {
        r->step++;
        e = apply(r, r->step);
        r->is_busy = device_is_busy(r->device);
    }
    if (e < 0)
        skip_to_end(r);
    else if (!is_last(r->step) && !r->is_busy)
        timer_in_ms(&r->timer, r->step->wait_ms);
    return e;
}

/* Does the present step, and what follows it. Returns as go_on_after. */
static int go_on(struct reset *r)
{
    const int e = apply(r, r->step);

    r->is_busy = device_is_busy(r->device);
    return r->is_busy && e == 0 ? 0 : go_on_after(r, e);
}

static void look(struct reset *r, int e)
{
    if (e < 0)
        log_peer_warn(device_name(r->device), "%s: the port refuses reset %s: %s",
                      device_name(r->device), r->recipe->name, error_text(-e));
    if (e == 0 && (!is_last(r->step) || r->is_busy))
        return;
    finish(r, e == 0);
    r->ended(r->ctx, e == 0);
}

static void on_timer(void *ctx)
{
    struct reset *r = ctx;

    r->step++;
    look(r, go_on(r));
}

void reset_device_free(struct reset *r)
{
    if (!r || !r->step || !r->is_busy)
        return;
    r->is_busy = false;
    look(r, go_on_after(r, device_late_error(r->device)));
}

int reset_start(struct reset *r, void (*ended)(void *ctx, bool done), void *ctx)
{
    if (!r)
        return -ENOTSUP;
    if (!device_is_there(r->device))
        return -ENODEV;
    if (r->step)
        return -EBUSY;
    log_peer_info(device_name(r->device), "%s: reset %s", device_name(r->device), r->recipe->name);
    r->baud = device_line(r->device)->baud;
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

struct reset *reset_new(struct event_base *base, struct device *device,
                        const struct reset_recipe *recipe)
{
    struct reset *r = calloc(1, sizeof *r);

    if (!r)
        return NULL;
    r->device = device;
    r->recipe = recipe;
    timer_make(&r->timer, base, on_timer, r);
    return r;
}

void reset_free(struct reset *r)
{
    if (!r)
        return;
    reset_stop(r);
    free(r);
}
