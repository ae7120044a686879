/*
 * A session of USB/IP with more URBs than its budget has room for: they wait in line, keep their
 * order, and memory stays bounded.
 */
#include "usb_stage.h"

static void more_than_the_budget_waits(void)
{
    enum { URBS = 12 };

    begin();
    import();
    for (uint32_t i = 1; i <= URBS; i++)
        send_in(i, MIB);
    settle_unread();
    CHECK(device.count < BUDGET / MIB + 1 && device.count > 0);
    for (int i = 0; i < URBS; i++) {
        RUN_UNTIL(device.under_way);
        fake_usb_device_end(&device, device.under_way, 0, NULL, 0);
    }
    RUN_UNTIL(got_len == (size_t)URBS * USBIP_URB_SIZE);
    hang_up();
}

/* URBs that wait for an event may end by an unlink only, which stands behind others. */
static void unlinks_are_heard_behind_what_waits(void)
{
    enum { URBS = 1000, LAST = 2 * URBS + 2 };

    begin();
    import();
    for (uint32_t i = 1; i <= URBS; i++)
        send_in(i, MIB);
    send_out(URBS + 1, 2 * MIB);
    settle_unread();
    CHECK(device.count > 0 && device.count < BUDGET / MIB + 1);
    const unsigned submits = device.submits;
    for (uint32_t i = URBS + 1; i > 0; i--) /* those that wait are never begun */
        send_unlink(URBS + 1 + i, i);
    RUN_UNTIL(got_len == (URBS + 1) * (size_t)USBIP_URB_SIZE);
    for (size_t i = 0; i <= URBS; i++) {
        const struct usbip_urb head = head_at(i * USBIP_URB_SIZE);

        CHECK(head.command == USBIP_RET_UNLINK && head.status == USBIP_ECONNRESET);
        CHECK(head.seqnum == LAST - i);
    }
    CHECK(device.submits == submits && device.count == 0);
    send_in(LAST + 1, 64);
    RUN_UNTIL(device.count == 1); /* the budget is free again */
    hang_up();
}

static void unlinks_make_room_for_what_waits(void)
{
    begin();
    import();
    for (uint32_t i = 1; i <= 12; i++)
        send_in(i, MIB);
    settle_unread();
    for (uint32_t i = 1; i <= 12; i++) {
        send_unlink(100 + i, i);
        RUN_UNTIL(got_len == i * (size_t)USBIP_URB_SIZE);
        CHECK(head_at((i - 1) * (size_t)USBIP_URB_SIZE).seqnum == 100 + i);
        CHECK(device.submits >= (i < 10 ? i + 1 : 12));
    }
    CHECK(device.count == 0 && device.submits == 12);
    hang_up();
}

/* Reads that wait for what the device is told behind them. */
static void one_endpoint_does_not_hold_up_others(void)
{
    enum { READS = 12, UNDER_WAY = 3, LARGE = 3 * MIB / 2 };

    begin();
    import();
    for (uint32_t i = 1; i <= READS; i++)
        send_in(i, MIB);
    RUN_UNTIL(device.count == UNDER_WAY);
    settle_unread();
    CHECK(device.count == UNDER_WAY);
    send_control(20, USBIP_DIR_IN, 8);
    RUN_UNTIL(device.count == UNDER_WAY + 1);
    send_out(21, 1000);
    RUN_UNTIL(device.count == UNDER_WAY + 2);
    send_out(22, LARGE); /* it waits behind its own */
    send_out(23, 1000);
    settle_unread();
    CHECK(device.count == UNDER_WAY + 2);
    struct usb_transfer *t = device.under_way->next->next->next;
    CHECK(t->address == 0x80 && t->next->address == 2 && !t->next->next);
    for (int i = 0; i < UNDER_WAY; i++)
        send_unlink(100 + (uint32_t)i, 1 + (uint32_t)i);
    for (uint32_t i = UNDER_WAY + 1; i <= READS; i++)
        send_unlink(100 + i, i);
    RUN_UNTIL(device.count == 4 && got_len == READS * (size_t)USBIP_URB_SIZE);
    t = device.under_way;
    CHECK(t->address == 0x80 && t->next->length == 1000);
    CHECK(t->next->next->length == LARGE && t->next->next->next->length == 1000);
    hang_up();
}

static void urbs_that_wait_keep_order_and_content(void)
{
    enum { PACKETS = 2, LARGE = BUDGET - 1024 };
    struct usbip_urb iso = submit_of(3, 3, USBIP_DIR_IN, 64);
    const struct usbip_urb other = submit_of(6, 7, USBIP_DIR_IN, BUDGET / 4);
    static const struct usbip_packet packets[PACKETS] = {{.offset = 0, .length = 20},
                                                         {.offset = 32, .length = 30}};
    uint8_t bytes[USBIP_PACKET_SIZE];

    begin();
    import();
    send_in(1, LARGE);
    send_head(&other); /* what is beyond the budget, too */
    RUN_UNTIL(device.count == 2);
    send_out(2, 100000);
    iso.packets = PACKETS;
    send_head(&iso);
    for (size_t i = 0; i < PACKETS; i++) {
        usbip_put_packet(&packets[i], bytes);
        send_all(bytes, sizeof bytes);
    }
    iso.seqnum = 4; /* it cannot be carried out, which is said in its turn */
    send_head(&iso);
    for (size_t i = 0; i < PACKETS; i++) {
        usbip_put_packet(&(struct usbip_packet){.offset = 65}, bytes);
        send_all(bytes, sizeof bytes);
    }
    send_in(5, 64);
    settle_unread();
    CHECK(device.count == 2);
    fake_usb_device_end(&device, device.under_way, 0, NULL, 0);
    RUN_UNTIL(device.count == 4 && got_len == 2 * (size_t)USBIP_URB_SIZE + 2 * USBIP_PACKET_SIZE);
    CHECK(head_at(USBIP_URB_SIZE).seqnum == 4 && head_at(USBIP_URB_SIZE).status == USBIP_EINVAL);
    const struct usb_transfer *t = device.under_way->next;
    CHECK(t->address == 2 && t->length == 100000 && t->data[0] == 2 && t->data[99999] == 2);
    t = t->next;
    CHECK(t->address == 0x83 && t->length == 64 && t->packet_count == PACKETS);
    CHECK(t->packets[1].offset == 32 && t->packets[1].length == 30);
    CHECK(t->next->address == 0x81);
    hang_up();
}

static void what_is_kept_of_those_that_wait_is_bounded(void)
{
    enum { URBS = 40, SIZE = USBIP_URB_SIZE + MIB };
    uint8_t *bytes = calloc(URBS, SIZE);

    CHECK(bytes);
    for (uint32_t i = 0; i < URBS; i++) {
        const struct usbip_urb head = submit_of(1 + i, 2, USBIP_DIR_OUT, MIB);

        usbip_put_urb(&head, bytes + (size_t)i * SIZE);
    }
    begin();
    import();
    size_t sent = send_some(bytes, (size_t)URBS * SIZE);
    CHECK(sent < URBS / 2 * (size_t)SIZE && device.count < BUDGET / MIB + 1);
    while (sent < (size_t)URBS * SIZE) {
        while (device.under_way)
            fake_usb_device_end(&device, device.under_way, 0, NULL, MIB);
        sent += send_some(bytes + sent, (size_t)URBS * SIZE - sent);
    }
    while (device.submits < URBS || device.under_way) {
        RUN_UNTIL(device.under_way);
        fake_usb_device_end(&device, device.under_way, 0, NULL, MIB);
    }
    RUN_UNTIL(got_len == (size_t)URBS * USBIP_URB_SIZE);
    for (uint32_t i = 0; i < URBS; i++)
        CHECK(head_at(i * (size_t)USBIP_URB_SIZE).seqnum == 1 + i);
    hang_up();
    free(bytes);
}

static void those_that_wait_may_be_done_at_once(void)
{
    enum { URBS = 2000, LENGTH = 8 };

    begin();
    import();
    send_in(1, BUDGET - 1024);
    RUN_UNTIL(device.count == 1);
    for (uint32_t i = 2; i <= URBS; i++)
        send_in(i, LENGTH);
    settle_unread();
    CHECK(device.count < 10);
    device.submitted = give; /* one within the other */
    while (device.under_way)
        fake_usb_device_end(&device, device.under_way, 0, NULL, LENGTH);
    RUN_UNTIL(got_len == URBS * (size_t)(USBIP_URB_SIZE + LENGTH));
    hang_up();
}

static void one_above_the_budget_is_refused(void)
{
    begin();
    import();
    send_in(1, BUDGET + 1);
    send_out(2, BUDGET + 1);
    send_in(3, BUDGET);
    RUN_UNTIL(got_len == 2 * (size_t)USBIP_URB_SIZE && device.count == 1);
    for (uint32_t i = 0; i < 2; i++) {
        const struct usbip_urb head = head_at(i * USBIP_URB_SIZE);

        CHECK(head.command == USBIP_RET_SUBMIT && head.seqnum == 1 + i);
        CHECK(head.status == USBIP_ENOMEM && head.actual == 0);
    }
    CHECK(device.under_way->length == BUDGET && lines <= 2);
    hang_up();
}

static void client_dies_while_some_wait(void)
{
    begin();
    import();
    for (uint32_t i = 1; i <= MANY; i++)
        send_in(i, MIB);
    send_out(MANY + 1, 4 * MIB - 4096);
    settle_unread();
    const unsigned submits = device.submits;
    hang_up();
    CHECK(device.submits == submits && lines <= 1);
    import(); /* or in the middle of one */
    send_in(1, BUDGET - 1024);
    const struct usbip_urb head = submit_of(2, 2, USBIP_DIR_OUT, 64);
    send_head(&head);
    settle_unread();
    hang_up();
}

static void number_of_one_that_waits_is_taken(void)
{
    begin();
    import();
    send_in(1, BUDGET - 1024);
    send_in(2, MIB);
    settle_unread();
    send_in(2, 64);
    RUN_UNTIL(ended);
    hang_up();
}

static void number_of_one_under_way_is_not_for_one_that_is_refused(void)
{
    begin();
    import();
    send_in(1, 64);
    RUN_UNTIL(device.count == 1);
    send_in(1, BUDGET + 1);
    RUN_UNTIL(ended);
    CHECK(got_len == 0);
    hang_up();
}

static const struct test tests[] = {
    TEST(more_than_the_budget_waits),
    TEST(unlinks_are_heard_behind_what_waits),
    TEST(unlinks_make_room_for_what_waits),
    TEST(one_endpoint_does_not_hold_up_others),
    TEST(urbs_that_wait_keep_order_and_content),
    TEST(what_is_kept_of_those_that_wait_is_bounded),
    TEST(those_that_wait_may_be_done_at_once),
    TEST(one_above_the_budget_is_refused),
    TEST(client_dies_while_some_wait),
    TEST(number_of_one_that_waits_is_taken),
    TEST(number_of_one_under_way_is_not_for_one_that_is_refused),
};

STAGE_MAIN(tests)
