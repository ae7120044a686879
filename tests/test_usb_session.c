/*
 * A session of USB/IP with a client that does what it should not, or goes at any moment: nothing of
 * it reaches the device that should not, each URB is answered once, memory stays bounded, and the
 * device is free again.
 */
#include "usb_stage.h"

#include "proto/usbip_ext.h"

static void first_request_is_cut_at_every_byte(void)
{
    uint8_t request[REQUEST_SIZE];

    begin();
    put_import(request);
    for (size_t len = 0; len < sizeof request; len++) {
        connect_client();
        send_all(request, len);
        hang_up();
        CHECK(device.claims == 0);
    }
}

/* It watches the list, then imports over the same connection: what follows is URBs only. */
static void one_who_imports_watches_no_more(void)
{
    const struct usbip_op op = {.version = USBIP_VERSION, .code = USBIP_OP_REQ_EXT_LIST};
    uint8_t request[REQUEST_SIZE], list[USBIP_OP_SIZE + USBIP_EXT_LIST_SIZE] = {0};

    begin();
    connect_client();
    usbip_put_op(&op, list);
    list[sizeof list - 1] = USBIP_EXT_KEEP;
    send_all(list, sizeof list);
    RUN_UNTIL(got_len > 0);
    got_len = 0;
    usb_sessions_notice(&export.sessions);
    RUN_UNTIL(got_len > 0); /* it hears of changes */
    got_len = 0;
    put_import(request);
    send_all(request, sizeof request);
    RUN_UNTIL(got_len == ANSWER_SIZE);
    usb_sessions_notice(&export.sessions);
    settle_unread();
    receive();
    CHECK(got_len == ANSWER_SIZE);
    hang_up();
}

/* Its import is refused: by the extensions with a reason, otherwise as the kernel's server does. */
static void a_refusal_has_its_reason(void)
{
    const struct usbip_op op = {.version = USBIP_VERSION, .code = USBIP_OP_REQ_EXT_IMPORT};
    const struct usbip_ext_import terms = {.busid = "1-1"};
    uint8_t request[USBIP_OP_SIZE + USBIP_EXT_IMPORT_SIZE], plain[REQUEST_SIZE];

    begin();
    device.claim_error = -EACCES;
    connect_client();
    usbip_put_op(&op, request);
    usbip_ext_put_import(&terms, request + USBIP_OP_SIZE);
    send_all(request, sizeof request);
    RUN_UNTIL(got_len == USBIP_OP_SIZE + USBIP_EXT_REASON_SIZE);
    CHECK(got[7] == USBIP_ST_DEV_ERR);
    CHECK_TEXT((const char *)got + USBIP_OP_SIZE, "it is not to be had");
    hang_up();
    connect_client();
    put_import(plain);
    send_all(plain, sizeof plain);
    RUN_UNTIL(got_len == USBIP_OP_SIZE);
    settle_unread();
    receive();
    CHECK(got_len == USBIP_OP_SIZE);
    hang_up();
    device.claim_error = 0;
}

static void urb_is_cut_at_every_byte(void)
{
    enum { PAYLOAD = 20, PACKETS = 2 };
    uint8_t bytes[USBIP_URB_SIZE + PAYLOAD + PACKETS * USBIP_PACKET_SIZE] = {0};
    struct usbip_urb head = submit_of(1, 1, USBIP_DIR_OUT, PAYLOAD);

    begin();
    head.packets = PACKETS;
    usbip_put_urb(&head, bytes);
    for (size_t len = 0; len < sizeof bytes; len++) {
        import();
        send_all(bytes, len);
        settle_unread();
        CHECK(device.submits == 0);
        hang_up();
        CHECK(lines <= 1); /* why, and that the device is free */
    }
    import();
    send_all(bytes, sizeof bytes);
    RUN_UNTIL(device.submits == 1);
    hang_up();
}

static void client_dies_with_many_under_way(void)
{
    begin();
    import();
    for (uint32_t i = 1; i <= MANY; i++)
        send_in(i, 64);
    RUN_UNTIL(device.count == MANY);
    hang_up();
    CHECK(device.cancels == MANY && lines <= 1);
}

static void slow_reader_gets_everything(void)
{
    enum { URBS = 400, SIZE = 64 * 1024, REPLY = USBIP_URB_SIZE + SIZE };
    uint8_t bytes[URBS * USBIP_URB_SIZE];

    for (uint32_t i = 0; i < URBS; i++) {
        const struct usbip_urb head = submit_of(1 + i, 1, USBIP_DIR_IN, SIZE);

        usbip_put_urb(&head, bytes + i * USBIP_URB_SIZE);
    }
    begin();
    import();
    device.submitted = give; /* faster than anybody reads */
    send_all(bytes, sizeof bytes);
    settle_unread();
    CHECK(device.submits > 0 && device.submits * (size_t)SIZE < 2 * (size_t)BUDGET);
    RUN_UNTIL(got_len == (size_t)URBS * REPLY);
    for (uint32_t i = 0; i < URBS; i++) {
        const struct usbip_urb head = head_at((size_t)i * REPLY);

        CHECK(head.seqnum == 1 + i && head.actual == SIZE && head.status == 0);
        CHECK(got[(size_t)i * REPLY + REPLY - 1] == 'x');
    }
    hang_up();
}

static void buffer_of_a_request_need_not_be_its_length(void)
{
    uint32_t seqnum = 0;

    begin();
    import();
    for (int direction = 0; direction < 2; direction++) {
        send_control(++seqnum, (enum usbip_direction)direction, 20); /* as usbip-win2 may */
        RUN_UNTIL(device.under_way);
        CHECK(device.under_way->length == 8);
        fake_usb_device_end(&device, device.under_way, 0, NULL, 0);
        RUN_UNTIL(got_len == USBIP_URB_SIZE);
        CHECK(head_at(0).seqnum == seqnum && head_at(0).status == 0);
        got_len = 0;
        send_control(++seqnum, (enum usbip_direction)direction, 3); /* and less cannot be done */
        RUN_UNTIL(got_len == USBIP_URB_SIZE);
        CHECK(head_at(0).seqnum == seqnum && head_at(0).status == USBIP_EINVAL);
        CHECK(device.count == 0);
        got_len = 0;
    }
    hang_up();
}

static void number_of_packets_of_others_comes_back(void)
{
    struct usbip_urb head = submit_of(1, 1, USBIP_DIR_IN, 64);

    begin();
    import();
    head.packets = -1; /* as usbip-win2 has it */
    send_head(&head);
    RUN_UNTIL(device.under_way);
    CHECK(device.under_way->packet_count == 0);
    fake_usb_device_end(&device, device.under_way, 0, "abc", 3);
    RUN_UNTIL(got_len == USBIP_URB_SIZE + 3);
    CHECK(head_at(0).packets == -1 && head_at(0).actual == 3);
    hang_up();
}

static void impossible_urbs_end_the_session(void)
{
    struct usbip_urb wrong[] = {
        submit_of(1, 16, USBIP_DIR_IN, 64),
        submit_of(1, 1, (enum usbip_direction)2, 64),
        submit_of(1, 1, USBIP_DIR_OUT, -1),
        submit_of(1, 1, USBIP_DIR_IN, 0x7fffffff),
        submit_of(1, 1, USBIP_DIR_IN, 64), /* number of packets */
        submit_of(1, 1, USBIP_DIR_IN, 64), /* likewise */
        submit_of(1, 1, USBIP_DIR_IN, 64), /* devid */
        unlink_of(1, 1),                   /* devid */
    };

    wrong[4].packets = -2;
    wrong[5].packets = USBIP_PACKETS_MAX + 1;
    wrong[6].devid = wrong[7].devid = DEVID + 1;
    begin();
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        import();
        send_in(99, 64); /* it has one under way */
        RUN_UNTIL(device.count == 1);
        send_head(&wrong[i]);
        RUN_UNTIL(ended);
        CHECK(got_len == 0 && export.forgotten == 1 && lines <= 1);
        hang_up();
    }
}

static void packets_outside_of_the_buffer_reach_no_device(void)
{
    static const struct usbip_packet wrong[][2] = {{{.offset = 60, .length = 10}},
                                                   {{.offset = 65, .length = 0}},
                                                   {{.offset = 0xffffffff, .length = 2}},
                                                   {{.length = 64}, {.length = 64}},
                                                   {{.length = 33}, {.offset = 32, .length = 1}},
                                                   {{.offset = 9, .length = 1}, {.length = 9}}};
    struct usbip_urb head = submit_of(1, 1, USBIP_DIR_IN, 64);
    uint8_t bytes[2 * USBIP_PACKET_SIZE];

    begin();
    import();
    head.packets = 2;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        send_head(&head);
        usbip_put_packet(&wrong[i][0], bytes);
        usbip_put_packet(&wrong[i][1], bytes + USBIP_PACKET_SIZE);
        send_all(bytes, sizeof bytes);
        RUN_UNTIL(got_len == USBIP_URB_SIZE + sizeof bytes);
        CHECK(head_at(0).status == USBIP_EINVAL && device.submits == 0);
        got_len = 0;
    }
    hang_up();
}

static void requests_of_two_directions_reach_no_device(void)
{
    begin();
    import();
    for (uint32_t i = 0; i < 2; i++) {
        struct usbip_urb head = submit_of(i + 1, 0, i ? USBIP_DIR_OUT : USBIP_DIR_IN, 8);

        head.setup[0] = i ? 0xc0 : 0x40;
        head.setup[6] = 8;
        send_head(&head);
        if (i)
            send_all("12345678", 8);
        RUN_UNTIL(got_len == USBIP_URB_SIZE);
        CHECK(head_at(0).status == USBIP_EINVAL && head_at(0).actual == 0);
        CHECK(device.submits == 0);
        got_len = 0;
    }
    hang_up();
}

static bool never(void *ctx, const struct usb_transfer *t)
{
    (void)ctx;
    (void)t;
    return false;
}

/* The loop is not kept by those that a device ends later, as real ones do. */
static void a_client_with_very_many_dies(void)
{
    enum { VERY_MANY = 15000, LIMIT = 1000 };
    static uint8_t bytes[VERY_MANY * USBIP_URB_SIZE];

    begin();
    export.setup.budget = 16 * MIB;
    device.ends_cancelled = never;
    for (uint32_t i = 0; i < VERY_MANY; i++) {
        const struct usbip_urb head = submit_of(i + 1, 1, USBIP_DIR_IN, 1);

        usbip_put_urb(&head, bytes + i * USBIP_URB_SIZE);
    }
    import();
    send_all(bytes, sizeof bytes);
    RUN_UNTIL(device.count == VERY_MANY);
    const clock_t begin = clock(); /* what it works, not what it waits */
    evutil_closesocket(client);
    client = -1;
    RUN_UNTIL(device.cancels == VERY_MANY);
    CHECK((clock() - begin) / (CLOCKS_PER_SEC / 1000) < LIMIT);
    while (device.count > 0)
        fake_usb_device_end(&device, device.under_way, USBIP_ECONNRESET, NULL, 0);
    RUN_UNTIL(export.forgotten == 1);
}

static const struct test tests[] = {
    TEST(first_request_is_cut_at_every_byte),
    TEST(one_who_imports_watches_no_more),
    TEST(a_refusal_has_its_reason),
    TEST(urb_is_cut_at_every_byte),
    TEST(client_dies_with_many_under_way),
    TEST(slow_reader_gets_everything),
    TEST(buffer_of_a_request_need_not_be_its_length),
    TEST(number_of_packets_of_others_comes_back),
    TEST(impossible_urbs_end_the_session),
    TEST(packets_outside_of_the_buffer_reach_no_device),
    TEST(requests_of_two_directions_reach_no_device),
    TEST(a_client_with_very_many_dies),
};

STAGE_MAIN(tests)
