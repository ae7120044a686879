/*
 * The stage of tests of a USB/IP session: a client that sends what it likes, at the other end of a
 * socket pair, and a device in memory.
 */
#ifndef TESTS_USB_STAGE_H
#define TESTS_USB_STAGE_H

#include "usb_session.h"

#include <errno.h>

#include <event2/event.h>

#include "fakes/fake_usb_device.h"
#include "fakes/fake_usb_export.h"
#include "log.h"
#include "loop.h"
#include "patience.h"
#include "socket.h"
#include "startup.h"
#include "test.h"

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

static inline void count_line(enum log_level level, const char *line)
{
    (void)level;
    (void)line;
    lines++;
}

/* --- the client ---------------------------------------------------------------------------------
 */

static inline void receive(void)
{
    int n;

    while (client >= 0 && !ended &&
           (n = socket_recv(client, got + got_len, BYTES_MAX - got_len)) != -EAGAIN) {
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
static inline void settle_unread(void)
{
    for (int i = 0; i < 100; i++)
        loop_settle(base);
}

static inline void connect_client(void)
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

static inline void hang_up(void)
{
    evutil_closesocket(client);
    client = -1;
    RUN_UNTIL(export.forgotten == 1);
    loop_settle(base);
    CHECK(device.count == 0 && device.claims == device.releases && !device.device.importer);
}

/* Sends what the session takes, at most all. Returns how much that was. */
static inline size_t send_some(const uint8_t *data, size_t len)
{
    size_t sent = 0;

    for (int refused = 0; sent < len && refused < 100;) {
        int n = socket_send(client, data + sent, len - sent);

        refused = n > 0 ? 0 : refused + 1;
        sent += n > 0 ? (size_t)n : 0;
        loop_settle(base);
    }
    return sent;
}

static inline void send_all(const void *data, size_t len)
{
    CHECK(send_some(data, len) == len);
}

static inline void put_import(uint8_t bytes[static REQUEST_SIZE])
{
    const struct usbip_op op = {.version = USBIP_VERSION, .code = USBIP_OP_REQ_IMPORT};

    memset(bytes, 0, REQUEST_SIZE);
    usbip_put_op(&op, bytes);
    memcpy(bytes + USBIP_OP_SIZE, "1-1", 3);
}

static inline void begin(void)
{
    const struct usbip_device record = {
        .busid = "1-1", .busnum = 1, .devnum = 2, .speed = USBIP_SPEED_HIGH, .configuration = 1};

    fake_usb_export_begin(&export, base, BUDGET);
    fake_usb_device_init(&device, &record);
    usb_bus_add(export.setup.bus, &device.device);
}

static inline void import(void)
{
    uint8_t request[REQUEST_SIZE];

    connect_client();
    put_import(request);
    send_all(request, sizeof request);
    RUN_UNTIL(got_len == ANSWER_SIZE);
    got_len = 0;
    lines = 0;
}

static inline struct usbip_urb submit_of(uint32_t seqnum, uint32_t ep,
                                         enum usbip_direction direction, int32_t length)
{
    return (struct usbip_urb){.command = USBIP_CMD_SUBMIT,
                              .seqnum = seqnum,
                              .devid = DEVID,
                              .direction = direction,
                              .ep = ep,
                              .length = length};
}

static inline void send_head(const struct usbip_urb *head)
{
    uint8_t bytes[USBIP_URB_SIZE];

    usbip_put_urb(head, bytes);
    send_all(bytes, sizeof bytes);
}

static inline void send_in(uint32_t seqnum, int32_t length)
{
    const struct usbip_urb head = submit_of(seqnum, 1, USBIP_DIR_IN, length);

    send_head(&head);
}

static inline struct usbip_urb unlink_of(uint32_t seqnum, uint32_t victim)
{
    return (struct usbip_urb){
        .command = USBIP_CMD_UNLINK, .seqnum = seqnum, .devid = DEVID, .unlink = victim};
}

static inline void send_unlink(uint32_t seqnum, uint32_t victim)
{
    const struct usbip_urb head = unlink_of(seqnum, victim);

    send_head(&head);
}

/* The header at an offset of what has come. */
static inline struct usbip_urb head_at(size_t at)
{
    struct usbip_urb head;

    CHECK(at + USBIP_URB_SIZE <= got_len && usbip_get_urb(got + at, &head) == 0);
    return head;
}

static inline void send_out(uint32_t seqnum, int32_t length)
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
static inline void send_control(uint32_t seqnum, enum usbip_direction direction, int32_t length)
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

/* --- the device --------------------------------------------------------------------------------
 */

/* Has it answer at once; for device.submitted. */
static inline void give(void *ctx, struct usb_transfer *t)
{
    (void)ctx;
    memset(t->data, 'x', t->length);
    fake_usb_device_end(&device, t, 0, NULL, t->length);
}

/* --- running -----------------------------------------------------------------------------------
 */

/* Runs tests as test_main does, on the stage. */
static inline int stage_main(int argc, char **argv, const struct test *tests, size_t count)
{
    CHECK(startup_init(&argc, &argv) == 0);
    log_set_sink(count_line);
    base = loop_new(false);
    got = malloc(BYTES_MAX);
    CHECK(base && got);
    int status = test_main(argc, argv, tests, count);
    fake_usb_export_end(&export);
    free(got);
    loop_free(base);
    return status;
}

#define STAGE_MAIN(tests)                                                                          \
    int main(int argc, char **argv)                                                                \
    {                                                                                              \
        return stage_main(argc, argv, tests, sizeof tests / sizeof *(tests));                      \
    }

#endif
