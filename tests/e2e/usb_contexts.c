/*
 * Two contexts of libusb-1.0 in one process, as of a program and of a library that it uses (hidapi
 * has one of its own), with an interface each of one device: usb_contexts VID PID OUT0 IN0 OUT1.
 * Says what is wrong, and ends with 1.
 */
#include <libusb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>

static int vendor, product;
static unsigned char out0, in0, out1;

#define CHECK(what, wanted) check(__LINE__, #what, (what), (wanted))

static void check(int line, const char *what, int got, int wanted)
{
    if (got == wanted)
        return;
    fprintf(stderr, "line %d: %s is %d, not %d\n", line, what, got, wanted);
    exit(1);
}

static libusb_device_handle *open_in(libusb_context *c)
{
    libusb_device_handle *h =
        libusb_open_device_with_vid_pid(c, (uint16_t)vendor, (uint16_t)product);

    CHECK(h != NULL, 1);
    return h;
}

static void writes(libusb_device_handle *h, unsigned char endpoint)
{
    unsigned char byte = 0x80;
    int moved = 0;

    CHECK(libusb_bulk_transfer(h, endpoint, &byte, 1, &moved, 20000), 0);
    CHECK(moved, 1);
}

static int told;

static void LIBUSB_CALL on_done(struct libusb_transfer *t)
{
    told = t->status == LIBUSB_TRANSFER_CANCELLED ? 1 : -1;
}

static volatile int stop;

static void *handle_events(void *context)
{
    while (!stop) {
        struct timeval limit = {0, 20000};

        CHECK(libusb_handle_events_timeout(context, &limit), 0);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    static unsigned char data[512];
    libusb_context *a, *b;
    pthread_t thread;
    libusb_device **list;

    if (argc != 6)
        return 2;
    vendor = (int)strtol(argv[1], NULL, 16);
    product = (int)strtol(argv[2], NULL, 16);
    out0 = (unsigned char)strtol(argv[3], NULL, 16);
    in0 = (unsigned char)strtol(argv[4], NULL, 16);
    out1 = (unsigned char)strtol(argv[5], NULL, 16);
    CHECK(libusb_init(&a), 0);
    libusb_device_handle *ha = open_in(a);
    CHECK(libusb_claim_interface(ha, 0), 0);
    CHECK(libusb_init(&b), 0); /* the device is held, and seen all the same */
    libusb_device_handle *hb = open_in(b);
    CHECK(libusb_claim_interface(hb, 0), LIBUSB_ERROR_BUSY);
    CHECK(libusb_claim_interface(hb, 1), 0);
    CHECK(libusb_claim_interface(ha, 1), LIBUSB_ERROR_BUSY);
    writes(ha, out0);
    writes(hb, out1);
    for (int i = 0; i < 3; i++) {
        CHECK(libusb_get_device_list(a, &list) > 0, 1);
        libusb_free_device_list(list, 1);
        CHECK(libusb_get_device_list(b, &list) > 0, 1);
        libusb_free_device_list(list, 1);
    }

    /* the other one's thread reads the answers of both */
    CHECK(pthread_create(&thread, NULL, handle_events, b), 0);
    for (int i = 0; i < 200; i++)
        writes(ha, out0);
    writes(hb, out1);
    stop = 1;
    CHECK(pthread_join(thread, NULL), 0);

    /* one is under way while the other one goes */
    struct libusb_transfer *t = libusb_alloc_transfer(0);
    libusb_fill_bulk_transfer(t, hb, in0, data, sizeof data, on_done, NULL, 0);
    if (libusb_release_interface(ha, 0) != 0 || libusb_claim_interface(hb, 0) != 0)
        CHECK(0, 1);
    CHECK(libusb_submit_transfer(t), 0);
    libusb_close(ha);
    libusb_exit(a);
    writes(hb, out1);
    if (!told) {
        int r = libusb_cancel_transfer(t);

        CHECK(r == 0 || r == LIBUSB_ERROR_NOT_FOUND, 1); /* it may be done, and not told yet */
        while (!told) {
            struct timeval limit = {1, 0};

            CHECK(libusb_handle_events_timeout(b, &limit), 0);
        }
    }
    libusb_free_transfer(t);
    libusb_close(hb);
    libusb_exit(b);

    /* and again, in the other order */
    CHECK(libusb_init(&b), 0);
    hb = open_in(b);
    CHECK(libusb_claim_interface(hb, 1), 0);
    CHECK(libusb_init(&a), 0);
    ha = open_in(a);
    CHECK(libusb_claim_interface(ha, 0), 0);
    libusb_exit(b); /* without closing */
    writes(ha, out0);
    CHECK(libusb_claim_interface(ha, 1), 0); /* which was the other one's */
    writes(ha, out1);
    libusb_close(ha);
    libusb_exit(a);
    return 0;
}
