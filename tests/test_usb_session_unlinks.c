/*
 * Unlinks of a USB/IP session: each is answered once, and says what has become of its URB, whenever
 * it comes.
 */
#include "usb_stage.h"

#include "usb_early_unlinks.h"

static void all_are_unlinked_twice(void)
{
    begin();
    import();
    for (uint32_t i = 1; i <= MANY; i++)
        send_in(i, 64);
    RUN_UNTIL(device.count == MANY);
    for (uint32_t i = 1; i <= MANY; i++) {
        send_unlink(MANY + i, i);
        send_unlink(2 * MANY + i, i);
    }
    RUN_UNTIL(got_len == 2 * (size_t)MANY * USBIP_URB_SIZE);
    CHECK(device.count == 0 && device.cancels == MANY);
    for (uint32_t i = 0; i < 2 * MANY; i++) {
        const struct usbip_urb head = head_at(i * USBIP_URB_SIZE);

        CHECK(head.command == USBIP_RET_UNLINK && head.seqnum == 1 + i / 2 + (1 + i % 2) * MANY);
        CHECK(head.status == (i % 2 ? 0 : USBIP_ECONNRESET));
    }
    hang_up();
}

static void unread_answers_to_unlinks_are_bounded(void)
{
    enum { STORM = 1000000 };
    uint8_t *storm = malloc((size_t)STORM * USBIP_URB_SIZE);

    CHECK(storm);
    for (uint32_t i = 0; i < STORM; i++) {
        const struct usbip_urb head = unlink_of(1 + i, 12345678);

        usbip_put_urb(&head, storm + (size_t)i * USBIP_URB_SIZE);
    }
    begin();
    import();
    const size_t sent = send_some(storm, (size_t)STORM * USBIP_URB_SIZE);
    CHECK(sent < (size_t)STORM * USBIP_URB_SIZE / 2); /* it reads no more than it can answer */
    RUN_UNTIL(got_len >= sent / USBIP_URB_SIZE * USBIP_URB_SIZE);
    const size_t count = sent / USBIP_URB_SIZE;
    bool *seen = calloc(count, 1); /* the first ones wait a moment for their URB */
    for (size_t i = 0; i < count; i++) {
        const uint32_t seqnum = head_at(i * USBIP_URB_SIZE).seqnum;

        CHECK(seqnum >= 1 && seqnum <= count && !seen[seqnum - 1]);
        seen[seqnum - 1] = true;
    }
    hang_up();
    free(seen);
    free(storm);
}

static void data_of_an_unlinked_urb_is_not_lost(void)
{
    begin();
    import();
    send_in(1, 64);
    RUN_UNTIL(device.under_way);
    memcpy(device.under_way->data, "hello", 5);
    device.under_way->actual = 5;
    send_unlink(2, 1);
    RUN_UNTIL(got_len == 2 * USBIP_URB_SIZE + 5);
    const struct usbip_urb submit = head_at(0), unlink = head_at(USBIP_URB_SIZE + 5);
    CHECK(submit.command == USBIP_RET_SUBMIT && submit.status == USBIP_ECONNRESET);
    CHECK(submit.actual == 5 && memcmp(got + USBIP_URB_SIZE, "hello", 5) == 0);
    CHECK(unlink.command == USBIP_RET_UNLINK && unlink.seqnum == 2 && unlink.status == 0);
    hang_up();
}

static void what_an_unlinked_urb_has_sent_is_told(void)
{
    begin();
    import();
    send_out(1, 64);
    RUN_UNTIL(device.under_way);
    device.under_way->actual = 5;
    send_unlink(2, 1);
    RUN_UNTIL(got_len == 2 * USBIP_URB_SIZE);
    const struct usbip_urb submit = head_at(0), unlink = head_at(USBIP_URB_SIZE);
    CHECK(submit.command == USBIP_RET_SUBMIT && submit.status == USBIP_ECONNRESET);
    CHECK(submit.seqnum == 1 && submit.actual == 5);
    CHECK(unlink.command == USBIP_RET_UNLINK && unlink.seqnum == 2 && unlink.status == 0);
    hang_up();
}

/* The unlink overtook its URB, whose data take their time. */
static void an_early_unlink_waits_for_the_data_of_its_urb(void)
{
    enum { DATA = 1000 };
    const struct usbip_urb head = submit_of(1, 2, USBIP_DIR_OUT, DATA);
    const struct usbip_urb unlink = unlink_of(2, 1);
    static uint8_t bytes[2 * USBIP_URB_SIZE + DATA];
    const size_t part = 2 * USBIP_URB_SIZE + DATA / 2;

    begin();
    import();
    usbip_put_urb(&unlink, bytes);
    usbip_put_urb(&head, bytes + USBIP_URB_SIZE);
    send_all(bytes, part);
    const uint64_t limit = clock_now_ms() + USB_EARLY_UNLINKS_MS + 100;
    RUN_UNTIL(clock_now_ms() > limit);
    CHECK(got_len == 0);
    send_all(bytes + part, sizeof bytes - part);
    RUN_UNTIL(got_len == USBIP_URB_SIZE);
    CHECK(head_at(0).command == USBIP_RET_UNLINK && head_at(0).status == USBIP_ECONNRESET);
    CHECK(device.submits == 0);
    hang_up();
}

/* The segment with the URB was lost, and is sent again; that of number 9 never comes. */
static void an_early_unlink_waits_for_its_urb(void)
{
    const uint64_t again = clock_now_ms() + 100;

    begin();
    import();
    send_unlink(8, 9);
    send_unlink(2, 1);
    RUN_UNTIL(clock_now_ms() > again);
    CHECK(got_len == 0);
    send_in(1, 4);
    RUN_UNTIL(got_len == USBIP_URB_SIZE);
    CHECK(head_at(0).command == USBIP_RET_UNLINK && head_at(0).seqnum == 2 &&
          head_at(0).status == USBIP_ECONNRESET);
    CHECK(device.submits == 0);
    RUN_UNTIL(got_len == 2 * USBIP_URB_SIZE);
    CHECK(head_at(USBIP_URB_SIZE).command == USBIP_RET_UNLINK &&
          head_at(USBIP_URB_SIZE).seqnum == 8 && head_at(USBIP_URB_SIZE).status == 0);
    hang_up();
}

static const struct test tests[] = {
    TEST(all_are_unlinked_twice),
    TEST(unread_answers_to_unlinks_are_bounded),
    TEST(data_of_an_unlinked_urb_is_not_lost),
    TEST(what_an_unlinked_urb_has_sent_is_told),
    TEST(an_early_unlink_waits_for_the_data_of_its_urb),
    TEST(an_early_unlink_waits_for_its_urb),
};

STAGE_MAIN(tests)
