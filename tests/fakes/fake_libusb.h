/*
 * libusb with one device that exists in memory only: the functions that server/usb/usb_libusb.c and
 * usb_host.c call, in place of the library's. Tests say how it answers, end transfers, and read in
 * its journal what was asked of it.
 */
#ifndef TESTS_FAKES_FAKE_LIBUSB_H
#define TESTS_FAKES_FAKE_LIBUSB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libusb.h>

#include "journal.h"

enum { FAKE_LIBUSB_TRANSFERS = 32 };

struct fake_libusb {
    /* "open", "claim 0", "release 0", "attach 0", "close", "configuration 1", "alternate 0 1",
     * "halt 81", "reset", "submit 81 64", "cancel 81" */
    struct journal journal;
    struct libusb_device *device;
    /* what its functions return: 0, or libusb's error */
    int init_result, open_result, alternate_result, halt_result, reset_result, configuration_result;
    int claim_results[2]; /* by interface */
    int submit_result, cancel_result;
    int references; /* to the device */
    bool plugged;   /* it is in lists */
    int contexts;   /* that are not ended */
    uint8_t address;
    libusb_hotplug_callback_fn hotplug; /* NULL: nobody wants to hear */
    void *hotplug_data;
    struct libusb_transfer *under_way[FAKE_LIBUSB_TRANSFERS]; /* oldest first */
    size_t count;
    size_t allocated; /* transfers that are not freed */
};

extern struct fake_libusb fake_libusb;

/* A high-speed device 0403:6010 at 1-4.2, address 7, plugged in and configured: two interfaces; of
 * the first the alternate setting 0 has bulk endpoints 81 and 02, setting 1 interrupt 83 and
 * isochronous 84 and 05, too. Everything succeeds. */
void fake_libusb_reset(void);

/* Ends a transfer that is under way; its data are the test's to put there. */
void fake_libusb_end(struct libusb_transfer *l, enum libusb_transfer_status status, int actual);

#endif
