/*
 * Fuzzes the built-in USB devices: any transfers and cancellations, in any order; each is done
 * exactly once, within its memory. The first byte chooses the device; each transfer is 12 bytes and
 * what it sends.
 */
#include "demo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "log.h"
#include "loop.h"

enum { TRANSFERS_MAX = 32, LENGTH_MAX = 4096, DEVICES = 7 };

struct fuzzed {
    struct usb_transfer transfer;
    bool under_way;
    uint8_t data[LENGTH_MAX];
    struct usbip_packet packets[4];
};

static struct event_base *base;
static struct usb_device *devices[DEVICES];
static struct fuzzed transfers[TRANSFERS_MAX];

static void on_done(struct usb_transfer *t)
{
    struct fuzzed *f = (struct fuzzed *)t;

    if (!f->under_way || (t->packet_count == 0 && t->actual > t->length))
        abort();
    for (size_t i = 0; i < t->packet_count; i++)
        if (t->packets[i].actual > t->packets[i].length)
            abort();
    f->under_way = false;
}

static void make_devices(void)
{
    static const char *const typed[DEVICES] = {
        "loop",
        "ftdi",
        "icestick",
        NULL, /* the disk */
        "dfu",
        "mouse,play=move 500 -1;click left;wheel -1",
        "keyboard,play=type Hello;press shift;key f1",
    };
    char disk[64];
    char error[CLI_ERROR_MAX], path[] = "/tmp/fuzz_gadget.XXXXXX";
    int fd = mkstemp(path);

    log_init("fuzz", LOG_LEVEL_ERROR);
    base = loop_new(false);
    if (fd < 0 || ftruncate(fd, 1 << 20) < 0)
        abort();
    close(fd);
    snprintf(disk, sizeof disk, "disk:%s", path);
    for (unsigned i = 0; i < DEVICES; i++) {
        devices[i] = demo_new(base, typed[i] ? typed[i] : disk, i + 1, error);
        if (!devices[i])
            abort();
    }
    unlink(path);
}

/* Makes a transfer of what is at `data`. Returns the bytes used. */
static size_t make(struct usb_device *d, const uint8_t *data, size_t len)
{
    struct fuzzed *f = &transfers[data[0] % TRANSFERS_MAX];
    struct usb_transfer *t = &f->transfer;
    size_t length = ((size_t)(data[2] << 8) | data[3]) % (LENGTH_MAX + 1), used = 12;

    if (f->under_way) {
        d->ops->cancel(d, t);
        return used;
    }
    *t = (struct usb_transfer){.address = data[1],
                               .flags = data[1] & 0x10 ? USBIP_ZERO_PACKET : 0,
                               .data = f->data,
                               .length = length,
                               .packets = f->packets,
                               .packet_count = (data[1] & 0x0f) == 3 && length >= 64 ? 4 : 0,
                               .done = on_done};
    t->address &= 0x8f;
    memcpy(t->setup, data + 4, 8);
    for (size_t i = 0; i < t->packet_count; i++)
        f->packets[i] = (struct usbip_packet){.offset = (uint32_t)(i * length / 4),
                                              .length = (uint32_t)(length / 4)};
    if (!(t->address & 0x80)) {
        size_t have = len - used < length ? len - used : length;

        memcpy(f->data, data + used, have);
        used += have;
    }
    f->under_way = true;
    d->ops->submit(d, t);
    return used;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char error[USB_DEVICE_ERROR_MAX];

    if (!base)
        make_devices();
    if (len < 1)
        return 0;
    struct usb_device *d = devices[data[0] % DEVICES];
    if (d->ops->claim(d, error) < 0)
        abort();
    data++;
    len--;
    while (len >= 12) {
        size_t used = make(d, data, len);

        data += used;
        len -= used;
    }
    loop_settle(base);
    for (int i = 0; i < TRANSFERS_MAX; i++)
        if (transfers[i].under_way)
            d->ops->cancel(d, &transfers[i].transfer);
    for (int i = 0; i < TRANSFERS_MAX; i++)
        if (transfers[i].under_way)
            abort();
    d->ops->release(d);
    return 0;
}
