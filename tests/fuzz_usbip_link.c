/*
 * Fuzzes what a server says to an imported device's link: whatever it is, each URB is done exactly
 * once, and nothing is written outside of its memory. The first byte chooses what is under way, the
 * second one the pieces.
 */
#include "usbip_link.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { URBS = 6, SIZE = 32 };

static struct usbip_link link_;

static struct usbip_link_urb *submit(int i, uint8_t kind)
{
    struct usbip_link_urb *u = usbip_link_urb_new(i == 3 ? 2 : 0);

    if (!u)
        abort();
    u->owner = &link_;
    u->address = (uint8_t)(i | (kind >> i & 1 ? 0x80 : 0));
    u->length = SIZE;
    u->data = malloc(SIZE); /* exactly */
    for (size_t n = 0; n < u->packet_count; n++)
        u->packets[n] = (struct usbip_packet){.offset = (uint32_t)n * SIZE / 2, .length = SIZE / 2};
    u->post = i == 5 && !(u->address & 0x80);
    usbip_link_submit(&link_, u);
    return u;
}

static int take(void)
{
    int count = 0;
    struct usbip_link_urb *u;

    while ((u = usbip_link_take(&link_))) {
        if (u->actual > u->length)
            abort();
        free(u->data);
        usbip_link_urb_free(u);
        count++;
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct usbip_link_urb *urbs[URBS];
    int pair[2], done;

    if (len < 2 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 ||
        usbip_link_init(&link_, pair[0], 1) < 0)
        return 0;
    for (int i = 0; i < URBS; i++)
        urbs[i] = submit(i, data[0]);
    usbip_link_unlink(&link_, urbs[1]);
    const size_t piece = 1 + data[1] % 64;
    done = take();
    for (size_t at = 2; at < len; at += piece) {
        const size_t part = len - at < piece ? len - at : piece;

        if (send(pair[1], data + at, part, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)part)
            break;
        usbip_link_step(&link_);
        done += take();
    }
    close(pair[1]);
    usbip_link_step(&link_);
    usbip_link_step(&link_);
    done += take();
    if (done != URBS || link_.fd >= 0)
        abort();
    usbip_link_free(&link_);
    return 0;
}
