/*
 * A session of USB/IP with a client that does what it should not, or goes at any moment: nothing of
 * it reaches the device that should not, each URB is answered once, memory stays bounded, and the
 * device is free again.
 */
#include "usb_session.h"

#include <errno.h>

#include <event2/event.h>

#include "fakes/fake_usb_device.h"
#include "fakes/fake_usb_export.h"
#include "log.h"
#include "loop.h"
#include "os.h"
#include "patience.h"
#include "test.h"
#include "usb_early_unlinks.h"

enum {
    MANY = 1000,
    MIB = 1 << 20,
    BUDGET = 4 * MIB,
    BYTES_MAX = 64 * MIB,
    LIMIT_MS = 20000,
    DEVID = 1 << 16 | 2,
    REQUEST_SIZE = USBIP_OP_SIZE + USBIP_BUSID_SIZE,
    ANSWER_SIZE = USBIP_OP_SIZE + USBIP_DEVICE_SIZE,
};

static struct event_base *base;
static struct fake_usb_export export;
static struct fake_usb_device device;
static evutil_socket_t client = -1;
static uint8_t *got; /* by the client */
static size_t got_len;
static bool ended; /* by the session */
static unsigned lines;

static void count_line(enum log_level level, const char *line)
{
    (void)level;
    (void)line;
    lines++;
}

/* --- the client ---------------------------------------------------------------------------------
 */

static void receive(void)
{
    int n;

    while (client >= 0 && !ended &&
           (n = os_recv(client, got + got_len, BYTES_MAX - got_len)) != -EAGAIN) {
        ended = n <= 0;
        got_len += n > 0 ? (size_t)n : 0;
    }
}

#define RUN_UNTIL(condition)                                                                       \
    do {                                                                                           \
        uint64_t limit_ = patience_ms() + LIMIT_MS;                                                \
        while (!(condition)) {                                                                     \
            CHECK(patience_ms() < limit_);                                                         \
            loop_settle(base);                                                                     \
            receive();                                                                             \
        }                                                                                          \
    } while (0)

/* The session does what it can, while the client reads nothing. */
static void settle_unread(void)
{
    for (int i = 0; i < 100; i++)
        loop_settle(base);
}

static void connect_client(void)
{
    evutil_socket_t pair[2];

    CHECK(evutil_socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    evutil_make_socket_nonblocking(pair[0]);
    evutil_make_socket_nonblocking(pair[1]);
    client = pair[0];
    got_len = 0;
    ended = false;
    export.forgotten = 0;
    CHECK(fake_usb_export_connect(&export, pair[1]));
}

static void hang_up(void)
{
    evutil_closesocket(client);
    client = -1;
    RUN_UNTIL(export.forgotten == 1);
    loop_settle(base);
    CHECK(device.count == 0 && device.claims == device.releases && !device.device.importer);
}

/* Sends what the session takes, at most all. Returns how much that was. */
static size_t send_some(const uint8_t *data, size_t len)
{
    size_t sent = 0;

    for (int refused = 0; sent < len && refused < 100;) {
        int n = os_send(client, data + sent, len - sent);

        refused = n > 0 ? 0 : refused + 1;
        sent += n > 0 ? (size_t)n : 0;
        loop_settle(base);
    }
    return sent;
}

static void send_all(const void *data, size_t len)
{
    CHECK(send_some(data, len) == len);
}

static void put_import(uint8_t bytes[static REQUEST_SIZE])
{
    const struct usbip_op op = {.version = USBIP_VERSION, .code = USBIP_OP_REQ_IMPORT};

    memset(bytes, 0, REQUEST_SIZE);
    usbip_put_op(&op, bytes);
    memcpy(bytes + USBIP_OP_SIZE, "1-1", 3);
}

static void begin(void)
{
    const struct usbip_device record = {
        .busid = "1-1", .busnum = 1, .devnum = 2, .speed = USBIP_SPEED_HIGH, .configuration = 1};

    fake_usb_export_begin(&export, base, BUDGET);
    fake_usb_device_init(&device, &record);
    usb_bus_add(export.setup.bus, &device.device);
}

static void import(void)
{
    uint8_t request[REQUEST_SIZE];

    connect_client();
    put_import(request);
    send_all(request, sizeof request);
    RUN_UNTIL(got_len == ANSWER_SIZE);
    got_len = 0;
    lines = 0;
}

static struct usbip_urb submit_of(uint32_t seqnum, uint32_t ep, enum usbip_direction direction,
                                  int32_t length)
{
    return (struct usbip_urb){.command = USBIP_CMD_SUBMIT,
                              .seqnum = seqnum,
                              .devid = DEVID,
                              .direction = direction,
                              .ep = ep,
                              .length = length};
}

static void send_head(const struct usbip_urb *head)
{
    uint8_t bytes[USBIP_URB_SIZE];

    usbip_put_urb(head, bytes);
    send_all(bytes, sizeof bytes);
}

static void send_in(uint32_t seqnum, int32_t length)
{
    const struct usbip_urb head = submit_of(seqnum, 1, USBIP_DIR_IN, length);

    send_head(&head);
}

static struct usbip_urb unlink_of(uint32_t seqnum, uint32_t victim)
{
    return (struct usbip_urb){
        .command = USBIP_CMD_UNLINK, .seqnum = seqnum, .devid = DEVID, .unlink = victim};
}

static void send_unlink(uint32_t seqnum, uint32_t victim)
{
    const struct usbip_urb head = unlink_of(seqnum, victim);

    send_head(&head);
}

/* The header at an offset of what has come. */
static struct usbip_urb head_at(size_t at)
{
    struct usbip_urb head;

    CHECK(at + USBIP_URB_SIZE <= got_len && usbip_get_urb(got + at, &head) == 0);
    return head;
}

/* --- tests --------------------------------------------------------------------------------------
 */

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

static void give(void *ctx, struct usb_transfer *t)
{
    (void)ctx;
    memset(t->data, 'x', t->length);
    fake_usb_device_end(&device, t, 0, NULL, t->length);
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

static void send_out(uint32_t seqnum, int32_t length)
{
    const struct usbip_urb head = submit_of(seqnum, 2, USBIP_DIR_OUT, length);
    uint8_t *data = malloc((size_t)length);

    CHECK(data);
    memset(data, (int)(seqnum & 0xff), (size_t)length);
    send_head(&head);
    send_all(data, (size_t)length);
    free(data);
}

/* Sends a request of endpoint 0 whose wLength is 8, with another buffer. */
static void send_control(uint32_t seqnum, enum usbip_direction direction, int32_t length)
{
    static const uint8_t setup[8] = {0x40, 1, 0, 0, 0, 0, 8, 0};
    static const uint8_t data[64];
    struct usbip_urb head = submit_of(seqnum, 0, direction, length);

    memcpy(head.setup, setup, sizeof setup);
    head.setup[0] |= direction == USBIP_DIR_IN ? 0x80 : 0;
    send_head(&head);
    if (direction == USBIP_DIR_OUT)
        send_all(data, (size_t)length);
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
    const uint64_t limit = os_now_ms() + USB_EARLY_UNLINKS_MS + 100;
    RUN_UNTIL(os_now_ms() > limit);
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
    const uint64_t again = os_now_ms() + 100;

    begin();
    import();
    send_unlink(8, 9);
    send_unlink(2, 1);
    RUN_UNTIL(os_now_ms() > again);
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

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(first_request_is_cut_at_every_byte),
        TEST(urb_is_cut_at_every_byte),
        TEST(client_dies_with_many_under_way),
        TEST(all_are_unlinked_twice),
        TEST(unread_answers_to_unlinks_are_bounded),
        TEST(slow_reader_gets_everything),
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
        TEST(data_of_an_unlinked_urb_is_not_lost),
        TEST(buffer_of_a_request_need_not_be_its_length),
        TEST(number_of_packets_of_others_comes_back),
        TEST(impossible_urbs_end_the_session),
        TEST(packets_outside_of_the_buffer_reach_no_device),
        TEST(requests_of_two_directions_reach_no_device),
        TEST(what_an_unlinked_urb_has_sent_is_told),
        TEST(merged_ones_that_are_done_at_once_keep_order),
        TEST(an_early_unlink_waits_for_the_data_of_its_urb),
        TEST(an_early_unlink_waits_for_its_urb),
        TEST(a_client_with_very_many_dies),
        TEST(merged_ones_are_answered_once),
    };

    CHECK(os_init(&argc, &argv) == 0);
    log_set_sink(count_line);
    base = loop_new(false);
    got = malloc(BYTES_MAX);
    CHECK(base && got);
    int status = test_main(argc, argv, tests, sizeof tests / sizeof *tests);
    fake_usb_export_end(&export);
    free(got);
    loop_free(base);
    return status;
}
