/*
 * What the kernel's server answered, and what ours does: the client's side of each recorded session
 * of usbip-host and usbip-vudc is played to sessions of ours, with devices that end each transfer
 * when and as the recorded one did. The replies have to be the same bytes in the same order; each
 * difference stands below with its reason, and one that does not occur any more is as wrong as one
 * that has none.
 *
 * The recordings hold no URB of an endpoint that is not there, which usbip-host never answers, and
 * none that is unlinked with a part of its data, which it loses; tests/e2e/usb_loop.py has ours.
 */
#include "usb_session.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <unistd.h>

#include <event2/event.h>

#include "fakes/fake_usb_device.h"
#include "fakes/fake_usb_export.h"
#include "log.h"
#include "loop.h"
#include "proto/usbip_reader.h"
#include "patience.h"
#include "socket.h"
#include "startup.h"
#include "test.h"
#include "usbip_recording.h"

enum {
    CONNECTIONS_MAX = 4,
    DEVICES_MAX = 4,
    REPLIES_MAX = 4096,
    OURS_MAX = 1 << 20,
    LIMIT_MS = 2000
};

static const char woken_late[] =
    "usbip-host does not wake its sender for the answer to an unlink of what is done, so that it "
    "goes out with the next reply; ours goes at once, behind the reply of the URB";
static const char frame_of_bus[] =
    "the frame in which the host controller began, which libusb does not tell: ours is what the "
    "client sent, which with ISO_ASAP is 0 and means nothing";

static const struct difference {
    const char *file, *what, *why;
} differences[] = {
    {"07-ftdi-cancel.txt", "RET_UNLINK 93: sooner", woken_late},
    {"07-ftdi-cancel.txt", "RET_UNLINK 95: sooner", woken_late},
    {"07-ftdi-cancel.txt", "RET_UNLINK 97: sooner", woken_late},
    {"11-iso-out.txt", "RET_SUBMIT 228: start_frame 0, not 673", frame_of_bus},
    {"11-iso-out.txt", "RET_SUBMIT 229: start_frame 0, not 685", frame_of_bus},
};
static bool occurred[sizeof differences / sizeof *differences];
static bool unexplained;

/* A message of ours. */
struct reply {
    struct usbip_urb head;
    const uint8_t *data;
    size_t len;
    bool matched;
};

struct connection {
    evutil_socket_t fd;             /* the client's end; -1: closed, or not made yet */
    struct fake_usb_device *device; /* imported, or to be */
    bool urbs;
    bool in_of[REPLIES_MAX]; /* by seqnum */
    uint8_t bytes[OURS_MAX];
    size_t len, taken;
    struct reply replies[REPLIES_MAX]; /* of the second phase */
    size_t count, last;                /* last: behind the one that was matched last */
    bool ended;                        /* by ours */
};

static struct event_base *base;
static struct fake_usb_export export;
static struct fake_usb_device devices[DEVICES_MAX];
static size_t device_count;
static struct connection connections[CONNECTIONS_MAX];
static struct recording recording;
static const struct recording_event *now; /* what is being played */
static const char *file;
static struct {
    struct usb_transfer *t;
    struct connection *connection;
    uint32_t seqnum;
} transfers[REPLIES_MAX];
static size_t transfer_count;

static void differs(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void differs(const char *format, ...)
{
    char what[160];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    for (size_t i = 0; i < sizeof differences / sizeof *differences; i++) {
        if (strcmp(differences[i].file, file) == 0 && strcmp(differences[i].what, what) == 0) {
            occurred[i] = true;
            return;
        }
    }
    fprintf(stderr, "not explained: {\"%s\", \"%s\",\n", file, what);
    unexplained = true;
}

static const char *kind_of(const struct usbip_urb *u)
{
    return u->command == USBIP_RET_SUBMIT ? "RET_SUBMIT" : "RET_UNLINK";
}

/* --- devices ------------------------------------------------------------------------------------
 */

static bool answers(const struct recording_event *e, enum usbip_command command, uint32_t seqnum)
{
    struct usbip_urb head;

    return e->kind == RECORDING_REPLY && e->connection == now->connection &&
           usbip_get_urb(e->data, &head) == 0 && head.command == command && head.seqnum == seqnum;
}

static void on_submitted(void *ctx, struct usb_transfer *t)
{
    struct usbip_urb head;

    (void)ctx;
    CHECK(now->kind == RECORDING_REQUEST && usbip_get_urb(now->data, &head) == 0);
    CHECK(transfer_count < REPLIES_MAX);
    transfers[transfer_count].t = t;
    transfers[transfer_count].connection = &connections[now->connection - 1];
    transfers[transfer_count++].seqnum = head.seqnum;
}

/* One whose end was recorded has not been cancelled in time. */
static bool ends_cancelled(void *ctx, const struct usb_transfer *t)
{
    size_t i = 0;

    (void)ctx;
    while (transfers[i].t != t)
        i++;
    for (const struct recording_event *e = now; e < recording.events + recording.count; e++)
        if (answers(e, USBIP_RET_SUBMIT, transfers[i].seqnum))
            return false;
    transfers[i] = transfers[--transfer_count];
    return true;
}

static struct fake_usb_device *device_named(const char *busid)
{
    for (size_t i = 0; i < device_count; i++)
        if (strcmp(devices[i].name, busid) == 0)
            return &devices[i];
    return NULL;
}

/* As the recording lists it here. The first time it is made. */
static struct fake_usb_device *have_device(const struct usbip_device *record)
{
    struct fake_usb_device *f = device_named(record->busid);

    if (f) {
        f->device.record = *record;
        return f;
    }
    CHECK(device_count < DEVICES_MAX);
    f = &devices[device_count];
    fake_usb_device_init(f, record);
    f->submitted = on_submitted;
    f->ends_cancelled = ends_cancelled;
    usb_bus_add(export.setup.bus, &f->device);
    device_count++;
    return f;
}

/* Has the devices that an answer of the first phase is about. */
static void have_devices(const struct recording_event *answer)
{
    struct usbip_reader r;
    struct fake_usb_device *f = NULL;
    const uint8_t *data = answer->data;
    size_t len = answer->len, interfaces = 0;

    usbip_reader_init(&r);
    for (;;) {
        switch (usbip_reader_next(&r, &data, &len)) {
        case USBIP_READ_DEVICE:
            f = have_device(&r.device);
            interfaces = 0;
            break;
        case USBIP_READ_INTERFACE:
            CHECK(f && interfaces < USB_DEVICE_INTERFACES_MAX);
            f->device.interfaces[interfaces++] = r.interface;
            break;
        case USBIP_READ_BAD:
            CHECK(false);
            break;
        case USBIP_READ_NOTHING:
            return;
        default:
            break;
        }
    }
}

/* --- connections --------------------------------------------------------------------------------
 */

static void take_replies(struct connection *c)
{
    while (c->urbs && c->len - c->taken >= USBIP_URB_SIZE) {
        struct reply *r = &c->replies[c->count];
        struct usbip_body body;

        CHECK(c->count < REPLIES_MAX);
        r->data = c->bytes + c->taken;
        CHECK(usbip_get_urb(r->data, &r->head) == 0 && r->head.seqnum < REPLIES_MAX);
        CHECK(usbip_urb_body(&r->head, c->in_of[r->head.seqnum], OURS_MAX, &body) == 0);
        r->len = USBIP_URB_SIZE + body.payload + body.packets * USBIP_PACKET_SIZE;
        if (c->len - c->taken < r->len)
            return;
        c->taken += r->len;
        c->count++;
    }
}

static void receive(struct connection *c)
{
    if (c->fd < 0 || c->ended)
        return;
    int n = socket_recv(c->fd, c->bytes + c->len, sizeof c->bytes - c->len);
    c->ended = n == 0 || n == -ECONNRESET;
    if (n > 0)
        c->len += (size_t)n;
}

static void turn(void)
{
    loop_settle(base);
    for (int i = 0; i < recording.connections; i++) {
        receive(&connections[i]);
        take_replies(&connections[i]);
    }
}

/* Runs until a condition holds, which the caller finds out to have failed after LIMIT_MS. */
#define RUN_UNTIL(condition)                                                                       \
    do {                                                                                           \
        uint64_t limit_ = patience_ms() + LIMIT_MS;                                                \
        do                                                                                         \
            turn();                                                                                \
        while (!(condition) && patience_ms() < limit_);                                            \
    } while (0)

static void connect_session(struct connection *c)
{
    evutil_socket_t pair[2];

    CHECK(evutil_socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    evutil_make_socket_nonblocking(pair[0]);
    evutil_make_socket_nonblocking(pair[1]);
    CHECK(fake_usb_export_connect(&export, pair[1]));
    c->fd = pair[0];
}

/* Grows with each request that has reached the device, and each answer. */
static size_t seen_of(const struct connection *c)
{
    return c->len + (c->device ? c->device->submits + c->device->cancels : 0);
}

static void send_request(struct connection *c, const struct recording_event *e)
{
    size_t sent = 0;
    struct usbip_urb head;

    if (c->urbs && usbip_get_urb(e->data, &head) == 0 && head.command == USBIP_CMD_SUBMIT) {
        CHECK(head.seqnum < REPLIES_MAX);
        c->in_of[head.seqnum] = head.direction == USBIP_DIR_IN;
    }
    size_t before = seen_of(c);
    while (sent < e->len && !c->ended) {
        int n = socket_send(c->fd, e->data + sent, e->len - sent);

        if (n > 0)
            sent += (size_t)n;
        if (sent < e->len)
            turn();
    }
    RUN_UNTIL(seen_of(c) != before || c->ended);
}

/* --- playing ------------------------------------------------------------------------------------
 */

static void play_first_phase(struct connection *c, const struct recording_event *e)
{
    const uint8_t *ours = c->bytes + c->taken;

    CHECK(c->len - c->taken >= e->len);
    if (memcmp(ours, e->data, e->len) != 0)
        differs("connection %d: answer to its request", e->connection);
    c->taken += e->len;
    if (e->data[3] == USBIP_OP_REP_IMPORT && e->len > USBIP_OP_SIZE)
        c->urbs = true;
}

/* The device ends a transfer as it did. */
static void end_transfer(struct connection *c, const struct recording_event *e,
                         const struct usbip_urb *head)
{
    const uint8_t *at = e->data + USBIP_URB_SIZE;
    size_t i = 0;

    while (i < transfer_count &&
           (transfers[i].seqnum != head->seqnum || transfers[i].connection != c))
        i++;
    if (i == transfer_count)
        return; /* the session has answered it itself */
    struct usb_transfer *t = transfers[i].t;
    const void *data = t->address & 0x80 ? at : NULL;
    transfers[i] = transfers[--transfer_count];
    if (data)
        at += head->actual;
    for (size_t p = 0; p < t->packet_count; p++)
        usbip_get_packet(at + p * USBIP_PACKET_SIZE, &t->packets[p]);
    /* that a short one is not wanted is the client's affair */
    fake_usb_device_end(c->device, t, head->status == USBIP_EREMOTEIO ? 0 : head->status, data,
                        (size_t)head->actual);
}

#define COMPARE(field)                                                                             \
    do {                                                                                           \
        if (ours->head.field != theirs.field)                                                      \
            differs("%s %u: " #field " %lld, not %lld", kind_of(&theirs), theirs.seqnum,           \
                    (long long)ours->head.field, (long long)theirs.field);                         \
    } while (0)

static void compare(const struct recording_event *e, const struct reply *ours)
{
    struct usbip_urb theirs;

    usbip_get_urb(e->data, &theirs);
    if (e->len == ours->len && memcmp(e->data, ours->data, e->len) == 0)
        return;
    COMPARE(status);
    COMPARE(actual);
    COMPARE(start_frame);
    COMPARE(packets);
    COMPARE(errors);
    /* the rest of the header, byte by byte: all of these are 0 in theirs */
    if (memcmp(e->data, ours->data, 20) != 0 || memcmp(e->data + 40, ours->data + 40, 8) != 0)
        differs("%s %u: its header", kind_of(&theirs), theirs.seqnum);
    if (e->len != ours->len ||
        memcmp(e->data + USBIP_URB_SIZE, ours->data + USBIP_URB_SIZE, e->len - USBIP_URB_SIZE) != 0)
        differs("%s %u: its data", kind_of(&theirs), theirs.seqnum);
}

static struct reply *find_reply(struct connection *c, const struct usbip_urb *head)
{
    for (size_t i = 0; i < c->count; i++) {
        struct reply *r = &c->replies[i];

        if (!r->matched && r->head.command == head->command && r->head.seqnum == head->seqnum)
            return r;
    }
    return NULL;
}

static void play_reply(struct connection *c, const struct recording_event *e)
{
    struct usbip_urb head;
    struct reply *r;

    if (!c->urbs) {
        RUN_UNTIL(c->len - c->taken >= e->len);
        play_first_phase(c, e);
        return;
    }
    CHECK(usbip_get_urb(e->data, &head) == 0);
    if (head.command == USBIP_RET_SUBMIT)
        end_transfer(c, e, &head);
    RUN_UNTIL(find_reply(c, &head));
    r = find_reply(c, &head);
    if (!r) {
        differs("%s %u: missing", kind_of(&head), head.seqnum);
        return;
    }
    r->matched = true;
    if (r < c->replies + c->last)
        differs("%s %u: sooner", kind_of(&head), head.seqnum);
    else
        c->last = (size_t)(r - c->replies) + 1;
    compare(e, r);
}

/* The device has gone, or is not to be exported any more: usb_bus ends its session. */
static void take_device_away(struct connection *c)
{
    if (c->urbs && c->device->device.importer)
        c->device->device.importer->end(c->device->device.importer, "it is unplugged");
}

static void play(size_t i)
{
    const struct recording_event *e = &recording.events[i];
    struct connection *c = &connections[e->connection - 1];

    now = e;
    switch (e->kind) {
    case RECORDING_REQUEST:
        if (c->fd < 0)
            connect_session(c);
        if (!c->urbs && i + 1 < recording.count && recording.events[i + 1].len > USBIP_OP_SIZE) {
            have_devices(&recording.events[i + 1]);
            c->device = device_named((const char *)e->data + USBIP_OP_SIZE);
        }
        send_request(c, e);
        break;
    case RECORDING_REPLY:
        play_reply(c, e);
        break;
    case RECORDING_CLIENT_END:
        socket_shut_down_sending(c->fd);
        break;
    case RECORDING_SERVER_END:
        take_device_away(c);
        break;
    }
    if (e->kind != RECORDING_SERVER_END)
        return;
    RUN_UNTIL(c->ended);
    if (!c->ended)
        differs("connection %d: not closed", e->connection);
}

/* A client that is not there any more: the file ends with its connection. */
static void end_connection(int number)
{
    struct connection *c = &connections[number - 1];

    if (c->fd >= 0)
        evutil_closesocket(c->fd);
    RUN_UNTIL(export.forgotten >= (unsigned)number && (!c->device || c->device->count == 0));
    for (size_t i = 0; i < c->count; i++)
        if (!c->replies[i].matched)
            differs("%s %u: in addition, status %d", kind_of(&c->replies[i].head),
                    c->replies[i].head.seqnum, c->replies[i].head.status);
    if (c->urbs)
        CHECK(c->device->count == 0 && c->device->claims == 1 && c->device->releases == 1);
}

static void replay(const char *name)
{
    char path[512];

    file = name;
    snprintf(path, sizeof path, VECTORS "/usbip/%s", name);
    recording_read(&recording, path);
    CHECK(recording.count > 1 && recording.connections <= CONNECTIONS_MAX);
    fake_usb_export_begin(&export, base, 4 << 20);
    device_count = transfer_count = 0;
    memset(connections, 0, sizeof connections);
    for (int i = 0; i < recording.connections; i++)
        connections[i].fd = -1;
    for (size_t i = 0; i < recording.count; i++)
        play(i);
    for (int i = 1; i <= recording.connections; i++)
        end_connection(i);
    CHECK(export.forgotten == (unsigned)recording.connections);
    recording_free(&recording);
}

static void answers_are_the_kernels(void)
{
    DIR *folder = opendir(VECTORS "/usbip");
    int files = 0;

    CHECK(folder);
    for (struct dirent *e = readdir(folder); e; e = readdir(folder)) {
        if (!strstr(e->d_name, ".txt"))
            continue;
        replay(e->d_name);
        files++;
    }
    closedir(folder);
    CHECK(files >= 14);
    CHECK(!unexplained);
    for (size_t i = 0; i < sizeof differences / sizeof *differences; i++) {
        if (!occurred[i])
            fprintf(stderr, "%s: %s: does not occur\n", differences[i].file, differences[i].what);
        CHECK(occurred[i]);
    }
}

static void drop_line(enum log_level level, const char *line)
{
    (void)level;
    (void)line;
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(answers_are_the_kernels),
    };

    CHECK(startup_init(&argc, &argv) == 0);
    log_set_sink(drop_line);
    base = loop_new(false);
    int status = test_main(argc, argv, tests, sizeof tests / sizeof *tests);
    fake_usb_export_end(&export);
    loop_free(base);
    return status;
}
