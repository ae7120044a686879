#include "usbip_wire.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static void add_part(struct usbip_wire *w, const void *data, size_t len)
{
    if (len == 0)
        return;
    w->parts[w->count++] = (struct iovec){(void *)(uintptr_t)data, len};
    w->size += len;
}

int usbip_wire_init(struct usbip_wire *w, const struct usbip_link_urb *u, uint32_t devid)
{
    const bool in = (u->address & 0x80) != 0;
    struct usbip_urb head = {.command = USBIP_CMD_SUBMIT,
                             .seqnum = u->entry.seqnum,
                             .devid = devid,
                             .direction = in ? USBIP_DIR_IN : USBIP_DIR_OUT,
                             .ep = u->address & 15,
                             .flags = u->flags | (in ? USBIP_DIR_MASK_IN : 0),
                             .length = (int32_t)u->length,
                             .packets = (int32_t)u->packet_count,
                             .interval = u->interval};

    *w = (struct usbip_wire){.packets = NULL};
    memcpy(head.setup, u->setup, sizeof head.setup);
    usbip_put_urb(&head, w->head);
    add_part(w, w->head, sizeof w->head);
    if (!in)
        add_part(w, u->data, u->length);
    if (u->packet_count == 0)
        return 0;
    w->packets = malloc(u->packet_count * USBIP_PACKET_SIZE);
    if (!w->packets)
        return -ENOMEM;
    for (size_t i = 0; i < u->packet_count; i++) {
        const struct usbip_packet p = {.offset = u->packets[i].offset,
                                       .length = u->packets[i].length};

        usbip_put_packet(&p, w->packets + i * USBIP_PACKET_SIZE);
    }
    add_part(w, w->packets, u->packet_count * USBIP_PACKET_SIZE);
    return 0;
}

void usbip_wire_free(struct usbip_wire *w)
{
    free(w->packets);
    w->packets = NULL;
}

void usbip_wire_skip(struct usbip_wire *w, size_t sent)
{
    for (int i = 0; i < w->count && sent > 0; i++) {
        size_t part = sent < w->parts[i].iov_len ? sent : w->parts[i].iov_len;

        w->parts[i].iov_base = (uint8_t *)w->parts[i].iov_base + part;
        w->parts[i].iov_len -= part;
        sent -= part;
    }
}
