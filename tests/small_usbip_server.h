/*
 * A small USB/IP server for programs on net2usb's libraries, in threads of the test's: one device
 * with a bulk endpoint each way, whose URBs are held until the test has them answered, or answered
 * at once. It knows no extensions, as most servers do not. It allocates nothing.
 */
#ifndef TESTS_SMALL_USBIP_SERVER_H
#define TESTS_SMALL_USBIP_SERVER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "proto/usb_desc.h"
#include "proto/usbip_reader.h"

enum { HELD_MAX = 256, SIZE = 64, VENDOR = 0x1209, PRODUCT = 1 };

__attribute__((noreturn)) static inline void fail(const char *what)
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
    bool answers; /* each URB at once */
} server = {.lock = PTHREAD_MUTEX_INITIALIZER, .connection = -1};

static uint16_t port;

static inline void say(int fd, const void *bytes, size_t len)
{
    if (send(fd, bytes, len, MSG_NOSIGNAL) < 0)
        return; /* the program has closed it */
}

static inline void say_answer(int fd, uint32_t seqnum, int status, const void *data, int actual,
                              bool in)
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

static inline void answer_control(int fd, const struct usbip_urb *u)
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
static inline void answer(int i, unsigned how)
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

static inline void take_urb(int fd, const struct usbip_urb *u)
{
    pthread_mutex_lock(&server.lock);
    if (fd != server.connection) { /* of a connection that is lost */
    } else if (u->command == USBIP_CMD_SUBMIT && u->ep == 0) {
        answer_control(fd, u);
    } else if (server.held_count < HELD_MAX) {
        server.held[server.held_count++] = *u;
        if (server.answers || (u->command == USBIP_CMD_UNLINK && !server.keeps_unlinks))
            answer(server.held_count - 1, 0);
    }
    pthread_mutex_unlock(&server.lock);
}

static inline void serve_urbs(int fd)
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

static inline void *serve(void *connection)
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

static inline void *listen_for_ever(void *listener)
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

static inline void begin_server(void)
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

#endif
