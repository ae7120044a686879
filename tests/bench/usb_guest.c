/*
 * What URBs of a real device cost through a USB/IP server, for tests/bench/usb_guest:
 *
 *     usb_guest PORT BUSID EP    EP: a bulk OUT endpoint that takes everything
 *
 *     usb_guest bare
 *
 * Prints lines NAME VALUE: microseconds of a control URB that reads a descriptor and of a bulk URB
 * of 64 bytes, alone and with 8 under way, and of one of a byte with 64 under way; MB/s of bulk
 * URBs of 512 bytes and 16 KiB, 8 under way. Or microseconds of a round trip of such messages
 * between two processes, with nothing behind it.
 */
#include "urbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DESCRIPTOR = 18, COUNT = 1000, BULK_BYTES = 8 << 20 };

static void answer(int fd)
{
    bare_answer(fd, URBS_HEAD, URBS_HEAD + DESCRIPTOR);
}

int main(int argc, char **argv)
{
    static const struct urbs_what configure = {.setup = {0, 9, 1, 0, 0, 0, 0, 0}};
    static const struct urbs_what control = {
        .in = 1, .length = DESCRIPTOR, .setup = {0x80, 6, 0, 1, 0, 0, DESCRIPTOR, 0}};
    static const struct {
        const char *name;
        uint32_t length; /* 0: the control URB */
        int depth;
    } small[] = {{"control-1", 0, 1},
                 {"control-8", 0, 8},
                 {"bulk64-1", 64, 1},
                 {"bulk64-8", 64, 8},
                 {"bulk1-64", 1, 64}},
      bulk[] = {{"512", 512, 8}, {"16k", 16384, 8}};
    struct urbs u;

    if (argc == 2 && strcmp(argv[1], "bare") == 0) {
        printf("bare %.2f\n", bare_round_trip(answer, URBS_HEAD, URBS_HEAD + DESCRIPTOR, COUNT));
        return 0;
    }
    if (argc != 4) {
        fprintf(stderr, "usage: usb_guest PORT BUSID EP, or usb_guest bare\n");
        return 2;
    }
    const unsigned ep = (unsigned)atoi(argv[3]);
    urbs_import(&u, atoi(argv[1]), argv[2]);
    if (urbs_do(&u, &configure) != 0) { /* usbip-host binds devices without one */
        fprintf(stderr, "its configuration cannot be set\n");
        return 1;
    }
    for (size_t i = 0; i < sizeof small / sizeof *small; i++) {
        const struct urbs_what what = {.ep = ep, .length = small[i].length};
        const struct urbs_what *w = small[i].length ? &what : &control;

        urbs_many(&u, w, COUNT / 10, small[i].depth); /* caches and all that */
        printf("%s %.2f\n", small[i].name, urbs_many(&u, w, COUNT, small[i].depth) / COUNT);
    }
    for (size_t i = 0; i < sizeof bulk / sizeof *bulk; i++) {
        const struct urbs_what what = {.ep = ep, .length = bulk[i].length};
        const int count = bulk[i].length < 1024 ? COUNT : BULK_BYTES / (int)bulk[i].length;

        printf("%s %.2f\n", bulk[i].name,
               (double)bulk[i].length * count / urbs_many(&u, &what, count, bulk[i].depth));
    }
    return 0;
}
