/*
 * A backend for upstream libusb's core, in place of the system's own: devices of USB/IP servers.
 *
 * Theory of operation. It has no thread and nothing but sockets (and a timer): the core waits for
 * them with the program's other events, and calls handle_events. Devices are listed when a program
 * asks for a list; servers with com2net's extensions also tell when the list has changed.
 *
 * Opening a device does not take it: what its descriptors say is known, and answered, without an
 * import. That is made when something else is asked of it, so that lsusb steals no device.
 *
 * One lock, `lock`, is for all that is below the core. It is held while calls wait for a server:
 * other threads wait, too. It is never held while the core completes a transfer, whose callback may
 * call anything; the core may call us with locks of its own. What is done outside of handle_events
 * is handed to the core to be completed by its next event.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "usbip_backend.h"
#include "usbip_clock.h"
#include "usbip_handle.h"
#include "usbip_list.h"
#include "usbip_names.h"
#include "usbip_status.h"

enum { GONE_FLUSH_MS = 2000, EVENT_LOOK_UP_MS = 100 };

struct transfer_priv {
    struct usbip_link_urb *urb; /* under way; NULL: done */
    bool cancelled;
    int status;
    size_t actual;
};

struct usbip_backend usbip_backend = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool configured;

void usbip_backend_take_lock(void)
{
    pthread_mutex_lock(&usbip_backend.lock);
}

void usbip_backend_drop_lock(void)
{
    pthread_mutex_unlock(&usbip_backend.lock);
}

void usbip_backend_look_up(int ms)
{
    const long long deadline = usbip_clock_ms() + ms;

    for (size_t i = 0; i < usbip_backend.config.server_count; i++) {
        const long long left = deadline - usbip_clock_ms();

        usbip_names_look_up(&usbip_backend.config.servers[i], left > 0 ? (int)left : 0);
    }
}

/* --- events of a link ------------------------------------------------------------------------- */

void usbip_backend_unwatch(struct device_priv *p)
{
    struct libusb_context *ctx = p->dev->ctx;

    if (p->source >= 0 && ctx)
        usbi_remove_event_source(ctx, p->source);
    p->source = -1;
    if (p->timer >= 0) {
        if (ctx)
            usbi_remove_event_source(ctx, p->timer);
        close(p->timer);
    }
    p->timer = -1;
}

void usbip_backend_arm_timer(struct libusb_context *ctx, int *timer, int ms)
{
    const struct itimerspec at = {
        .it_value = {ms / 1000, ms > 0 ? ms % 1000 * 1000000L : 1}}; /* 0 would disarm it */

    if (*timer < 0) {
        *timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
        if (*timer >= 0)
            usbi_add_event_source(ctx, *timer, POLLIN);
    }
    if (*timer >= 0)
        timerfd_settime(*timer, 0, &at, NULL);
}

/* Has the core wait for what the link waits for. */
void usbip_backend_watch(struct device_priv *p)
{
    const struct usbip_link *l = &p->use->link;
    const bool used = p->opens > 0 && p->use->has_link && l->fd >= 0 && p->use->linger_until == 0;
    const int fd = used ? l->fd : -1;
    const short events = (short)(POLLIN | (used && usbip_link_wants_to_send(l) ? POLLOUT : 0));
    const int timeout = used && l->unlinked > 0 ? usbip_link_timeout(l) : -1;

    if (fd < 0) {
        usbip_backend_unwatch(p);
        return;
    }
    if (p->source != fd || p->events != events) {
        if (p->source >= 0)
            usbi_remove_event_source(p->dev->ctx, p->source);
        usbi_add_event_source(p->dev->ctx, fd, events);
        p->source = fd;
        p->events = events;
    }
    if (timeout >= 0)
        usbip_backend_arm_timer(p->dev->ctx, &p->timer, timeout);
}

/* Takes the next transfer that is done from the link, whichever context's; NULL if there is none.
 */
static struct usbi_transfer *take_done(struct device_priv *p)
{
    struct usbip_link_urb *u = usbip_link_take(&p->use->link);

    if (!u)
        return NULL;
    struct usbi_transfer *t = u->owner;
    struct transfer_priv *tp = usbi_get_transfer_priv(t);
    struct libusb_transfer *public = USBI_TRANSFER_TO_LIBUSB_TRANSFER(t);
    for (size_t i = 0; i < u->packet_count; i++) {
        public->iso_packet_desc[i].actual_length = u->packets[i].actual;
        public->iso_packet_desc[i].status = usbip_status(u->packets[i].status);
    }
    tp->urb = NULL;
    tp->status = u->status;
    tp->actual = u->actual;
    usbip_link_urb_free(u);
    return t;
}

/* A device whose connection has ended is gone, until the next list has it again as a new one. */
static void tell_end(struct device_priv *p)
{
    const struct usbip_link *l = &p->use->link;

    if (p->use->has_link && l->fd < 0 && l->error != -ECHILD && usbi_atomic_load(&p->dev->attached))
        usbi_disconnect_device(p->dev);
}

/* Has other contexts wait for what has become of a link. That it has ended they tell by events of
 * their own: their locks are not to be taken here. */
static void settle_others(const struct device_priv *p)
{
    for (struct device_priv *o = usbip_backend.devices; o; o = o->next) {
        if (o == p || o->shared != p->shared)
            continue;
        const bool ends = o->source >= 0 && o->use->link.fd < 0;
        usbip_backend_watch(o);
        if (ends)
            usbip_backend_arm_timer(o->dev->ctx, &o->timer, 0);
    }
}

/* Something has been done with the link: has the core wait for the rest, and complete what is done
 * by its next event. */
void usbip_backend_settle(struct device_priv *p)
{
    for (struct usbi_transfer *t = take_done(p); t; t = take_done(p))
        usbi_signal_transfer_completion(t);
    usbip_backend_watch(p);
    settle_others(p);
    tell_end(p);
}

static int complete(struct usbi_transfer *t)
{
    const struct transfer_priv *tp = usbi_get_transfer_priv(t);
    const enum libusb_transfer_status status = usbip_status(tp->status);

    if (!USBI_TRANSFER_TO_LIBUSB_TRANSFER(t)->dev_handle) /* closed meanwhile */
        return 0;
    t->transferred = (int)tp->actual;
    if (tp->cancelled && status == LIBUSB_TRANSFER_CANCELLED)
        return usbi_handle_transfer_cancellation(t);
    return usbi_handle_transfer_completion(t, status);
}

static void hotplug_poll(void)
{
    struct libusb_context *ctx;

    usbip_backend_look_up(USBIP_CALL_TIMEOUT_MS);
    usbi_mutex_static_lock(&active_contexts_lock);
    usbip_backend_take_lock();
    for_each_context(ctx)
    {
        const struct context_priv *c = usbi_get_context_priv(ctx);

        if (c->ready)
            usbip_list_refresh(ctx);
    }
    usbip_backend_drop_lock();
    usbi_mutex_static_unlock(&active_contexts_lock);
}

/* Who waits for callbacks may ask for no list any more. */
int API_EXPORTED libusb_hotplug_register_callback(struct libusb_context *ctx, int events, int flags,
                                                  int vendor, int product, int device_class,
                                                  libusb_hotplug_callback_fn fn, void *data,
                                                  libusb_hotplug_callback_handle *handle)
{
    int r = core_hotplug_register_callback(ctx, events, flags, vendor, product, device_class, fn,
                                           data, handle);

    if (r == LIBUSB_SUCCESS) {
        usbip_backend_take_lock();
        usbip_watch_poll(usbi_get_context(ctx));
        usbip_backend_drop_lock();
    }
    return r;
}

/* --- contexts --------------------------------------------------------------------------------- */

/* A timer of the child's own under the number of its parent's, unless the program has closed that,
 * and perhaps has a file of its own there: daemons close what they do not know, and fork again. */
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
 * it in the child. It imports anew what it opens. */
static void on_fork(void)
{
    for (struct device_priv *p = usbip_backend.devices; p; p = p->next) {
        if (p->use->has_link)
            usbip_link_abandon(&p->use->link);
        if (p->timer >= 0)
            replace_timer(p);
    }
    usbip_backend.forks++;
    usbip_backend_drop_lock();
}

static int init(struct libusb_context *ctx)
{
    struct context_priv *c = usbi_get_context_priv(ctx);

    usbip_watch_init(ctx);
    usbip_backend_take_lock();
    if (!configured) {
        usbip_config_read(&usbip_backend.config);
        for (size_t i = 0; i < usbip_backend.config.server_count; i++)
            usbip_backend.config.servers[i].looked_up = true; /* without the lock, that is */
        usbip_names_prepare();
        pthread_atfork(usbip_backend_take_lock, usbip_backend_drop_lock, on_fork);
    }
    configured = true;
    usbip_backend_drop_lock();
    usbip_backend_look_up(USBIP_CALL_TIMEOUT_MS);
    usbip_backend_take_lock();
    usbip_list_refresh(ctx); /* a server that is away is no error: there are no devices, then */
    c->ready = true;
    usbip_backend_drop_lock();
    return LIBUSB_SUCCESS;
}

static const struct libusb_context *ending; /* the context whose transfers are looked for */

static bool is_of_ending(const struct usbip_link_urb *u)
{
    struct usbi_transfer *t = u->owner;

    return t && t->dev && DEVICE_CTX(t->dev) == ending;
}

/* Those of a context that ends with transfers under way; others go on. */
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
    usbip_backend_take_lock();
    usbip_watch_exit(ctx);
    for (struct device_priv *p = usbip_backend.devices; p; p = p->next) {
        if (p->dev->ctx != ctx)
            continue;
        usbip_backend_unwatch(p);
        forget_transfers(p);
        drop_claims(p);
        p->shared->opens -= p->opens;
        p->opens = 0;
        if (p->shared->opens == 0)
            usbip_device_leave(p->use, false);
    }
    usbip_backend_drop_lock();
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
    struct device_priv *p = priv_of(dev), **at = &usbip_backend.devices;

    if (!p->dev) /* it was not made to the end, or not wanted: see usbip_list.c */
        return;
    usbip_backend_take_lock();
    while (*at && *at != p)
        at = &(*at)->next;
    if (*at)
        *at = p->next;
    usbip_backend_unwatch(p);
    usbip_list_unshare(p);
    usbip_backend_drop_lock();
}

/* --- transfers -------------------------------------------------------------------------------- */

static const enum usb_transfer_type types[] = {
    [LIBUSB_TRANSFER_TYPE_CONTROL] = USB_CONTROL,
    [LIBUSB_TRANSFER_TYPE_ISOCHRONOUS] = USB_ISOCHRONOUS,
    [LIBUSB_TRANSFER_TYPE_BULK] = USB_BULK,
    [LIBUSB_TRANSFER_TYPE_INTERRUPT] = USB_INTERRUPT,
};

/* Fills in a URB as usbfs would. Returns 0 or an error as libusb on Linux says it. */
static int lay_out(struct device_priv *p, struct libusb_transfer *t, struct usbip_link_urb *u)
{
    const struct usb_submit_device facts = usbip_device_facts(p->use);
    struct usb_submit s = {.type = types[t->type],
                           .address = t->endpoint,
                           .length = (size_t)t->length,
                           .packets = u->packets,
                           .packet_count = u->packet_count};
    size_t offset = 0;

    u->data = t->buffer;
    if (s.type == USB_CONTROL) {
        memcpy(s.setup, t->buffer, sizeof s.setup);
        u->data += LIBUSB_CONTROL_SETUP_SIZE;
        s.length -= LIBUSB_CONTROL_SETUP_SIZE;
    }
    if (t->flags & LIBUSB_TRANSFER_ADD_ZERO_PACKET)
        s.flags |= USBIP_ZERO_PACKET;
    if (u->packet_count > 0)
        s.flags |= USBIP_ISO_ASAP;
    for (size_t i = 0; i < u->packet_count; i++) {
        u->packets[i].offset = (uint32_t)offset;
        u->packets[i].length = t->iso_packet_desc[i].length;
        offset += u->packets[i].length;
    }
    int r = usb_submit_by_usbfs(&facts, &s);
    if (r < 0)
        return s.type == USB_ISOCHRONOUS && r != -ENOENT ? LIBUSB_ERROR_INVALID_PARAM
                                                         : LIBUSB_ERROR_IO;
    memcpy(u->setup, s.setup, sizeof u->setup);
    u->address = s.address;
    u->flags = s.flags;
    u->length = s.length;
    u->interval = s.interval;
    u->barrier = s.type == USB_CONTROL;
    u->post = s.type == USB_BULK && !(s.address & 0x80) && p->use->posts;
    return LIBUSB_SUCCESS;
}

/* What is asked of endpoint 0 and known without an import is answered at once. */
static bool answer(struct device_priv *p, struct usbi_transfer *t)
{
    struct libusb_transfer *public = USBI_TRANSFER_TO_LIBUSB_TRANSFER(t);
    struct transfer_priv *tp = usbi_get_transfer_priv(t);
    size_t len;

    if (p->use->has_link || public->type != LIBUSB_TRANSFER_TYPE_CONTROL)
        return false;
    const struct usb_setup s = usb_setup_get(public->buffer);
    const uint8_t *known = usbip_device_known(p->use, &s, &len);
    if (!known)
        return false;
    tp->status = 0;
    tp->actual = len < s.length ? len : s.length;
    memcpy(public->buffer + LIBUSB_CONTROL_SETUP_SIZE, known, tp->actual);
    usbi_signal_transfer_completion(t);
    return true;
}

/* Requests that libusb has calls for may also come as they are: what we know changes all the same.
 */
static void note_request(struct device_priv *p, const uint8_t bytes[static 8])
{
    const struct usb_setup s = usb_setup_get(bytes);

    if (s.type == 0 && s.request == USB_REQUEST_SET_CONFIGURATION) {
        p->use->configuration = (uint8_t)s.value;
        memset(p->use->alternate, 0, sizeof p->use->alternate);
    }
    if (s.type == 1 && s.request == USB_REQUEST_SET_INTERFACE)
        p->use->alternate[(uint8_t)s.index] = (uint8_t)s.value;
}

/* A string that a made up descriptor has named: by its own number, or, where the device has none,
 * without a character. Returns whether that is the answer. */
static bool translate(struct device_priv *p, struct usbi_transfer *t, uint8_t setup[static 8])
{
    static const uint8_t empty[] = {2, USB_DESC_STRING};
    struct transfer_priv *tp = usbi_get_transfer_priv(t);
    const struct usb_setup s = usb_setup_get(setup);
    const uint8_t made = (uint8_t)s.value;

    if (!p->made_up || s.type != 0x80 || s.request != USB_REQUEST_GET_DESCRIPTOR ||
        s.value >> 8 != USB_DESC_STRING || made < USBIP_DEVICE_MADE_STRING ||
        made >= USBIP_DEVICE_MADE_STRING + USBIP_DEVICE_MADE_STRINGS)
        return false;
    setup[2] = usbip_device_string(p->use, made);
    if (setup[2] != 0)
        return false;
    tp->status = 0;
    tp->actual = s.length < sizeof empty ? s.length : sizeof empty;
    memcpy(USBI_TRANSFER_TO_LIBUSB_TRANSFER(t)->buffer + LIBUSB_CONTROL_SETUP_SIZE, empty,
           tp->actual);
    usbi_signal_transfer_completion(t);
    return true;
}

static int submit(struct device_priv *p, struct usbi_transfer *t)
{
    struct libusb_transfer *public = USBI_TRANSFER_TO_LIBUSB_TRANSFER(t);
    struct transfer_priv *tp = usbi_get_transfer_priv(t);
    const size_t packets =
        public->type == LIBUSB_TRANSFER_TYPE_ISOCHRONOUS ? (size_t) public->num_iso_packets : 0;
    int r = usbip_handle_import(p);

    if (r < 0)
        return r;
    struct usbip_link *l = &p->use->link;
    if (l->posted_error) { /* of what was posted before */
        r = usbip_error_of_status(l->posted_error);
        l->posted_error = 0;
        return r;
    }
    struct usbip_link_urb *u = usbip_link_urb_new(packets);
    if (!u)
        return LIBUSB_ERROR_NO_MEM;
    r = lay_out(p, public, u);
    if (r < 0) {
        usbip_link_urb_free(u);
        return r;
    }
    if (public->type == LIBUSB_TRANSFER_TYPE_CONTROL) {
        if (translate(p, t, u->setup)) {
            usbip_link_urb_free(u);
            return LIBUSB_SUCCESS;
        }
    }
    u->owner = t;
    tp->urb = u;
    if (usbip_link_submit(l, u) < 0) {
        tp->urb = NULL;
        usbip_link_urb_free(u);
        return LIBUSB_ERROR_NO_MEM;
    }
    if (public->type == LIBUSB_TRANSFER_TYPE_CONTROL)
        note_request(p, public->buffer);
    usbip_backend_settle(p);
    return LIBUSB_SUCCESS;
}

/* What servers do not take would end the connection, and all that is under way. */
static int check_transfer(const struct libusb_transfer *t)
{
    if (t->type == LIBUSB_TRANSFER_TYPE_BULK_STREAM)
        return LIBUSB_ERROR_NOT_SUPPORTED;
    if (t->type == LIBUSB_TRANSFER_TYPE_CONTROL &&
        (t->length < (int)LIBUSB_CONTROL_SETUP_SIZE ||
         usb_setup_get(t->buffer).length > t->length - (int)LIBUSB_CONTROL_SETUP_SIZE))
        return LIBUSB_ERROR_INVALID_PARAM; /* the answer would not fit */
    if (t->type == LIBUSB_TRANSFER_TYPE_ISOCHRONOUS &&
        (t->num_iso_packets < 0 || t->num_iso_packets > USBIP_PACKETS_MAX))
        return LIBUSB_ERROR_INVALID_PARAM;
    if (t->length < 0)
        return LIBUSB_ERROR_INVALID_PARAM;
    return t->length > USBIP_LINK_LENGTH_MAX ? LIBUSB_ERROR_NO_MEM : LIBUSB_SUCCESS; /* as Linux */
}

static int submit_transfer(struct usbi_transfer *t)
{
    struct libusb_transfer *public = USBI_TRANSFER_TO_LIBUSB_TRANSFER(t);
    struct transfer_priv *tp = usbi_get_transfer_priv(t);
    struct device_priv *p = priv_of(public->dev_handle->dev);
    int r = check_transfer(public);

    if (r < 0)
        return r;
    memset(tp, 0, sizeof *tp);
    usbip_backend_take_lock();
    if (!answer(p, t))
        r = submit(p, t);
    usbip_backend_drop_lock();
    return r;
}

static bool is_bulk_out(const struct device_priv *p, uint8_t endpoint, size_t len)
{
    const struct usb_submit_device facts = usbip_device_facts(p->use);
    struct usb_submit s = {.type = USB_BULK, .address = endpoint, .length = len};

    return usb_submit_by_usbfs(&facts, &s) == 0 && s.type == USB_BULK;
}

static bool post(struct libusb_device_handle *h, uint8_t endpoint, const uint8_t *data, size_t len)
{
    struct device_priv *p = priv_of(h->dev);
    bool posted = false;

    usbip_backend_take_lock();
    if (p->use->posts && p->use->has_link && p->use->linger_until == 0 &&
        is_bulk_out(p, endpoint, len)) {
        usbip_link_step(&p->use->link); /* answers make room, and may tell of an error */
        posted = usbip_link_post(&p->use->link, endpoint, data, len);
        usbip_backend_settle(p);
    }
    usbip_backend_drop_lock();
    return posted;
}

/* Programs post byte by byte. What the connection takes at once needs none of the core's transfers,
 * which cost six calls of the system each: timers, events, a poll. */
int API_EXPORTED libusb_bulk_transfer(struct libusb_device_handle *h, unsigned char endpoint,
                                      unsigned char *data, int length, int *transferred,
                                      unsigned int timeout)
{
    if (endpoint & 0x80 || length < 0 || usbi_handling_events(HANDLE_CTX(h)) ||
        !post(h, endpoint, data, (size_t)length))
        return core_bulk_transfer(h, endpoint, data, length, transferred, timeout);
    if (transferred)
        *transferred = length;
    return LIBUSB_SUCCESS;
}

static int cancel_transfer(struct usbi_transfer *t)
{
    struct transfer_priv *tp = usbi_get_transfer_priv(t);
    struct device_priv *p = priv_of(t->dev);
    int r = LIBUSB_ERROR_NOT_FOUND;

    usbip_backend_take_lock();
    if (tp->urb && usbip_link_unlink(&p->use->link, tp->urb)) {
        tp->cancelled = true;
        usbip_backend_settle(p);
        r = LIBUSB_SUCCESS;
    }
    usbip_backend_drop_lock();
    return r;
}

/* The core does not want it any more: its memory goes. */
static void clear_transfer_priv(struct usbi_transfer *t)
{
    struct transfer_priv *tp = usbi_get_transfer_priv(t);

    usbip_backend_take_lock();
    if (tp->urb)
        usbip_link_forget(&priv_of(t->dev)->use->link, tp->urb);
    tp->urb = NULL;
    usbip_backend_drop_lock();
}

/* --- events ----------------------------------------------------------------------------------- */

/* The descriptor of a device's connection or timer has something. */
static void step(struct device_priv *p)
{
    uint64_t times;

    if (p->timer >= 0 && read(p->timer, &times, sizeof times) < 0)
        times = 0; /* it was the connection */
    usbip_link_step(&p->use->link);
    settle_others(p);
    if (p->use->link.fd < 0)
        usbip_backend_unwatch(p);
}

static struct device_priv *device_of(const struct libusb_context *ctx, int fd)
{
    struct device_priv *p = usbip_backend.devices;

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
    for (size_t i = 0; i < usbip_backend.config.server_count; i++) {
        if (c->watches[i].fd == fd) {
            usbip_list_hear(ctx, i);
            return;
        }
    }
}

/* Servers are asked: their names are looked up before, as far as that can be done at once. */
static void hear_of_servers(struct libusb_context *ctx, const struct pollfd *fds, unsigned count)
{
    usbip_backend_look_up(EVENT_LOOK_UP_MS);
    usbip_backend_take_lock();
    for (unsigned i = 0; i < count; i++)
        if (fds[i].revents && !device_of(ctx, fds[i].fd))
            hear_of(ctx, fds[i].fd);
    usbip_backend_drop_lock();
}

/* Takes the next transfer that is done, of all devices of a context. One by one: the callback of
 * each may close what the others belong to. NULL when none is left, and ends have been told. */
static struct usbi_transfer *take_next(const struct libusb_context *ctx)
{
    struct usbi_transfer *t = NULL;

    usbip_backend_take_lock();
    for (struct device_priv *p = usbip_backend.devices; p && !t; p = p->next) {
        if (p->dev->ctx != ctx || !p->use->has_link)
            continue;
        t = take_done(p);
        while (t && ITRANSFER_CTX(t) != ctx) {
            usbi_signal_transfer_completion(t);
            t = take_done(p);
        }
        if (!t && p->source >= 0)
            usbip_backend_watch(p);
        if (!t)
            tell_end(p);
    }
    usbip_backend_drop_lock();
    return t;
}

static int handle_events(struct libusb_context *ctx, void *event_data, unsigned count,
                         unsigned ready)
{
    const struct pollfd *fds = event_data;
    struct usbi_transfer *t;
    bool others = false; /* descriptors that are no devices' */

    usbip_backend_take_lock();
    usbip_handle_tidy();
    for (unsigned i = 0; i < count && ready > 0; i++) {
        if (!fds[i].revents)
            continue;
        ready--;
        struct device_priv *p = device_of(ctx, fds[i].fd);
        if (p)
            step(p);
        else
            others = true;
    }
    usbip_backend_drop_lock();
    if (others)
        hear_of_servers(ctx, fds, count);
    while ((t = take_next(ctx)))
        complete(t);
    return LIBUSB_SUCCESS;
}

/* --- the end of the process ------------------------------------------------------------------- */

/* A program may exit without closing: what it has posted goes out, and is answered, or the reset of
 * the connection would take it away. */
__attribute__((destructor)) static void on_exit_of_process(void)
{
    if (pthread_mutex_trylock(&usbip_backend.lock) != 0)
        return;
    for (struct device_priv *p = usbip_backend.devices; p; p = p->next)
        if (p->use->has_link)
            usbip_link_flush(&p->use->link, GONE_FLUSH_MS);
    usbip_backend_drop_lock();
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
    .submit_transfer = submit_transfer,
    .cancel_transfer = cancel_transfer,
    .clear_transfer_priv = clear_transfer_priv,
    .handle_events = handle_events,
    .handle_transfer_completion = complete,
    .context_priv_size = sizeof(struct context_priv),
    .device_priv_size = sizeof(struct device_priv),
    .transfer_priv_size = sizeof(struct transfer_priv),
};
