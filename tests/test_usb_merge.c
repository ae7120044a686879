/*
 * Merging: whatever is submitted, cancelled, taken in part or refused, the device gets the bytes in
 * order, each once, and each transfer is done once, with what was taken of it.
 */
#include "usb_merge.h"

#include "fakes/fake_usb_device.h"
#include "test.h"

enum { OUT = 2, MANY = 64, LARGE = 4096, STREAM_MAX = 1 << 20 };

static struct fake_usb_device device;
static struct usb_merge merge;
static struct one {
    struct usb_transfer t;
    uint8_t data[LARGE];
    int dones;
} ones[MANY];
static uint8_t counting[LARGE + 256];
static void (*then)(struct one *o); /* done by the next that is done */

static void on_done(struct usb_transfer *t)
{
    struct one *o = (struct one *)(void *)t;
    void (*now)(struct one * o) = then;

    o->dones++;
    then = NULL;
    if (now)
        now(o);
}

static struct usb_transfer *submit(unsigned i, uint8_t address, size_t len, uint8_t first)
{
    struct one *o = &ones[i];

    CHECK(i < MANY && len <= LARGE);
    memset(&o->t, 0, sizeof o->t);
    o->dones = 0;
    o->t.address = address;
    o->t.length = len;
    o->t.data = o->data;
    o->t.done = on_done;
    o->t.status = 1;
    memcpy(o->data, counting + first, len);
    usb_merge_submit(&merge, &o->t);
    return &o->t;
}

static void begin(bool merges)
{
    const struct usbip_device record = {.busid = "1-1"};

    fake_usb_device_init(&device, &record);
    device.device.merges = merges;
    usb_merge_init(&merge, &device.device);
    for (size_t k = 0; k < sizeof counting; k++)
        counting[k] = (uint8_t)k;
    then = NULL;
}

static void finish(int status, size_t actual)
{
    fake_usb_device_end(&device, device.under_way, status, NULL, actual);
}

static bool is_done(unsigned i, int status, size_t actual)
{
    return ones[i].dones == 1 && ones[i].t.status == status && ones[i].t.actual == actual;
}

static bool has(const struct usb_transfer *t, const char *bytes, size_t len)
{
    return t->length == len && memcmp(t->data, bytes, len) == 0;
}

static void small_ones_become_one(void)
{
    begin(true);
    for (unsigned i = 0; i < 3; i++)
        submit(i, OUT, 2, (uint8_t)(2 * i));
    CHECK(device.count == 0);
    usb_merge_start(&merge);
    CHECK(device.count == 1 && has(device.under_way, "\0\1\2\3\4\5", 6));
    submit(3, OUT, 1, 6);
    submit(4, OUT, 1, 7);
    usb_merge_start(&merge);
    CHECK(device.count == 1); /* those behind wait for it, and are merged meanwhile */
    finish(0, 6);
    CHECK(is_done(0, 0, 2) && is_done(1, 0, 2) && is_done(2, 0, 2) && ones[3].dones == 0);
    CHECK(device.count == 1 && has(device.under_way, "\6\7", 2));
    finish(0, 2);
    CHECK(is_done(3, 0, 1) && is_done(4, 0, 1));
    CHECK(device.count == 0 && device.submits == 2);
}

static void a_packet_is_the_most(void)
{
    begin(true);
    for (unsigned i = 0; i < 10; i++)
        submit(i, OUT, USB_MERGE_SMALL, 0);
    usb_merge_start(&merge);
    CHECK(device.count == 1 && device.under_way->length == USB_MERGE_MAX);
    finish(0, USB_MERGE_MAX);
    CHECK(device.count == 1 && device.under_way->length == 2 * USB_MERGE_SMALL);
    finish(0, 2 * USB_MERGE_SMALL);
    for (unsigned i = 0; i < 10; i++)
        CHECK(is_done(i, 0, USB_MERGE_SMALL));
}

/* A single one is the device's own, without a copy, as are large ones, which may be many at once.
 */
static void others_are_left_as_they_are(void)
{
    begin(true);
    submit(0, OUT, 1, 0);
    usb_merge_start(&merge);
    CHECK(device.under_way == &ones[0].t);
    submit(1, OUT, LARGE, 0);
    submit(2, OUT, USB_MERGE_SMALL + 1, 0);
    submit(3, OUT, 0, 0);
    usb_merge_start(&merge);
    CHECK(device.count == 4);
    while (device.count > 0)
        finish(0, device.under_way->length);
    CHECK(is_done(0, 0, 1) && is_done(1, 0, LARGE) && is_done(3, 0, 0));

    /* behind a merged one they wait: a part of it may have to go again */
    submit(0, OUT, 1, 0);
    submit(1, OUT, 1, 1);
    submit(2, OUT, LARGE, 0);
    usb_merge_start(&merge);
    CHECK(device.count == 1 && device.under_way->length == 2);
    finish(0, 2);
    CHECK(device.count == 1 && device.under_way == &ones[2].t);
    finish(0, LARGE);

    submit(0, OUT, 1, 0);
    submit(1, OUT, 1, 1);
    ones[1].t.flags = USBIP_ZERO_PACKET; /* its end is not to be lost */
    usb_merge_start(&merge);
    CHECK(device.count == 2);
    finish(0, 1);
    finish(0, 1);
}

static void other_endpoints_do_not_wait(void)
{
    begin(true);
    submit(0, OUT, 1, 0);
    submit(1, OUT, 1, 1);
    submit(2, 0x80 | OUT, 64, 0);
    submit(3, 0, 0, 0);
    submit(4, OUT + 1, 1, 2);
    submit(5, OUT + 1, 1, 3);
    CHECK(device.count == 2); /* IN and endpoint 0, at once */
    usb_merge_start(&merge);
    CHECK(device.count == 4);
    while (device.count > 0)
        finish(0, device.under_way->length);
    CHECK(is_done(0, 0, 1) && is_done(5, 0, 1));
}

static void devices_of_packets_are_left_alone(void)
{
    begin(false);
    submit(0, OUT, 1, 0);
    submit(1, OUT, 1, 1);
    CHECK(device.count == 2 && device.under_way == &ones[0].t);
    usb_merge_start(&merge);
    usb_merge_cancel(&merge, &ones[0].t);
    CHECK(is_done(0, USBIP_ECONNRESET, 0) && device.cancels == 1);
    finish(0, 1);
}

static void one_that_waits_is_cancelled(void)
{
    begin(true);
    for (unsigned i = 0; i < 3; i++)
        submit(i, OUT, 1, (uint8_t)i);
    usb_merge_cancel(&merge, &ones[1].t);
    CHECK(is_done(1, USBIP_ECONNRESET, 0) && device.cancels == 0);
    usb_merge_cancel(&merge, &ones[2].t);
    submit(3, OUT, 1, 3);
    usb_merge_start(&merge);
    CHECK(has(device.under_way, "\0\3", 2));
    finish(0, 2);
}

static bool never(void *ctx, const struct usb_transfer *t)
{
    (void)ctx;
    (void)t;
    return false;
}

/* The device has taken a byte and a half of four; what is left of the others goes before all else.
 */
static void a_member_is_cancelled(void)
{
    begin(true);
    device.ends_cancelled = never; /* at once */
    for (unsigned i = 0; i < 4; i++)
        submit(i, OUT, 2, (uint8_t)(2 * i));
    usb_merge_start(&merge);
    submit(4, OUT, 1, 8);
    usb_merge_start(&merge);
    usb_merge_cancel(&merge, &ones[2].t);
    CHECK(device.cancels == 1 && ones[2].dones == 0);
    finish(USBIP_ECONNRESET, 3);
    CHECK(is_done(0, 0, 2) && ones[1].dones == 0 && is_done(2, USBIP_ECONNRESET, 0));
    CHECK(device.count == 1 && has(device.under_way, "\3\6\7\10", 4));
    finish(0, 4);
    CHECK(is_done(1, 0, 2) && is_done(3, 0, 2) && is_done(4, 0, 1));

    /* it was done before the cancel came, or there was nothing left of it */
    submit(0, OUT, 2, 0);
    submit(1, OUT, 2, 2);
    usb_merge_start(&merge);
    usb_merge_cancel(&merge, &ones[0].t);
    usb_merge_cancel(&merge, &ones[1].t);
    CHECK(device.cancels == 2);
    finish(0, 4);
    CHECK(is_done(0, 0, 2) && is_done(1, 0, 2));

    /* a part of one is cancelled where it stands */
    submit(0, OUT, 2, 0);
    submit(1, OUT, 2, 2);
    usb_merge_start(&merge);
    usb_merge_cancel(&merge, &ones[1].t);
    finish(USBIP_ECONNRESET, 3);
    CHECK(is_done(0, 0, 2) && is_done(1, USBIP_ECONNRESET, 1) && device.count == 0);
}

static void failures_are_those_of_each(void)
{
    begin(true);
    for (unsigned i = 0; i < 3; i++)
        submit(i, OUT, 2, 0);
    usb_merge_start(&merge);
    finish(USBIP_EPIPE, 3);
    CHECK(is_done(0, 0, 2) && is_done(1, USBIP_EPIPE, 1) && is_done(2, USBIP_EPIPE, 0));

    submit(0, OUT, 2, 0);
    submit(1, OUT, 2, 0);
    usb_merge_start(&merge);
    usb_merge_cancel(&merge, &ones[1].t);
    CHECK(device.count == 1 && device.under_way->length == 2); /* the first goes again */
    finish(USBIP_ESHUTDOWN, 0);
    CHECK(is_done(0, USBIP_ESHUTDOWN, 0) && is_done(1, USBIP_ECONNRESET, 0));

    submit(0, OUT, 2, 0);
    submit(1, OUT, 2, 0);
    usb_merge_start(&merge);
    finish(0, 3); /* which no device does */
    CHECK(is_done(0, 0, 2) && is_done(1, USBIP_EPROTO, 1) && device.count == 0);
}

static void cancel_all(struct one *o)
{
    for (unsigned i = 0; i < MANY; i++)
        if (&ones[i] != o && ones[i].dones == 0)
            usb_merge_cancel(&merge, &ones[i].t);
}

/* As a session does that ends because an answer cannot be kept. */
static void the_first_answer_ends_all(void)
{
    begin(true);
    for (unsigned i = 0; i < MANY; i++)
        submit(i, OUT, i % 9 == 8 ? LARGE : 3, 0);
    usb_merge_start(&merge);
    then = cancel_all;
    finish(0, device.under_way->length);
    for (unsigned i = 0; i < MANY; i++)
        CHECK(ones[i].dones == 1);
    CHECK(device.count == 0 && merge.waiting == 0);
}

/* A device that is gone refuses all at once: their number does not matter. */
static void refuse(void *ctx, struct usb_transfer *t)
{
    (void)ctx;
    if (device.submits > 1)
        fake_usb_device_end(&device, t, USBIP_ENODEV, NULL, 0);
}

static void many_are_refused(void)
{
    enum { LINE = 60000 };
    static uint8_t data[USB_MERGE_SMALL + 1];
    struct one *line = calloc(LINE, sizeof *line);

    CHECK(line);
    begin(true);
    device.submitted = refuse;
    for (unsigned i = 0; i < LINE; i++) {
        line[i].t = (struct usb_transfer){.address = OUT, .data = data, .done = on_done};
        line[i].t.length = i % 3 == 2 ? sizeof data : 1;
        usb_merge_submit(&merge, &line[i].t);
    }
    usb_merge_start(&merge);
    CHECK(device.count == 1);
    finish(USBIP_ENODEV, 0);
    for (unsigned i = 0; i < LINE; i++)
        CHECK(line[i].dones == 1 && line[i].t.status == USBIP_ENODEV);
    CHECK(device.count == 0 && merge.waiting == 0);
    free(line);
}

/* --- at random -------------------------------------------------------------------------------- */

static uint8_t taken[STREAM_MAX]; /* by the device */
static size_t taken_len;
static unsigned state = 1;

static unsigned any(unsigned n)
{
    state = state * 1103515245u + 12345u;
    return (state >> 16) % n;
}

static void take(size_t len)
{
    const struct usb_transfer *t = device.under_way;

    CHECK(taken_len + len <= STREAM_MAX);
    memcpy(taken + taken_len, t->data, len);
    taken_len += len;
}

static bool take_some(void *ctx, const struct usb_transfer *t)
{
    size_t part = any((unsigned)t->length + 1);

    (void)ctx;
    if (t != device.under_way || any(3) == 0) /* not the oldest: nothing of it has been taken */
        return t != device.under_way;
    take(part);
    device.under_way->actual = part;
    return true;
}

/* The device ends the oldest: whole, or, when it was cancelled and did not end, in part. */
static void take_oldest(void)
{
    struct usb_transfer *t = device.under_way;

    take(t->length);
    finish(0, t->length);
}

/* Each byte says which transfer it is of, and where: what the device has must be all done ones'
 * first `actual` bytes, in the order in which they were submitted. */
static void order_is_kept(void)
{
    enum { ROUNDS = 300 };

    for (int round = 0; round < ROUNDS; round++) {
        uint8_t wanted[MANY * 100];
        size_t len = 0;

        begin(true);
        device.ends_cancelled = take_some;
        taken_len = 0;
        unsigned next = 0;
        while (next < MANY || device.count > 0 || merge.waiting > 0) {
            unsigned what = any(8);

            if (what < 4 && next < MANY) {
                submit(next, OUT, 1 + any(any(4) ? 20 : 100), (uint8_t)(next * 3));
                next++;
            } else if (what == 4 && next > 0) {
                struct one *o = &ones[any(next)];
                if (o->dones == 0)
                    usb_merge_cancel(&merge, &o->t);
            } else if (what == 5 || next == MANY) {
                usb_merge_start(&merge);
            } else if (device.count > 0) {
                take_oldest();
            }
            if (next == MANY && device.count > 0 && any(2))
                take_oldest();
        }
        for (unsigned i = 0; i < MANY; i++) {
            const struct usb_transfer *t = &ones[i].t;

            CHECK(ones[i].dones == 1);
            CHECK(t->status == 0 ? t->actual == t->length : t->status == USBIP_ECONNRESET);
            memcpy(wanted + len, ones[i].data, t->actual);
            len += t->actual;
        }
        CHECK(len == taken_len && memcmp(wanted, taken, len) == 0);
    }
}

static const struct test tests[] = {
    TEST(small_ones_become_one),
    TEST(a_packet_is_the_most),
    TEST(others_are_left_as_they_are),
    TEST(other_endpoints_do_not_wait),
    TEST(devices_of_packets_are_left_alone),
    TEST(one_that_waits_is_cancelled),
    TEST(a_member_is_cancelled),
    TEST(failures_are_those_of_each),
    TEST(the_first_answer_ends_all),
    TEST(many_are_refused),
    TEST(order_is_kept),
};
TEST_MAIN(tests)
