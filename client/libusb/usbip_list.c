#include "usbip_list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "usbip_clock.h"
#include "usbip_place.h"
#include "usbip_state.h"
#include "usbip_trouble.h"
#include "usbip_watch.h"

enum {
    DESCRIBE_MS = 5000,  /* for the descriptors of all devices of a list */
    EVENT_MS = 2000,     /* for a list that no call asks for: all transfers wait so long */
    CHANGE_MS = 1000,    /* for the rest of a change that has begun */
    RETURNS_MS = 3000,   /* until a foreign server lists again the devices that we have released */
    SLOW_MS = 1000,      /* a server that takes so long to fail is left out for a time */
    LEFT_OUT_MS = 10000, /* the first such time; each further one is twice as long */
    LEFT_OUT_MAX_MS = 60000,
    BESIDE_MS = 100,         /* for a list while we hold a device of a foreign server */
    BESIDE_TIMES = 4,        /* besides, so often the time that the last list took */
    BESIDE_MAX_MS = 1000,    /* of both together */
    BESIDE_AGAIN_MS = 10000, /* before such a list that has failed is asked for again */
    BESIDE_FAILURES_MAX = 2, /* then it is asked for no more */
    CHANGES_MAX = 16,        /* changes of a list that are heard at once */
    CHANGES_MS = 1000,       /* the limit for all of them */
};

static bool marked[USBIP_CONFIG_SERVERS_MAX]; /* servers that have shown the extensions */
static struct {
    long long until; /* in ms */
    int last;        /* how long, when it was so last; 0: it has answered since */
} left_out[USBIP_CONFIG_SERVERS_MAX];
/* Small servers take one connection at a time, and do not answer while one of their devices is
 * held. */
static struct {
    int took;                 /* ms, for the last list */
    unsigned failures;        /* when asked beside an import, since it has answered so */
    long long until;          /* it is not asked so before */
    struct usbip_found *list; /* the last one */
    size_t count;
} beside[USBIP_CONFIG_SERVERS_MAX];

static size_t server_index(const struct device_priv *p)
{
    return (size_t)(p->use->server - usbip_state.config.servers);
}

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

void usbip_list_show(struct device_priv *p)
{
    uint8_t d[USB_DESC_DEVICE_SIZE];
    struct usb_desc_device device;

    usbip_device_descriptor(p->use, d);
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

bool usbip_list_share(struct device_priv *p)
{
    const struct device_priv *o = usbip_state.devices;

    while (o && (o->shared == p->shared || !o->use->has_link || o->use->link.fd < 0 ||
                 o->use->server != p->use->server || o->dev->session_data != p->dev->session_data))
        o = o->next;
    if (!o)
        return false;
    o->shared->users++;
    o->shared->opens += p->opens;
    p->shared->opens -= p->opens;
    usbip_list_unshare(p);
    p->shared = o->shared;
    p->use = o->use;
    return true;
}

bool usbip_list_is_given(const struct device_priv *p)
{
    unsigned count = 0;

    for (const struct device_priv *o = usbip_state.devices; o; o = o->next)
        count += o->dev->ctx == p->dev->ctx && o->use->server == p->use->server &&
                 usbi_atomic_load(&o->dev->attached);
    return usbip_config_names(&usbip_state.config, server_index(p)) || count <= 1;
}

void usbip_list_unshare(struct device_priv *p)
{
    if (--p->shared->users > 0)
        return;
    usbip_device_free(p->use);
    free(p->shared);
}

/* Frees the newest one, which the core has not been shown. It must not come to destroy_device as
 * one of ours, which takes the lock that we have. */
static void discard(struct device_priv *p)
{
    struct libusb_device *dev = p->dev;

    usbip_state.devices = p->next;
    usbip_list_unshare(p);
    p->dev = NULL;
    libusb_unref_device(dev);
}

static void tell_no_memory(struct libusb_context *ctx, const struct usbip_found *f)
{
    usbi_err(ctx, "%s: out of memory: it is left out", f->device.busid);
}

static void add_device(struct libusb_context *ctx, size_t server, const struct usbip_found *f,
                       bool describes)
{
    struct libusb_device *dev = usbi_alloc_device(ctx, session_of(server, &f->device));
    char serial[128];

    if (!dev) {
        tell_no_memory(ctx, f);
        return;
    }
    struct device_priv *p = priv_of(dev);
    p->dev = dev;
    p->source = p->timer = -1;
    p->seen = true;
    p->shared = calloc(1, sizeof *p->shared);
    if (!p->shared) {
        tell_no_memory(ctx, f);
        p->dev = NULL;
        libusb_unref_device(dev);
        return;
    }
    p->use = &p->shared->use;
    p->shared->users = 1;
    usbip_device_init(p->use, &usbip_state.config.servers[server], f, &usbip_state.config);
    if (describes)
        usbip_device_describe(p->use);
    usbip_place_set(p, server);
    p->next = usbip_state.devices;
    usbip_state.devices = p;
    dev->speed = speed_of(f->device.speed);
    usbip_list_show(p);
    usbip_device_serial(p->use, serial);
    if (usbip_config_wants(&usbip_state.config, server, f, serial) &&
        usbi_sanitize_device(dev) == 0)
        usbi_connect_device(dev);
    else
        discard(p);
}

/* Whether its connection has ended: it is gone, though a context may have it open still. One of the
 * parent of a fork has not ended. */
static bool has_lost_link(const struct device_priv *p)
{
    return p->use->has_link && p->use->link.fd < 0 && p->use->link.error != -ECHILD;
}

static struct device_priv *find_device(const struct libusb_context *ctx, size_t server,
                                       const struct usbip_found *f)
{
    const unsigned long session = session_of(server, &f->device);
    struct device_priv *p = usbip_state.devices;

    while (p && (p->dev->ctx != ctx || p->dev->session_data != session || has_lost_link(p) ||
                 !usbi_atomic_load(&p->dev->attached)))
        p = p->next;
    return p;
}

/* Devices that a server no longer lists are gone. Those that we hold ourselves are excepted, as
 * foreign servers leave them out. These servers do not list a device at once when we release it.
 * Callbacks are not to hear of that. */
static void lose_unseen(const struct libusb_context *ctx, size_t server, bool is_event)
{
    const long long now = usbip_clock_ms();

    for (struct device_priv *p = usbip_state.devices; p; p = p->next) {
        const bool returns = is_event && !usbip_device_is_ours(p->use) && p->use->left != 0 &&
                             now < p->use->left + RETURNS_MS;

        if (p->dev->ctx == ctx && server_index(p) == server && !p->seen &&
            (!p->use->has_link || has_lost_link(p)) && !returns &&
            usbi_atomic_load(&p->dev->attached))
            usbi_disconnect_device(p->dev);
    }
}

/* Foreign servers leave out devices in use, also those that another context of this process
 * uses. */
static void add_held(struct libusb_context *ctx, size_t server)
{
    for (const struct device_priv *p = usbip_state.devices; p; p = p->next) {
        if (server_index(p) != server || !p->use->has_link || p->use->link.fd < 0)
            continue;
        struct device_priv *known = find_device(ctx, server, &p->use->found);
        if (known)
            known->seen = true;
        else
            add_device(ctx, server, &p->use->found, false);
    }
}

static void take_list(struct libusb_context *ctx, size_t server, struct usbip_found *list,
                      size_t count, bool is_event)
{
    const long long limit = usbip_clock_ms() + DESCRIBE_MS;

    for (struct device_priv *p = usbip_state.devices; p; p = p->next)
        p->seen = false;
    for (size_t i = 0; i < count; i++) {
        struct device_priv *p = find_device(ctx, server, &list[i]);

        marked[server] = marked[server] || list[i].device.extensions >= USBIP_EXT_VERSION;
        if (p)
            p->seen = true;
        else
            add_device(ctx, server, &list[i], usbip_clock_ms() < limit);
    }
    add_held(ctx, server);
    lose_unseen(ctx, server, is_event);
    usbip_place_sort(ctx);
}

/* Takes the list by the extensions' request, on a connection that stays if there is none yet. */
static int call_extended(struct libusb_context *ctx, size_t server, int ms,
                         struct usbip_found **list, size_t *count)
{
    const bool keep = usbip_watch_is_wanted(ctx, server);
    int kept;
    int r = usbip_call_list(&usbip_state.config.servers[server], ms, true, keep ? &kept : NULL,
                            list, count);

    if (r == 0 && keep)
        usbip_watch_begin(ctx, server, kept);
    return r;
}

/* Asks one server what it has. One that does not answer the extensions' request any more is another
 * one, which has taken its place. An empty list shows no mark, but com2net's is empty when others
 * have all its devices: there they are tried. */
static int ask(struct libusb_context *ctx, size_t server, int ms, struct usbip_found **list,
               size_t *count)
{
    int r = marked[server] ? call_extended(ctx, server, ms, list, count) : -EPROTO;

    if (r == -EPROTO || r == -ECONNRESET) {
        marked[server] = false;
        r = usbip_call_list(&usbip_state.config.servers[server], ms, false, NULL, list, count);
        if (r == 0 && *count == 0)
            marked[server] = call_extended(ctx, server, ms, list, count) == 0;
    }
    return r;
}

/* Asks one that may be silent. The lock is held. Lists, and transfers of other devices, must not
 * wait for it each time. So it is taken for silent for some time without being asked. */
static int ask_unless_silent(struct libusb_context *ctx, size_t server, int ms,
                             struct usbip_found **list, size_t *count)
{
    const long long begin = usbip_clock_ms();

    if (begin < left_out[server].until)
        return -ETIMEDOUT;
    int r = ask(ctx, server, ms, list, count);
    const long long now = usbip_clock_ms();
    int *last = &left_out[server].last;
    if (r == 0) {
        *last = 0;
    } else if (now - begin >= SLOW_MS) {
        *last = *last == 0 ? LEFT_OUT_MS : 2 * *last;
        if (*last > LEFT_OUT_MAX_MS)
            *last = LEFT_OUT_MAX_MS;
        left_out[server].until = now + *last;
    }
    return r;
}

/* Whether this process has a connection to a device of a server without extensions. */
static bool is_held(size_t server)
{
    for (const struct device_priv *p = usbip_state.devices; p; p = p->next)
        if (server_index(p) == server && p->use->has_link && p->use->link.fd >= 0 &&
            !usbip_device_is_ours(p->use))
            return true;
    return false;
}

/* Asks one whose device is held, for a short time, and not if it does not answer then: transfers of
 * that device wait meanwhile. Without an answer the list is what it was. */
static int ask_beside(struct libusb_context *ctx, size_t server, struct usbip_found **list,
                      size_t *count)
{
    const struct usbip_server *s = &usbip_state.config.servers[server];
    int r = -ETIMEDOUT, ms = BESIDE_MS + BESIDE_TIMES * beside[server].took;

    if (beside[server].failures < BESIDE_FAILURES_MAX && usbip_clock_ms() >= beside[server].until) {
        r = usbip_call_list(s, ms < BESIDE_MAX_MS ? ms : BESIDE_MAX_MS, false, NULL, list, count);
        beside[server].failures = r == 0 ? 0 : beside[server].failures + 1;
        beside[server].until = r == 0 ? 0 : usbip_clock_ms() + BESIDE_AGAIN_MS;
    }
    if (r == 0)
        return 0;
    usbi_dbg(ctx, "%s:%s is not asked for a list while its device is held", s->host, s->port);
    *count = beside[server].count;
    *list = calloc(*count + 1, sizeof **list);
    if (!*list)
        return -ENOMEM;
    for (size_t i = 0; i < *count; i++)
        (*list)[i] = beside[server].list[i];
    return 0;
}

/* Keeps a list, for when the server cannot be asked. */
static void keep_list(size_t server, const struct usbip_found *list, size_t count)
{
    struct usbip_found *kept = calloc(count + 1, sizeof *kept);

    free(beside[server].list);
    beside[server].list = kept;
    beside[server].count = kept ? count : 0;
    for (size_t i = 0; i < beside[server].count; i++)
        kept[i] = list[i];
}

/* `net2usb run` tells of a server that is not there. Where a container engine has put this library
 * into a program, nobody does: so it is told, once. */
static void tell_silence(size_t server, const char *trouble)
{
    static bool told[USBIP_CONFIG_SERVERS_MAX];
    const struct usbip_server *s = &usbip_state.config.servers[server];

    if (server < usbip_state.config.common_count || told[server])
        return;
    told[server] = true;
    fprintf(stderr, "net2usb: %s:%s: %s\n", s->host, s->port, trouble);
}

static void refresh_server(struct libusb_context *ctx, size_t server, int ms)
{
    const struct usbip_server *s = &usbip_state.config.servers[server];
    const long long begin = usbip_clock_ms();
    const bool held = is_held(server);
    char trouble[UNREACHED_TEXT_MAX];
    struct usbip_found *list = NULL;
    size_t count = 0;
    int r = held ? ask_beside(ctx, server, &list, &count)
                 : ask_unless_silent(ctx, server, ms, &list, &count);

    if (r == -ENOMEM) { /* the devices are there as before */
        usbi_err(ctx, "%s:%s: out of memory for its list", s->host, s->port);
        return;
    }
    if (r < 0) {
        usbip_trouble_of_list(s, r, trouble);
        usbi_warn(ctx, "%s:%s: %s", s->host, s->port, trouble);
        tell_silence(server, trouble);
        usbip_watch_end(ctx, server);
        count = 0;
        list = NULL;
    } else if (!held) {
        beside[server].took = (int)(usbip_clock_ms() - begin);
        keep_list(server, list, count);
    }
    usbip_watch_note(ctx, server, r == 0, (int)(usbip_clock_ms() - begin));
    take_list(ctx, server, list, count, ms == EVENT_MS);
    free(list);
}

void usbip_list_refresh(struct libusb_context *ctx)
{
    const struct context_priv *c = usbi_get_context_priv(ctx);

    usbip_watch_leave_parent(ctx);
    for (struct device_priv *p = usbip_state.devices; p; p = p->next) {
        usbip_device_tidy(p->use);
        /* it may have ended, and nobody handles events */
        if (p->dev->ctx == ctx && p->use->has_link && p->use->linger_until == 0) {
            usbip_link_step(&p->use->link);
            usbip_state_settle(p);
        } else {
            usbip_state_watch(p);
        }
    }
    for (size_t i = 0; i < usbip_state.config.server_count && !c->no_discovery; i++) {
        const bool before = marked[i];

        refresh_server(ctx, i, USBIP_CALL_TIMEOUT_MS);
        if (!before && marked[i]) /* now it can be asked for those that are in use, too */
            refresh_server(ctx, i, USBIP_CALL_TIMEOUT_MS);
    }
}

/* A kept connection tells that something has changed, or the server is due. Its list may be older
 * than our last requests to the server, so the server is asked again. */
void usbip_list_hear(struct libusb_context *ctx, size_t server)
{
    struct context_priv *c = usbi_get_context_priv(ctx);
    const long long limit = usbip_clock_ms() + CHANGES_MS;
    struct usbip_found *list;
    size_t count;
    int r = -EAGAIN;

    usbip_watch_leave_parent(ctx);
    if (!usbip_watch_hears(ctx, server))
        return;
    for (int i = 0; i < CHANGES_MAX && c->watches[server].fd >= 0 && usbip_clock_ms() < limit;
         i++) {
        r = usbip_call_next(c->watches[server].fd, CHANGE_MS, &list, &count);
        if (r < 0)
            break;
        free(list);
    }
    if (r < 0 && r != -EAGAIN)
        usbip_watch_end(ctx, server);
    refresh_server(ctx, server, EVENT_MS);
}
