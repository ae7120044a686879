/*
 * Small transfers that a USB/IP session merges: each URB is answered as if it had been the device's
 * own.
 */
#include "usb_stage.h"

static void take_but_the_first_two(void *ctx, struct usb_transfer *t)
{
    (void)ctx;
    if (device.submits > 2)
        fake_usb_device_end(&device, t, 0, NULL, t->address & 0x80 ? 0 : t->length);
}

/* What is merged begins when all that was read is taken: should it be done at once, a URB that was
 * parked goes on, and what was read behind it comes after it. */
static void merged_ones_that_are_done_at_once_keep_order(void)
{
    enum { FIRST = BUDGET - 8192, LARGE = BUDGET - 4096, PARTS = 5 };
    uint8_t bytes[PARTS * USBIP_URB_SIZE];
    const struct usbip_urb heads[PARTS] = {
        unlink_of(11, 1),
        submit_of(5, 1, USBIP_DIR_IN, 64), /* parked */
        submit_of(6, 1, USBIP_DIR_IN, 64),
        submit_of(7, 1, USBIP_DIR_IN, 64),
        submit_of(8, 1, USBIP_DIR_IN, 64),
    };
    const struct usbip_urb other = submit_of(12, 7, USBIP_DIR_IN, BUDGET / 4);
    static const uint32_t order[] = {11, 2, 3, 5, 6, 7, 8, 9}; /* and 4, of the other endpoint */
    enum { ANSWERS = sizeof order / sizeof *order + 1 };
    size_t next = 0;

    begin();
    device.device.merges = true;
    device.submitted = take_but_the_first_two;
    import();
    send_in(1, FIRST);
    send_head(&other); /* what is beyond the budget, too */
    RUN_UNTIL(device.count == 2);
    send_out(2, 8192); /* does not fit, and nor do those behind it */
    send_in(3, LARGE);
    send_out(4, 2 * MIB);
    settle_unread();
    CHECK(device.submits == 2);
    for (size_t i = 0; i < PARTS; i++)
        usbip_put_urb(&heads[i], bytes + i * USBIP_URB_SIZE);
    send_all(bytes, sizeof bytes);
    settle_unread();
    send_in(9, 64);
    RUN_UNTIL(got_len >= ANSWERS * (size_t)USBIP_URB_SIZE);
    for (size_t i = 0; i < ANSWERS; i++)
        if (head_at(i * USBIP_URB_SIZE).seqnum != 4)
            CHECK(head_at(i * USBIP_URB_SIZE).seqnum == order[next++]);
    hang_up();
}

/* --- at random -------------------------------------------------------------------------------- */

enum { URBS = 300, LONGEST = 100, UNLINKS_MAX = 8 * URBS };

static unsigned state = 1;
static uint8_t taken[URBS * LONGEST]; /* by the device */
static size_t taken_len;
static size_t lengths[URBS + 1];      /* of URBs, by their number, which is each of their bytes */
static uint32_t victims[UNLINKS_MAX]; /* of unlinks, numbered from URBS + 1 */
static uint32_t sent, unlinks;

static unsigned any(unsigned n)
{
    state = state * 1103515245u + 12345u;
    return (state >> 16) % n;
}

static void take(const struct usb_transfer *t, size_t len)
{
    CHECK(taken_len + len <= sizeof taken);
    memcpy(taken + taken_len, t->data, len);
    taken_len += len;
}

static bool take_some(void *ctx, const struct usb_transfer *t)
{
    (void)ctx;
    if (t != device.under_way) /* not the oldest: nothing of it has been taken */
        return true;
    if (any(3) == 0)
        return false;
    device.under_way->actual = any((unsigned)t->length + 1);
    take(t, device.under_way->actual);
    return true;
}

static void take_oldest(void)
{
    struct usb_transfer *t = device.under_way;

    take(t, t->length);
    fake_usb_device_end(&device, t, 0, NULL, t->length);
}

static void take_at_once(void *ctx, struct usb_transfer *t)
{
    (void)ctx;
    if (t == device.under_way && any(4) == 0)
        take_oldest();
}

/* The next one, or an unlink of any before it. Returns its length. */
static size_t put_any(uint8_t *bytes)
{
    if (any(4) == 0 && sent > 0 && unlinks < UNLINKS_MAX) {
        victims[unlinks] = 1 + any(sent);
        const struct usbip_urb head = unlink_of(URBS + 1 + unlinks, victims[unlinks]);

        unlinks++;
        usbip_put_urb(&head, bytes);
        return USBIP_URB_SIZE;
    }
    sent++;
    lengths[sent] = 1 + any(any(4) ? 10 : LONGEST);
    const struct usbip_urb head = submit_of(sent, 2, USBIP_DIR_OUT, (int32_t)lengths[sent]);
    usbip_put_urb(&head, bytes);
    memset(bytes + USBIP_URB_SIZE, (int)(sent & 0xff), lengths[sent]);
    return USBIP_URB_SIZE + lengths[sent];
}

static void send_any(void)
{
    uint8_t bytes[40 * (USBIP_URB_SIZE + LONGEST)];
    size_t len = 0;

    for (unsigned n = 1 + any(40); n > 0 && sent < URBS; n--)
        len += put_any(bytes + len);
    send_all(bytes, len);
    for (unsigned n = any(6); n > 0 && device.count > 0; n--)
        take_oldest();
}

/* Whether all answers are there: each unlink has one, and each URB that was not unlinked. */
static bool is_answered(void)
{
    size_t submits = 0, cancelled = 0, total = got_len / USBIP_URB_SIZE;

    for (size_t i = 0; i < total; i++) {
        const struct usbip_urb head = head_at(i * USBIP_URB_SIZE);

        submits += head.command == USBIP_RET_SUBMIT;
        cancelled += head.command == USBIP_RET_UNLINK && head.status == USBIP_ECONNRESET;
    }
    return submits + cancelled >= sent && total >= submits + unlinks;
}

/* Each has one end, and the device has as many bytes as that says, in order. */
static void check_answers(void)
{
    unsigned ends[URBS + 1] = {0};
    size_t told[URBS + 1] = {0}, at = 0;

    for (size_t i = 0; i < got_len / USBIP_URB_SIZE; i++) {
        const struct usbip_urb head = head_at(i * USBIP_URB_SIZE);

        if (head.command == USBIP_RET_SUBMIT) {
            CHECK(head.seqnum >= 1 && head.seqnum <= URBS && head.actual > 0);
            told[head.seqnum] = (size_t)head.actual;
            if (head.status != USBIP_ECONNRESET)
                CHECK(head.status == 0 && told[head.seqnum] == lengths[head.seqnum]);
            ends[head.seqnum]++;
        } else if (head.status == USBIP_ECONNRESET) {
            CHECK(head.seqnum > URBS && head.seqnum <= URBS + unlinks);
            ends[victims[head.seqnum - URBS - 1]]++;
        }
    }
    for (uint32_t i = 1; i <= URBS; i++) {
        size_t len = 0;

        while (at < taken_len && taken[at] == (i & 0xff) && len < lengths[i]) {
            at++;
            len++;
        }
        CHECK(ends[i] == 1 && len == told[i]);
    }
    CHECK(at == taken_len);
}

/* Small transfers that are merged, unlinked, taken in part, done at once, with a budget for few or
 * for all; now and then the client dies. */
static void merged_ones_are_answered_once(void)
{
    enum { ROUNDS = 200, SMALL_BUDGET = 20000 };

    for (unsigned round = 0; round < ROUNDS; round++) {
        begin();
        device.device.merges = true;
        device.ends_cancelled = take_some;
        device.submitted = round % 2 ? take_at_once : NULL;
        export.setup.budget = round % 3 ? BUDGET : SMALL_BUDGET;
        taken_len = sent = unlinks = 0;
        import();
        for (unsigned dies = round % 5 ? URBS : any(URBS); sent < dies;)
            send_any();
        if (sent == URBS) {
            while (!is_answered()) {
                if (device.count > 0)
                    take_oldest();
                loop_settle(base);
                receive();
            }
            settle_unread();
            receive();
            CHECK(is_answered() && got_len % USBIP_URB_SIZE == 0);
            check_answers();
        }
        evutil_closesocket(client);
        client = -1;
        for (int i = 0; export.forgotten == 0; i++) {
            loop_settle(base);
            if (device.count > 0 && i > 3) /* it was told to end it, and does */
                fake_usb_device_end(&device, device.under_way, USBIP_ECONNRESET, NULL, 0);
        }
        loop_settle(base);
        CHECK(device.count == 0 && device.releases == 1 && !device.device.importer);
    }
}

static const struct test tests[] = {
    TEST(merged_ones_that_are_done_at_once_keep_order),
    TEST(merged_ones_are_answered_once),
};

STAGE_MAIN(tests)
