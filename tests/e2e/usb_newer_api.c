/*
 * usb_newer_api - prints what the functions of libusb 1.0.30 say of each device, one line each:
 * name of the function, what it returned, and its string. Built with libusb's own header where that
 * is new enough, else with ours.
 */
#include <libusb.h>
#include <stdio.h>
#if LIBUSB_API_VERSION < 0x0100010C
#include "newer_api.h"
#endif

static void print_string(const char *name, int r, const char *text)
{
    printf("%s %d %s\n", name, r, text);
}

static void print_device(libusb_device *dev)
{
    char text[LIBUSB_DEVICE_STRING_BYTES_MAX], few[4];

    for (int i = -1; i <= LIBUSB_DEVICE_STRING_COUNT; i++) {
        enum libusb_device_string_type type = (enum libusb_device_string_type)i;
        int r = libusb_get_device_string(dev, type, text, sizeof text);

        print_string("device", r, i < 0 || i == LIBUSB_DEVICE_STRING_COUNT ? "" : text);
    }
    enum libusb_device_string_type product = LIBUSB_DEVICE_STRING_PRODUCT;
    print_string("few", libusb_get_device_string(dev, product, few, sizeof few), few);
    print_string("length", libusb_get_device_string(dev, product, NULL, 1), "");
    print_string("none", libusb_get_device_string(dev, product, text, 0), "");
    int same = libusb_get_session_data(dev) ==
               ((unsigned long)libusb_get_bus_number(dev) << 8 | libusb_get_device_address(dev));
    print_string("session", same, "");
#if LIBUSB_API_VERSION < 0x0100010C || LIBUSB_API_VERSION >= 0x0100010D
    print_string("config", libusb_get_config_string(dev, 0, text, sizeof text), text);
    print_string("config", libusb_get_config_string(dev, 77, text, sizeof text), text);
    print_string("interface", libusb_get_interface_string(dev, 1, 0, 0, text, sizeof text), text);
    print_string("interface", libusb_get_interface_string(dev, 0, 0, 9, text, sizeof text), text);
#endif
    libusb_device_handle *h;
    if (libusb_open(dev, &h) < 0)
        return;
    print_string("supports", libusb_endpoint_supports_raw_io(h, 0x81), "");
    print_string("set", libusb_endpoint_set_raw_io(h, 0x81, 1), "");
    print_string("max", libusb_get_max_raw_io_transfer_size(h, 0x81), "");
    libusb_close(h);
}

int main(void)
{
    libusb_device **list;

    if (libusb_init(NULL) < 0)
        return 1;
    ssize_t count = libusb_get_device_list(NULL, &list);
    for (ssize_t i = 0; i < count; i++)
        print_device(list[i]);
    libusb_free_device_list(list, 1);
    libusb_exit(NULL);
    return 0;
}
