#include "ahead.h"

#include "client.h"
#include "device.h"
#include "log_peer.h"

enum {
    FULL_MS = 100,   /* a device that is only slower than the network is not that long */
    STILL_MS = 2000, /* before it is told */
};

bool ahead_is_full(const struct ahead *a)
{
    const struct client *c = a->client;

    if (c->role != CLIENT_OWNER)
        return false;
    return a->on ? device_is_full_ahead(c->device) : device_is_full(c->device);
}

void ahead_update(struct ahead *a)
{
    const struct client *c = a->client;
    const bool full = c->role == CLIENT_OWNER && c->commands.comport && device_is_full(c->device);

    if (full && !timer_is_set(&a->look)) {
        timer_in_ms(&a->look, FULL_MS);
    } else if (!full) {
        a->on = false;
        timer_stop(&a->look);
    }
}

void ahead_pause(struct ahead *a)
{
    if (!a->on)
        return;
    a->on = false;
    timer_in_ms(&a->look, FULL_MS);
}

/* Says that a device does not get on, once. */
static void tell_still(struct ahead *a)
{
    const struct client *c = a->client;
    const uint64_t taken = device_taken(c->device);
    const size_t left = device_untransmitted(c->device);

    if (taken != a->taken) {
        a->taken = taken;
        a->told_still = false;
    } else if (!a->told_still && left > 0) {
        a->told_still = true;
        log_peer_info(c->who, "%s: the device takes nothing: %zu bytes wait for it", c->who, left);
    }
}

static void on_look(void *ctx)
{
    struct ahead *a = ctx;

    timer_in_ms(&a->look, STILL_MS);
    if (a->on) {
        tell_still(a);
        return;
    }
    a->on = true;
    a->taken = device_taken(a->client->device);
    a->told_still = false;
    a->begun(a->ctx);
}

void ahead_make(struct ahead *a, struct client *client, void (*begun)(void *ctx), void *ctx)
{
    *a = (struct ahead){.client = client, .begun = begun, .ctx = ctx};
    timer_make(&a->look, client->base, on_look, a);
}

void ahead_stop(struct ahead *a)
{
    timer_stop(&a->look);
}
