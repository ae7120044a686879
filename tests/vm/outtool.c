/*
 * Writes to a bulk endpoint by libusb-1.0, one byte each:
 *
 *     outtool VID PID ENDPOINT TEXT     in hexadecimal, but for TEXT
 */
#include <libusb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MS = 5000 };

int main(int argc, char **argv)
{
    if (argc != 5)
        return 2;
    libusb_init(NULL);
    libusb_device_handle *h = libusb_open_device_with_vid_pid(
        NULL, (uint16_t)strtoul(argv[1], NULL, 16), (uint16_t)strtoul(argv[2], NULL, 16));
    int r = h ? libusb_claim_interface(h, 0) : LIBUSB_ERROR_NO_DEVICE;
    unsigned char endpoint = (unsigned char)strtoul(argv[3], NULL, 16);

    for (char *at = argv[4]; r == 0 && *at; at++) {
        int moved = 0;

        r = libusb_bulk_transfer(h, endpoint, (unsigned char *)at, 1, &moved, MS);
        if (r == 0 && moved != 1)
            r = LIBUSB_ERROR_OTHER;
    }
    if (r < 0)
        fprintf(stderr, "outtool: %s\n", libusb_error_name(r));
    if (h)
        libusb_close(h);
    libusb_exit(NULL);
    return r < 0;
}
