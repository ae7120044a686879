/*
 * The stage of tests of a real USB device: usb_libusb over a libusb in memory, whose journal tells
 * what was called.
 */
#ifndef TESTS_USB_LIBUSB_STAGE_H
#define TESTS_USB_LIBUSB_STAGE_H

#include <errno.h>

#include <event2/event.h>

#include "fakes/fake_libusb.h"
#include "log.h"
#include "loop.h"
#include "patience.h"
#include "proto/usb_desc.h"
#include "startup.h"
#include "test.h"
#include "usb_libusb.h"

enum { DATA_MAX = 256, PACKETS_MAX = 4, RETRY_LIMIT_MS = 2000 };

struct one {
    struct usb_transfer t;
    uint8_t data[DATA_MAX];
    struct usbip_packet packets[PACKETS_MAX];
    int done;
};

static struct event_base *base;
static struct usb_device *device;
static int lost;
static char order[64]; /* of those that are done, by setup[7] */
static size_t order_len;

static inline void on_lost(void *ctx, struct usb_device *d)
{
    CHECK(ctx == &lost && d == device);
    lost++;
}

static inline void on_done(struct usb_transfer *t)
{
    struct one *o = (struct one *)(void *)t;

    o->done++;
    order[order_len++] = (char)t->setup[7];
    order[order_len] = '\0';
}

static inline void expect(const char *want)
{
    CHECK_TEXT(fake_libusb.journal.text, want);
    journal_clear(&fake_libusb.journal);
}

static inline void make(void)
{
    fake_libusb_reset();
    lost = 0;
    order_len = 0;
    device = usb_libusb_new(base, fake_libusb.device, NULL, on_lost, &lost);
    CHECK(device);
}

/* One that is imported. */
static inline void begin(void)
{
    char error[USB_DEVICE_ERROR_MAX];

    make();
    CHECK(device->ops->claim(device, error) == 0);
    expect("open\nclaim 0\nclaim 1\n");
}

static inline void end(void)
{
    CHECK(fake_libusb.count == 0);
    device->ops->release(device);
    loop_settle(base);
    device->ops->free(device);
    CHECK(fake_libusb.references == 0 && fake_libusb.allocated == 0);
}

static inline struct one *transfer_of(struct one *o, uint8_t address, size_t length)
{
    memset(o, 0, sizeof *o);
    o->t = (struct usb_transfer){
        .address = address, .data = o->data, .length = length, .done = on_done};
    o->t.setup[7] = '.';
    return o;
}

static inline void submit(struct one *o)
{
    device->ops->submit(device, &o->t);
}

/* A request of endpoint 0 without data, which is answered at once. Returns its status. */
static inline int request(uint8_t type, uint8_t code, uint16_t value, uint16_t index)
{
    struct one o;
    const uint8_t setup[8] = {type, code, (uint8_t)value, (uint8_t)(value >> 8), (uint8_t)index, 0,
                              0,    0};

    transfer_of(&o, 0, 0);
    memcpy(o.t.setup, setup, sizeof setup);
    submit(&o);
    CHECK(o.done == 1);
    return o.t.status;
}

static inline struct libusb_transfer *oldest(void)
{
    CHECK(fake_libusb.count > 0);
    return fake_libusb.under_way[0];
}

static inline void drop_line(enum log_level level, const char *line)
{
    (void)level;
    (void)line;
}

/* Runs the tests that the command line names, with a loop. Returns the program's status. */
static inline int stage_main(int argc, char **argv, const struct test *tests, size_t count)
{
    CHECK(startup_init(&argc, &argv) == 0);
    log_set_sink(drop_line);
    base = loop_new(false);
    CHECK(base);
    int status = test_main(argc, argv, tests, count);
    loop_free(base);
    return status;
}

#endif
