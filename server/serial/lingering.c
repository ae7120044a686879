#include "lingering.h"

#include "log_peer.h"
#include "node.h"
#include "output.h"

enum {
    TICK_MS = 20,
    STUCK_MS = 5000, /* without progress: the rest is given up */
};

static void look(void *ctx)
{
    struct lingering *l = ctx;
    const size_t left = output_untransmitted(l->output);

    progress_look(&l->progress, left, node_is_busy(l->output->node));
    if (left > 0 && progress_still_ms(&l->progress) < STUCK_MS) {
        timer_in_ms(&l->timer, TICK_MS);
        return;
    }
    if (left > 0) {
        log_peer_warn(l->name,
                      "%s: %zu bytes that a client had sent are dropped: the device does not take "
                      "them",
                      l->name, left);
        output_purge(l->output, false, true);
    }
    l->over(l->ctx);
}

void lingering_init(struct lingering *l, struct event_base *base, struct output *output,
                    const char *name, void (*over)(void *ctx), void *ctx)
{
    *l = (struct lingering){.output = output, .name = name, .over = over, .ctx = ctx};
    timer_make(&l->timer, base, look, l);
}

void lingering_begin(struct lingering *l)
{
    progress_begin(&l->progress, output_untransmitted(l->output));
    look(l);
}

void lingering_stop(struct lingering *l)
{
    timer_stop(&l->timer);
}
