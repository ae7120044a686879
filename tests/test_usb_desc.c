/* Descriptors that devices give, and those they should not. */
#include "proto/usb_desc.h"

#include <errno.h>

#include "test.h"

static const uint8_t device[] = {18,   1,    0x00, 0x02, 0,    0, 0, 64, 0x03,
                                 0x04, 0x10, 0x60, 0x00, 0x07, 1, 2, 3,  1};

/* Interface 0 with two alternate settings, interface 1; an unknown descriptor in between. */
static const uint8_t configuration[] = {
    9, 2,    62,   0, 2,    1,    0, 0x80, 50, /**/
    9, 4,    0,    0, 1,    255,  1, 2,    0,  /**/
    7, 5,    0x81, 2, 0x00, 0x02, 0,           /**/
    9, 4,    0,    1, 1,    255,  1, 2,    0,  /**/
    5, 0x24, 1,    2, 3,                       /**/
    7, 5,    0x81, 1, 0x00, 0x14, 4,           /**/
    9, 4,    1,    0, 1,    255,  1, 2,    0,  /**/
    7, 5,    0x02, 3, 0x40, 0x00, 8,           /**/
};

static void fields_are_read(void)
{
    const uint8_t setup[8] = {0xa1, 0x20, 0x02, 0x01, 0x04, 0x03, 0x12, 0x00};
    struct usb_setup s = usb_setup_get(setup);
    struct usb_desc_device d;

    CHECK(s.type == 0xa1 && s.request == 0x20 && s.value == 0x102 && s.index == 0x304);
    CHECK(s.length == 18);
    CHECK(usb_desc_get_device(device, sizeof device, &d) == 0);
    CHECK(d.usb == 0x200 && d.max_packet_0 == 64 && d.vendor == 0x403 && d.product == 0x6010);
    CHECK(d.release == 0x700 && d.serial_string == 3 && d.configurations == 1);
}

static void endpoints_are_those_of_the_setting(void)
{
    uint8_t alternate[256] = {0};
    struct usb_desc_endpoint e;
    size_t len = sizeof configuration;

    CHECK(usb_desc_configuration_size(configuration, len) == 62);
    CHECK(usb_desc_find_endpoint(configuration, len, 0x81, alternate, &e) == 0);
    CHECK(e.type == USB_BULK && e.max_packet == 512 && e.packets == 1);
    alternate[0] = 1;
    CHECK(usb_desc_find_endpoint(configuration, len, 0x81, alternate, &e) == 0);
    CHECK(e.type == USB_ISOCHRONOUS && e.max_packet == 1024 && e.packets == 3 && e.interval == 4);
    CHECK(usb_desc_find_endpoint(configuration, len, 0x02, alternate, &e) == 0);
    CHECK(e.type == USB_INTERRUPT && e.max_packet == 64 && e.interval == 8);
    CHECK(usb_desc_find_endpoint(configuration, len, 0x82, alternate, &e) == -ENOENT);
    alternate[1] = 7;
    CHECK(usb_desc_find_endpoint(configuration, len, 0x02, alternate, &e) == -ENOENT);
}

/* At every byte, in memory that ends there: a sanitizer sees one byte too many. */
static void cut_at_every_byte(void)
{
    const uint8_t alternate[256] = {0};
    struct usb_desc_device d;
    struct usb_desc_endpoint e;

    for (size_t len = 0; len < sizeof configuration; len++) {
        uint8_t *part = malloc(len ? len : 1);

        memcpy(part, configuration, len);
        CHECK(usb_desc_configuration_size(part, len) == (len < 9 ? 0 : len));
        int r = usb_desc_find_endpoint(part, len, 0x02, alternate, &e);
        CHECK(r == -ENOENT);
        free(part);
    }
    for (size_t len = 0; len < sizeof device; len++) {
        uint8_t *part = malloc(len ? len : 1);

        memcpy(part, device, len);
        CHECK(usb_desc_get_device(part, len, &d) == -EPROTO);
        free(part);
    }
}

static void lengths_that_lie_end_the_walk(void)
{
    static const uint8_t none[] = {0, 4, 9, 9}, one[] = {1, 4, 9, 9}, long_one[] = {200, 4, 9, 9};
    const uint8_t *const all[] = {none, one, long_one};
    static const uint8_t short_interface[] = {3, USB_DESC_INTERFACE, 0};
    struct usb_desc_interface i;
    struct usb_desc_endpoint e;

    for (int n = 0; n < 3; n++) {
        struct usb_desc_walk w = {all[n], 4};

        CHECK(!usb_desc_next(&w));
    }
    CHECK(usb_desc_get_interface(short_interface, &i) == -EPROTO);
    CHECK(usb_desc_get_endpoint(short_interface, &e) == -EPROTO);
}

static void strings_are_made_of_utf8(void)
{
    static const struct {
        const char *text;
        const char *string;
        size_t len;
    } all[] = {
        {"", "\2\3", 2},
        {"a\xc3\xa9", "\6\3a\0\351\0", 6},
        {"\xf0\x9f\x98\x80", "\6\3\75\330\0\336", 6}, /* a pair */
        {"\xe2\x82", "\4\3\375\377", 4},              /* cut */
        {"\xc0\x80"
         "a",
         "\6\3\375\377a\0", 6},              /* longer than it has to be */
        {"\xed\xa0\x80", "\4\3\375\377", 4}, /* half a pair */
        {"\x80\xff", "\6\3\375\377\375\377", 6},
    };
    uint8_t string[USB_DESC_STRING_MAX];
    char text[400];

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        CHECK(usb_desc_put_string(all[i].text, string) == all[i].len);
        CHECK(memcmp(string, all[i].string, all[i].len) == 0);
    }
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    CHECK(usb_desc_put_string(text, string) == 254 && string[0] == 254);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(fields_are_read),          TEST(endpoints_are_those_of_the_setting),
        TEST(cut_at_every_byte),        TEST(lengths_that_lie_end_the_walk),
        TEST(strings_are_made_of_utf8),
    };

    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
