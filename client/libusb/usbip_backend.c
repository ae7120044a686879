/*
 * A backend for upstream libusb's core, in place of the system's own: devices of USB/IP servers.
 *
 * Theory of operation. It runs in strangers' processes: besides libusb's core it needs the C
 * library and common/proto, and nothing else of ours. It has no thread and nothing but sockets (and
 * a timer): the core waits for them with the program's other events, and calls handle_events.
 * Devices are listed when a program asks for a list; servers with com2net's extensions also tell
 * when the list has changed.
 *
 * Opening a device does not take it. Its descriptors are known, and read, without an import. That
 * is made when something else is asked of it, so that lsusb steals no device.
 *
 * One lock, `lock`, is for all that is below the core. It is held while calls wait for a server:
 * other threads wait, too. It is never held while the core completes a transfer, whose callback may
 * call anything; the core may call us with locks of its own. Transfers that end outside of
 * handle_events are handed to the core to be completed by its next event.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "usbip_core.h"
#include "usbip_handle.h"
#include "usbip_list.h"
#include "usbip_names.h"
#include "usbip_state.h"
#include "usbip_sync.h"
#include "usbip_transfer.h"
#include "usbip_watch.h"

enum { GONE_FLUSH_MS = 2000, EVENT_LOOK_UP_MS = 100 };

static bool configured;

/* --- hotplug ---------------------------------------------------------------------------------- */

static void hotplug_poll(void)
{
    struct libusb_context *ctx;

    usbip_state_look_up(USBIP_CALL_TIMEOUT_MS);
    usbi_mutex_static_lock(&active_contexts_lock);
    usbip_state_lock();
    for_each_context(ctx)
    {
        const struct context_priv *c = usbi_get_context_priv(ctx);

        if (c->ready)
            usbip_list_refresh(ctx);
    }
    usbip_state_unlock();
    usbi_mutex_static_unlock(&active_contexts_lock);
}

/* A program that waits for callbacks may ask for no list any more. */
int API_EXPORTED libusb_hotplug_register_callback(struct libusb_context *ctx, int events, int flags,
                                                  int vendor, int product, int device_class,
                                                  libusb_hotplug_callback_fn fn, void *data,
                                                  libusb_hotplug_callback_handle *handle)
{
    int r = core_hotplug_register_callback(ctx, events, flags, vendor, product, device_class, fn,
                                           data, handle);

    if (r == LIBUSB_SUCCESS) {
        usbip_state_lock();
        usbip_watch_poll(usbi_get_context(ctx));
        usbip_state_unlock();
    }
    return r;
}

/* --- contexts --------------------------------------------------------------------------------- */

/* A timer of the child's own under the number of its parent's. It is not made if the program has
 * closed that number, and perhaps has a file of its own there. Daemons close unknown descriptors,
 * and fork again. */
static void replace_timer(struct device_priv *p)
{
    struct itimerspec at;

    if (timerfd_gettime(p->timer, &at) < 0)
        return;
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

    if (timer < 0)
        return;
    dup2(timer, p->timer);
    fcntl(p->timer, F_SETFD, FD_CLOEXEC);
    close(timer);
}

/* In the child of a fork. Connections are its parent's: daemons make their context, fork, and use
 * it in the child. It imports again the devices that it opens. */
static void on_fork(void)
{
    for (struct device_priv *p = usbip_state.devices; p; p = p->next) {
        if (p->use->has_link)
            usbip_link_abandon(&p->use->link);
        if (p->timer >= 0)
            replace_timer(p);
    }
    usbip_state.forks++;
    usbip_state_unlock();
}

static int init(struct libusb_context *ctx)
{
    struct context_priv *c = usbi_get_context_priv(ctx);

    usbip_watch_init(ctx);
    usbip_state_lock();
    if (!configured) {
        usbip_config_read(&usbip_state.config);
        for (size_t i = 0; i < usbip_state.config.server_count; i++)
            usbip_state.config.servers[i].looked_up = true; /* without the lock, that is */
        usbip_names_prepare();
        pthread_atfork(usbip_state_lock, usbip_state_unlock, on_fork);
    }
    configured = true;
    usbip_state_unlock();
    usbip_state_look_up(USBIP_CALL_TIMEOUT_MS);
    usbip_state_lock();
    usbip_list_refresh(ctx); /* a server that is away is no error: there are no devices, then */
    c->ready = true;
    usbip_state_unlock();
    return LIBUSB_SUCCESS;
}

static const struct libusb_context *ending; /* the context whose transfers are looked for */

static bool is_of_ending(const struct usbip_link_urb *u)
{
    struct usbi_transfer *t = u->owner;

    return t && t->dev && DEVICE_CTX(t->dev) == ending;
}

/* Those of a context that ends with transfers under way; others continue. */
static void forget_transfers(struct device_priv *p)
{
    struct usbip_link_urb *u;

    ending = p->dev->ctx;
    while (p->use->has_link && (u = usbip_link_find(&p->use->link, is_of_ending)))
        usbip_link_forget(&p->use->link, u);
}

/* Those of handles that are left open. */
static void drop_claims(struct device_priv *p)
{
    const struct libusb_device_handle *h;

    usbi_mutex_lock(&p->dev->ctx->open_devs_lock);
    for_each_open_device(p->dev->ctx, h)
    {
        if (h->dev == p->dev)
            p->shared->claimed &= ~(uint32_t)h->claimed_interfaces;
    }
    usbi_mutex_unlock(&p->dev->ctx->open_devs_lock);
}

static void exit_context(struct libusb_context *ctx)
{
    usbip_state_lock();
    usbip_watch_exit(ctx);
    for (struct device_priv *p = usbip_state.devices; p; p = p->next) {
        if (p->dev->ctx != ctx)
            continue;
        usbip_state_unwatch(p);
        forget_transfers(p);
        drop_claims(p);
        p->shared->opens -= p->opens;
        p->opens = 0;
        if (p->shared->opens == 0)
            usbip_device_leave(p->use, false);
    }
    usbip_state_unlock();
}

static int set_option(struct libusb_context *ctx, enum libusb_option option, va_list args)
{
    (void)args;
    if (option != LIBUSB_OPTION_NO_DEVICE_DISCOVERY)
        return LIBUSB_ERROR_NOT_SUPPORTED;
    struct context_priv *c = usbi_get_context_priv(ctx);
    c->no_discovery = true;
    return LIBUSB_SUCCESS;
}

static void destroy_device(struct libusb_device *dev)
{
    struct device_priv *p = priv_of(dev), **at = &usbip_state.devices;

    if (!p->dev) /* it was not made to the end, or not wanted: see usbip_list.c */
        return;
    usbip_state_lock();
    while (*at && *at != p)
        at = &(*at)->next;
    if (*at)
        *at = p->next;
    usbip_state_unwatch(p);
    usbip_list_unshare(p);
    usbip_state_unlock();
}

/* --- events ----------------------------------------------------------------------------------- */

static struct device_priv *device_of(const struct libusb_context *ctx, int fd)
{
    struct device_priv *p = usbip_state.devices;

    while (p && (p->dev->ctx != ctx || (p->source != fd && p->timer != fd)))
        p = p->next;
    return p;
}

static void hear_of(struct libusb_context *ctx, int fd)
{
    const struct context_priv *c = usbi_get_context_priv(ctx);

    if (usbip_watch_takes_timer(ctx, fd)) {
        for (int i = usbip_watch_take_due(ctx); i >= 0; i = usbip_watch_take_due(ctx))
            usbip_list_hear(ctx, (size_t)i);
        return;
    }
    for (size_t i = 0; i < usbip_state.config.server_count; i++) {
        if (c->watches[i].fd == fd) {
            usbip_list_hear(ctx, i);
            return;
        }
    }
}

/* Servers are asked: their names are looked up before, as far as that can be done at once. */
static void hear_of_servers(struct libusb_context *ctx, const struct pollfd *fds, unsigned count)
{
    usbip_state_look_up(EVENT_LOOK_UP_MS);
    usbip_state_lock();
    for (unsigned i = 0; i < count; i++)
        if (fds[i].revents && !device_of(ctx, fds[i].fd))
            hear_of(ctx, fds[i].fd);
    usbip_state_unlock();
}

static int handle_events(struct libusb_context *ctx, void *event_data, unsigned count,
                         unsigned ready)
{
    const struct pollfd *fds = event_data;
    struct usbi_transfer *t;
    bool others = false; /* descriptors that are no devices' */

    usbip_state_lock();
    usbip_handle_tidy();
    for (unsigned i = 0; i < count && ready > 0; i++) {
        if (!fds[i].revents)
            continue;
        ready--;
        struct device_priv *p = device_of(ctx, fds[i].fd);
        if (p)
            usbip_state_step(p);
        else
            others = true;
    }
    usbip_state_unlock();
    if (others)
        hear_of_servers(ctx, fds, count);
    while ((t = usbip_state_take_next(ctx)))
        usbip_transfer_complete(t);
    return LIBUSB_SUCCESS;
}

/* --- the end of the process ------------------------------------------------------------------- */

/* A program may exit without closing. Its posted URBs go out, and are answered, or the reset of the
 * connection would take them away. */
__attribute__((destructor)) static void on_exit_of_process(void)
{
    if (pthread_mutex_trylock(&usbip_state.lock) != 0)
        return;
    for (struct device_priv *p = usbip_state.devices; p; p = p->next)
        if (p->use->has_link)
            usbip_sync_flush(&p->use->link, GONE_FLUSH_MS);
    usbip_state_unlock();
}

const struct usbi_os_backend usbi_backend = {
    .name = "USB/IP",
    .caps = USBI_CAP_HAS_HID_ACCESS | USBI_CAP_SUPPORTS_DETACH_KERNEL_DRIVER,
    .init = init,
    .exit = exit_context,
    .set_option = set_option,
    .hotplug_poll = hotplug_poll,
    .open = usbip_handle_open,
    .close = usbip_handle_close,
    .get_active_config_descriptor = usbip_handle_get_active_config,
    .get_config_descriptor = usbip_handle_get_config,
    .get_config_descriptor_by_value = usbip_handle_get_config_by_value,
    .get_configuration = usbip_handle_get_configuration,
    .set_configuration = usbip_handle_set_configuration,
    .claim_interface = usbip_handle_claim,
    .release_interface = usbip_handle_release,
    .set_interface_altsetting = usbip_handle_set_alternate,
    .clear_halt = usbip_handle_clear_halt,
    .reset_device = usbip_handle_reset,
    .kernel_driver_active = usbip_handle_kernel_driver_active,
    .detach_kernel_driver = usbip_handle_change_kernel_driver,
    .attach_kernel_driver = usbip_handle_change_kernel_driver,
    .destroy_device = destroy_device,
    .submit_transfer = usbip_transfer_submit,
    .cancel_transfer = usbip_transfer_cancel,
    .clear_transfer_priv = usbip_transfer_clear,
    .handle_events = handle_events,
    .handle_transfer_completion = usbip_transfer_complete,
    .context_priv_size = sizeof(struct context_priv),
    .device_priv_size = sizeof(struct device_priv),
    .transfer_priv_size = sizeof(struct transfer_priv),
};
