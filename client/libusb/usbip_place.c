#include "usbip_place.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "usbip_state.h"

enum {
    BUS_FIRST = 200, /* numbers that no bus of this machine has: programs look them up in sysfs */
    BUSES_MAX = 55,
    PORTS_MAX = 7,        /* USB has no more levels */
    BUSES_OF_SERVER = 50, /* com2net's built-in devices are on bus 250, which is the first */
    SERVER_STEP = 11,
    ADDRESS_MAX = 255,
};

static struct {
    bool used;
    size_t server;
    uint32_t busnum;
} buses[BUSES_MAX];

/* A bus number for each bus of each server: the one that its own number leads to, or one after
 * it. */
static uint8_t bus_of(size_t server, uint32_t busnum)
{
    size_t i = (busnum % BUSES_OF_SERVER + server * SERVER_STEP) % BUSES_MAX;

    for (size_t tried = 0; tried < BUSES_MAX; tried++, i = (i + 1) % BUSES_MAX) {
        if (!buses[i].used) {
            buses[i].used = true;
            buses[i].server = server;
            buses[i].busnum = busnum;
        }
        if (buses[i].server == server && buses[i].busnum == busnum)
            break;
    }
    return (uint8_t)(BUS_FIRST + i);
}

/* --- ports ------------------------------------------------------------------------------------ */

/* Reads a number of a port. Returns 0 if there is none. */
static uint8_t take_port(const char **text)
{
    char *end;
    unsigned long port = **text >= '0' && **text <= '9' ? strtoul(*text, &end, 10) : 0;

    if (port == 0 || port > UINT8_MAX)
        return 0;
    *text = end;
    return (uint8_t)port;
}

/* The number after the last '-' or '.'. */
static size_t last_number(const char *busid, uint8_t ports[static PORTS_MAX])
{
    const char *last = busid;

    for (const char *c = busid; *c; c++)
        if (*c == '-' || *c == '.')
            last = c + 1;
    ports[0] = take_port(&last);
    return ports[0] ? 1 : 0;
}

/* Reads the ports of a busid such as 1-1.4, as the kernel names devices. Of others, such as 1-5-2,
 * it is the last number. Returns how many; 0: there is none. */
static size_t read_ports(const char *busid, uint8_t ports[static PORTS_MAX])
{
    const char *text = strchr(busid, '-');
    size_t n = 0;

    while (text && n < PORTS_MAX) {
        text++;
        ports[n] = take_port(&text);
        if (!ports[n])
            break;
        n++;
        if (!*text)
            return n;
        if (*text != '.')
            break;
    }
    return last_number(busid, ports);
}

/* --- addresses -------------------------------------------------------------------------------- */

static bool is_taken(const struct libusb_context *ctx, uint8_t bus, uint8_t address)
{
    for (const struct device_priv *p = usbip_state.devices; p; p = p->next) {
        if (p->dev->ctx != ctx || p->dev->bus_number != bus || !usbi_atomic_load(&p->dev->attached))
            continue;
        if (p->dev->device_address == address)
            return true;
        for (const struct libusb_device *d = p->dev->parent_dev; d; d = d->parent_dev)
            if (d->device_address == address)
                return true;
    }
    return false;
}

/* The server's, unless it has none to tell: many servers say 0, or the same of all. */
static uint8_t address_of(const struct device_priv *p)
{
    const uint32_t devnum = p->use->found.device.devnum;
    uint8_t address = devnum > 0 && devnum <= ADDRESS_MAX ? (uint8_t)devnum : 1;

    for (int tried = 1; tried < ADDRESS_MAX && is_taken(p->dev->ctx, p->dev->bus_number, address);
         tried++)
        address = address < ADDRESS_MAX ? (uint8_t)(address + 1) : 1;
    return address;
}

/* --- hubs ------------------------------------------------------------------------------------- */

static const uint8_t hub_configuration[] = {
    9, 2, 25,   0, 1, 1, 0,  0xe0, 0, /* itself powered */
    9, 4, 0,    0, 1, 9, 0,  0,    0, /* a hub */
    7, 5, 0x81, 3, 4, 0, 12,          /* that tells of changes */
};

const uint8_t *usbip_place_hub_configuration(size_t *len)
{
    *len = sizeof hub_configuration;
    return hub_configuration;
}

static bool is_at(const struct libusb_device *d, const uint8_t *ports, size_t depth)
{
    for (; d && depth > 0; d = d->parent_dev, depth--)
        if (d->port_number != ports[depth - 1])
            return false;
    return d && d->port_number == 0;
}

static bool is_above(const struct libusb_device *parent, uint8_t address)
{
    while (parent && parent->device_address != address)
        parent = parent->parent_dev;
    return parent != NULL;
}

/* The Linux Foundation's ids, as its kernel gives them to hubs of controllers. */
static struct libusb_device *make_hub(struct libusb_device *parent, struct libusb_context *ctx,
                                      uint8_t bus, uint8_t port)
{
    struct libusb_device *hub = usbi_alloc_device(ctx, 0);
    uint8_t address = ADDRESS_MAX - 1;

    if (!hub)
        return NULL;
    while (address > 1 && (is_taken(ctx, bus, address) || is_above(parent, address)))
        address--;
    hub->parent_dev = parent;
    hub->bus_number = bus;
    hub->device_address = address;
    hub->port_number = port;
    hub->speed = LIBUSB_SPEED_HIGH;
    hub->device_descriptor = (struct libusb_device_descriptor){.bLength = LIBUSB_DT_DEVICE_SIZE,
                                                               .bDescriptorType = LIBUSB_DT_DEVICE,
                                                               .bcdUSB = 0x200,
                                                               .bDeviceClass = LIBUSB_CLASS_HUB,
                                                               .bMaxPacketSize0 = 64,
                                                               .idVendor = 0x1d6b,
                                                               .idProduct = 2,
                                                               .bNumConfigurations = 1};
    return hub;
}

/* The hub at these ports, which the caller refers to from then on; NULL without memory. It is the
 * same for all that follow it. */
static struct libusb_device *hub_at(struct libusb_context *ctx, uint8_t bus, const uint8_t *ports,
                                    size_t depth)
{
    for (const struct device_priv *p = usbip_state.devices; p; p = p->next) {
        if (p->dev->ctx != ctx || p->dev->bus_number != bus)
            continue;
        for (struct libusb_device *d = p->dev->parent_dev; d; d = d->parent_dev)
            if (is_at(d, ports, depth))
                return libusb_ref_device(d);
    }
    struct libusb_device *parent = depth > 0 ? hub_at(ctx, bus, ports, depth - 1) : NULL;
    if (depth > 0 && !parent)
        return NULL;
    struct libusb_device *hub = make_hub(parent, ctx, bus, depth > 0 ? ports[depth - 1] : 0);
    if (!hub)
        libusb_unref_device(parent);
    return hub;
}

void usbip_place_set(struct device_priv *p, size_t server)
{
    const struct usbip_device *r = &p->use->found.device;
    uint8_t ports[PORTS_MAX];
    size_t n = read_ports(r->busid, ports);

    p->dev->bus_number = bus_of(server, r->busnum);
    p->dev->device_address = address_of(p);
    if (n == 0) /* as of Renode, which counts from 0; high ports are hardly anybody's */
        ports[n++] = (uint8_t)(UINT8_MAX - p->dev->device_address + 1);
    p->dev->port_number = ports[n - 1];
    p->dev->parent_dev = hub_at(p->dev->ctx, p->dev->bus_number, ports, n - 1);
}

/* --- order ------------------------------------------------------------------------------------ */

static int compare(struct libusb_device *a, struct libusb_device *b)
{
    uint8_t ports[2][PORTS_MAX] = {{0}};
    const struct device_priv *pa = priv_of(a), *pb = priv_of(b);

    if (pa->use->server != pb->use->server)
        return pa->use->server < pb->use->server ? -1 : 1;
    if (pa->use->found.device.busnum != pb->use->found.device.busnum)
        return pa->use->found.device.busnum < pb->use->found.device.busnum ? -1 : 1;
    libusb_get_port_numbers(a, ports[0], PORTS_MAX);
    libusb_get_port_numbers(b, ports[1], PORTS_MAX);
    int r = memcmp(ports[0], ports[1], PORTS_MAX);
    return r != 0 ? r : strcmp(pa->use->found.device.busid, pb->use->found.device.busid);
}

/* Whoever has one, and whenever each has come. */
void usbip_place_sort(struct libusb_context *ctx)
{
    struct list_head unsorted;
    struct libusb_device *dev, *next, *at;

    usbi_mutex_lock(&ctx->usb_devs_lock);
    if (!list_empty(&ctx->usb_devs)) {
        list_cut(&unsorted, &ctx->usb_devs);
        for_each_safe_helper(dev, next, &unsorted, struct libusb_device)
        {
            list_del(&dev->list);
            for_each_device(ctx, at) if (compare(dev, at) < 0) break;
            list_add_tail(&dev->list, &at->list); /* before it; or at the end */
        }
    }
    usbi_mutex_unlock(&ctx->usb_devs_lock);
}
