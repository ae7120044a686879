/*
 * The list of USB devices for people, of a device whose names are no names: what the system knows
 * of it is the test's to say.
 */
#include "usb_list.h"

#include <unistd.h>

#include "fakes/fake_libusb.h"
#include "startup.h"
#include "test.h"
#include "usb_system.h"

/* --- usb_system ---------------------------------------------------------------------------------
 */

void usb_system_texts(struct libusb_device *real, const char *busid, struct usb_system_texts *t)
{
    (void)real;
    (void)busid;
    *t = (struct usb_system_texts){"Maker\x1b]0;x\a",
                                   "J\xc3\xbcrgen\xc2\x9b"
                                   "2J",
                                   "\b\x7f"
                                   "1"};
}

static bool is_there = true;

bool usb_system_is_there(void)
{
    return is_there;
}

bool usb_system_tells(void)
{
    return true;
}

bool usb_system_has(const char *busid, unsigned devnum)
{
    (void)busid;
    (void)devnum;
    return true;
}

bool usb_system_is_imported(const char *busid)
{
    (void)busid;
    return false;
}

void usb_system_access_advice(uint16_t vendor, uint16_t product,
                              char text[static USB_SYSTEM_ADVICE_MAX])
{
    (void)vendor;
    (void)product;
    text[0] = '\0';
}

void usb_system_driver_advice(uint16_t vendor, uint16_t product, int interface,
                              char text[static USB_SYSTEM_ADVICE_MAX])
{
    (void)vendor;
    (void)product;
    (void)interface;
    text[0] = '\0';
}

void usb_system_interface(struct libusb_device *real, const char *busid, int interface,
                          char text[static USB_SYSTEM_ADVICE_MAX])
{
    (void)real;
    CHECK_TEXT(busid, "1-4.2");
    snprintf(text, USB_SYSTEM_ADVICE_MAX, "%s", interface == 1 ? "ftdi_sio, ttyUSB0" : "");
}

/* --- tests --------------------------------------------------------------------------------------
 */

static const char *publisher; /* of each device, or NULL */

static bool say_published(void *ctx, const char *device)
{
    CHECK(ctx == &publisher);
    CHECK_TEXT(device, "usb:1-4.2");
    if (publisher)
        printf("  published    %s\n", publisher);
    return publisher;
}

/* The list as it is printed. */
static const char *printed(void)
{
    static char text[4096];
    FILE *file = tmpfile();

    CHECK(file);
    fflush(stdout);
    int before = dup(STDOUT_FILENO);
    CHECK(before >= 0 && dup2(fileno(file), STDOUT_FILENO) >= 0);
    usb_list_print(say_published, &publisher);
    fflush(stdout);
    CHECK(dup2(before, STDOUT_FILENO) >= 0);
    close(before);
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

static void names_of_devices_do_nothing_to_a_terminal(void)
{
    fake_libusb_reset();
    CHECK_TEXT(printed(), "usb:1-4.2\n"
                          "  description  Maker?]0;x? J\xc3\xbcrgen?2J\n"
                          "  USB          0403:6010, serial number ??1\n"
                          "  interface 1  ftdi_sio, ttyUSB0\n"
                          "  publish it   com2net usb:1-4.2 3240\n");
}

static void one_that_is_published_is_not_tried(void)
{
    fake_libusb_reset();
    publisher = "by com2net (pid 1)";
    CHECK_TEXT(printed(), "usb:1-4.2\n"
                          "  description  Maker?]0;x? J\xc3\xbcrgen?2J\n"
                          "  USB          0403:6010, serial number ??1\n"
                          "  interface 1  ftdi_sio, ttyUSB0\n"
                          "  published    by com2net (pid 1)\n");
    publisher = NULL;
}

static char told[1024];

static void take_sentence(void *ctx, bool fine, const char *sentence)
{
    CHECK(ctx == told);
    const size_t len = strlen(told);
    snprintf(told + len, sizeof told - len, "%s %s\n", fine ? "ok" : "note", sentence);
}

static const char *checked(void)
{
    told[0] = '\0';
    usb_list_check(say_published, &publisher, take_sentence, told);
    return told;
}

static void each_is_checked_but_those_that_are_published(void)
{
    fake_libusb_reset();
    CHECK_TEXT(checked(), "ok usb:1-4.2 (0403:6010) can be published: com2net usb:1-4.2 3240\n"
                          "note usb:1-4.2: the driver of its interface 1 is ftdi_sio, ttyUSB0\n");
    fake_libusb.open_result = LIBUSB_ERROR_BUSY;
    CHECK(strstr(checked(), "note usb:1-4.2 (0403:6010): ") == told);
    publisher = "by com2net (pid 1)";
    CHECK_TEXT(checked(), "");
    publisher = NULL;
    fake_libusb_reset();
    fake_libusb.init_result = LIBUSB_ERROR_OTHER;
    CHECK_TEXT(checked(), "note USB devices cannot be listed: what libusb says\n");
}

/* In a container, and with a libusb that asks no udevd. */
static void where_there_is_no_usb_there_are_no_devices(void)
{
    char text[128];

    fake_libusb_reset();
    is_there = false;
    fake_libusb.init_result = LIBUSB_ERROR_OTHER;
    CHECK_TEXT(printed(), "No USB devices found.\n");
    usb_list_text(text, sizeof text);
    CHECK_TEXT(text, "there are no USB devices here");
    is_there = true;
    CHECK_TEXT(printed(), "USB devices cannot be listed: what libusb says\n");
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(names_of_devices_do_nothing_to_a_terminal),
        TEST(one_that_is_published_is_not_tried),
        TEST(each_is_checked_but_those_that_are_published),
        TEST(where_there_is_no_usb_there_are_no_devices),
    };

    CHECK(startup_init(&argc, &argv) == 0);
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
