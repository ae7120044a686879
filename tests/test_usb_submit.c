/*
 * Which URB goes out for what a program asks for, beside what Linux does: devio.c, urb.c and
 * config.c of drivers/usb/core, read line by line. Whatever goes out, usb_submit_urb takes.
 */
#include "proto/usb_submit.h"

#include <errno.h>

#include "proto/usbip.h"
#include "test.h"

enum { NO = 0, C = USB_CONTROL, I = USB_ISOCHRONOUS, B = USB_BULK, N = USB_INTERRUPT };
enum { LOW = 1, FULL, HIGH, WIRELESS, SUPER, PLUS };

static uint8_t alternate[256];

/* One endpoint, of interface 3, setting 0; with a companion of super speed behind it, if any. */
static struct usb_submit_device device_of(uint32_t speed, uint8_t address, uint8_t type,
                                          uint16_t max_packet, uint8_t interval,
                                          const uint8_t *companion)
{
    static uint8_t c[64];
    const uint8_t all[] = {9,
                           2,
                           0,
                           0,
                           1,
                           1,
                           0,
                           0x80,
                           50,
                           9,
                           4,
                           3,
                           0,
                           1,
                           255,
                           0,
                           0,
                           0,
                           7,
                           5,
                           address,
                           type,
                           (uint8_t)max_packet,
                           (uint8_t)(max_packet >> 8),
                           interval};
    size_t len = sizeof all;

    memcpy(c, all, len);
    if (companion) {
        memcpy(c + len, companion, 6);
        len += 6;
    }
    c[2] = (uint8_t)len;
    return (struct usb_submit_device){
        .speed = speed, .known = true, .configuration = c, .len = len, .alternate = alternate};
}

/* What goes out, as a server sees it. */
static struct usbip_urb wire(const struct usb_submit *s)
{
    struct usbip_urb u = {.command = USBIP_CMD_SUBMIT,
                          .direction = s->address & 0x80 ? USBIP_DIR_IN : USBIP_DIR_OUT,
                          .ep = s->address & 15,
                          .flags = s->flags,
                          .length = (int32_t)s->length,
                          .interval = s->interval,
                          .packets = (int32_t)s->packet_count};

    memcpy(u.setup, s->setup, sizeof u.setup);
    return u;
}

static void types_and_intervals_are_the_endpoints(void)
{
    static const struct {
        uint32_t speed;
        uint8_t has, asked, interval; /* bInterval */
        int result;
        uint8_t type;
        int32_t out;
    } table[] = {
        /* a bulk call on an interrupt endpoint is a single interrupt transfer */
        {FULL, N, B, 10, 0, N, 10},
        {FULL, N, N, 10, 0, N, 10},
        {FULL, N, N, 1, 0, N, 1},
        {FULL, N, N, 255, 0, N, 255},
        {FULL, N, N, 0, 0, N, 10}, /* put right by config.c */
        {LOW, N, B, 0, 0, N, 10},
        {LOW, B, B, 0, 0, N, 1}, /* low speed has no bulk endpoints: they are interrupt ones */
        {LOW, B, N, 9, 0, N, 1},
        {HIGH, N, B, 4, 0, N, 8},
        {HIGH, N, N, 1, 0, N, 1},
        {HIGH, N, N, 16, 0, N, 32768},
        {HIGH, N, N, 0, 0, N, 64},
        {HIGH, N, N, 17, 0, N, 128},   /* ms, of full speed: fls(17 * 8) is 8 */
        {HIGH, N, N, 255, 0, N, 1024}, /* and fls(255 * 8) 11 */
        {SUPER, N, N, 6, 0, N, 32},
        {PLUS, N, B, 0, 0, N, 64},
        {WIRELESS, N, N, 4, 0, N, 8}, /* it is libusb's super speed */
        {FULL, B, B, 0, 0, B, 0},
        {FULL, B, B, 5, 0, B, 0}, /* nobody looks at it */
        {HIGH, B, B, 5, 0, B, 0},
        {FULL, I, I, 1, 0, I, 1},
        {FULL, I, I, 4, 0, I, 8},
        {FULL, I, I, 0, 0, I, 8},
        {HIGH, I, I, 3, 0, I, 4},
        {HIGH, I, I, 0, 0, I, 64},
        {HIGH, I, I, 17, 0, I, 64},
        {SUPER, I, I, 0, 0, I, 8},
        /* -EINVAL: libusb says LIBUSB_ERROR_IO */
        {HIGH, B, N, 0, -EINVAL, NO, 0},
        {HIGH, B, I, 0, -EINVAL, NO, 0},
        {HIGH, N, I, 1, -EINVAL, NO, 0},
        {HIGH, I, B, 1, -EINVAL, NO, 0},
        {HIGH, I, N, 1, -EINVAL, NO, 0},
        {HIGH, C, B, 0, -EINVAL, NO, 0},
    };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        for (int in = 0; in < 2; in++) {
            const uint8_t address = in ? 0x82 : 0x02;
            const struct usb_submit_device d =
                device_of(table[i].speed, address, table[i].has, 8, table[i].interval, NULL);
            const struct usbip_packet packet = {.length = 8};
            struct usb_submit s = {.type = (enum usb_transfer_type)table[i].asked,
                                   .address = address,
                                   .length = 8,
                                   .packets = &packet,
                                   .packet_count = table[i].asked == I};

            CHECK(usb_submit_by_usbfs(&d, &s) == table[i].result);
            if (table[i].result < 0)
                continue;
            CHECK(s.type == (enum usb_transfer_type)table[i].type && s.interval == table[i].out);
            CHECK(s.address == address && s.length == 8);
            const struct usbip_urb u = wire(&s);
            CHECK(usb_submit_refusal(&d, &u, &packet) == NULL);
        }
    }
}

static void requests_are_as_their_setup_says(void)
{
    static const struct {
        uint8_t type, request;
        uint16_t index, w_length;
        size_t buffer;
        int result;
        uint8_t address;
    } table[] = {
        {0x80, 6, 0, 18, 18, 0, 0x80},
        {0x80, 6, 0, 18, 255, 0, 0x80}, /* a buffer longer than wLength */
        {0x80, 6, 0, 18, 17, -EINVAL, 0},
        {0x80, 6, 0, 0, 0, 0, 0}, /* IN with wLength 0 is OUT */
        {0xc0, 6, 0, 0, 64, 0, 0},
        {0x40, 9, 0, 4, 4, 0, 0},
        {0x40, 9, 0, 4, 9, 0, 0},
        {0x40, 9, 0, 0, 0, 0, 0},
        {0x40, 9, 0, 4, 3, -EINVAL, 0},
        {0x80, 6, 0, 65535, 65535, 0, 0x80},
        /* to an interface: it has number 3 */
        {0xa1, 1, 3, 8, 8, 0, 0x80},
        {0x21, 9, 3, 8, 8, 0, 0},
        {0x21, 9, 0x103, 8, 8, 0, 0},
        {0x21, 9, 2, 8, 8, -ENOENT, 0},
        {0x01, 11, 2, 0, 0, -ENOENT, 0},
        {0xc1, 1, 2, 8, 8, 0, 0x80}, /* of vendors: the index may mean anything */
        {0x41, 1, 2, 8, 8, 0, 0},
        {0xa1, 0, 0x300, 8, 8, -ENOENT, 0}, /* no printer, so not the other way round */
        /* to an endpoint: it has 0x81 */
        {0x02, 1, 0x81, 0, 0, 0, 0},
        {0x02, 1, 0x01, 0, 0, 0, 0}, /* programs forget the direction */
        {0x82, 0, 0x80, 2, 2, 0, 0x80},
        {0x82, 0, 0x00, 2, 2, 0, 0x80},
        {0x82, 0, 0x82, 2, 2, -ENOENT, 0},
        {0xc2, 0, 0x82, 2, 2, 0, 0x80},
        {0xa3, 0, 77, 2, 2, 0, 0x80}, /* others */
    };
    const struct usb_submit_device d = device_of(HIGH, 0x81, B, 512, 0, NULL);

    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct usb_submit s = {.type = USB_CONTROL,
                               .flags = USBIP_ZERO_PACKET | USBIP_SHORT_NOT_OK,
                               .setup = {table[i].type, table[i].request, 0, 0,
                                         (uint8_t)table[i].index, (uint8_t)(table[i].index >> 8),
                                         (uint8_t)table[i].w_length,
                                         (uint8_t)(table[i].w_length >> 8)},
                               .length = table[i].buffer};

        CHECK(usb_submit_by_usbfs(&d, &s) == table[i].result);
        if (table[i].result < 0)
            continue;
        CHECK(s.address == table[i].address && s.length == table[i].w_length);
        CHECK(s.flags == 0 && s.interval == 0);
        const struct usbip_urb u = wire(&s);
        CHECK(usb_submit_refusal(&d, &u, NULL) == NULL);
    }
}

static void printers_may_be_asked_the_other_way_round(void)
{
    static const uint8_t c[] = {9, 2, 18, 0, 1, 1, 0, 0x80, 50, 9, 4, 3, 1, 0, 7, 1, 2, 0};
    const struct usb_submit_device d = {
        .speed = HIGH, .known = true, .configuration = c, .len = sizeof c, .alternate = alternate};
    struct usb_submit s = {.setup = {0xa1, 0, 0, 0, 1, 3, 8, 0}, .length = 8};

    CHECK(usb_submit_by_usbfs(&d, &s) == 0);
    s.setup[4] = 2; /* no such setting */
    CHECK(usb_submit_by_usbfs(&d, &s) == -ENOENT);
}

static void flags_are_the_directions(void)
{
    const uint32_t all = USBIP_ZERO_PACKET | USBIP_SHORT_NOT_OK | USBIP_ISO_ASAP;
    static const struct {
        uint8_t type, address;
        uint32_t flags;
    } table[] = {
        {B, 0x02, USBIP_ZERO_PACKET},  {B, 0x82, USBIP_SHORT_NOT_OK}, {N, 0x02, USBIP_ZERO_PACKET},
        {N, 0x82, USBIP_SHORT_NOT_OK}, {I, 0x02, USBIP_ISO_ASAP},     {I, 0x82, USBIP_ISO_ASAP},
    };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const struct usb_submit_device d =
            device_of(HIGH, table[i].address, table[i].type, 8, 1, NULL);
        const struct usbip_packet packet = {.length = 8};
        struct usb_submit s = {.type = (enum usb_transfer_type)table[i].type,
                               .address = table[i].address,
                               .flags = all,
                               .length = 8,
                               .packets = &packet,
                               .packet_count = table[i].type == I};

        CHECK(usb_submit_by_usbfs(&d, &s) == 0 && s.flags == table[i].flags);
    }
}

static void packets_fit_their_frame(void)
{
    static const uint8_t burst[] = {6, 0x30, 1, 2, 0, 0}, many[] = {6, 0x30, 15, 0x80, 0, 0};
    static const struct {
        uint32_t speed;
        uint16_t max_packet;
        const uint8_t *companion;
        uint32_t most;
    } table[] = {
        {FULL, 1023, NULL, 1023},       {FULL, 1500, NULL, 1023},  {HIGH, 1024, NULL, 1024},
        {HIGH, 0x1400, NULL, 3 * 1024}, {SUPER, 1024, NULL, 1024}, {SUPER, 1024, burst, 6 * 1024},
        {PLUS, 1024, many, 98304},      {HIGH, 0, NULL, 0},
    };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const struct usb_submit_device d =
            device_of(table[i].speed, 0x81, I, table[i].max_packet, 1, table[i].companion);
        struct usbip_packet packets[2] = {{.length = table[i].most}, {.length = 0}};
        struct usb_submit s = {.type = USB_ISOCHRONOUS,
                               .address = 0x81,
                               .length = 200000,
                               .packets = packets,
                               .packet_count = 2};

        CHECK(usb_submit_by_usbfs(&d, &s) == (table[i].most ? 0 : -EMSGSIZE));
        CHECK(!table[i].most || s.length == table[i].most); /* the sum */
        struct usbip_urb u = wire(&s);
        CHECK((usb_submit_refusal(&d, &u, packets) == NULL) == (table[i].most > 0));
        packets[1].length = table[i].most + 1;
        s.length = 200000;
        CHECK(usb_submit_by_usbfs(&d, &s) == -EMSGSIZE);
        CHECK(usb_submit_refusal(&d, &u, packets));
        s.packet_count = 0;
        CHECK(usb_submit_by_usbfs(&d, &s) < 0);
        u.packets = 0;
        CHECK(usb_submit_refusal(&d, &u, packets));
        packets[1].length = 1; /* more than the buffer has */
        s.packet_count = 2;
        s.length = table[i].most;
        CHECK(usb_submit_by_usbfs(&d, &s) < 0);
    }
}

static void endpoints_are_those_in_force(void)
{
    struct usb_submit_device d = device_of(HIGH, 0x81, B, 512, 0, NULL);
    struct usb_submit s = {.type = USB_BULK, .address = 0x81, .length = 8};

    CHECK(usb_submit_by_usbfs(&d, &s) == 0);
    s.address = 0x01;
    CHECK(usb_submit_by_usbfs(&d, &s) == -ENOENT);
    s.address = 0x81;
    alternate[3] = 1;
    CHECK(usb_submit_by_usbfs(&d, &s) == -ENOENT);
    alternate[3] = 0;
    d.configuration = NULL; /* it is not configured */
    CHECK(usb_submit_by_usbfs(&d, &s) == -ENOENT);
    d.known = false;
    CHECK(usb_submit_by_usbfs(&d, &s) == 0 && s.interval == 0);
    s.type = USB_INTERRUPT;
    CHECK(usb_submit_by_usbfs(&d, &s) == 0 && s.interval == 1);
    d = device_of(HIGH, 0x81, B, 0, 0, NULL);
    s.type = USB_BULK;
    CHECK(usb_submit_by_usbfs(&d, &s) == -EMSGSIZE);
    d = device_of(HIGH, 0xa1, B, 512, 0, NULL); /* no such address can be */
    s.address = 0xa1;
    CHECK(usb_submit_by_usbfs(&d, &s) == -ENOENT);
}

/* What a client without this function sends. */
static void careless_clients_are_refused(void)
{
    const struct usb_submit_device interrupt = device_of(FULL, 0x81, N, 8, 10, NULL);
    struct usbip_urb u = {.command = USBIP_CMD_SUBMIT, .direction = USBIP_DIR_IN, .ep = 1};

    CHECK(strstr(usb_submit_refusal(&interrupt, &u, NULL), "EINVAL"));
    u.interval = 256;
    CHECK(strstr(usb_submit_refusal(&interrupt, &u, NULL), "EINVAL"));
    u.interval = 255;
    CHECK(!usb_submit_refusal(&interrupt, &u, NULL));
    u.ep = 2;
    CHECK(strstr(usb_submit_refusal(&interrupt, &u, NULL), "ENOENT"));
    u = (struct usbip_urb){.command = USBIP_CMD_SUBMIT,
                           .direction = USBIP_DIR_IN,
                           .length = 255,
                           .setup = {0x80, 6, 0, 1, 0, 0, 18, 0}};
    CHECK(strstr(usb_submit_refusal(&interrupt, &u, NULL), "EBADR"));
    u.length = 18;
    CHECK(!usb_submit_refusal(&interrupt, &u, NULL));
    u.direction = USBIP_DIR_OUT;
    CHECK(strstr(usb_submit_refusal(&interrupt, &u, NULL), "a warning"));
    u.direction = USBIP_DIR_IN; /* and wLength 0 */
    u.length = u.setup[6] = 0;
    CHECK(strstr(usb_submit_refusal(&interrupt, &u, NULL), "a warning"));
    u = (struct usbip_urb){.direction = USBIP_DIR_IN, .ep = 1, .interval = 40000};
    const struct usb_submit_device super = device_of(SUPER, 0x81, N, 8, 1, NULL);
    CHECK(strstr(usb_submit_refusal(&super, &u, NULL), "EINVAL"));
}

/* Devices may say anything. */
static void descriptors_are_cut_at_every_byte(void)
{
    static const uint8_t burst[] = {6, 0x30, 1, 2, 0, 0};
    struct usb_submit_device d = device_of(SUPER, 0x81, N, 8, 1, burst);

    for (size_t len = 0; len <= d.len; len++) {
        uint8_t *cut = malloc(len + 1);
        struct usb_submit_device part = d;
        struct usb_submit s = {.type = USB_INTERRUPT, .address = 0x81, .length = 8};

        CHECK(cut);
        memcpy(cut, d.configuration, len);
        uint8_t *exactly = realloc(cut, len > 0 ? len : 1);
        part.configuration = exactly;
        part.len = len;
        const int r = usb_submit_by_usbfs(&part, &s);
        CHECK(r == (len < 25 ? -ENOENT : 0));
        free(exactly);
    }
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(types_and_intervals_are_the_endpoints),
        TEST(requests_are_as_their_setup_says),
        TEST(printers_may_be_asked_the_other_way_round),
        TEST(flags_are_the_directions),
        TEST(packets_fit_their_frame),
        TEST(endpoints_are_those_in_force),
        TEST(careless_clients_are_refused),
        TEST(descriptors_are_cut_at_every_byte),
    };

    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
