/*
 * Merging of small transfers, against a model: transfers are submitted, started, ended in whole or
 * in part, cancelled, in the order of the input. Each is done once, with no more than it had; what
 * the device takes is what was submitted, in order, but for what was cancelled or refused.
 *
 * The first byte of a step chooses, the second one says how much.
 */
#include <stdlib.h>
#include <string.h>

#include "fakes/fake_usb_device.h"
#include "usb_merge.h"

enum { ENDPOINTS = 3, MANY = 48, LARGE = 700, STEPS_MAX = 400 };

static struct fake_usb_device device;
static struct usb_merge merge;
static struct one {
    struct usb_transfer t;
    uint8_t data[LARGE];
    unsigned number; /* in the order of its endpoint */
    bool busy;
} ones[MANY];
static unsigned submitted[ENDPOINTS]; /* how many were, for each */
static bool parts;                    /* the device took a part of one: it is told, and goes on */

struct taken {
    unsigned number; /* of the transfer that the last byte came from */
    unsigned at;     /* its place there */
    bool any;
};

static struct taken taken[ENDPOINTS];

static void on_done(struct usb_transfer *t)
{
    struct one *o = (struct one *)(void *)t;

    if (!o->busy || t->actual > t->length)
        abort();
    o->busy = false;
}

/* Each byte says whose it is, and where it stands there: the low bits of both. */
static uint8_t mark(unsigned number, unsigned at)
{
    return (uint8_t)((number & 15) << 4 | (at & 15));
}

static void submit(unsigned ep, size_t len)
{
    struct one *o = ones;

    while (o < ones + MANY && o->busy)
        o++;
    if (o == ones + MANY)
        return;
    memset(&o->t, 0, sizeof o->t);
    o->busy = true;
    o->number = submitted[ep]++;
    o->t.address = (uint8_t)(ep + 1);
    o->t.length = len;
    o->t.data = o->data;
    o->t.done = on_done;
    for (unsigned i = 0; i < len; i++)
        o->data[i] = mark(o->number, i);
    usb_merge_submit(&merge, &o->t);
}

/* The device takes bytes of an endpoint. They go on where the last ones were, or later. */
static void take(const struct usb_transfer *t, size_t count)
{
    struct taken *last = &taken[t->address - 1];

    for (size_t i = 0; i < count; i++) {
        const unsigned number = t->data[i] >> 4, at = t->data[i] & 15;
        const bool goes_on =
            last->any && number == (last->number & 15) && at == ((last->at + 1) & 15);

        if (!goes_on && at != 0) /* the middle of one without its beginning */
            abort();
        if (!goes_on && last->any) {
            unsigned next = last->number + 1;

            while ((next & 15) != number)
                next++;
            if (next >= submitted[t->address - 1])
                abort();
            last->number = next;
            last->at = 0;
        } else if (goes_on) {
            last->at++;
        } else {
            last->number = number;
            last->at = 0;
        }
        last->any = true;
    }
}

static struct usb_transfer *pick(uint8_t number)
{
    struct usb_transfer *t = device.under_way;

    for (unsigned i = device.count ? number % device.count : 0; t && i > 0; i--)
        t = t->next;
    return t;
}

/* The first of its endpoint: a device takes them in order. */
static struct usb_transfer *first_of(const struct usb_transfer *any)
{
    struct usb_transfer *t = device.under_way;

    while (t && any && t->address != any->address)
        t = t->next;
    return t;
}

static void end(uint8_t arg, bool whole)
{
    struct usb_transfer *t = first_of(pick(arg));

    if (!t)
        return;
    size_t actual = whole ? t->length : t->length * (arg & 7) / 8;
    take(t, actual);
    fake_usb_device_end(&device, t, whole ? 0 : USBIP_ECONNRESET, NULL, actual);
}

static void cancel(uint8_t arg)
{
    struct one *o = &ones[arg % MANY];

    if (o->busy)
        usb_merge_cancel(&merge, &o->t);
}

static bool ends_cancelled(void *ctx, const struct usb_transfer *t)
{
    (void)ctx;
    (void)t;
    return !parts;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct usbip_device record = {.busid = "1-1"};

    if (len < 3 || len > STEPS_MAX)
        return 0;
    fake_usb_device_init(&device, &record);
    device.device.merges = true;
    device.ends_cancelled = ends_cancelled;
    parts = data[0] & 1;
    usb_merge_init(&merge, &device.device);
    memset(ones, 0, sizeof ones);
    memset(taken, 0, sizeof taken);
    memset(submitted, 0, sizeof submitted);
    for (size_t i = 1; i + 1 < len; i += 2) {
        const uint8_t arg = data[i + 1];

        switch (data[i] % 8) {
        case 0:
        case 1:
        case 2:
            submit(data[i] >> 3 & 1, 1 + arg % USB_MERGE_SMALL);
            break;
        case 3:
            submit(2, 1 + arg * 2u);
            break;
        case 4:
            usb_merge_start(&merge);
            break;
        case 5:
            end(arg, true);
            break;
        case 6:
            end(arg, false);
            break;
        default:
            cancel(arg);
        }
    }
    usb_merge_start(&merge);
    while (device.count > 0)
        end(0, true);
    for (const struct one *o = ones; o < ones + MANY; o++)
        if (o->busy) /* never done */
            abort();
    return 0;
}
