#include "usb_urb.h"

#include <stdlib.h>
#include <string.h>

#include "proto/usb_desc.h"

enum { CLASS_MIN_SHIFT = 9 }; /* 512 bytes */

static size_t class_size(unsigned size_class)
{
    return (size_t)1 << (size_class + CLASS_MIN_SHIFT);
}

size_t usb_urb_size(const struct usbip_urb *head, size_t packets, bool waits)
{
    const size_t payload = waits && head->direction == USBIP_DIR_IN ? 0 : (size_t)head->length;

    return sizeof(struct usb_urb) + USBIP_URB_SIZE + payload +
           packets * (USBIP_PACKET_SIZE + sizeof(struct usbip_packet));
}

static struct usb_urb *get_memory(struct usb_urb_pool *pool, size_t size, unsigned *size_class)
{
    *size_class = 0;
    while (class_size(*size_class) < size)
        ++*size_class;
    if (*size_class >= USB_URB_CLASSES)
        return NULL;
    struct usb_urb *u = pool->free[*size_class];
    if (!u)
        return malloc(class_size(*size_class));
    pool->free[*size_class] = u->free_next;
    pool->free_bytes -= class_size(*size_class);
    return u;
}

struct usb_urb *usb_urb_new(struct usb_urb_pool *pool, const struct usbip_urb *head, size_t packets,
                            bool waits)
{
    size_t size = usb_urb_size(head, packets, waits);
    unsigned size_class;
    struct usb_urb *u = get_memory(pool, size, &size_class);

    if (!u)
        return NULL;
    memset(u, 0, sizeof *u);
    u->size_class = size_class;
    u->size = size;
    u->head = *head;
    u->entry.seqnum = head->seqnum;
    u->transfer.packet_count = packets;
    u->transfer.packets = (struct usbip_packet *)(void *)(u + 1);
    u->reply = (uint8_t *)(u->transfer.packets + packets);
    u->transfer.data = u->reply + USBIP_URB_SIZE;
    u->transfer.length = (size_t)head->length;
    return u;
}

void usb_urb_free(struct usb_urb_pool *pool, struct usb_urb *u)
{
    size_t size = class_size(u->size_class);

    if (pool->free_bytes + size > pool->free_max) {
        free(u);
        return;
    }
    u->free_next = pool->free[u->size_class];
    pool->free[u->size_class] = u;
    pool->free_bytes += size;
}

void usb_urb_pool_free(struct usb_urb_pool *pool)
{
    for (int i = 0; i < USB_URB_CLASSES; i++) {
        while (pool->free[i]) {
            struct usb_urb *u = pool->free[i];

            pool->free[i] = u->free_next;
            free(u);
        }
    }
    pool->free_bytes = 0;
}

/* Whether the packets are in the buffer, one after the other, as those of a reply are joined; gaps
 * may be between them. */
static bool are_in_order(const struct usb_transfer *t)
{
    size_t end = 0;

    for (size_t i = 0; i < t->packet_count; i++) {
        const struct usbip_packet *p = &t->packets[i];

        if (p->offset < end || p->offset > t->length || p->length > t->length - p->offset)
            return false;
        end = p->offset + p->length;
    }
    return true;
}

/* Whether it is a request that can be: without packets, and with data in the direction that its
 * setup says. */
static bool is_request(const struct usb_urb *u, const struct usb_setup *setup)
{
    const bool in = u->head.direction == USBIP_DIR_IN;

    return u->transfer.packet_count == 0 && u->transfer.length >= setup->length &&
           (setup->length == 0 || in == !!(setup->type & 0x80));
}

int usb_urb_prepare(struct usb_urb *u)
{
    struct usb_transfer *t = &u->transfer;
    const struct usb_setup setup = usb_setup_get(u->head.setup);
    bool in = u->head.direction == USBIP_DIR_IN;

    t->flags = u->head.flags;
    t->interrupt = u->head.interval > 0 && t->packet_count == 0;
    memcpy(t->setup, u->head.setup, sizeof t->setup);
    t->address = (uint8_t)(u->head.ep | (in ? 0x80 : 0));
    for (size_t i = 0; i < t->packet_count; i++) {
        struct usbip_packet *p = &t->packets[i];

        p->actual = 0;
        p->status = USBIP_EXDEV;
    }
    if (!are_in_order(t) || (u->head.ep == 0 && !is_request(u, &setup)))
        return USBIP_EINVAL;
    /* usbip-win2 may give a buffer that is longer than what it asks for */
    if (u->head.ep == 0 && t->length > setup.length)
        t->length = setup.length;
    return 0;
}

/* Joins the data of isochronous IN packets, which are each at its offset. Returns their sum. */
static size_t join_packets(struct usb_transfer *t)
{
    size_t sum = 0;

    for (size_t i = 0; i < t->packet_count; i++) {
        const struct usbip_packet *p = &t->packets[i];

        memmove(t->data + sum, t->data + p->offset, p->actual);
        sum += p->actual;
    }
    return sum;
}

size_t usb_urb_reply(struct usb_urb *u)
{
    struct usb_transfer *t = &u->transfer;
    const bool in = t->address & 0x80;
    struct usbip_urb reply = {.command = USBIP_RET_SUBMIT,
                              .seqnum = u->head.seqnum,
                              .status = t->status,
                              .actual = (int32_t)t->actual,
                              .start_frame = u->head.start_frame,
                              .packets = u->head.packets};
    size_t payload = 0;

    if (t->packet_count > 0) {
        size_t sum = 0;

        for (size_t i = 0; i < t->packet_count; i++) {
            sum += t->packets[i].actual;
            reply.errors += t->packets[i].status != 0;
        }
        reply.actual = (int32_t)sum;
        payload = in ? join_packets(t) : 0;
    } else if (in) {
        payload = t->actual;
    }
    usbip_put_urb(&reply, u->reply);
    for (size_t i = 0; i < t->packet_count; i++)
        usbip_put_packet(&t->packets[i], t->data + payload + i * USBIP_PACKET_SIZE);
    return USBIP_URB_SIZE + payload + t->packet_count * USBIP_PACKET_SIZE;
}
