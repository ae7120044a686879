/*
 * Fuzzes a session of USB/IP with a built-in device behind it: any URBs, unlinks and bytes that are
 * no commands, in any order, from a client that may go at any moment. What is asked is answered
 * once at most, with no more than was asked for, and the device is free afterwards. The first byte
 * chooses the device; each step is 16 bytes.
 */
#include "usb_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "fakes/fake_usb_export.h"
#include "log.h"
#include "loop.h"
#include "proto/bytes.h"
#include "socket.h"
#include "usb_device.h"
#include "demo.h"

enum {
    DEVICES = 6,
    NUMBERS = 256, /* of URBs and unlinks */
    BUDGET = 6000,
    LENGTH_MAX = 8000,
    STEP = 16,
    PACKETS_MAX = 8,
    ANSWER_MAX = USBIP_URB_SIZE + LENGTH_MAX + PACKETS_MAX * USBIP_PACKET_SIZE,
};

static struct event_base *base;
static struct usb_device *devices[DEVICES];
static struct fake_usb_export exports[DEVICES]; /* a device each */
static struct fake_usb_export *export;          /* of the device that is fuzzed */
static evutil_socket_t client;

/* What is asked and not answered yet, by its number. */
static struct asked {
    enum { NOTHING, URB, UNLINK } kind;
    bool in;
    size_t length;
    uint32_t victim;
} asked[NUMBERS];

static uint8_t answers[2 * ANSWER_MAX];
static size_t answers_len;
static bool wild; /* it has sent bytes that may be any command: answers are not checked */

static void make_devices(void)
{
    static const char *const selectors[DEVICES] = {"loop", "ftdi",  "icestick",
                                                   "dfu",  "mouse", "keyboard"};
    char error[CLI_ERROR_MAX];

    log_init("fuzz", LOG_LEVEL_ERROR);
    base = loop_new(false);
    for (unsigned i = 0; i < DEVICES; i++) {
        devices[i] = demo_new(base, selectors[i], i + 1, error);
        if (!devices[i])
            abort();
        fake_usb_export_begin(&exports[i], base, 0);
        usb_bus_add(exports[i].setup.bus, devices[i]);
    }
}

/* --- answers ---------------------------------------------------------------------------------- */

/* Takes one from the front. Returns its length, 0 if it is not whole yet. */
static size_t take_answer(void)
{
    struct usbip_urb head;

    if (answers_len < USBIP_URB_SIZE)
        return 0;
    if (usbip_get_urb(answers, &head) < 0 || head.seqnum >= NUMBERS)
        abort();
    struct asked *a = &asked[head.seqnum];
    if (head.command == USBIP_RET_UNLINK) {
        if (a->kind != UNLINK)
            abort();
        if (head.status == USBIP_ECONNRESET)
            asked[a->victim].kind = NOTHING;
        a->kind = NOTHING;
        return USBIP_URB_SIZE;
    }
    if (a->kind != URB || head.actual < 0 || (size_t)head.actual > a->length)
        abort();
    size_t len = USBIP_URB_SIZE + (a->in ? (size_t)head.actual : 0) +
                 (head.packets > 0 ? (size_t)head.packets * USBIP_PACKET_SIZE : 0);
    if (len > sizeof answers)
        abort();
    if (answers_len < len)
        return 0;
    a->kind = NOTHING;
    return len;
}

static void receive(void)
{
    int n;

    while (client >= 0 && (n = socket_recv(client, answers + answers_len,
                                           sizeof answers - answers_len)) != -EAGAIN) {
        if (n <= 0) {
            evutil_closesocket(client);
            client = -1;
            return;
        }
        answers_len = wild ? 0 : answers_len + (size_t)n;
        for (size_t len; (len = take_answer()) > 0;) {
            answers_len -= len;
            memmove(answers, answers + len, answers_len);
        }
    }
}

/* --- the client ------------------------------------------------------------------------------- */

static void send_bytes(const uint8_t *data, size_t len)
{
    for (int refused = 0; client >= 0 && len > 0 && refused < 100;) {
        int n = socket_send(client, data, len);

        refused = n > 0 ? 0 : refused + 1;
        data += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
        loop_settle(base);
        receive();
    }
}

static void import(const struct usb_device *d)
{
    const struct usbip_op op = {.version = USBIP_VERSION, .code = USBIP_OP_REQ_IMPORT};
    uint8_t request[USBIP_OP_SIZE + USBIP_BUSID_SIZE] = {0};
    uint8_t answer[USBIP_OP_SIZE + USBIP_DEVICE_SIZE];
    evutil_socket_t pair[2];

    if (evutil_socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
        abort();
    evutil_make_socket_nonblocking(pair[0]);
    evutil_make_socket_nonblocking(pair[1]);
    client = pair[0];
    memset(asked, 0, sizeof asked);
    answers_len = 0;
    wild = false;
    if (!fake_usb_export_connect(export, pair[1]))
        abort();
    usbip_put_op(&op, request);
    memcpy(request + USBIP_OP_SIZE, d->record.busid, strlen(d->record.busid));
    if (socket_send(client, request, sizeof request) != sizeof request)
        abort();
    loop_settle(base);
    if (socket_recv(client, answer, sizeof answer) != sizeof answer)
        abort();
}

static void hang_up(struct usb_device *d)
{
    if (client >= 0)
        evutil_closesocket(client);
    client = -1;
    for (int i = 0; i < 100 && d->importer; i++)
        loop_settle(base);
    if (d->importer)
        abort();
}

static void send_urb(const struct usb_device *d, const uint8_t step[static STEP])
{
    static const uint8_t payload[LENGTH_MAX + 1];
    struct usbip_urb head = {.command = USBIP_CMD_SUBMIT,
                             .seqnum = step[1],
                             .devid = usbip_devid(&d->record),
                             .direction = step[2] & 0x80 ? USBIP_DIR_IN : USBIP_DIR_OUT,
                             .ep = step[2] & 15,
                             .length = get_be16(step + 3) % LENGTH_MAX,
                             .flags = step[5],
                             .packets = step[6] < 128 ? step[6] % PACKETS_MAX : 0};
    uint8_t bytes[USBIP_URB_SIZE + PACKETS_MAX * USBIP_PACKET_SIZE];

    if (asked[head.seqnum].kind == UNLINK) /* numbers of its own, as every client has them */
        return;
    if ((step[2] & 15) != 3 && step[6] < 120) /* mostly where they may be */
        head.packets = 0;
    memcpy(head.setup, step + 8, sizeof head.setup);
    if (asked[head.seqnum].kind == NOTHING) /* otherwise it ends the session */
        asked[head.seqnum] =
            (struct asked){URB, head.direction == USBIP_DIR_IN, (size_t)head.length, 0};
    usbip_put_urb(&head, bytes);
    send_bytes(bytes, USBIP_URB_SIZE);
    if (head.direction == USBIP_DIR_OUT)
        send_bytes(payload, (size_t)head.length);
    for (int i = 0; i < head.packets; i++) {
        const struct usbip_packet p = {.offset = (uint32_t)(i * step[7] * 8),
                                       .length = step[8 + (unsigned)i % 8] * 8u};

        usbip_put_packet(&p, bytes + i * USBIP_PACKET_SIZE);
    }
    send_bytes(bytes, (size_t)head.packets * USBIP_PACKET_SIZE);
}

static void send_unlink(const struct usb_device *d, const uint8_t step[static STEP])
{
    const struct usbip_urb head = {.command = USBIP_CMD_UNLINK,
                                   .seqnum = step[1],
                                   .devid = usbip_devid(&d->record),
                                   .unlink = step[2]};
    uint8_t bytes[USBIP_URB_SIZE];

    if (asked[head.seqnum].kind != NOTHING)
        return;
    asked[head.seqnum] = (struct asked){UNLINK, false, 0, head.unlink};
    usbip_put_urb(&head, bytes);
    send_bytes(bytes, sizeof bytes);
}

static void make_step(struct usb_device *d, const uint8_t step[static STEP])
{
    const unsigned kind = step[0] % 64;

    if (client < 0 || kind == 0) {
        hang_up(d);
        if (!d->gone)
            import(d);
    } else if (kind == 1) {
        wild = true;
        send_bytes(step + 1, STEP - 1);
    } else if (kind < 16) {
        send_unlink(d, step);
    } else {
        send_urb(d, step);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (!base)
        make_devices();
    if (len < 1)
        return 0;
    struct usb_device *d = devices[data[0] % DEVICES];
    export = &exports[data[0] % DEVICES];
    export->setup.budget = data[0] & 0x80 ? BUDGET : 1 << 20;
    for (int i = 0; i < 100 && d->gone; i++) /* dfu comes back */
        loop_settle(base);
    if (d->gone)
        return 0;
    import(d);
    for (data++, len--; len >= STEP; data += STEP, len -= STEP)
        make_step(d, data);
    hang_up(d);
    return 0;
}
