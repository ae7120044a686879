#include "settling.h"

#include "clock.h"
#include "log_peer.h"
#include "node.h"
#include "output.h"

enum {
    TICK_MS = 20,
    STUCK_MS = 2000, /* without progress what is left is given up; pyserial waits for 3 s */
    TELL_WAIT_MS = 1000,
};

static void on_timer(void *ctx)
{
    struct settling *s = ctx;

    if (s->output->node->serial)
        s->callbacks->send(s->ctx);
    settling_look(s);
}

void settling_init(struct settling *s, struct event_base *base, struct output *output,
                   const char *name, const struct settling_callbacks *callbacks, void *ctx)
{
    *s = (struct settling){.output = output, .name = name, .callbacks = callbacks, .ctx = ctx};
    timer_make(&s->timer, base, on_timer, s);
}

bool settling_is_on(const struct settling *s)
{
    return s->output->divided;
}

/* Settles the bytes of one owner. */
static void settle(struct settling *s)
{
    output_divide(s->output);
    s->told = false;
    s->since_ms = clock_now_ms();
    progress_begin(&s->progress, output_first_share(s->output));
    timer_in_ms(&s->timer, TICK_MS);
}

void settling_begin(struct settling *s)
{
    if (settling_is_on(s)) {
        output_leave_share(s->output);
        return;
    }
    settle(s);
    if (output_first_share(s->output) == 0)
        settling_finish(s);
}

void settling_finish(struct settling *s)
{
    if (!settling_is_on(s))
        return;
    timer_stop(&s->timer);
    const size_t dropped = output_join(s->output);
    const bool last = s->output->behind == 0;
    if (dropped > 0)
        log_peer_warn(
            s->name,
            "%s: %zu bytes of the client before are dropped: the device did not take them in "
            "time",
            s->name, dropped);
    s->callbacks->over(s->ctx, last);
    if (!last) /* of one that came and went meanwhile: under the idle settings */
        settle(s);
    if (s->output->node->serial) /* it may have room, and no reason to ask for more */
        timer_in_ms(&s->timer, 0);
}

/* The next client is there, and what it sends waits. */
static void tell_wait(struct settling *s, size_t left)
{
    if (s->told || !s->next || clock_now_ms() - s->since_ms < TELL_WAIT_MS)
        return;
    s->told = true;
    log_peer_info(s->name, "%s: %s waits for %zu bytes of the client before to go out", s->name,
                  s->next, left);
}

void settling_look(struct settling *s)
{
    if (!settling_is_on(s))
        return;
    const size_t left = output_first_share(s->output);

    progress_look(&s->progress, left, node_is_busy(s->output->node));
    if (left > 0 && progress_still_ms(&s->progress) < STUCK_MS) {
        tell_wait(s, left);
        timer_in_ms(&s->timer, TICK_MS);
        return;
    }
    if (left > 0) { /* not under the settings of the next one */
        log_peer_warn(s->name,
                      "%s: %zu bytes of the client before are dropped: the device does not take "
                      "them",
                      s->name, left);
        output_drop_first_share(s->output);
    }
    settling_finish(s);
    s->callbacks->send(s->ctx);
}

void settling_set_next(struct settling *s, const char *next)
{
    s->next = next;
}

void settling_stop(struct settling *s)
{
    timer_stop(&s->timer);
    output_drop(s->output);
    s->output->divided = false;
}
