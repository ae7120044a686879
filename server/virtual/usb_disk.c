/*
 * Theory of operation. Bulk-only transport (USB Mass Storage Class, Bulk-Only Transport 1.0): a
 * command wrapper comes, data goes one way or the other, a status wrapper follows. If the host
 * expects data that there is not, the endpoint halts (6.7.2), the host clears that and asks for the
 * status.
 */
#include "usb_disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gadget.h"
#include "scsi_disk.h"

enum {
    IN = 0x81,
    OUT = 0x02,
    COMMAND_SIZE = 31,
    STATUS_SIZE = 13,
    STATUS_GOOD = 0,
    STATUS_FAILED = 1,
    STATUS_PHASE_ERROR = 2,
    BULK_ONLY_RESET = 0xff,
    GET_MAX_LUN = 0xfe,
};

struct usb_disk {
    struct gadget gadget;
    struct scsi_disk *disk;
    enum { DISK_COMMAND, DISK_DATA_IN, DISK_DATA_OUT, DISK_STATUS } state;
    struct scsi_data data;
    uint32_t tag;
    uint32_t expected; /* bytes that the host still wants to move */
    uint64_t moved;
    uint8_t status;
    bool halt; /* the endpoint of the data, in place of data */
};

static const uint8_t device_descriptor[] = {
    18, USB_DESC_DEVICE, 0x00, 0x02, 0, 0, 0, 64, 0x09, 0x12, 0x03, 0x00, 0x00, 0x01, 1, 2, 3, 1};

static const uint8_t configuration[] = {
    9,  USB_DESC_CONFIGURATION, 32,  0,        1, 1,    0,    0x80,
    50, /**/
    9,  USB_DESC_INTERFACE,     0,   0,        2, 0x08, 0x06, 0x50,
    0,                                                     /* mass storage, SCSI, bulk-only */
    7,  USB_DESC_ENDPOINT,      IN,  USB_BULK, 0, 2,    0, /**/
    7,  USB_DESC_ENDPOINT,      OUT, USB_BULK, 0, 2,    0, /**/
};

static const struct gadget_descriptors descriptors = {
    .device = device_descriptor,
    .configuration = configuration,
    .configuration_len = sizeof configuration,
    .strings = {NULL, "com2net", "demo disk", "0123456789AB"},
    .speed = USBIP_SPEED_HIGH,
};

static uint32_t get_le32(const uint8_t *p)
{
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static void put_le32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
    p[2] = (uint8_t)(v >> 16);
    p[3] = (uint8_t)(v >> 24);
}

/* --- commands -----------------------------------------------------------------------------------
 */

/* Host and device have to mean the same by a command. */
static void begin_data(struct usb_disk *d, bool host_wants_in, bool good)
{
    bool agrees = d->data.direction == SCSI_NO_DATA ||
                  (d->expected > 0 && (d->data.direction == SCSI_IN) == host_wants_in);

    if (!agrees)
        d->status = STATUS_PHASE_ERROR;
    if (!agrees || !good || d->data.direction == SCSI_NO_DATA) {
        d->data.length = 0;
        d->halt = d->expected > 0;
    }
    if (d->data.length > d->expected)
        d->data.length = d->expected;
    d->state = d->expected == 0 ? DISK_STATUS : host_wants_in ? DISK_DATA_IN : DISK_DATA_OUT;
}

/* Returns the bytes taken, or a stall for bytes that are no command wrapper. */
static int take_command(struct usb_disk *d, const struct usb_transfer *t)
{
    const uint8_t *c = t->data;

    if (t->length != COMMAND_SIZE || memcmp(c, "USBC", 4) != 0 || c[14] < 1 || c[14] > 16)
        return USBIP_EPIPE;
    d->tag = get_le32(c + 4);
    d->expected = get_le32(c + 8);
    d->moved = 0;
    d->halt = false;
    bool good = scsi_disk_command(d->disk, c + 15, c[14], &d->data);
    d->status = good ? STATUS_GOOD : STATUS_FAILED;
    begin_data(d, c[12] & 0x80, good);
    return (int)t->length;
}

/* --- data ---------------------------------------------------------------------------------------
 */

static int halt(struct usb_disk *d, uint8_t address)
{
    d->halt = false;
    d->state = DISK_STATUS;
    d->gadget.halted |= 1u << gadget_slot(address);
    return USBIP_EPIPE;
}

static int give_data(struct usb_disk *d, struct usb_transfer *t)
{
    uint64_t left = d->data.length - d->moved;
    size_t len = left < t->length ? (size_t)left : t->length;

    if (d->halt)
        return halt(d, IN);
    if (!d->data.of_blocks)
        memcpy(t->data, d->data.answer + d->moved, len);
    else if (!scsi_disk_read(d->disk, d->data.offset + d->moved, t->data, len))
        d->status = STATUS_FAILED;
    d->moved += len;
    d->expected -= (uint32_t)len;
    /* a short transfer ends the data; one that ends with a whole packet needs a halt for that */
    if (d->moved == d->data.length) {
        d->halt = d->expected > 0 && len == t->length && len % 512 == 0;
        d->state = d->halt ? DISK_DATA_IN : DISK_STATUS;
    }
    return (int)len;
}

static int take_data(struct usb_disk *d, struct usb_transfer *t)
{
    uint64_t left = d->data.length - d->moved;
    size_t len = left < t->length ? (size_t)left : t->length;

    if (d->halt)
        return halt(d, OUT);
    if (d->data.of_blocks && len > 0 &&
        !scsi_disk_write(d->disk, d->data.offset + d->moved, t->data, len))
        d->status = STATUS_FAILED;
    d->moved += len;
    d->expected -= (uint32_t)len;
    /* bytes that a host announced and no command takes are dropped with the data, or halt after
     * them */
    if (d->moved == d->data.length) {
        d->halt = d->expected > t->length - len;
        d->state = d->halt ? DISK_DATA_OUT : DISK_STATUS;
    }
    return (int)t->length;
}

static int give_status(struct usb_disk *d, struct usb_transfer *t)
{
    uint8_t status[STATUS_SIZE] = "USBS";

    if (t->length < STATUS_SIZE)
        return USBIP_EOVERFLOW;
    put_le32(status + 4, d->tag);
    put_le32(status + 8, d->expected); /* what was not moved */
    status[12] = d->status;
    memcpy(t->data, status, sizeof status);
    d->state = DISK_COMMAND;
    return sizeof status;
}

static int transfer(struct gadget *g, struct usb_transfer *t)
{
    struct usb_disk *d = (struct usb_disk *)g;

    if (t->address == OUT && d->state == DISK_COMMAND)
        return take_command(d, t);
    if (t->address == OUT && d->state == DISK_DATA_OUT)
        return take_data(d, t);
    if (t->address == IN && d->state == DISK_DATA_IN)
        return give_data(d, t);
    if (t->address == IN && d->state == DISK_STATUS)
        return give_status(d, t);
    return GADGET_WAIT;
}

static void moved(struct gadget *g, uint8_t address)
{
    gadget_kick(g, address == IN ? OUT : IN);
}

/* --- the device --------------------------------------------------------------------------------
 */

static void reset(struct gadget *g)
{
    struct usb_disk *d = (struct usb_disk *)g;

    d->state = DISK_COMMAND;
    d->halt = false;
}

static int control(struct gadget *g, const struct usb_setup *s, uint8_t *data)
{
    if (s->type == 0xa1 && s->request == GET_MAX_LUN && s->length >= 1) {
        data[0] = 0;
        return 1;
    }
    if (s->type != 0x21 || s->request != BULK_ONLY_RESET)
        return USBIP_EPIPE;
    reset(g);
    return 0;
}

static void free_disk(struct gadget *g)
{
    struct usb_disk *d = (struct usb_disk *)g;

    scsi_disk_free(d->disk);
    free(d);
}

static const struct gadget_kind kind = {
    .control = control,
    .transfer = transfer,
    .moved = moved,
    .configured = reset, /* all that Linux's USB/IP client sends of one, after a command given up */
    .reset = reset,
    .free = free_disk,
};

/* --- the kind ----------------------------------------------------------------------------------
 */

static int take_file(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)error;
    ((struct usb_disk_options *)ctx)->image = value;
    return 0;
}

static int take_read_only(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)value;
    (void)error;
    ((struct usb_disk_options *)ctx)->read_only = true;
    return 0;
}

static const struct cli_option options[] = {
    {"file", 0, "PATH", take_file, "its image, as in usb:demo-disk:IMAGE"},
    {"ro", 0, NULL, take_read_only, "it cannot be written"},
    {0},
};

static struct usb_device *make(const struct usb_making *m, char error[static CLI_ERROR_MAX])
{
    const struct usb_disk_options *o = m->options;
    const bool has_variant = m->variant && *m->variant;
    const char *image = has_variant ? m->variant : o->image;

    if (!image || (m->variant && o->image)) {
        snprintf(error, CLI_ERROR_MAX, "usb:demo-disk: it has %s, as in usb:demo-disk:IMAGE",
                 image ? "one image" : "an image");
        return NULL;
    }
    struct usb_disk *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    d->disk = scsi_disk_new(image, o->read_only, error);
    if (!d->disk) {
        free(d);
        return NULL;
    }
    gadget_init(&d->gadget, m->base, &kind, &descriptors, m->name, m->number);
    return &d->gadget.device;
}

const struct usb_kind usb_disk_kind = {
    .name = "disk",
    .forms = "disk:IMAGE",
    .has_variants = true,
    .variant_is_path = true,
    .options = options,
    .options_size = sizeof(struct usb_disk_options),
    .make = make,
};
