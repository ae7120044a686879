/*
 * What a program gets through the libusb-1.0 that it is run with: usb:demo-loop of a server, beside
 * a bare TCP connection with messages of the same sizes.
 *
 *     libusb
 *
 * Prints lines NAME VALUE..., each value the median of 5 rounds: microseconds of a control transfer
 * and of a bare round trip, and MB/s of synchronous bulk transfers of 1 MiB, OUT and IN. The bare
 * server is on the first processor, as the real one is to be; the program on the last one.
 */
#define _GNU_SOURCE
#include "urbs.h"

#include <libusb.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ROUNDS = 5, REQUESTS = 5000, BULK = 100, SINK = 0x04, SOURCE = 0x84 };

static uint8_t buffer[URBS_MAX];

static void pin(int processor)
{
    cpu_set_t one;

    CPU_ZERO(&one);
    CPU_SET(processor, &one);
    sched_setaffinity(0, sizeof one, &one);
}

static void serve(int fd)
{
    pin(0);
    bare_answer(fd, URBS_HEAD, URBS_HEAD + 1);
}

static void check(int r)
{
    if (r >= 0)
        return;
    fprintf(stderr, "%s\n", libusb_error_name(r));
    exit(1);
}

static double control(libusb_device_handle *h)
{
    const double begin = now_us();

    for (int i = 0; i < REQUESTS; i++)
        check(libusb_control_transfer(h, 0x80, 8, 0, 0, buffer, 1, 1000));
    return (now_us() - begin) / REQUESTS;
}

static double bulk(libusb_device_handle *h, uint8_t endpoint)
{
    const double begin = now_us();
    int moved;

    for (int i = 0; i < BULK; i++)
        check(libusb_bulk_transfer(h, endpoint, buffer, URBS_MAX, &moved, 5000));
    return (double)BULK * URBS_MAX / (now_us() - begin);
}

int main(void)
{
    double request[ROUNDS], bare[ROUNDS], out[ROUNDS], in[ROUNDS];

    pin((int)sysconf(_SC_NPROCESSORS_ONLN) - 1);
    check(libusb_init(NULL));
    libusb_device_handle *h = libusb_open_device_with_vid_pid(NULL, 0x1209, 1);
    if (!h) {
        fprintf(stderr, "no demo-loop\n");
        return 1;
    }
    check(libusb_claim_interface(h, 0));
    for (int i = 0; i < ROUNDS; i++) {
        request[i] = control(h);
        bare[i] = bare_round_trip(serve, URBS_HEAD, URBS_HEAD + 1, REQUESTS);
        out[i] = bulk(h, SINK);
        in[i] = bulk(h, SOURCE);
    }
    printf("control %.2f\nbare %.2f\nout %.1f\nin %.1f\n", median_of(request, ROUNDS),
           median_of(bare, ROUNDS), median_of(out, ROUNDS), median_of(in, ROUNDS));
    libusb_close(h);
    libusb_exit(NULL);
    return 0;
}
