/*
 * Uses Linux's gadget SourceSink, or what behaves like it, by libusb-1.0:
 *
 *     usbtool VID PID     in hexadecimal
 *
 * Says "ok: WHAT" for each thing that works, and ends with 1 at the first that does not; and "late"
 * where it has not opened the device again within a moment, in which it is not to be reset.
 */
#include <libusb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SIZE = 256 * 1024, MS = 5000, MOMENT_MS = 500 };

static unsigned char data[SIZE], out, in;

static void ok(const char *what, int r)
{
    printf("%s: %s%s%s\n", r < 0 ? "FAIL" : "ok", what, r < 0 ? ": " : "",
           r < 0 ? libusb_error_name(r) : "");
    fflush(stdout);
    if (r < 0)
        exit(1);
}

/* The bulk endpoints of the setting in force. */
static int find_endpoints(libusb_device *device)
{
    struct libusb_config_descriptor *c;
    int r = libusb_get_active_config_descriptor(device, &c);

    if (r < 0)
        return r;
    const struct libusb_interface_descriptor *i = c->interface[0].altsetting;
    for (int k = 0; k < i->bNumEndpoints; k++)
        *(i->endpoint[k].bEndpointAddress & 0x80 ? &in : &out) = i->endpoint[k].bEndpointAddress;
    libusb_free_config_descriptor(c);
    return in && out ? 0 : LIBUSB_ERROR_NOT_FOUND;
}

static int is_all(int count, int want)
{
    return count == want ? 0 : LIBUSB_ERROR_OTHER;
}

static long long now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static libusb_device_handle *open_it(char **ids)
{
    libusb_device_handle *h = libusb_open_device_with_vid_pid(
        NULL, (uint16_t)strtoul(ids[0], NULL, 16), (uint16_t)strtoul(ids[1], NULL, 16));

    ok("it is there, and can be opened", h ? 0 : LIBUSB_ERROR_NO_DEVICE);
    return h;
}

int main(int argc, char **argv)
{
    unsigned char text[64];
    int moved = 0;

    if (argc != 3)
        return 2;
    ok("a context", libusb_init(NULL));
    libusb_device_handle *h = open_it(argv + 1);
    ok("its endpoints are known", find_endpoints(libusb_get_device(h)));
    ok("the interface is its own", libusb_claim_interface(h, 0));
    struct libusb_device_descriptor d;
    libusb_get_device_descriptor(libusb_get_device(h), &d);
    if (d.iProduct)
        ok("its name", libusb_get_string_descriptor_ascii(h, d.iProduct, text, sizeof text));
    ok("a request", libusb_control_transfer(h, 0x80, 0, 0, 0, text, 2, MS));
    ok("bytes to it", libusb_bulk_transfer(h, out, data, SIZE, &moved, MS));
    ok("all of them", is_all(moved, SIZE));
    memset(data, 0xff, sizeof data);
    ok("bytes of it", libusb_bulk_transfer(h, in, data, SIZE, &moved, MS));
    ok("all of them", is_all(moved, SIZE));
    for (size_t i = 0; i < SIZE; i++)
        if (data[i] != 0)
            ok("which are zeros", LIBUSB_ERROR_OTHER);
    ok("which are zeros", 0);
    int r = libusb_control_transfer(h, 0xc0, 0x77, 0, 0, text, 1, MS);
    ok("a request that it has not stalls", r == LIBUSB_ERROR_PIPE ? 0 : LIBUSB_ERROR_OTHER);
    ok("and nothing else", libusb_control_transfer(h, 0x80, 0, 0, 0, text, 2, MS));
    ok("a halt is cleared", libusb_clear_halt(h, in));
    ok("the interface is released", libusb_release_interface(h, 0));
    const long long closed = now_ms();
    libusb_close(h);
    h = open_it(argv + 1); /* at once: the server sees one import */
    if (now_ms() - closed > MOMENT_MS)
        printf("late: %lld ms\n", now_ms() - closed);
    ok("once more", libusb_claim_interface(h, 0));
    ok("bytes to it", libusb_bulk_transfer(h, out, data, SIZE, &moved, MS));
    libusb_close(h);
    libusb_exit(NULL);
    return 0;
}
