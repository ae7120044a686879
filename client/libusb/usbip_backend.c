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
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <libusbi.h>

#include "usbip_device.h"

enum {
    BUS_FIRST = 200, /* numbers that no bus of this machine has: programs look them up in sysfs */
    BUSES_MAX = 55,
    DONE_MAX = 64, /* completed at once */
    TO_PORT = 0x23,
    PORT_RESET = 4,
    GONE_FLUSH_MS = 2000,
};

/* What the core keeps for us beside each of its own. */
struct context_priv {
    int watches[USBIP_CONFIG_SERVERS_MAX]; /* kept connections that tell of changes; -1 */
    bool ready, no_discovery;
};

struct device_priv {
    struct usbip_device_use use;
    struct libusb_device *dev;
    struct device_priv *next; /* of all */
    unsigned opens;
    uint32_t claimed; /* interfaces */
    int source;       /* the descriptor that the core waits for; -1 */
    short events;     /* for these */
    int timer;        /* of unlinks that are not answered; -1 */
    bool seen;        /* in the list that is being taken */
    bool pending_end; /* its connection has ended, and the core is to hear of it */
};

struct transfer_priv {
    struct usbip_link_urb *urb; /* under way; NULL: done */
    bool cancelled;
    int status;
    size_t actual;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct usbip_config config;
static bool configured;
static struct device_priv *devices; /* of all contexts */
static pid_t owner;                 /* connections belong to this process, not to its children */
static bool marked[USBIP_CONFIG_SERVERS_MAX]; /* servers that have shown the extensions */
static struct {
    size_t server;
    uint32_t busnum;
} buses[BUSES_MAX];
static unsigned bus_count;

static struct device_priv *priv_of(struct libusb_device *dev)
{
    return usbi_get_device_priv(dev);
}

static size_t server_index(const struct device_priv *p)
{
    return (size_t)(p->use.server - config.servers);
}

/* --- errors ----------------------------------------------------------------------------------- */

static int error_of_call(int error)
{
    switch (-error) {
    case 0:
        return LIBUSB_SUCCESS;
    case EBUSY:
        return LIBUSB_ERROR_BUSY;
    case EIO:
        return LIBUSB_ERROR_ACCESS;
    case ENOMEM:
        return LIBUSB_ERROR_NO_MEM;
    case ETIMEDOUT:
        return LIBUSB_ERROR_TIMEOUT;
    case EPROTO:
        return LIBUSB_ERROR_IO;
    default: /* there is no such device, nor perhaps a server any more */
        return LIBUSB_ERROR_NO_DEVICE;
    }
}

static int error_of_status(int status)
{
    if (status >= 0)
        return LIBUSB_SUCCESS;
    switch (status) {
    case USBIP_EPIPE:
        return LIBUSB_ERROR_PIPE;
    case USBIP_ENODEV:
    case USBIP_ESHUTDOWN:
        return LIBUSB_ERROR_NO_DEVICE;
    case USBIP_ETIMEDOUT:
        return LIBUSB_ERROR_TIMEOUT;
    case USBIP_ENOENT:
        return LIBUSB_ERROR_NOT_FOUND;
    default:
        return LIBUSB_ERROR_IO;
    }
}

/* As libusb's own backend for Linux: only what these say is one of its statuses, other numbers, and
 * positive ones of careless servers, are errors. */
static enum libusb_transfer_status status_of(int status)
{
    switch (status) {
    case 0:
    case USBIP_EREMOTEIO: /* short: the core knows whether that is allowed */
        return LIBUSB_TRANSFER_COMPLETED;
    case USBIP_EPIPE:
        return LIBUSB_TRANSFER_STALL;
    case USBIP_EOVERFLOW:
        return LIBUSB_TRANSFER_OVERFLOW;
    case USBIP_ENOENT:
    case USBIP_ECONNRESET:
        return LIBUSB_TRANSFER_CANCELLED;
    case USBIP_ENODEV:
    case USBIP_ESHUTDOWN:
        return LIBUSB_TRANSFER_NO_DEVICE;
    default:
        return LIBUSB_TRANSFER_ERROR;
    }
}

/* --- events of a link ------------------------------------------------------------------------- */

static void forget_sources(struct device_priv *p)
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
static void watch(struct device_priv *p)
{
    const struct usbip_link *l = &p->use.link;
    const bool used = p->use.has_link && l->fd >= 0 && p->use.linger_until == 0;
    const int fd = used ? l->fd : -1;
    const short events = (short)(POLLIN | (used && usbip_link_wants_to_send(l) ? POLLOUT : 0));
    const int timeout = used && l->unlinked > 0 ? usbip_link_timeout(l) : -1;

    if (fd < 0) {
        forget_sources(p);
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
        public->iso_packet_desc[i].status = status_of(u->packets[i].status);
    }
    tp->urb = NULL;
    tp->status = u->status;
    tp->actual = u->actual;
    usbip_link_urb_free(u);
    return t;
}

/* Something has been done with the link: has the core wait for the rest, and complete what is done
 * by its next event. */
static void settle(struct device_priv *p)
{
    for (struct usbi_transfer *t = take_done(p); t; t = take_done(p))
        usbi_signal_transfer_completion(t);
    watch(p);
}

static int complete(struct usbi_transfer *t)
{
    const struct transfer_priv *tp = usbi_get_transfer_priv(t);
    const enum libusb_transfer_status status = status_of(tp->status);

    t->transferred = (int)tp->actual;
    if (tp->cancelled && status == LIBUSB_TRANSFER_CANCELLED)
        return usbi_handle_transfer_cancellation(t);
    return usbi_handle_transfer_completion(t, status);
}

/* --- the list --------------------------------------------------------------------------------- */

static unsigned long session_of(size_t server, const struct usbip_device *r)
{
    char text[128];
    unsigned long hash = 5381;

    snprintf(text, sizeof text, "%zu %s %u %04x:%04x:%04x", server, r->busid, (unsigned)r->devnum,
             r->vendor, r->product, r->release);
    for (const char *c = text; *c; c++)
        hash = hash * 33 ^ (unsigned char)*c;
    return hash;
}

/* A bus number for each bus of each server. */
static uint8_t bus_of(size_t server, uint32_t busnum)
{
    unsigned i = 0;

    while (i < bus_count && (buses[i].server != server || buses[i].busnum != busnum))
        i++;
    if (i == bus_count && bus_count < BUSES_MAX) {
        buses[i].server = server;
        buses[i].busnum = busnum;
        bus_count++;
    }
    return (uint8_t)(BUS_FIRST + (i < BUSES_MAX ? i : BUSES_MAX - 1));
}

static enum libusb_speed speed_of(uint32_t speed)
{
    switch (speed) {
    case USBIP_SPEED_LOW:
        return LIBUSB_SPEED_LOW;
    case USBIP_SPEED_FULL:
        return LIBUSB_SPEED_FULL;
    case USBIP_SPEED_SUPER:
        return LIBUSB_SPEED_SUPER;
    case USBIP_SPEED_SUPER_PLUS:
        return LIBUSB_SPEED_SUPER_PLUS;
    default: /* 4 is wireless, and what a careless server makes of libusb's super speed */
        return LIBUSB_SPEED_HIGH;
    }
}

static void show_descriptor(struct device_priv *p)
{
    uint8_t d[USB_DESC_DEVICE_SIZE];
    struct usb_desc_device device;

    usbip_device_descriptor(&p->use, d);
    if (usb_desc_get_device(d, sizeof d, &device) < 0)
        return;
    p->dev->device_descriptor =
        (struct libusb_device_descriptor){.bLength = USB_DESC_DEVICE_SIZE,
                                          .bDescriptorType = USB_DESC_DEVICE,
                                          .bcdUSB = device.usb,
                                          .bDeviceClass = device.device_class,
                                          .bDeviceSubClass = device.device_subclass,
                                          .bDeviceProtocol = device.device_protocol,
                                          .bMaxPacketSize0 = device.max_packet_0,
                                          .idVendor = device.vendor,
                                          .idProduct = device.product,
                                          .bcdDevice = device.release,
                                          .iManufacturer = device.manufacturer_string,
                                          .iProduct = device.product_string,
                                          .iSerialNumber = device.serial_string,
                                          .bNumConfigurations = device.configurations};
}

/* The number behind the last '-' or '.', as of port 2 in "1-1.2". */
static uint8_t port_of(const char *busid)
{
    const char *last = busid;

    for (const char *c = busid; *c; c++)
        if (*c == '-' || *c == '.')
            last = c + 1;
    return (uint8_t)strtoul(last, NULL, 10);
}

static void add_device(struct libusb_context *ctx, size_t server, const struct usbip_found *f)
{
    struct libusb_device *dev = usbi_alloc_device(ctx, session_of(server, &f->device));
    char serial[128];

    if (!dev)
        return;
    struct device_priv *p = priv_of(dev);
    p->dev = dev;
    p->source = p->timer = -1;
    p->seen = true;
    usbip_device_init(&p->use, &config.servers[server], f, &config);
    p->next = devices;
    devices = p;
    dev->bus_number = bus_of(server, f->device.busnum);
    dev->device_address = (uint8_t)f->device.devnum;
    dev->port_number = port_of(f->device.busid);
    dev->speed = speed_of(f->device.speed);
    show_descriptor(p);
    usbip_device_serial(&p->use, serial);
    if (usbip_config_wants(&config, f, serial) && usbi_sanitize_device(dev) == 0)
        usbi_connect_device(dev);
    else
        libusb_unref_device(dev);
}

static struct device_priv *find_device(const struct libusb_context *ctx, size_t server,
                                       const struct usbip_found *f)
{
    const unsigned long session = session_of(server, &f->device);
    struct device_priv *p = devices;

    while (p && (p->dev->ctx != ctx || p->dev->session_data != session ||
                 !usbi_atomic_load(&p->dev->attached)))
        p = p->next;
    return p;
}

/* Those that a server does not list any more are gone, but for what we hold ourselves, which
 * foreign servers leave out. */
static void lose_unseen(const struct libusb_context *ctx, size_t server)
{
    for (struct device_priv *p = devices; p; p = p->next)
        if (p->dev->ctx == ctx && server_index(p) == server && !p->seen && !p->use.has_link &&
            usbi_atomic_load(&p->dev->attached))
            usbi_disconnect_device(p->dev);
}

static void take_list(struct libusb_context *ctx, size_t server, struct usbip_found *list,
                      size_t count)
{
    for (struct device_priv *p = devices; p; p = p->next)
        p->seen = false;
    for (size_t i = 0; i < count; i++) {
        struct device_priv *p = find_device(ctx, server, &list[i]);

        marked[server] = marked[server] || list[i].device.extensions >= USBIP_EXT_VERSION;
        if (p)
            p->seen = true;
        else
            add_device(ctx, server, &list[i]);
    }
    lose_unseen(ctx, server);
}

static void end_watch(struct libusb_context *ctx, size_t server)
{
    struct context_priv *c = usbi_get_context_priv(ctx);

    if (c->watches[server] < 0)
        return;
    usbi_remove_event_source(ctx, c->watches[server]);
    close(c->watches[server]);
    c->watches[server] = -1;
}

/* Asks one server what it has. An answer of one without extensions that was marked before comes
 * from another one, which has taken its place. */
static void refresh_server(struct libusb_context *ctx, size_t server)
{
    struct context_priv *c = usbi_get_context_priv(ctx);
    struct usbip_found *list = NULL;
    size_t count = 0;
    const bool watched = c->watches[server] >= 0;
    int r = -EPROTO;

    if (marked[server])
        r = usbip_call_list(&config.servers[server], true, watched ? NULL : &c->watches[server],
                            &list, &count);
    if (marked[server] && r == 0 && !watched)
        usbi_add_event_source(ctx, c->watches[server], POLLIN);
    if (r == -EPROTO || r == -ECONNRESET) {
        marked[server] = false;
        r = usbip_call_list(&config.servers[server], false, NULL, &list, &count);
    }
    if (r < 0) {
        usbi_warn(ctx, "%s:%s: %s", config.servers[server].host, config.servers[server].port,
                  usbip_call_error(r));
        end_watch(ctx, server);
        count = 0;
        list = NULL;
    }
    take_list(ctx, server, list, count);
    free(list);
}

static void refresh(struct libusb_context *ctx)
{
    const struct context_priv *c = usbi_get_context_priv(ctx);

    for (struct device_priv *p = devices; p; p = p->next) {
        usbip_device_tidy(&p->use);
        watch(p);
    }
    for (size_t i = 0; i < config.server_count && !c->no_discovery; i++) {
        const bool before = marked[i];

        refresh_server(ctx, i);
        if (!before && marked[i]) /* now it can be asked for those that are in use */
            refresh_server(ctx, i);
    }
}

/* What a kept connection tells. */
static void hear(struct libusb_context *ctx, size_t server)
{
    struct context_priv *c = usbi_get_context_priv(ctx);
    struct usbip_found *list;
    size_t count;
    int r;

    while ((r = usbip_call_next(c->watches[server], &list, &count)) == 0) {
        take_list(ctx, server, list, count);
        free(list);
    }
    if (r == -EAGAIN)
        return;
    end_watch(ctx, server);
    take_list(ctx, server, NULL, 0);
}

static void hotplug_poll(void)
{
    struct libusb_context *ctx;

    usbi_mutex_static_lock(&active_contexts_lock);
    pthread_mutex_lock(&lock);
    for_each_context(ctx)
    {
        const struct context_priv *c = usbi_get_context_priv(ctx);

        if (c->ready)
            refresh(ctx);
    }
    pthread_mutex_unlock(&lock);
    usbi_mutex_static_unlock(&active_contexts_lock);
}

/* --- contexts --------------------------------------------------------------------------------- */

static int init(struct libusb_context *ctx)
{
    struct context_priv *c = usbi_get_context_priv(ctx);

    for (size_t i = 0; i < USBIP_CONFIG_SERVERS_MAX; i++)
        c->watches[i] = -1;
    pthread_mutex_lock(&lock);
    if (!configured) {
        usbip_config_read(&config);
        owner = getpid();
    }
    configured = true;
    refresh(ctx); /* a server that is away is no error: there are no devices, then */
    c->ready = true;
    pthread_mutex_unlock(&lock);
    return LIBUSB_SUCCESS;
}

static void exit_context(struct libusb_context *ctx)
{
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < USBIP_CONFIG_SERVERS_MAX; i++)
        end_watch(ctx, i);
    for (struct device_priv *p = devices; p; p = p->next) {
        if (p->dev->ctx != ctx)
            continue;
        usbip_device_leave(&p->use, false);
        forget_sources(p);
    }
    pthread_mutex_unlock(&lock);
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
    struct device_priv *p = priv_of(dev), **at = &devices;

    if (!p->dev) /* it was not made to the end */
        return;
    while (*at && *at != p)
        at = &(*at)->next;
    if (*at)
        *at = p->next;
    forget_sources(p);
    usbip_device_free(&p->use);
}

/* --- handles ---------------------------------------------------------------------------------- */

/* Makes sure of the import. A child of fork has none, and makes none: two processes cannot share
 * one connection. */
static int import(struct device_priv *p)
{
    if (getpid() != owner)
        return LIBUSB_ERROR_NO_DEVICE;
    const bool described = p->use.descriptors.len > 0;
    int r = usbip_device_import(&p->use);

    if (r < 0) {
        usbi_warn(p->dev->ctx, "%s: %s", p->use.found.device.busid, usbip_call_error(r));
        return error_of_call(r);
    }
    if (!described)
        show_descriptor(p);
    watch(p);
    return LIBUSB_SUCCESS;
}

static int open_device(struct libusb_device_handle *h)
{
    struct device_priv *p = priv_of(h->dev);
    int r = LIBUSB_SUCCESS;

    pthread_mutex_lock(&lock);
    if (p->use.descriptors.len == 0 || p->use.linger_until != 0)
        r = import(p);
    if (r == LIBUSB_SUCCESS)
        p->opens++;
    pthread_mutex_unlock(&lock);
    return r;
}

/* A URB whose transfer belongs to no handle any more. */
static bool is_orphan(const struct usbip_link_urb *u)
{
    struct usbi_transfer *t = u->owner;

    return t && !USBI_TRANSFER_TO_LIBUSB_TRANSFER(t)->dev_handle;
}

static void close_device(struct libusb_device_handle *h)
{
    struct device_priv *p = priv_of(h->dev);
    struct usbip_link_urb *u;

    pthread_mutex_lock(&lock);
    while (p->use.has_link && (u = usbip_link_find(&p->use.link, is_orphan)))
        usbip_link_forget(&p->use.link, u);
    p->opens--;
    if (p->opens == 0) {
        forget_sources(p); /* before its number is another one's */
        usbip_device_leave(&p->use, true);
        p->claimed = 0;
    }
    settle(p);
    pthread_mutex_unlock(&lock);
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
        r = error_of_status(usbip_link_control(&p->use.link, setup, NULL, USBIP_DEVICE_REQUEST_MS));
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

    pthread_mutex_lock(&lock);
    if (!p->claimed)
        r = request(h, 0, USB_REQUEST_SET_CONFIGURATION, wanted, 0);
    if (r == LIBUSB_ERROR_PIPE)
        r = LIBUSB_ERROR_NOT_FOUND;
    if (r == LIBUSB_SUCCESS) {
        p->use.configuration = wanted;
        memset(p->use.alternate, 0, sizeof p->use.alternate);
    }
    settle(p);
    pthread_mutex_unlock(&lock);
    return r;
}

static int claim_interface(struct libusb_device_handle *h, uint8_t number)
{
    struct device_priv *p = priv_of(h->dev);

    pthread_mutex_lock(&lock);
    int r = import(p);
    if (r == LIBUSB_SUCCESS && !has_interface(p, number))
        r = LIBUSB_ERROR_NOT_FOUND;
    if (r == LIBUSB_SUCCESS && number < 32 && p->claimed >> number & 1)
        r = LIBUSB_ERROR_BUSY;
    if (r == LIBUSB_SUCCESS && number < 32)
        p->claimed |= 1u << number;
    settle(p);
    pthread_mutex_unlock(&lock);
    return r;
}

static int set_interface_altsetting(struct libusb_device_handle *h, uint8_t number, uint8_t setting)
{
    struct device_priv *p = priv_of(h->dev);

    pthread_mutex_lock(&lock);
    int r = request(h, 1, USB_REQUEST_SET_INTERFACE, setting, number);
    if (r == LIBUSB_ERROR_PIPE)
        r = LIBUSB_ERROR_NOT_FOUND;
    if (r == LIBUSB_SUCCESS)
        p->use.alternate[number] = setting;
    settle(p);
    pthread_mutex_unlock(&lock);
    return r;
}

static int release_interface(struct libusb_device_handle *h, uint8_t number)
{
    struct device_priv *p = priv_of(h->dev);
    int r = LIBUSB_SUCCESS;

    pthread_mutex_lock(&lock);
    if (p->use.alternate[number] != 0)
        r = request(h, 1, USB_REQUEST_SET_INTERFACE, 0, number);
    p->use.alternate[number] = 0;
    if (number < 32)
        p->claimed &= ~(1u << number);
    settle(p);
    pthread_mutex_unlock(&lock);
    return r;
}

static int clear_halt(struct libusb_device_handle *h, unsigned char endpoint)
{
    pthread_mutex_lock(&lock);
    int r = request(h, 2, USB_REQUEST_CLEAR_FEATURE, 0, endpoint);
    settle(priv_of(h->dev));
    pthread_mutex_unlock(&lock);
    return r == LIBUSB_ERROR_PIPE ? LIBUSB_ERROR_NOT_FOUND : r;
}

/* The device itself is reset, which the kernel's client does not do. One that comes back as another
 * one ends the connection: the program has to look for it. */
static int reset_device(struct libusb_device_handle *h)
{
    struct device_priv *p = priv_of(h->dev);

    pthread_mutex_lock(&lock);
    int r = request(h, TO_PORT, USB_REQUEST_SET_FEATURE, PORT_RESET, 0);
    if (r == LIBUSB_SUCCESS)
        memset(p->use.alternate, 0, sizeof p->use.alternate);
    settle(p);
    pthread_mutex_unlock(&lock);
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
        forget_sources(p);
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

    pthread_mutex_lock(&lock);
    make_known(p);
    const uint8_t *data = usbip_device_configuration(&p->use, index, &n);
    int r = copy(data, n, buffer, len);
    pthread_mutex_unlock(&lock);
    return r;
}

static int get_active_config_descriptor(struct libusb_device *dev, void *buffer, size_t len)
{
    struct device_priv *p = priv_of(dev);
    size_t n;

    pthread_mutex_lock(&lock);
    make_known(p);
    const uint8_t *data = active(p, &n);
    int r = copy(data, n, buffer, len);
    pthread_mutex_unlock(&lock);
    return r;
}

static int get_config_descriptor_by_value(struct libusb_device *dev, uint8_t value, void **buffer)
{
    struct device_priv *p = priv_of(dev);
    size_t n;

    pthread_mutex_lock(&lock);
    make_known(p);
    *buffer = (void *)(uintptr_t)usbip_device_configuration_of(&p->use, value, &n);
    pthread_mutex_unlock(&lock);
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
    usbip_device_prepare(&p->use, u);
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
    struct usbip_link *l = &p->use.link;
    if (l->posted_error) { /* of what was posted before */
        r = error_of_status(l->posted_error);
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
    memset(tp, 0, sizeof *tp);
    pthread_mutex_lock(&lock);
    if (!answer(p, t))
        r = submit(p, t);
    pthread_mutex_unlock(&lock);
    return r;
}

static int cancel_transfer(struct usbi_transfer *t)
{
    struct transfer_priv *tp = usbi_get_transfer_priv(t);
    struct device_priv *p = priv_of(t->dev);
    int r = LIBUSB_ERROR_NOT_FOUND;

    pthread_mutex_lock(&lock);
    if (tp->urb) {
        tp->cancelled = true;
        usbip_link_unlink(&p->use.link, tp->urb);
        settle(p);
        r = LIBUSB_SUCCESS;
    }
    pthread_mutex_unlock(&lock);
    return r;
}

/* The core does not want it any more: its memory goes. */
static void clear_transfer_priv(struct usbi_transfer *t)
{
    struct transfer_priv *tp = usbi_get_transfer_priv(t);

    pthread_mutex_lock(&lock);
    if (tp->urb)
        usbip_link_forget(&priv_of(t->dev)->use.link, tp->urb);
    tp->urb = NULL;
    pthread_mutex_unlock(&lock);
}

/* --- events ----------------------------------------------------------------------------------- */

/* The descriptor of a device's connection or timer has something. */
static void step(struct device_priv *p)
{
    uint64_t times;

    if (p->timer >= 0 && read(p->timer, &times, sizeof times) < 0)
        times = 0; /* it was the connection */
    usbip_link_step(&p->use.link);
    if (p->use.link.fd < 0) {
        forget_sources(p);
        p->pending_end = true;
    }
}

static struct device_priv *device_of(const struct libusb_context *ctx, int fd)
{
    struct device_priv *p = devices;

    while (p && (p->dev->ctx != ctx || (p->source != fd && p->timer != fd)))
        p = p->next;
    return p;
}

static void hear_of(struct libusb_context *ctx, int fd)
{
    const struct context_priv *c = usbi_get_context_priv(ctx);

    for (size_t i = 0; i < config.server_count; i++) {
        if (c->watches[i] == fd) {
            hear(ctx, i);
            return;
        }
    }
}

/* Takes transfers that are done, of all devices of a context, and those whose end is to be told. */
static size_t take_all(const struct libusb_context *ctx, struct usbi_transfer *done[DONE_MAX])
{
    size_t count = 0;

    pthread_mutex_lock(&lock);
    for (struct device_priv *p = devices; p && count < DONE_MAX; p = p->next) {
        struct usbi_transfer *t = NULL;

        if (p->dev->ctx != ctx || !p->use.has_link)
            continue;
        while (count < DONE_MAX && (t = take_done(p)))
            done[count++] = t;
        if (!t && p->source >= 0)
            watch(p);
    }
    pthread_mutex_unlock(&lock);
    return count;
}

/* A device whose connection has ended is gone, until the next list has it again as a new one. */
static void tell_ends(const struct libusb_context *ctx)
{
    pthread_mutex_lock(&lock);
    for (struct device_priv *p = devices; p; p = p->next) {
        if (p->dev->ctx != ctx || !p->pending_end)
            continue;
        p->pending_end = false;
        if (usbi_atomic_load(&p->dev->attached))
            usbi_disconnect_device(p->dev);
    }
    pthread_mutex_unlock(&lock);
}

static int handle_events(struct libusb_context *ctx, void *event_data, unsigned count,
                         unsigned ready)
{
    const struct pollfd *fds = event_data;
    struct usbi_transfer *done[DONE_MAX];
    size_t n;

    pthread_mutex_lock(&lock);
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
    pthread_mutex_unlock(&lock);
    do {
        n = take_all(ctx, done);
        for (size_t i = 0; i < n; i++)
            complete(done[i]);
    } while (n == DONE_MAX);
    tell_ends(ctx);
    return LIBUSB_SUCCESS;
}

/* --- the end of the process ------------------------------------------------------------------- */

/* A program may exit without closing: what it has posted goes out, and is answered, or the reset of
 * the connection would take it away. */
__attribute__((destructor)) static void on_exit_of_process(void)
{
    if (getpid() != owner || pthread_mutex_trylock(&lock) != 0)
        return;
    for (struct device_priv *p = devices; p; p = p->next)
        if (p->use.has_link)
            usbip_link_flush(&p->use.link, GONE_FLUSH_MS);
    pthread_mutex_unlock(&lock);
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
