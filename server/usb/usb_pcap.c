#include "usb_pcap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/util.h>

#include "error_text.h"
#include "file.h"
#include "log.h"
#include "proto/usb_desc.h"

enum {
    BLOCK_SECTION = 0x0a0d0d0a,
    BLOCK_INTERFACE = 1,
    BLOCK_PACKET = 6,
    MAGIC = 0x1a2b3c4d, /* tells the reader our byte order */
    LINK_USB_LINUX = 220,
    PACKET_HEAD = 28, /* of its block, before the data */
    USBMON_HEAD = 64,
    USBMON_PACKET = 16, /* of each isochronous packet */
    DATA_MAX = 65536,   /* of a transfer; the rest is not recorded */
    EINPROGRESS_LINUX = 115,
};

struct usb_pcap {
    FILE *file;
    bool failed;
};

/* --- writing -----------------------------------------------------------------------------------
 */

static void check(struct usb_pcap *p, bool good)
{
    if (p->failed || good)
        return;
    p->failed = true;
    log_error("the record of transfers ends here, its file cannot be written: %s",
              error_text(errno));
}

static void put(struct usb_pcap *p, const void *data, size_t len)
{
    if (!p->failed && len > 0)
        check(p, fwrite(data, 1, len, p->file) == len);
}

static void put_u32(struct usb_pcap *p, uint32_t v)
{
    put(p, &v, sizeof v);
}

static void put_head(struct usb_pcap *p)
{
    const uint16_t version[] = {1, 0}, link[] = {LINK_USB_LINUX, 0};
    const uint64_t unknown = UINT64_MAX; /* length of the section */

    put_u32(p, BLOCK_SECTION);
    put_u32(p, 28);
    put_u32(p, MAGIC);
    put(p, version, sizeof version);
    put(p, &unknown, sizeof unknown);
    put_u32(p, 28);
    put_u32(p, BLOCK_INTERFACE);
    put_u32(p, 20);
    put(p, link, sizeof link);
    put_u32(p, 0); /* no limit */
    put_u32(p, 20);
}

/* --- usbmon ------------------------------------------------------------------------------------
 */

/* The kind of a transfer, as usbmon counts them. */
static uint8_t kind_of(const struct usb_transfer *t)
{
    enum { ISOCHRONOUS, INTERRUPT, CONTROL, BULK };

    if (t->packet_count > 0)
        return ISOCHRONOUS;
    if ((t->address & 15) == 0)
        return CONTROL;
    return t->interrupt ? INTERRUPT : BULK;
}

/* struct mon_bin_hdr of the kernel. */
struct usbmon {
    uint64_t id;
    uint8_t event, kind, address, device;
    uint16_t bus;
    uint8_t no_setup, no_data;
    int64_t seconds;
    int32_t microseconds;
    int32_t status;
    uint32_t length, captured;
    union {
        uint8_t setup[8];
        struct {
            int32_t errors, count;
        } iso;
    } u;
    int32_t interval, start_frame;
    uint32_t flags, packets;
};

_Static_assert(sizeof(struct usbmon) == USBMON_HEAD, "struct usbmon has gaps");

static void put_packets(struct usb_pcap *p, const struct usb_transfer *t, bool done)
{
    for (size_t i = 0; i < t->packet_count; i++) {
        const struct usbip_packet *packet = &t->packets[i];

        put_u32(p, (uint32_t)packet->status);
        put_u32(p, packet->offset);
        put_u32(p, done ? packet->actual : packet->length);
        put_u32(p, 0);
    }
}

/* The total result: bytes that have been moved, where the last of them ends in the data, and
 * packets that have failed. */
struct outcome {
    size_t moved, end;
    int32_t errors;
};

static struct outcome outcome_of(const struct usb_transfer *t)
{
    struct outcome o = {0};

    if (t->packet_count == 0)
        return (struct outcome){.moved = t->actual, .end = t->actual};
    for (size_t i = 0; i < t->packet_count; i++) {
        const struct usbip_packet *packet = &t->packets[i];

        o.moved += packet->actual;
        if (packet->actual > 0) /* they are in order */
            o.end = packet->offset + packet->actual;
        o.errors += packet->status != 0;
    }
    return o;
}

static void record(struct usb_pcap *p, const struct usb_device *d, const struct usb_transfer *t,
                   bool done)
{
    static const uint8_t zero[4];
    const bool in = t->address & 0x80, has_data = in == done;
    const struct outcome o =
        done ? outcome_of(t) : (struct outcome){.moved = t->length, .end = t->length};
    const size_t captured = !has_data ? 0 : o.end < DATA_MAX ? o.end : DATA_MAX;
    const size_t len = USBMON_HEAD + t->packet_count * USBMON_PACKET + captured;
    const uint32_t block = (uint32_t)(PACKET_HEAD + (len + 3) / 4 * 4 + 4);
    struct timeval now;
    struct usbmon m = {.id = (uintptr_t)t,
                       .event = done ? 'C' : 'S',
                       .kind = kind_of(t),
                       .address = t->address,
                       .device = (uint8_t)d->record.devnum,
                       .bus = (uint16_t)d->record.busnum,
                       .no_setup = '-',
                       .no_data = has_data ? 0
                                  : in     ? '<'
                                           : '>',
                       .status = done ? t->status : -EINPROGRESS_LINUX,
                       .length = (uint32_t)o.moved,
                       .captured = (uint32_t)(captured + t->packet_count * USBMON_PACKET),
                       .packets = (uint32_t)t->packet_count};

    evutil_gettimeofday(&now, NULL);
    m.seconds = now.tv_sec;
    m.microseconds = (int32_t)now.tv_usec;
    if (t->packet_count > 0) {
        m.u.iso.errors = o.errors;
        m.u.iso.count = (int32_t)t->packet_count;
    }
    if ((t->address & 15) == 0 && !done) {
        m.no_setup = 0;
        memcpy(m.u.setup, t->setup, sizeof m.u.setup);
    }
    const uint64_t time = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_usec;
    put_u32(p, BLOCK_PACKET);
    put_u32(p, block);
    put_u32(p, 0); /* the interface */
    put_u32(p, (uint32_t)(time >> 32));
    put_u32(p, (uint32_t)time);
    put_u32(p, (uint32_t)len);
    put_u32(p, (uint32_t)len);
    put(p, &m, sizeof m);
    put_packets(p, t, done);
    put(p, t->data, captured);
    put(p, zero, (4 - len % 4) % 4);
    put_u32(p, block);
    if (done && !p->failed)
        check(p, fflush(p->file) == 0);
}

void usb_pcap_submit(struct usb_pcap *p, const struct usb_device *d, const struct usb_transfer *t)
{
    if (p)
        record(p, d, t, false);
}

void usb_pcap_done(struct usb_pcap *p, const struct usb_device *d, const struct usb_transfer *t)
{
    if (p)
        record(p, d, t, true);
}

struct usb_pcap *usb_pcap_open(const char *path, char error[static USB_PCAP_ERROR_MAX])
{
    struct usb_pcap *p = calloc(1, sizeof *p);

    snprintf(error, USB_PCAP_ERROR_MAX, "out of memory");
    if (!p)
        return NULL;
    p->file = file_open_private(path);
    if (!p->file) {
        snprintf(error, USB_PCAP_ERROR_MAX, "%.300s, for the record of transfers: %s", path,
                 error_text(errno));
        free(p);
        return NULL;
    }
    put_head(p);
    return p;
}

void usb_pcap_close(struct usb_pcap *p)
{
    if (!p)
        return;
    fclose(p->file);
    free(p);
}
