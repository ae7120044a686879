/*
 * Theory of operation. Calls that wait for the server run no callbacks: transfers that end
 * meanwhile are handed to the core by usbip_state_settle.
 */
#include "usbip_handle.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "usbip_clock.h"
#include "usbip_core.h"
#include "usbip_list.h"
#include "usbip_place.h"
#include "usbip_status.h"
#include "usbip_sync.h"
#include "usbip_trouble.h"

enum {
    TO_PORT = 0x23,
    PORT_RESET = 4,
    UNREADABLE_MS = 10000,
    FOREIGN_RESET_MS = 1000, /* the kernel's server takes some tenths of a second for one */
};

/* --- imports and handles ---------------------------------------------------------------------- */

/* Whether this process has it otherwise, as one that has come back, say: that import would be taken
 * away, as they share the token. */
static bool is_elsewhere(const struct device_priv *p)
{
    const struct device_priv *o = usbip_state.devices;

    while (o && (o->shared == p->shared || !o->use->has_link || o->use->link.fd < 0 ||
                 o->use->linger_until != 0 || o->use->server != p->use->server ||
                 strcmp(o->use->found.device.busid, p->use->found.device.busid) != 0))
        o = o->next;
    return o != NULL;
}

/* Programs show a number for it, at most, and libusb's log is off as a rule. So a server that may
 * not open its device is reported once. */
static void tell_refusal(struct usbip_device_use *d, const char *trouble)
{
    if (d->refusal_told)
        return;
    d->refusal_told = true;
    fprintf(stderr, "net2usb: %s:%s: %s: %s\n", d->server->host, d->server->port,
            d->found.device.busid, trouble);
}

int usbip_handle_import(struct device_priv *p)
{
    const bool had_link = p->use->has_link;
    char trouble[UNREACHED_TEXT_MAX], reason[USBIP_EXT_REASON_SIZE];

    if (!p->use->has_link && !usbip_list_share(p) && is_elsewhere(p))
        return LIBUSB_ERROR_BUSY;
    int r = usbip_device_import(p->use, reason);

    if (r < 0) {
        usbip_trouble_of_import(p->use->server, r, reason, trouble);
        usbi_warn(p->dev->ctx, "%s: %s", p->use->found.device.busid, trouble);
        if (r == -EIO && reason[0])
            tell_refusal(p->use, trouble);
        return usbip_error_of_call(r);
    }
    if (!had_link)
        usbip_list_show(p);
    usbip_state_watch(p);
    return LIBUSB_SUCCESS;
}

void usbip_handle_tidy(void)
{
    for (struct device_priv *p = usbip_state.devices; p; p = p->next)
        usbip_device_tidy(p->use);
}

int usbip_handle_open(struct libusb_device_handle *h)
{
    struct device_priv *p = priv_of(h->dev);
    int r = LIBUSB_SUCCESS;

    usbip_state_look_up(USBIP_CALL_TIMEOUT_MS);
    usbip_state_lock();
    usbip_handle_tidy();
    if (p->use->descriptors.len == 0 || p->use->linger_until != 0)
        r = usbip_handle_import(p);
    if (r == LIBUSB_SUCCESS) {
        p->opens++;
        p->shared->opens++;
        usbip_state_watch(p);
    }
    usbip_state_unlock();
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

void usbip_handle_close(struct libusb_device_handle *h)
{
    struct device_priv *p = priv_of(h->dev);
    struct usbip_link_urb *u;

    usbip_state_lock();
    while (p->use->has_link && (u = usbip_link_find(&p->use->link, is_orphan)))
        usbip_link_forget(&p->use->link, u);
    p->opens--;
    p->shared->opens--;
    p->shared->claimed &= ~(uint32_t)h->claimed_interfaces; /* of others with it, theirs stay */
    if (p->opens == 0)
        usbip_state_unwatch(p); /* before its number is another one's */
    if (p->shared->opens == 0) {
        usbip_device_leave(p->use, true);
        p->shared->claimed = 0;
    }
    usbip_state_settle(p);
    drop_completed(h->dev->ctx);
    usbip_state_unlock();
}

/* Carries out a request that changes what the device is, and waits for it. */
static int request(struct libusb_device_handle *h, uint8_t type, uint8_t code, uint16_t value,
                   uint16_t index)
{
    const uint8_t setup[8] = {
        type, code, (uint8_t)value, (uint8_t)(value >> 8), (uint8_t)index, (uint8_t)(index >> 8)};
    struct device_priv *p = priv_of(h->dev);
    int r = usbip_handle_import(p);

    if (r == LIBUSB_SUCCESS)
        r = usbip_error_of_status(
            usbip_sync_control(&p->use->link, setup, NULL, USBIP_DEVICE_REQUEST_MS));
    return r;
}

static const uint8_t *active(const struct device_priv *p, size_t *len)
{
    return usbip_device_configuration_of(p->use, p->use->configuration, len);
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

int usbip_handle_get_configuration(struct libusb_device_handle *h, uint8_t *value)
{
    *value = priv_of(h->dev)->use->configuration;
    return LIBUSB_SUCCESS;
}

int usbip_handle_set_configuration(struct libusb_device_handle *h, int value)
{
    struct device_priv *p = priv_of(h->dev);
    const uint8_t wanted = value < 0 ? 0 : (uint8_t)value;
    int r = LIBUSB_ERROR_BUSY;

    usbip_state_lock();
    if (!p->shared->claimed)
        r = request(h, 0, USB_REQUEST_SET_CONFIGURATION, wanted, 0);
    if (r == LIBUSB_ERROR_PIPE)
        r = LIBUSB_ERROR_NOT_FOUND;
    if (r == LIBUSB_SUCCESS) {
        p->use->configuration = wanted;
        memset(p->use->alternate, 0, sizeof p->use->alternate);
    }
    usbip_state_settle(p);
    usbip_state_unlock();
    return r;
}

int usbip_handle_claim(struct libusb_device_handle *h, uint8_t number)
{
    struct device_priv *p = priv_of(h->dev);

    usbip_state_lock();
    int r = usbip_handle_import(p);
    if (r == LIBUSB_SUCCESS && !has_interface(p, number))
        r = LIBUSB_ERROR_NOT_FOUND;
    if (r == LIBUSB_SUCCESS && number < 32 && p->shared->claimed >> number & 1)
        r = LIBUSB_ERROR_BUSY;
    if (r == LIBUSB_SUCCESS && number < 32)
        p->shared->claimed |= 1u << number;
    usbip_state_settle(p);
    usbip_state_unlock();
    return r;
}

int usbip_handle_set_alternate(struct libusb_device_handle *h, uint8_t number, uint8_t setting)
{
    struct device_priv *p = priv_of(h->dev);

    usbip_state_lock();
    int r = request(h, 1, USB_REQUEST_SET_INTERFACE, setting, number);
    if (r == LIBUSB_ERROR_PIPE)
        r = LIBUSB_ERROR_NOT_FOUND;
    if (r == LIBUSB_SUCCESS)
        p->use->alternate[number] = setting;
    usbip_state_settle(p);
    usbip_state_unlock();
    return r;
}

int usbip_handle_release(struct libusb_device_handle *h, uint8_t number)
{
    struct device_priv *p = priv_of(h->dev);
    int r = LIBUSB_SUCCESS;

    usbip_state_lock();
    if (p->use->alternate[number] != 0)
        r = request(h, 1, USB_REQUEST_SET_INTERFACE, 0, number);
    p->use->alternate[number] = 0;
    if (number < 32)
        p->shared->claimed &= ~(1u << number);
    usbip_state_settle(p);
    usbip_state_unlock();
    return r;
}

int usbip_handle_clear_halt(struct libusb_device_handle *h, unsigned char endpoint)
{
    struct device_priv *p = priv_of(h->dev);
    struct usb_submit_endpoint e;

    usbip_state_lock();
    int r = usbip_handle_import(p);
    if (r == LIBUSB_SUCCESS) {
        const struct usb_submit_device facts = usbip_device_facts(p->use);

        r = facts.known && usb_submit_find(&facts, endpoint, &e) < 0
                ? LIBUSB_ERROR_NOT_FOUND
                : request(h, 2, USB_REQUEST_CLEAR_FEATURE, 0, endpoint);
    }
    usbip_state_settle(p);
    usbip_state_unlock();
    return r == LIBUSB_ERROR_PIPE ? LIBUSB_ERROR_NOT_FOUND : r;
}

/* libusb promises the alternate settings of before. Whether the server has put them back depends on
 * its system, so it is told. */
static int restore_alternates(struct libusb_device_handle *h)
{
    struct device_priv *p = priv_of(h->dev);
    int first = LIBUSB_SUCCESS;

    for (size_t i = 0; i < sizeof p->use->alternate; i++) {
        if (p->use->alternate[i] == 0)
            continue;
        int r = request(h, 1, USB_REQUEST_SET_INTERFACE, p->use->alternate[i], (uint16_t)i);
        if (r == LIBUSB_SUCCESS)
            continue;
        p->use->alternate[i] = 0;
        first = first == LIBUSB_SUCCESS ? r : first;
    }
    return first == LIBUSB_ERROR_PIPE ? LIBUSB_ERROR_NOT_FOUND : first;
}

/* Foreign servers mostly do not know ports, and stall, or do not answer at all. For these the reset
 * counts as done. It does so for the kernel's client, too, which sends nothing. They are not asked
 * again. */
static int reset_of_foreign(struct libusb_device_handle *h)
{
    static bool refuses[USBIP_CONFIG_SERVERS_MAX];
    const uint8_t setup[8] = {TO_PORT, USB_REQUEST_SET_FEATURE, PORT_RESET};
    struct device_priv *p = priv_of(h->dev);
    bool *refused = &refuses[p->use->server - usbip_state.config.servers];
    int r = usbip_handle_import(p);

    if (r < 0 || *refused)
        return r;
    int status = usbip_sync_control(&p->use->link, setup, NULL, FOREIGN_RESET_MS);
    if (p->use->link.fd < 0 || status == USBIP_ENODEV || status == USBIP_ESHUTDOWN)
        return LIBUSB_ERROR_NO_DEVICE;
    if (status == USBIP_ENOMEM)
        return LIBUSB_ERROR_NO_MEM;
    *refused = status < 0;
    return LIBUSB_SUCCESS;
}

/* The device itself is reset, which the kernel's client does not do. One that comes back as another
 * one ends the connection: the program has to look for it. */
int usbip_handle_reset(struct libusb_device_handle *h)
{
    struct device_priv *p = priv_of(h->dev);

    usbip_state_lock();
    int r = usbip_device_is_ours(p->use)
                ? request(h, TO_PORT, USB_REQUEST_SET_FEATURE, PORT_RESET, 0)
                : reset_of_foreign(h);
    if (r == LIBUSB_SUCCESS)
        r = restore_alternates(h);
    usbip_state_settle(p);
    usbip_state_unlock();
    return r == LIBUSB_ERROR_NO_DEVICE ? LIBUSB_ERROR_NOT_FOUND : r;
}

/* There is no driver of this machine. */
int usbip_handle_kernel_driver_active(struct libusb_device_handle *h, uint8_t number)
{
    (void)h;
    (void)number;
    return 0;
}

int usbip_handle_change_kernel_driver(struct libusb_device_handle *h, uint8_t number)
{
    (void)h;
    (void)number;
    return LIBUSB_ERROR_NOT_FOUND;
}

/* --- descriptors ------------------------------------------------------------------------------ */

/* Those of a foreign server's device are read with an import, which stays a moment. */
static void make_known(struct device_priv *p)
{
    if (p->use->descriptors.len > 0 || usbip_handle_import(p) != LIBUSB_SUCCESS)
        return;
    if (p->shared->opens == 0)
        usbip_device_leave(p->use, true);
    usbip_state_settle(p);
}

/* A list has no strings, nor the other descriptors. A device that a program is given is asked when
 * it is first looked at, which takes an import of a moment. Other devices would be taken away from
 * those who want them meanwhile, and reset. So their descriptors are made up. */
static void read_descriptor(struct device_priv *p)
{
    const long long now = usbip_clock_ms();

    if (p->use->descriptors.len > 0)
        return;
    if (usbip_list_is_given(p) && now >= p->unreadable) {
        make_known(p);
        p->unreadable = p->use->descriptors.len > 0 ? 0 : now + UNREADABLE_MS;
    }
    p->made_up = p->made_up || p->use->descriptors.len == 0;
}

int API_EXPORTED libusb_get_device_descriptor(struct libusb_device *dev,
                                              struct libusb_device_descriptor *d)
{
    struct device_priv *p = priv_of(dev);

    if (p->dev && usbi_atomic_load(&dev->attached)) {
        usbip_state_look_up(USBIP_CALL_TIMEOUT_MS);
        usbip_state_lock();
        read_descriptor(p);
        usbip_state_unlock();
    }
    return core_get_device_descriptor(dev, d);
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

/* A stand-in for a hub has only the expected descriptors. */
static int copy_of_hub(void *buffer, size_t room)
{
    size_t len;
    const uint8_t *data = usbip_place_hub_configuration(&len);

    return copy(data, len, buffer, room);
}

int usbip_handle_get_config(struct libusb_device *dev, uint8_t index, void *buffer, size_t len)
{
    struct device_priv *p = priv_of(dev);
    size_t n;

    if (!p->dev)
        return copy_of_hub(buffer, len);
    usbip_state_lock();
    make_known(p);
    const uint8_t *data = usbip_device_configuration(p->use, index, &n);
    int r = copy(data, n, buffer, len);
    usbip_state_unlock();
    return r;
}

int usbip_handle_get_active_config(struct libusb_device *dev, void *buffer, size_t len)
{
    struct device_priv *p = priv_of(dev);
    size_t n;

    if (!p->dev)
        return copy_of_hub(buffer, len);
    usbip_state_lock();
    make_known(p);
    const uint8_t *data = active(p, &n);
    int r = copy(data, n, buffer, len);
    usbip_state_unlock();
    return r;
}

int usbip_handle_get_config_by_value(struct libusb_device *dev, uint8_t value, void **buffer)
{
    struct device_priv *p = priv_of(dev);
    size_t n;

    if (!p->dev) {
        *buffer = (void *)(uintptr_t)usbip_place_hub_configuration(&n);
        return value == 1 ? (int)n : LIBUSB_ERROR_NOT_FOUND;
    }
    usbip_state_lock();
    make_known(p);
    *buffer = (void *)(uintptr_t)usbip_device_configuration_of(p->use, value, &n);
    usbip_state_unlock();
    return *buffer ? (int)n : LIBUSB_ERROR_NOT_FOUND;
}
