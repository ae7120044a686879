#include "usbip_watch.h"

#include <poll.h>
#include <unistd.h>

#include "usbip_clock.h"
#include "usbip_state.h"

enum {
    PAUSE_MS = 1000,
    RETRY_MS = 1000, /* twice that each time */
    RETRY_MAX_MS = 10000,
    HEARD_MAX = 8, /* in such a time */
    POLL_SHARE = 20,
};

void usbip_watch_init(struct libusb_context *ctx)
{
    struct context_priv *c = usbi_get_context_priv(ctx);

    for (size_t i = 0; i < USBIP_CONFIG_SERVERS_MAX; i++)
        c->watches[i] = (struct usbip_watch){.fd = -1};
    c->timer = -1;
}

static void end_timer(struct libusb_context *ctx)
{
    struct context_priv *c = usbi_get_context_priv(ctx);

    if (c->timer < 0)
        return;
    usbi_remove_event_source(ctx, c->timer);
    close(c->timer);
    c->timer = -1;
}

void usbip_watch_end(struct libusb_context *ctx, size_t server)
{
    struct context_priv *c = usbi_get_context_priv(ctx);
    struct usbip_watch *w = &c->watches[server];

    if (w->fd < 0)
        return;
    usbi_remove_event_source(ctx, w->fd);
    close(w->fd);
    w->fd = -1;
    w->paused = false;
}

void usbip_watch_exit(struct libusb_context *ctx)
{
    for (size_t i = 0; i < USBIP_CONFIG_SERVERS_MAX; i++)
        usbip_watch_end(ctx, i);
    end_timer(ctx);
}

/* Has the core wait for the first time that is due. */
static void set_timer(struct libusb_context *ctx)
{
    struct context_priv *c = usbi_get_context_priv(ctx);
    const long long now = usbip_clock_ms();
    long long first = 0;

    for (size_t i = 0; i < USBIP_CONFIG_SERVERS_MAX; i++)
        if (c->watches[i].due != 0 && (first == 0 || c->watches[i].due < first))
            first = c->watches[i].due;
    if (first != 0)
        usbip_state_arm_timer(ctx, &c->timer, first > now ? (int)(first - now) : 0);
}

void usbip_watch_leave_parent(struct libusb_context *ctx)
{
    struct context_priv *c = usbi_get_context_priv(ctx);

    if (c->forks == usbip_state.forks)
        return;
    usbip_watch_exit(ctx);
    c->forks = usbip_state.forks;
    set_timer(ctx);
}

bool usbip_watch_is_wanted(struct libusb_context *ctx, size_t server)
{
    struct context_priv *c = usbi_get_context_priv(ctx);
    struct usbip_watch *w = &c->watches[server];

    if (w->fd >= 0)
        return false;
    if (w->opened == 0 || usbip_clock_ms() >= w->opened + PAUSE_MS)
        return true;
    w->due = w->opened + PAUSE_MS;
    set_timer(ctx);
    return false;
}

void usbip_watch_begin(struct libusb_context *ctx, size_t server, int fd)
{
    struct context_priv *c = usbi_get_context_priv(ctx);
    struct usbip_watch *w = &c->watches[server];

    w->fd = fd;
    w->opened = usbip_clock_ms();
    usbi_add_event_source(ctx, fd, POLLIN);
}

/* Whether the program wants to hear of devices. Without the lock of the callbacks, which is not to
 * be taken here: one that arrives or leaves now is heard of next time. */
static bool has_callbacks(struct libusb_context *ctx)
{
    const struct context_priv *c = usbi_get_context_priv(ctx);

    return !c->no_discovery && usbi_atomic_load(&ctx->hotplug_ready) &&
           !list_empty(&ctx->hotplug_cbs);
}

void usbip_watch_note(struct libusb_context *ctx, size_t server, bool answered, int took)
{
    struct context_priv *c = usbi_get_context_priv(ctx);
    struct usbip_watch *w = &c->watches[server];
    const bool polls = w->fd < 0 && has_callbacks(ctx);
    long long wait = RETRY_MS;

    if (answered)
        w->failures = 0;
    if (!polls && (answered || w->opened == 0))
        return;
    for (unsigned i = 0; i < w->failures && wait < RETRY_MAX_MS; i++)
        wait *= 2;
    if (!answered)
        w->failures++;
    else if (wait < POLL_SHARE * took) /* transfers wait for each list */
        wait = POLL_SHARE * took;
    w->due = usbip_clock_ms() + (wait < RETRY_MAX_MS ? wait : RETRY_MAX_MS);
    set_timer(ctx);
}

void usbip_watch_poll(struct libusb_context *ctx)
{
    struct context_priv *c = usbi_get_context_priv(ctx);

    if (!has_callbacks(ctx))
        return;
    for (size_t i = 0; i < usbip_state.config.server_count; i++)
        if (c->watches[i].fd < 0 && c->watches[i].due == 0)
            c->watches[i].due = usbip_clock_ms() + RETRY_MS;
    set_timer(ctx);
}

static void set_paused(struct libusb_context *ctx, struct usbip_watch *w, bool paused)
{
    if (w->fd >= 0 && paused && !w->paused)
        usbi_remove_event_source(ctx, w->fd);
    if (w->fd >= 0 && !paused && w->paused)
        usbi_add_event_source(ctx, w->fd, POLLIN);
    w->paused = w->fd >= 0 && paused;
}

bool usbip_watch_hears(struct libusb_context *ctx, size_t server)
{
    struct context_priv *c = usbi_get_context_priv(ctx);
    struct usbip_watch *w = &c->watches[server];
    const long long now = usbip_clock_ms();

    if (now >= w->since + PAUSE_MS) {
        w->since = now;
        w->heard = 0;
    }
    const bool hears = w->heard < HEARD_MAX;
    set_paused(ctx, w, !hears);
    if (hears)
        w->heard++;
    else
        w->due = w->since + PAUSE_MS;
    set_timer(ctx);
    return hears;
}

bool usbip_watch_takes_timer(struct libusb_context *ctx, int fd)
{
    const struct context_priv *c = usbi_get_context_priv(ctx);
    uint64_t times;

    if (c->timer < 0 || fd != c->timer)
        return false;
    usbip_watch_leave_parent(ctx); /* whose times are not to be taken away */
    if (c->timer >= 0 && read(c->timer, &times, sizeof times) < 0)
        times = 0; /* somebody has set it meanwhile */
    return true;
}

int usbip_watch_take_due(struct libusb_context *ctx)
{
    struct context_priv *c = usbi_get_context_priv(ctx);
    const long long now = usbip_clock_ms();

    for (int i = 0; i < USBIP_CONFIG_SERVERS_MAX; i++) {
        if (c->watches[i].due != 0 && c->watches[i].due <= now) {
            c->watches[i].due = 0;
            return i;
        }
    }
    set_timer(ctx);
    return -1;
}
