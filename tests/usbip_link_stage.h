/*
 * The stage of tests of an imported device: a link, and a server by hand at the other end of a pair
 * of sockets.
 */
#ifndef TESTS_USBIP_LINK_STAGE_H
#define TESTS_USBIP_LINK_STAGE_H

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test.h"
#include "usbip_link.h"
#include "usbip_sync.h"

enum { DEVID = 0x10002 };

static struct usbip_link the_link;
static int server;

static void begin(void)
{
    int pair[2];

    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    fcntl(pair[1], F_SETFL, O_NONBLOCK);
    server = pair[1];
    CHECK(usbip_link_init(&the_link, pair[0], DEVID) == 0);
}

static void end(void)
{
    usbip_link_free(&the_link);
    close(server);
}

static struct usbip_link_urb *urb(uint8_t address, uint8_t *data, size_t length)
{
    struct usbip_link_urb *u = usbip_link_urb_new(0);

    CHECK(u);
    u->address = address;
    u->data = data;
    u->length = length;
    u->owner = &the_link;
    return u;
}

/* What the server has got: the number of bytes. */
static size_t got(uint8_t *bytes, size_t room)
{
    ssize_t n = recv(server, bytes, room, 0);

    return n > 0 ? (size_t)n : 0;
}

static struct usbip_urb got_urb(void)
{
    uint8_t bytes[USBIP_URB_SIZE];
    struct usbip_urb u;

    CHECK(got(bytes, sizeof bytes) == sizeof bytes);
    CHECK(usbip_get_urb(bytes, &u) == 0);
    return u;
}

static size_t put_answer(uint8_t *bytes, uint32_t seqnum, int status, int actual, const void *data)
{
    const struct usbip_urb u = {
        .command = USBIP_RET_SUBMIT, .seqnum = seqnum, .status = status, .actual = actual};

    usbip_put_urb(&u, bytes);
    if (data)
        memcpy(bytes + USBIP_URB_SIZE, data, (size_t)actual);
    return USBIP_URB_SIZE + (data ? (size_t)actual : 0);
}

static void say(const void *bytes, size_t len)
{
    CHECK(send(server, bytes, len, MSG_NOSIGNAL) == (ssize_t)len);
}

static void answer(uint32_t seqnum, int status, int actual, const void *data)
{
    uint8_t bytes[USBIP_URB_SIZE + 256];

    say(bytes, put_answer(bytes, seqnum, status, actual, data));
    usbip_link_step(&the_link);
}

static void takes(struct usbip_link_urb *u, int status, size_t actual)
{
    CHECK(usbip_link_take(&the_link) == u);
    CHECK(u->status == status && u->actual == actual);
    usbip_link_urb_free(u);
}

#endif
