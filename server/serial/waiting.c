#include "waiting.h"

#include <stdlib.h>

#include "crowd.h"
#include "log_peer.h"
#include "stream.h"

enum { WAITING_MAX = 8 };

struct waiting_client {
    struct waiting_client *next;
    struct waiting *waiting;
    struct newcomer newcomer;
};

/* It waits no more; its connection becomes the caller's. */
static struct newcomer take(struct waiting_client *c)
{
    struct waiting_client **at = &c->waiting->first;
    const struct newcomer n = c->newcomer;

    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    c->waiting->count--;
    free(c);
    return n;
}

static void end(struct waiting_client *c)
{
    struct newcomer n = take(c);

    newcomer_close(&n);
}

static void on_received(void *ctx, const uint8_t *data, size_t len)
{
    (void)data; /* never: it is paused */
    (void)len;
    end(ctx);
}

static void on_drained(void *ctx)
{
    (void)ctx;
}

static void on_ended(void *ctx, int error)
{
    struct waiting_client *c = ctx;

    if (error == 0) /* what it has sent is to be done */
        c->newcomer.ended = true;
    else
        end(c);
}

static void on_evicted(void *ctx, const char *why)
{
    struct waiting_client *c = ctx;
    const char *peer = stream_peer(c->newcomer.stream);

    log_peer_info(peer, "%s: %s: %s", c->waiting->name, peer, why);
    end(c);
}

static const struct stream_callbacks stream_callbacks = {
    .received = on_received,
    .drained = on_drained,
    .ended = on_ended,
};

void waiting_make(struct waiting *w, struct event_base *base, const char *name,
                  void (*next)(void *ctx), void *ctx)
{
    w->name = name;
    timer_make(&w->timer, base, next, ctx);
}

void waiting_end(struct waiting *w)
{
    while (w->first)
        end(w->first);
    timer_stop(&w->timer);
}

bool waiting_add(struct waiting *w, struct newcomer *newcomer, unsigned limit_ms)
{
    struct waiting_client **at = &w->first;
    struct waiting_client *c = w->count < WAITING_MAX ? calloc(1, sizeof *c) : NULL;

    if (!c)
        return false;
    *c = (struct waiting_client){.waiting = w, .newcomer = *newcomer};
    newcomer->stream = NULL;
    stream_set_owner(c->newcomer.stream, &stream_callbacks, c);
    crowd_set_owner(c->newcomer.place, on_evicted, c);
    while (*at)
        at = &(*at)->next;
    *at = c;
    if (w->count++ == 0)
        waiting_go_on(w, limit_ms);
    return true;
}

struct newcomer waiting_take(struct waiting *w)
{
    return w->first ? take(w->first) : (struct newcomer){0};
}

void waiting_hurry(struct waiting *w)
{
    if (w->first)
        timer_in_ms(&w->timer, 0);
}

void waiting_go_on(struct waiting *w, unsigned limit_ms)
{
    if (w->first)
        timer_in_ms(&w->timer, limit_ms);
}
