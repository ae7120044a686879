/*
 * Programs' transfers on net2usb's libusb-1.0, by random inputs (random_runs.h), in two contexts
 * that have one device: submitted, cancelled by callbacks, by the program and by another thread,
 * answered in any order or not at all; the device is reset, closed with transfers under way, and
 * lost. Each transfer is told of once, with a status that it may have; nothing is told of after a
 * close, and nothing waits for ever.
 */
#include <libusb.h>

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "proto/usb_desc.h"
#include "proto/usbip_reader.h"
#include "random_runs.h"
#include "usbip_backend.h"

enum {
    CONTEXTS = 2,
    TRANSFERS = 12,
    HELD_MAX = 256,
    SIZE = 64,
    PATIENCE_S = 60,
    VENDOR = 0x1209,
    PRODUCT = 1
};

static const uint8_t *input;
static size_t left;

static unsigned choose(unsigned below)
{
    if (left == 0)
        return 0;
    left--;
    return *input++ % below;
}

__attribute__((noreturn)) static void fail(const char *what)
{
    fprintf(stderr, "%s\n", what);
    abort();
}

/* --- the server --------------------------------------------------------------------------------
 */

static const uint8_t device_descriptor[] = {18,   1, 0, 2, 0xff, 0xff, 0xff, 64, 0x09,
                                            0x12, 1, 0, 0, 1,    0,    0,    0,  1};
static const uint8_t configuration[] = {9, 2, 32, 0,    1,    1,    0, 0x80, 50, 9, 4,
                                        0, 0, 2,  0xff, 0xff, 0xff, 0, 7,    5,  1, 2,
                                        0, 2, 0,  7,    5,    0x81, 2, 0,    2,  0};

static struct {
    pthread_mutex_t lock; /* of all of it */
    int connection;       /* of the import; -1 */
    struct usbip_urb held[HELD_MAX];
    int held_count;
    bool keeps_unlinks, refuses_reset;
} server = {.lock = PTHREAD_MUTEX_INITIALIZER, .connection = -1};

static uint16_t port;

static void say(int fd, const void *bytes, size_t len)
{
    if (send(fd, bytes, len, MSG_NOSIGNAL) < 0)
        return; /* the program has closed it */
}

static void say_answer(int fd, uint32_t seqnum, int status, const void *data, int actual, bool in)
{
    uint8_t bytes[USBIP_URB_SIZE + 256];

    usbip_put_urb(
        &(struct usbip_urb){
            .command = USBIP_RET_SUBMIT, .seqnum = seqnum, .status = status, .actual = actual},
        bytes);
    if (in)
        memcpy(bytes + USBIP_URB_SIZE, data, (size_t)actual);
    say(fd, bytes, USBIP_URB_SIZE + (in ? (size_t)actual : 0));
}

static void answer_control(int fd, const struct usbip_urb *u)
{
    const struct usb_setup s = usb_setup_get(u->setup);
    const uint8_t *data = s.value >> 8 == 1 ? device_descriptor : configuration;
    const size_t size = s.value >> 8 == 1 ? sizeof device_descriptor : sizeof configuration;

    if (s.type == 0x80 && s.request == USB_REQUEST_GET_DESCRIPTOR && s.value >> 8 <= 2)
        say_answer(fd, u->seqnum, 0, data, (int)(s.length < size ? s.length : size), true);
    else if (s.type == 0x23 && server.refuses_reset)
        say_answer(fd, u->seqnum, USBIP_EPIPE, NULL, 0, false);
    else
        say_answer(fd, u->seqnum, 0, NULL, 0, false);
}

/* An answer to a held URB, or to an unlink. */
static void answer(int i, unsigned how)
{
    static const uint8_t data[SIZE + 100];
    const struct usbip_urb u = server.held[i];
    const bool in = u.direction == USBIP_DIR_IN;
    uint8_t bytes[USBIP_URB_SIZE];
    int status = 0;

    server.held[i] = server.held[--server.held_count];
    if (u.command == USBIP_CMD_SUBMIT) {
        int actual = how == 1 ? u.length / 2 : how == 2 ? 0 : u.length;

        if (how == 3 && in)
            actual += 100;
        say_answer(server.connection, u.seqnum, how == 2 ? USBIP_EPIPE : 0, data, actual, in);
        return;
    }
    for (int k = 0; k < server.held_count && status == 0; k++) {
        if (server.held[k].command == USBIP_CMD_SUBMIT && server.held[k].seqnum == u.unlink) {
            server.held[k] = server.held[--server.held_count];
            status = USBIP_ECONNRESET;
        }
    }
    usbip_put_urb(
        &(struct usbip_urb){.command = USBIP_RET_UNLINK, .seqnum = u.seqnum, .status = status},
        bytes);
    say(server.connection, bytes, sizeof bytes);
}

static void take_urb(int fd, const struct usbip_urb *u)
{
    pthread_mutex_lock(&server.lock);
    if (fd != server.connection) { /* of a connection that is lost */
    } else if (u->command == USBIP_CMD_SUBMIT && u->ep == 0) {
        answer_control(fd, u);
    } else if (server.held_count < HELD_MAX) {
        server.held[server.held_count++] = *u;
        if (u->command == USBIP_CMD_UNLINK && !server.keeps_unlinks)
            answer(server.held_count - 1, 0);
    }
    pthread_mutex_unlock(&server.lock);
}

static void serve_urbs(int fd)
{
    struct usbip_reader r;
    uint8_t bytes[4096];
    ssize_t n;

    usbip_reader_init(&r);
    usbip_reader_begin_urbs(&r);
    while ((n = recv(fd, bytes, sizeof bytes, 0)) > 0) {
        const uint8_t *at = bytes;
        size_t len = (size_t)n;

        for (enum usbip_read read = usbip_reader_next(&r, &at, &len); read != USBIP_READ_NOTHING;
             read = usbip_reader_next(&r, &at, &len)) {
            struct usbip_body body;

            if (read == USBIP_READ_BODY)
                take_urb(fd, &r.urb);
            else if (read != USBIP_READ_URB || usbip_urb_body(&r.urb, 0, 1 << 20, &body) < 0)
                fail("the server gets what is no URB");
            else
                usbip_reader_skip(&r, &body);
        }
    }
}

static void *serve(void *connection)
{
    const int fd = (int)(intptr_t)connection, on = 1;
    struct usbip_device d = {.path = "/sys/x",
                             .busid = "1-1",
                             .busnum = 1,
                             .devnum = 2,
                             .speed = USBIP_SPEED_HIGH,
                             .vendor = VENDOR,
                             .product = PRODUCT,
                             .configuration = 1,
                             .configurations = 1,
                             .interfaces = 1};
    uint8_t request[USBIP_OP_SIZE + USBIP_BUSID_SIZE],
        bytes[USBIP_OP_SIZE + 4 + USBIP_DEVICE_SIZE + 4];
    struct usbip_op op;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    memset(bytes, 0, sizeof bytes);
    if (recv(fd, request, USBIP_OP_SIZE, MSG_WAITALL) == USBIP_OP_SIZE) {
        usbip_get_op(request, &op);
        usbip_put_op(&(struct usbip_op){.version = USBIP_VERSION, .code = op.code & 0x7fff}, bytes);
        if (op.code == USBIP_OP_REQ_DEVLIST) {
            bytes[USBIP_OP_SIZE + 3] = 1;
            usbip_put_device(&d, bytes + USBIP_OP_SIZE + 4);
            say(fd, bytes, sizeof bytes);
        } else if (recv(fd, request, USBIP_BUSID_SIZE, MSG_WAITALL) == USBIP_BUSID_SIZE) {
            pthread_mutex_lock(&server.lock);
            server.connection = fd;
            server.held_count = 0;
            usbip_put_device(&d, bytes + USBIP_OP_SIZE);
            say(fd, bytes, USBIP_OP_SIZE + USBIP_DEVICE_SIZE);
            pthread_mutex_unlock(&server.lock);
            serve_urbs(fd);
            pthread_mutex_lock(&server.lock);
            if (server.connection == fd)
                server.connection = -1;
            pthread_mutex_unlock(&server.lock);
        }
    }
    close(fd);
    return NULL;
}

static void *listen_for_ever(void *listener)
{
    for (;;) {
        pthread_t thread;
        int fd = accept((int)(intptr_t)listener, NULL, NULL);

        if (fd < 0 || pthread_create(&thread, NULL, serve, (void *)(intptr_t)fd) != 0)
            fail("the server cannot go on");
        pthread_detach(thread);
    }
    return NULL;
}

static void begin_server(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    pthread_t thread;
    char name[32];
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(fd, 64) < 0 ||
        getsockname(fd, (struct sockaddr *)&a, &len) < 0)
        fail("no server");
    port = ntohs(a.sin_port);
    snprintf(name, sizeof name, "127.0.0.1:%u", port);
    setenv("NET2USB_SERVER", name, 1);
    if (pthread_create(&thread, NULL, listen_for_ever, (void *)(intptr_t)fd) != 0)
        fail("no server");
}

/* --- the program -------------------------------------------------------------------------------
 */

static struct flying {
    struct libusb_transfer *transfer; /* NULL: there is none */
    bool under_way, cancelled;
    bool pinned; /* another thread has it */
    uint8_t data[LIBUSB_CONTROL_SETUP_SIZE + SIZE];
    uint8_t guard;
} all[TRANSFERS];

static libusb_context *contexts[CONTEXTS];
static libusb_device_handle *handles[CONTEXTS];
static bool lost; /* the connection, since the handles were opened */

/* Each transfer is always of the same context. */
static int context_of(const struct flying *f)
{
    return (int)(f - all) % CONTEXTS;
}

static void cancel(struct flying *f)
{
    if (!f->transfer)
        return;
    int r = libusb_cancel_transfer(f->transfer);
    if (r != LIBUSB_SUCCESS && r != LIBUSB_ERROR_NOT_FOUND)
        fail("a cancel fails");
    f->cancelled |= r == LIBUSB_SUCCESS;
}

static void submit(struct flying *f);

static void LIBUSB_CALL on_done(struct libusb_transfer *t)
{
    struct flying *f = t->user_data;
    const enum libusb_transfer_status s = t->status;

    if (!f->under_way)
        fail("a transfer is told of that is not under way");
    f->under_way = false;
    if (s == LIBUSB_TRANSFER_CANCELLED && !f->cancelled && !f->pinned)
        fail("a transfer is cancelled that nobody has cancelled");
    if (s == LIBUSB_TRANSFER_NO_DEVICE && !lost)
        fail("a transfer has no device, and it is not lost");
    if (s == LIBUSB_TRANSFER_ERROR || s == LIBUSB_TRANSFER_TIMED_OUT || f->guard != 0xa5 ||
        t->actual_length > t->length)
        fail("a transfer ends as it may not");
    if (choose(2))
        cancel(&all[choose(TRANSFERS)]);
    if (f->pinned || left == 0)
        return;
    if (choose(4) == 0) {
        submit(f);
    } else if (choose(2)) {
        libusb_free_transfer(t);
        f->transfer = NULL;
    }
}

static void submit(struct flying *f)
{
    const unsigned kind = choose(8);

    if (f->under_way || f->pinned)
        return;
    if (!f->transfer)
        f->transfer = libusb_alloc_transfer(0);
    if (!f->transfer)
        fail("no memory");
    f->guard = 0xa5;
    if (kind == 0) {
        libusb_fill_control_setup(f->data, 0x80, 6, 0x200, 0, 32);
        libusb_fill_control_transfer(f->transfer, handles[context_of(f)], f->data, on_done, f, 0);
    } else {
        libusb_fill_bulk_transfer(f->transfer, handles[context_of(f)], kind < 4 ? 0x01 : 0x81,
                                  f->data, (int)choose(SIZE + 1), on_done, f, 0);
    }
    f->cancelled = false;
    f->under_way = true;
    int r = libusb_submit_transfer(f->transfer);
    if (r == LIBUSB_SUCCESS)
        return;
    f->under_way = false;
    if (r != LIBUSB_ERROR_NO_DEVICE || !lost)
        fail("a submit fails");
}

static void handle_events(int of, int ms)
{
    struct timeval limit = {0, ms * 1000};

    if (libusb_handle_events_timeout(contexts[of], &limit) != LIBUSB_SUCCESS)
        fail("events fail");
}

static void *cancel_elsewhere(void *f)
{
    cancel(f);
    return NULL;
}

/* Another thread cancels while this one handles events. */
static void cancel_by_thread(void)
{
    struct flying *f = &all[choose(TRANSFERS)];
    pthread_t thread;

    if (!f->transfer)
        return;
    f->pinned = true;
    if (pthread_create(&thread, NULL, cancel_elsewhere, f) != 0)
        fail("no thread");
    handle_events((int)choose(CONTEXTS), 0);
    pthread_join(thread, NULL);
    f->pinned = false;
}

/* The first one has the interface; usbfs lets the other one do without, and so do we. */
static void open_it(int of)
{
    handles[of] = libusb_open_device_with_vid_pid(contexts[of], VENDOR, PRODUCT);
    if (!handles[of] || (of == 0 && libusb_claim_interface(handles[of], 0) != LIBUSB_SUCCESS))
        fail("it cannot be opened");
}

/* What was under way is not told of any more. */
static void close_it(int of)
{
    libusb_close(handles[of]);
    for (int i = 0; i < TRANSFERS; i++) {
        if (context_of(&all[i]) != of)
            continue;
        if (all[i].transfer)
            libusb_free_transfer(all[i].transfer);
        all[i] = (struct flying){.transfer = NULL};
    }
    handle_events(of, 0);
}

static void reset_it(int of)
{
    int r = libusb_reset_device(handles[of]);

    if (r != LIBUSB_SUCCESS &&
        !(lost && (r == LIBUSB_ERROR_NOT_FOUND || r == LIBUSB_ERROR_NO_DEVICE)))
        fail("a reset fails");
}

static void lose_it(void)
{
    pthread_mutex_lock(&server.lock);
    if (server.connection >= 0)
        shutdown(server.connection, SHUT_RDWR);
    pthread_mutex_unlock(&server.lock);
    lost = true;
}

static void answer_some(unsigned count)
{
    pthread_mutex_lock(&server.lock);
    while (count-- > 0 && server.held_count > 0 && server.connection >= 0)
        answer((int)choose((unsigned)server.held_count), choose(4));
    pthread_mutex_unlock(&server.lock);
}

static void do_one(void)
{
    switch (choose(16)) {
    case 0:
    case 1:
    case 2:
    case 3:
        submit(&all[choose(TRANSFERS)]);
        break;
    case 4:
    case 5:
        cancel(&all[choose(TRANSFERS)]);
        break;
    case 6:
        cancel_by_thread();
        break;
    case 7:
    case 8:
    case 9:
        answer_some(1 + choose(4));
        break;
    case 10:
    case 11:
    case 12:
        handle_events((int)choose(CONTEXTS), 0);
        break;
    case 13:
        reset_it((int)choose(CONTEXTS));
        break;
    case 14:
        if (choose(4) == 0) {
            const int of = (int)choose(CONTEXTS);

            close_it(of);
            open_it(of);
        }
        break;
    default:
        if (choose(8) != 0)
            break;
        lose_it();
        handle_events((int)choose(CONTEXTS), 1);
        for (int i = 0; i < CONTEXTS; i++)
            close_it(i);
        for (int i = 0; i < CONTEXTS; i++)
            open_it(i);
        lost = false;
        break;
    }
}

static bool any_under_way(void)
{
    for (int i = 0; i < TRANSFERS; i++)
        if (all[i].under_way)
            return true;
    return false;
}

/* Whether the loop would be woken, or something waits. */
static bool any_is_counted(void)
{
    for (const struct device_priv *p = usbip_backend.devices; p; p = p->next)
        if (p->use->has_link &&
            (p->use->link.unlinked || p->use->link.due || p->use->link.posted_count))
            return true;
    return false;
}

/* The server answers all: nothing waits for ever, and nothing is left that would wake the loop. */
static void end_all(void)
{
    const time_t limit = time(NULL) + PATIENCE_S;

    while (any_under_way() || any_is_counted()) {
        answer_some(HELD_MAX);
        for (int i = 0; i < CONTEXTS; i++)
            handle_events(i, 5);
        if (time(NULL) > limit)
            fail(any_under_way() ? "a transfer is under way for ever" : "the loop would spin");
    }
}

static void run(const uint8_t *bytes, size_t len)
{
    input = bytes;
    left = len < 600 ? len : 600;
    server.keeps_unlinks = choose(2) != 0;
    server.refuses_reset = choose(2) != 0;
    for (int i = 0; i < CONTEXTS; i++) {
        if (libusb_init(&contexts[i]) != LIBUSB_SUCCESS)
            fail("no context");
        open_it(i);
    }
    while (left > 0)
        do_one();
    if (len % 2 == 0)
        end_all();
    for (int i = 0; i < CONTEXTS; i++) {
        close_it(i);
        libusb_exit(contexts[i]);
    }
}

int main(int argc, char **argv)
{
    begin_server();
    return random_runs(argc, argv, run);
}
