/* Which driver each interface of a USB device has: of the devices of usb_devices.c, which stands in
 * setupapi's place. */
#include "usb_function.h"

#include "startup.h"
#include "test.h"

static const char *driver(const struct usb_function_place *place, int interface)
{
    static char text[USB_FUNCTION_TEXT_MAX];

    return usb_function_driver(place, interface, text) ? text : NULL;
}

static void each_interface_of_a_composite_device_has_its_own(void)
{
    const struct usb_function_place stick = {0x0403, 0x6010, {3, 2}, 2};
    const struct usb_function_place other = {0x0403, 0x6010, {3, 21}, 2};

    CHECK_TEXT(driver(&stick, 0), "WinUSB");
    CHECK_TEXT(driver(&stick, 1), "FTDIBUS");
    CHECK_TEXT(driver(&other, 0), "FTDIBUS");
}

static void a_function_has_the_interfaces_up_to_the_next_one(void)
{
    const struct usb_function_place modem = {0x1bc7, 0x0021, {5}, 1};

    CHECK_TEXT(driver(&modem, 0), "usbser");
    CHECK_TEXT(driver(&modem, 1), "usbser");
    CHECK_TEXT(driver(&modem, 2), "libusbK");
}

static void a_device_of_one_function_has_one(void)
{
    const struct usb_function_place cp2102 = {0x10c4, 0xea60, {7}, 1};
    const struct usb_function_place fresh = {0x1209, 0x0001, {8}, 1};

    CHECK_TEXT(driver(&cp2102, 0), "silabser");
    CHECK_TEXT(driver(&fresh, 0), "");
}

static void what_hangs_elsewhere_is_another_device(void)
{
    const struct usb_function_place places[] = {
        {0x0403, 0x6010, {3}, 1},
        {0x0403, 0x6010, {2}, 1},
        {0x0403, 0x6010, {3, 2, 1}, 3},
        {0x0403, 0x6014, {3, 2}, 2},
        {0x10c4, 0xea60, {77}, 1},
        {0x1209, 0x0002, {1}, 1},
        {0x10c4, 0xea60, {7, 7, 7, 7, 7, 7, 7}, 7},
    };

    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        CHECK(!driver(&places[i], 0));
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(each_interface_of_a_composite_device_has_its_own),
        TEST(a_function_has_the_interfaces_up_to_the_next_one),
        TEST(a_device_of_one_function_has_one),
        TEST(what_hangs_elsewhere_is_another_device),
    };

    CHECK(startup_init(&argc, &argv) == 0);
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
