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
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "usbip_backend.h"
#include "usbip_list.h"
#include "usbip_status.h"

enum {
    TO_PORT = 0x23,
    PORT_RESET = 4,
    GONE_FLUSH_MS = 2000,
};

struct transfer_priv {
    struct usbip_link_urb *urb; /* under way; NULL: done */
    bool cancelled;
    int status;
    size_t actual;
};

struct usbip_backend usbip_backend = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool configured;

static void take_lock(void)
{
    pthread_mutex_lock(&usbip_backend.lock);
}

static void drop_lock(void)
{
    pthread_mutex_unlock(&usbip_backend.lock);
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

static void arm_timer(struct device_priv *p, int ms)
{
    const struct itimerspec at = {
        .it_value = {ms / 1000, ms > 0 ? ms % 1000 * 1000000L : 1}}; /* 0 would disarm it */

    if (p->timer < 0) {
        p->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
        if (p->timer >= 0)
            usbi_add_event_source(p->dev->ctx, p->timer, POLLIN);
    }
    if (p->timer >= 0)
        timerfd_settime(p->timer, 0, &at, NULL);
}

/* Has the core wait for what the link waits for. */
void usbip_backend_watch(struct device_priv *p)
{
    const struct usbip_link *l = &p->use.link;
    const bool used = p->use.has_link && l->fd >= 0 && p->use.linger_until == 0;
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
        arm_timer(p, timeout);
}

/* Takes the next transfer that is done from the link; NULL if there is none. */
static struct usbi_transfer *take_done(struct device_priv *p)
{
    struct usbip_link_urb *u = usbip_link_take(&p->use.link);

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
    const struct usbip_link *l = &p->use.link;

    if (p->use.has_link && l->fd < 0 && l->error != -ECHILD && usbi_atomic_load(&p->dev->attached))
        usbi_disconnect_device(p->dev);
}

/* Something has been done with the link: has the core wait for the rest, and complete what is done
 * by its next event. */
static void settle(struct device_priv *p)
{
    for (struct usbi_transfer *t = take_done(p); t; t = take_done(p))
        usbi_signal_transfer_completion(t);
    usbip_backend_watch(p);
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

    usbi_mutex_static_lock(&active_contexts_lock);
    take_lock();
    for_each_context(ctx)
    {
        const struct context_priv *c = usbi_get_context_priv(ctx);

        if (c->ready)
            usbip_list_refresh(ctx);
    }
    drop_lock();
    usbi_mutex_static_unlock(&active_contexts_lock);
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
        if (p->use.has_link)
            usbip_link_abandon(&p->use.link);
        if (p->timer >= 0)
            replace_timer(p);
    }
    usbip_backend.forks++;
    drop_lock();
}

static int init(struct libusb_context *ctx)
{
    struct context_priv *c = usbi_get_context_priv(ctx);

    for (size_t i = 0; i < USBIP_CONFIG_SERVERS_MAX; i++)
        c->watches[i] = -1;
    take_lock();
    if (!configured) {
        usbip_config_read(&usbip_backend.config);
        pthread_atfork(take_lock, drop_lock, on_fork);
    }
    configured = true;
    usbip_list_refresh(ctx); /* a server that is away is no error: there are no devices, then */
    c->ready = true;
    drop_lock();
    return LIBUSB_SUCCESS;
}

static void exit_context(struct libusb_context *ctx)
{
    take_lock();
    for (size_t i = 0; i < USBIP_CONFIG_SERVERS_MAX; i++)
        usbip_list_end_watch(ctx, i);
    for (struct device_priv *p = usbip_backend.devices; p; p = p->next) {
        if (p->dev->ctx != ctx)
            continue;
        usbip_device_leave(&p->use, false);
        usbip_backend_unwatch(p);
    }
    drop_lock();
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
    take_lock();
    while (*at && *at != p)
        at = &(*at)->next;
    if (*at)
        *at = p->next;
    usbip_backend_unwatch(p);
    usbip_device_free(&p->use);
    drop_lock();
}

/* --- handles ---------------------------------------------------------------------------------- */

/* Whether another context of this process has it: its import would be taken away, as they share the
 * token. */
static bool is_elsewhere(const struct device_priv *p)
{
    const struct device_priv *o = usbip_backend.devices;

    while (o && (o == p || !o->use.has_link || o->use.link.fd < 0 || o->use.linger_until != 0 ||
                 o->use.server != p->use.server ||
                 strcmp(o->use.found.device.busid, p->use.found.device.busid) != 0))
        o = o->next;
    return o != NULL;
}

/* Makes sure of the import. */
static int import(struct device_priv *p)
{
    const bool described = p->use.descriptors.len > 0;

    if (!p->use.has_link && is_elsewhere(p))
        return LIBUSB_ERROR_BUSY;
    int r = usbip_device_import(&p->use);

    if (r < 0) {
        usbi_warn(p->dev->ctx, "%s: %s", p->use.found.device.busid, usbip_call_error(r));
        return usbip_error_of_call(r);
    }
    if (!described)
        usbip_list_show(p);
    usbip_backend_watch(p);
    return LIBUSB_SUCCESS;
}

/* Ends connections to foreign servers that have stayed long enough. */
static void tidy(void)
{
    for (struct device_priv *p = usbip_backend.devices; p; p = p->next)
        usbip_device_tidy(&p->use);
}

static int open_device(struct libusb_device_handle *h)
{
    struct device_priv *p = priv_of(h->dev);
    int r = LIBUSB_SUCCESS;

    take_lock();
    tidy();
    if (p->use.descriptors.len == 0 || p->use.linger_until != 0)
        r = import(p);
    if (r == LIBUSB_SUCCESS)
        p->opens++;
    drop_lock();
    return r;
}

/* A URB whose transfer belongs to no handle any more. */
static bool is_orphan(const struct usbip_link_urb *u)
{
    struct usbi_transfer *t = u->owner;

    return t && !USBI_TRANSFER_TO_LIBUSB_TRANSFER(t)->dev_handle;
}

/* Transfers of a closed handle that are done are not told of any more, and may be freed. */
static void drop_completed(struct libusb_context *ctx)
{
    struct usbi_transfer *t, *next;
    bool dropped = false;

    usbi_mutex_lock(&ctx->event_data_lock);
    __for_each_completed_transfer_safe(&ctx->completed_transfers, t,
                                       next) if (!USBI_TRANSFER_TO_LIBUSB_TRANSFER(t)->dev_handle)
    {
        list_del(&t->completed_list);
        dropped = true;
    }
    if (dropped && list_empty(&ctx->completed_transfers))
        ctx->event_flags &= ~(unsigned)USBI_EVENT_TRANSFER_COMPLETED;
    if (dropped && !ctx->event_flags)
        usbi_clear_event(&ctx->event);
    usbi_mutex_unlock(&ctx->event_data_lock);
}

static void close_device(struct libusb_device_handle *h)
{
    struct device_priv *p = priv_of(h->dev);
    struct usbip_link_urb *u;

    take_lock();
    while (p->use.has_link && (u = usbip_link_find(&p->use.link, is_orphan)))
        usbip_link_forget(&p->use.link, u);
    p->opens--;
    p->claimed &= ~(uint32_t)h->claimed_interfaces; /* of others with the device, theirs stay */
    if (p->opens == 0) {
        usbip_backend_unwatch(p); /* before its number is another one's */
        usbip_device_leave(&p->use, true);
        p->claimed = 0;
    }
    settle(p);
    drop_completed(h->dev->ctx);
    drop_lock();
}

/* Carries out a request that changes what the device is, and waits for it. */
static int request(struct libusb_device_handle *h, uint8_t type, uint8_t code, uint16_t value,
                   uint16_t index)
{
    const uint8_t setup[8] = {
        type, code, (uint8_t)value, (uint8_t)(value >> 8), (uint8_t)index, (uint8_t)(index >> 8)};
    struct device_priv *p = priv_of(h->dev);
    int r = import(p);

    if (r == LIBUSB_SUCCESS)
        r = usbip_error_of_status(
            usbip_link_control(&p->use.link, setup, NULL, USBIP_DEVICE_REQUEST_MS));
    return r;
}

static const uint8_t *active(const struct device_priv *p, size_t *len)
{
    return usbip_device_configuration_of(&p->use, p->use.configuration, len);
}

static bool has_interface(const struct device_priv *p, uint8_t number)
{
    struct usb_desc_walk w = {0};
    struct usb_desc_interface i;

    w.data = active(p, &w.len);
    for (const uint8_t *d = usb_desc_next(&w); d; d = usb_desc_next(&w))
        if (usb_desc_get_interface(d, &i) == 0 && i.number == number)
            return true;
    return false;
}

static int get_configuration(struct libusb_device_handle *h, uint8_t *value)
{
    *value = priv_of(h->dev)->use.configuration;
    return LIBUSB_SUCCESS;
}

static int set_configuration(struct libusb_device_handle *h, int value)
{
    struct device_priv *p = priv_of(h->dev);
    const uint8_t wanted = value < 0 ? 0 : (uint8_t)value;
    int r = LIBUSB_ERROR_BUSY;

    take_lock();
    if (!p->claimed)
        r = request(h, 0, USB_REQUEST_SET_CONFIGURATION, wanted, 0);
    if (r == LIBUSB_ERROR_PIPE)
        r = LIBUSB_ERROR_NOT_FOUND;
    if (r == LIBUSB_SUCCESS) {
        p->use.configuration = wanted;
        memset(p->use.alternate, 0, sizeof p->use.alternate);
    }
    settle(p);
    drop_lock();
    return r;
}

static int claim_interface(struct libusb_device_handle *h, uint8_t number)
{
    struct device_priv *p = priv_of(h->dev);

    take_lock();
    int r = import(p);
    if (r == LIBUSB_SUCCESS && !has_interface(p, number))
        r = LIBUSB_ERROR_NOT_FOUND;
    if (r == LIBUSB_SUCCESS && number < 32 && p->claimed >> number & 1)
        r = LIBUSB_ERROR_BUSY;
    if (r == LIBUSB_SUCCESS && number < 32)
        p->claimed |= 1u << number;
    settle(p);
    drop_lock();
    return r;
}

static int set_interface_altsetting(struct libusb_device_handle *h, uint8_t number, uint8_t setting)
{
    struct device_priv *p = priv_of(h->dev);

    take_lock();
    int r = request(h, 1, USB_REQUEST_SET_INTERFACE, setting, number);
    if (r == LIBUSB_ERROR_PIPE)
        r = LIBUSB_ERROR_NOT_FOUND;
    if (r == LIBUSB_SUCCESS)
        p->use.alternate[number] = setting;
    settle(p);
    drop_lock();
    return r;
}

static int release_interface(struct libusb_device_handle *h, uint8_t number)
{
    struct device_priv *p = priv_of(h->dev);
    int r = LIBUSB_SUCCESS;

    take_lock();
    if (p->use.alternate[number] != 0)
        r = request(h, 1, USB_REQUEST_SET_INTERFACE, 0, number);
    p->use.alternate[number] = 0;
    if (number < 32)
        p->claimed &= ~(1u << number);
    settle(p);
    drop_lock();
    return r;
}

static int clear_halt(struct libusb_device_handle *h, unsigned char endpoint)
{
    take_lock();
    int r = request(h, 2, USB_REQUEST_CLEAR_FEATURE, 0, endpoint);
    settle(priv_of(h->dev));
    drop_lock();
    return r == LIBUSB_ERROR_PIPE ? LIBUSB_ERROR_NOT_FOUND : r;
}

/* The device itself is reset, which the kernel's client does not do. One that comes back as another
 * one ends the connection: the program has to look for it. */
static int reset_device(struct libusb_device_handle *h)
{
    struct device_priv *p = priv_of(h->dev);

    take_lock();
    int r = request(h, TO_PORT, USB_REQUEST_SET_FEATURE, PORT_RESET, 0);
    if (r == LIBUSB_SUCCESS)
        memset(p->use.alternate, 0, sizeof p->use.alternate);
    settle(p);
    drop_lock();
    return r == LIBUSB_ERROR_NO_DEVICE ? LIBUSB_ERROR_NOT_FOUND : r;
}

/* There is no driver of this machine. */
static int kernel_driver_active(struct libusb_device_handle *h, uint8_t number)
{
    (void)h;
    (void)number;
    return 0;
}

static int change_kernel_driver(struct libusb_device_handle *h, uint8_t number)
{
    (void)h;
    (void)number;
    return LIBUSB_ERROR_NOT_FOUND;
}

/* --- descriptors ------------------------------------------------------------------------------ */

/* Those of a foreign server's device are read with an import, which stays a moment. */
static void make_known(struct device_priv *p)
{
    if (p->use.descriptors.len > 0 || import(p) != LIBUSB_SUCCESS)
        return;
    if (p->opens == 0) {
        usbip_backend_unwatch(p);
        usbip_device_leave(&p->use, true);
    }
    settle(p);
}

static int copy(const uint8_t *data, size_t len, void *buffer, size_t room)
{
    if (!data)
        return LIBUSB_ERROR_NOT_FOUND;
    if (len > room)
        len = room;
    memcpy(buffer, data, len);
    return (int)len;
}

static int get_config_descriptor(struct libusb_device *dev, uint8_t index, void *buffer, size_t len)
{
    struct device_priv *p = priv_of(dev);
    size_t n;

    take_lock();
    make_known(p);
    const uint8_t *data = usbip_device_configuration(&p->use, index, &n);
    int r = copy(data, n, buffer, len);
    drop_lock();
    return r;
}

static int get_active_config_descriptor(struct libusb_device *dev, void *buffer, size_t len)
{
    struct device_priv *p = priv_of(dev);
    size_t n;

    take_lock();
    make_known(p);
    const uint8_t *data = active(p, &n);
    int r = copy(data, n, buffer, len);
    drop_lock();
    return r;
}

static int get_config_descriptor_by_value(struct libusb_device *dev, uint8_t value, void **buffer)
{
    struct device_priv *p = priv_of(dev);
    size_t n;

    take_lock();
    make_known(p);
    *buffer = (void *)(uintptr_t)usbip_device_configuration_of(&p->use, value, &n);
    drop_lock();
    return *buffer ? (int)n : LIBUSB_ERROR_NOT_FOUND;
}

/* --- transfers -------------------------------------------------------------------------------- */

static void lay_out(struct device_priv *p, struct libusb_transfer *t, struct usbip_link_urb *u)
{
    const bool control = t->type == LIBUSB_TRANSFER_TYPE_CONTROL;
    size_t offset = 0;

    u->address = control ? t->buffer[0] & 0x80 : t->endpoint;
    u->barrier = control;
    u->data = t->buffer;
    u->length = (size_t)t->length;
    if (control) {
        memcpy(u->setup, t->buffer, sizeof u->setup);
        u->data += LIBUSB_CONTROL_SETUP_SIZE;
        u->length -= LIBUSB_CONTROL_SETUP_SIZE;
    }
    u->post = t->type == LIBUSB_TRANSFER_TYPE_BULK && !(t->endpoint & 0x80) && p->use.posts;
    if (t->flags & LIBUSB_TRANSFER_ADD_ZERO_PACKET)
        u->flags |= USBIP_ZERO_PACKET;
    if (u->packet_count > 0)
        u->flags |= USBIP_ISO_ASAP;
    for (size_t i = 0; i < u->packet_count; i++) {
        u->packets[i].offset = (uint32_t)offset;
        u->packets[i].length = t->iso_packet_desc[i].length;
        offset += u->packets[i].length;
    }
    usbip_device_prepare(&p->use, u,
                         t->type == LIBUSB_TRANSFER_TYPE_INTERRUPT ||
                             t->type == LIBUSB_TRANSFER_TYPE_ISOCHRONOUS);
}

/* What is asked of endpoint 0 and known without an import is answered at once. */
static bool answer(struct device_priv *p, struct usbi_transfer *t)
{
    struct libusb_transfer *public = USBI_TRANSFER_TO_LIBUSB_TRANSFER(t);
    struct transfer_priv *tp = usbi_get_transfer_priv(t);
    size_t len;

    if (p->use.has_link || public->type != LIBUSB_TRANSFER_TYPE_CONTROL)
        return false;
    const struct usb_setup s = usb_setup_get(public->buffer);
    const uint8_t *known = usbip_device_known(&p->use, &s, &len);
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

    if (s.type == 0 && s.request == USB_REQUEST_SET_CONFIGURATION)
        p->use.configuration = (uint8_t)s.value;
    if (s.type == 1 && s.request == USB_REQUEST_SET_INTERFACE)
        p->use.alternate[(uint8_t)s.index] = (uint8_t)s.value;
}

static int submit(struct device_priv *p, struct usbi_transfer *t)
{
    struct libusb_transfer *public = USBI_TRANSFER_TO_LIBUSB_TRANSFER(t);
    struct transfer_priv *tp = usbi_get_transfer_priv(t);
    const size_t packets =
        public->type == LIBUSB_TRANSFER_TYPE_ISOCHRONOUS ? (size_t) public->num_iso_packets : 0;
    int r = import(p);

    if (r < 0)
        return r;
    if (public->type != LIBUSB_TRANSFER_TYPE_CONTROL &&
        !usbip_device_has_endpoint(&p->use, public->endpoint))
        return LIBUSB_ERROR_IO; /* as libusb on Linux says */
    struct usbip_link *l = &p->use.link;
    if (l->posted_error) { /* of what was posted before */
        r = usbip_error_of_status(l->posted_error);
        l->posted_error = 0;
        return r;
    }
    struct usbip_link_urb *u = usbip_link_urb_new(packets);
    if (!u)
        return LIBUSB_ERROR_NO_MEM;
    lay_out(p, public, u);
    if (public->type == LIBUSB_TRANSFER_TYPE_CONTROL)
        note_request(p, public->buffer);
    u->owner = t;
    tp->urb = u;
    usbip_link_submit(l, u);
    settle(p);
    return LIBUSB_SUCCESS;
}

static int submit_transfer(struct usbi_transfer *t)
{
    struct libusb_transfer *public = USBI_TRANSFER_TO_LIBUSB_TRANSFER(t);
    struct transfer_priv *tp = usbi_get_transfer_priv(t);
    struct device_priv *p = priv_of(public->dev_handle->dev);
    int r = LIBUSB_SUCCESS;

    if (public->type == LIBUSB_TRANSFER_TYPE_BULK_STREAM)
        return LIBUSB_ERROR_NOT_SUPPORTED;
    if (public->type == LIBUSB_TRANSFER_TYPE_CONTROL &&
        (public->length < (int)LIBUSB_CONTROL_SETUP_SIZE ||
         usb_setup_get(public->buffer).length > public->length - (int)LIBUSB_CONTROL_SETUP_SIZE))
        return LIBUSB_ERROR_INVALID_PARAM; /* the answer would not fit */
    memset(tp, 0, sizeof *tp);
    take_lock();
    if (!answer(p, t))
        r = submit(p, t);
    drop_lock();
    return r;
}

static bool post(struct libusb_device_handle *h, uint8_t endpoint, const uint8_t *data, size_t len)
{
    struct device_priv *p = priv_of(h->dev);
    bool posted = false;

    take_lock();
    if (p->use.posts && p->use.has_link && p->use.linger_until == 0 &&
        usbip_device_has_endpoint(&p->use, endpoint)) {
        usbip_link_step(&p->use.link); /* answers make room, and may tell of an error */
        posted = usbip_link_post(&p->use.link, endpoint, data, len);
        settle(p);
    }
    drop_lock();
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

    take_lock();
    if (tp->urb) {
        tp->cancelled = true;
        usbip_link_unlink(&p->use.link, tp->urb);
        settle(p);
        r = LIBUSB_SUCCESS;
    }
    drop_lock();
    return r;
}

/* The core does not want it any more: its memory goes. */
static void clear_transfer_priv(struct usbi_transfer *t)
{
    struct transfer_priv *tp = usbi_get_transfer_priv(t);

    take_lock();
    if (tp->urb)
        usbip_link_forget(&priv_of(t->dev)->use.link, tp->urb);
    tp->urb = NULL;
    drop_lock();
}

/* --- events ----------------------------------------------------------------------------------- */

/* The descriptor of a device's connection or timer has something. */
static void step(struct device_priv *p)
{
    uint64_t times;

    if (p->timer >= 0 && read(p->timer, &times, sizeof times) < 0)
        times = 0; /* it was the connection */
    usbip_link_step(&p->use.link);
    if (p->use.link.fd < 0)
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

    for (size_t i = 0; i < usbip_backend.config.server_count; i++) {
        if (c->watches[i] == fd) {
            usbip_list_hear(ctx, i);
            return;
        }
    }
}

/* Takes the next transfer that is done, of all devices of a context. One by one: the callback of
 * each may close what the others belong to. NULL when none is left, and ends have been told. */
static struct usbi_transfer *take_next(const struct libusb_context *ctx)
{
    struct usbi_transfer *t = NULL;

    take_lock();
    for (struct device_priv *p = usbip_backend.devices; p && !t; p = p->next) {
        if (p->dev->ctx != ctx || !p->use.has_link)
            continue;
        t = take_done(p);
        if (!t && p->source >= 0)
            usbip_backend_watch(p);
        if (!t)
            tell_end(p);
    }
    drop_lock();
    return t;
}

static int handle_events(struct libusb_context *ctx, void *event_data, unsigned count,
                         unsigned ready)
{
    const struct pollfd *fds = event_data;
    struct usbi_transfer *t;

    take_lock();
    tidy();
    for (unsigned i = 0; i < count && ready > 0; i++) {
        if (!fds[i].revents)
            continue;
        ready--;
        struct device_priv *p = device_of(ctx, fds[i].fd);
        if (p)
            step(p);
        else
            hear_of(ctx, fds[i].fd);
    }
    drop_lock();
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
        if (p->use.has_link)
            usbip_link_flush(&p->use.link, GONE_FLUSH_MS);
    drop_lock();
}

const struct usbi_os_backend usbi_backend = {
    .name = "USB/IP",
    .caps = USBI_CAP_HAS_HID_ACCESS | USBI_CAP_SUPPORTS_DETACH_KERNEL_DRIVER,
    .init = init,
    .exit = exit_context,
    .set_option = set_option,
    .hotplug_poll = hotplug_poll,
    .open = open_device,
    .close = close_device,
    .get_active_config_descriptor = get_active_config_descriptor,
    .get_config_descriptor = get_config_descriptor,
    .get_config_descriptor_by_value = get_config_descriptor_by_value,
    .get_configuration = get_configuration,
    .set_configuration = set_configuration,
    .claim_interface = claim_interface,
    .release_interface = release_interface,
    .set_interface_altsetting = set_interface_altsetting,
    .clear_halt = clear_halt,
    .reset_device = reset_device,
    .kernel_driver_active = kernel_driver_active,
    .detach_kernel_driver = change_kernel_driver,
    .attach_kernel_driver = change_kernel_driver,
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
