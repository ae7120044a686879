#include "usbip.h"

#include <errno.h>
#include <string.h>

#include "bytes.h"

void usbip_put_op(const struct usbip_op *op, uint8_t bytes[static USBIP_OP_SIZE])
{
    put_be16(bytes, op->version);
    put_be16(bytes + 2, op->code);
    put_be32(bytes + 4, op->status);
}

void usbip_get_op(const uint8_t bytes[static USBIP_OP_SIZE], struct usbip_op *op)
{
    op->version = get_be16(bytes);
    op->code = get_be16(bytes + 2);
    op->status = get_be32(bytes + 4);
}

/* After the text of a device's path, at its end: "com2net", a 0, and the version. */
enum { MARK = USBIP_PATH_SIZE - 12, MARK_VERSION = USBIP_PATH_SIZE - 4 };

static const uint8_t mark[MARK_VERSION - MARK] = "com2net";

static void put_path(const struct usbip_device *d, uint8_t bytes[static USBIP_PATH_SIZE])
{
    if (d->extensions == 0) {
        put_text(bytes, d->path, USBIP_PATH_SIZE);
        return;
    }
    put_text(bytes, d->path, MARK);
    memcpy(bytes + MARK, mark, sizeof mark);
    put_be32(bytes + MARK_VERSION, d->extensions);
}

static void get_path(const uint8_t bytes[static USBIP_PATH_SIZE], struct usbip_device *d)
{
    get_text(d->path, bytes, USBIP_PATH_SIZE);
    d->extensions = strlen(d->path) < MARK && memcmp(bytes + MARK, mark, sizeof mark) == 0
                        ? get_be32(bytes + MARK_VERSION)
                        : 0;
}

void usbip_put_device(const struct usbip_device *d, uint8_t bytes[static USBIP_DEVICE_SIZE])
{
    put_path(d, bytes);
    put_text(bytes + 256, d->busid, USBIP_BUSID_SIZE);
    put_be32(bytes + 288, d->busnum);
    put_be32(bytes + 292, d->devnum);
    put_be32(bytes + 296, d->speed);
    put_be16(bytes + 300, d->vendor);
    put_be16(bytes + 302, d->product);
    put_be16(bytes + 304, d->release);
    bytes[306] = d->device_class;
    bytes[307] = d->device_subclass;
    bytes[308] = d->device_protocol;
    bytes[309] = d->configuration;
    bytes[310] = d->configurations;
    bytes[311] = d->interfaces;
}

void usbip_get_device(const uint8_t bytes[static USBIP_DEVICE_SIZE], struct usbip_device *d)
{
    get_path(bytes, d);
    get_text(d->busid, bytes + 256, USBIP_BUSID_SIZE);
    d->busnum = get_be32(bytes + 288);
    d->devnum = get_be32(bytes + 292);
    d->speed = get_be32(bytes + 296);
    d->vendor = get_be16(bytes + 300);
    d->product = get_be16(bytes + 302);
    d->release = get_be16(bytes + 304);
    d->device_class = bytes[306];
    d->device_subclass = bytes[307];
    d->device_protocol = bytes[308];
    d->configuration = bytes[309];
    d->configurations = bytes[310];
    d->interfaces = bytes[311];
}

void usbip_put_interface(const struct usbip_interface *i,
                         uint8_t bytes[static USBIP_INTERFACE_SIZE])
{
    bytes[0] = i->interface_class;
    bytes[1] = i->interface_subclass;
    bytes[2] = i->interface_protocol;
    bytes[3] = 0;
}

void usbip_get_interface(const uint8_t bytes[static USBIP_INTERFACE_SIZE],
                         struct usbip_interface *i)
{
    i->interface_class = bytes[0];
    i->interface_subclass = bytes[1];
    i->interface_protocol = bytes[2];
}

uint32_t usbip_devid(const struct usbip_device *d)
{
    return d->busnum << 16 | (d->devnum & 0xffff);
}

static int32_t get_s32(const uint8_t *bytes)
{
    uint32_t v = get_be32(bytes);

    return v <= INT32_MAX ? (int32_t)v : (int32_t)(v - INT32_MAX - 1) + INT32_MIN;
}

static void put_s32(uint8_t *bytes, int32_t v)
{
    put_be32(bytes, (uint32_t)v);
}

void usbip_put_urb(const struct usbip_urb *u, uint8_t bytes[static USBIP_URB_SIZE])
{
    memset(bytes, 0, USBIP_URB_SIZE);
    put_be32(bytes, (uint32_t)u->command);
    put_be32(bytes + 4, u->seqnum);
    put_be32(bytes + 8, u->devid);
    put_be32(bytes + 12, u->direction);
    put_be32(bytes + 16, u->ep);
    switch (u->command) {
    case USBIP_CMD_SUBMIT:
        put_be32(bytes + 20, u->flags);
        put_s32(bytes + 24, u->length);
        put_s32(bytes + 28, u->start_frame);
        put_s32(bytes + 32, u->packets);
        put_s32(bytes + 36, u->interval);
        memcpy(bytes + 40, u->setup, sizeof u->setup);
        break;
    case USBIP_RET_SUBMIT:
        put_s32(bytes + 20, u->status);
        put_s32(bytes + 24, u->actual);
        put_s32(bytes + 28, u->start_frame);
        put_s32(bytes + 32, u->packets);
        put_s32(bytes + 36, u->errors);
        break;
    case USBIP_CMD_UNLINK:
        put_be32(bytes + 20, u->unlink);
        break;
    case USBIP_RET_UNLINK:
        put_s32(bytes + 20, u->status);
        break;
    }
}

int usbip_get_urb(const uint8_t bytes[static USBIP_URB_SIZE], struct usbip_urb *u)
{
    *u = (struct usbip_urb){.seqnum = get_be32(bytes + 4),
                            .devid = get_be32(bytes + 8),
                            .direction = get_be32(bytes + 12),
                            .ep = get_be32(bytes + 16)};
    switch (get_be32(bytes)) {
    case USBIP_CMD_SUBMIT:
        u->command = USBIP_CMD_SUBMIT;
        u->flags = get_be32(bytes + 20);
        u->length = get_s32(bytes + 24);
        u->start_frame = get_s32(bytes + 28);
        u->packets = get_s32(bytes + 32);
        u->interval = get_s32(bytes + 36);
        memcpy(u->setup, bytes + 40, sizeof u->setup);
        return 0;
    case USBIP_RET_SUBMIT:
        u->command = USBIP_RET_SUBMIT;
        u->status = get_s32(bytes + 20);
        u->actual = get_s32(bytes + 24);
        u->start_frame = get_s32(bytes + 28);
        u->packets = get_s32(bytes + 32);
        u->errors = get_s32(bytes + 36);
        return 0;
    case USBIP_CMD_UNLINK:
        u->command = USBIP_CMD_UNLINK;
        u->unlink = get_be32(bytes + 20);
        return 0;
    case USBIP_RET_UNLINK:
        u->command = USBIP_RET_UNLINK;
        u->status = get_s32(bytes + 20);
        return 0;
    default:
        return -EPROTO;
    }
}

void usbip_put_packet(const struct usbip_packet *p, uint8_t bytes[static USBIP_PACKET_SIZE])
{
    put_be32(bytes, p->offset);
    put_be32(bytes + 4, p->length);
    put_be32(bytes + 8, p->actual);
    put_s32(bytes + 12, p->status);
}

void usbip_get_packet(const uint8_t bytes[static USBIP_PACKET_SIZE], struct usbip_packet *p)
{
    p->offset = get_be32(bytes);
    p->length = get_be32(bytes + 4);
    p->actual = get_be32(bytes + 8);
    p->status = get_s32(bytes + 12);
}

int usbip_urb_body(const struct usbip_urb *u, int in, size_t payload_max, struct usbip_body *body)
{
    *body = (struct usbip_body){0};
    if (u->direction > USBIP_DIR_IN || u->ep > 15)
        return -EPROTO;
    if (u->command != USBIP_CMD_SUBMIT && u->command != USBIP_RET_SUBMIT)
        return 0;
    if (u->packets < -1 || u->packets > USBIP_PACKETS_MAX)
        return -EPROTO;
    int32_t length = u->command == USBIP_CMD_SUBMIT ? u->length : u->actual;
    if (length < 0)
        return -EPROTO;
    if ((size_t)length > payload_max)
        return -EMSGSIZE;
    if (u->command == USBIP_CMD_SUBMIT ? u->direction == USBIP_DIR_OUT : in)
        body->payload = (size_t)length;
    body->packets = u->packets > 0 ? (size_t)u->packets : 0;
    return 0;
}
