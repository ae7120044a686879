/*
 * What com2net knows of itself: one walk fills it, and SIGUSR1's text, and that for other programs,
 * are made of it.
 */
#include "report.h"

#include "published.h"
#include "serial_stage.h"

static struct report report;

static const struct port_report *look(void)
{
    CHECK(report_fill(&report, (struct endpoint *[]){NULL, endpoint}, 2) == 0);
    CHECK(report.count == 1 && !report.endpoints[0].is_usb);
    CHECK_TEXT(report.endpoints[0].address, address);
    return &report.endpoints[0].port;
}

static void a_port_without_clients(void)
{
    begin(",name=esp32");
    const struct port_report *p = look();
    CHECK_TEXT(p->name, "esp32");
    CHECK(p->state == DEVICE_CLOSED && p->count == 0 && p->clients_served == 0);
    report_log(&report);
    CHECK(strstr(logged, "esp32 on 127.0.0.1:") && strstr(logged, ", client none\n"));
    report_free(&report);
    end();
}

static void clients_and_their_bytes(void)
{
    struct client owner, observer;

    begin(",observers,name=esp32");
    client_agree(&owner);
    client_agree(&observer);
    client_write(&owner, "to device");
    client_flush(&owner);
    RUN_UNTIL(&owner, device_saw("write"));
    fake_serial_send("hello");
    RUN_UNTIL(&owner, client_saw(&owner, "data"));
    const struct port_report *p = look();
    CHECK(p->state == DEVICE_OPEN && p->to_device == 9 && p->from_device == 5);
    CHECK(p->count == 2 && p->clients_served == 2 && p->waiting == 0);
    CHECK(p->clients[0].role == CLIENT_OBSERVER && p->clients[1].role == CLIENT_OWNER);
    CHECK_TEXT(p->clients[1].speaks, "RFC 2217");
    CHECK(p->clients[0].sent == 5 && p->clients[1].sent == 5 && p->clients[0].left_out == 0);
    CHECK(p->clients[1].received > 9); /* and what was negotiated */
    report_log(&report);
    CHECK(strstr(logged,
                 "esp32: 9 bytes to the device, 0 of them waiting, 5 from it; clients so far: 2"));
    CHECK(strstr(logged, ": observer, RFC 2217, for 0 s; "));
    CHECK(strstr(logged, "5 to it, 0 left out"));
    report_free(&report);
    client_close(&observer);
    client_close(&owner);
    end();
}

static void other_programs_are_told_the_same_lines(void)
{
    struct client owner;
    struct published p;
    char with_device[128];

    begin(",name=esp32");
    client_agree(&owner);
    look();
    report_log(&report);
    char *text = report_tell(&report), *at = text;
    CHECK(text);
    snprintf(with_device, sizeof with_device, "device\t/dev/fake\t%s\tesp32\n\n", address);
    CHECK(strncmp(text, with_device, strlen(with_device)) == 0);
    CHECK(published_take(&at, &p));
    CHECK_TEXT(p.key, "/dev/fake");
    CHECK_TEXT(p.address, address);
    CHECK_TEXT(p.name, "esp32");
    CHECK(!published_take(&at, &p));
    CHECK(strncmp(at, "esp32 on 127.0.0.1:", strlen("esp32 on 127.0.0.1:")) == 0);
    CHECK(strstr(logged, at)); /* line by line */
    free(text);
    report_free(&report);
    client_close(&owner);
    end();
}

static void count_device(void *ctx, const struct published *p)
{
    static const char *const keys[] = {"", "usb:1-4.2"};
    int *count = ctx;

    CHECK_TEXT(p->key, keys[(*count)++]);
    CHECK_TEXT(p->address, "127.0.0.1:3240");
}

static void only_real_usb_devices_have_a_key(void)
{
    struct usb_report_device devices[] = {{.name = "ice", .busid = "90-1"},
                                          {.name = "real", .real = true, .busid = "1-4.2"}};
    struct report_endpoint e = {
        .address = "127.0.0.1:3240", .is_usb = true, .usb = {"usb:1-4.2", devices, 2}};
    const struct report usb = {&e, 1};
    int count = 0;

    report_each_device(&usb, count_device, &count);
    CHECK(count == 2);
    char *text = report_tell(&usb);
    CHECK_TEXT(text, "device\t-\t127.0.0.1:3240\tice\n"
                     "device\tusb:1-4.2\t127.0.0.1:3240\treal\n"
                     "\n"
                     "ice on 127.0.0.1:3240: busid 90-1, 0000:0000, client none\n"
                     "real on 127.0.0.1:3240: busid 1-4.2, 0000:0000, client none\n");
    free(text);
    e.usb.count = 0;
    text = report_tell(&usb);
    CHECK_TEXT(text, "\nusb:1-4.2 on 127.0.0.1:3240: no device is there\n");
    free(text);
}

/* A name with control characters makes no line of its own. */
static void names_stay_in_their_fields(void)
{
    struct report_endpoint e = {.address = "a", .port = {.name = "x\ny\tz", .path = "p\tq\n"}};
    const struct report r = {&e, 1};
    char *text = report_tell(&r);

    CHECK(strncmp(text, "device\tp?q?\ta\tx?y?z\n\nx?y?z on a: ", 33) == 0);
    free(text);
}

/* More than fits is left out in whole lines. */
static void a_text_is_bounded(void)
{
    enum { COUNT = 3000 };
    struct report_endpoint *all = calloc(COUNT, sizeof *all);
    const struct report r = {all, COUNT};

    CHECK(all);
    for (int i = 0; i < COUNT; i++)
        all[i] = (struct report_endpoint){.address = "127.0.0.1:3240", .port = {.name = "port"}};
    char *text = report_tell(&r);
    CHECK(text && strlen(text) <= 65536 && strlen(text) > 65000);
    CHECK(text[strlen(text) - 1] == '\n');
    free(text);
    free(all);
}

static void what_is_no_line_of_a_device_is_left(void)
{
    static const char *const others[] = {
        "",           "device\t",        "device\ta\tb\n", "device\ta\n",
        "device a\n", "device\ta\tb\tc", "devic",          "device\ta\tb\tc\td\n"};
    struct published p;

    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        char text[64], *at = text;

        snprintf(text, sizeof text, "%s", others[i]);
        CHECK(!published_take(&at, &p));
        CHECK_TEXT(at, others[i]);
    }
    char text[] = "device\t\x1b\ta\x9b\t\n\nrest", *at = text;
    CHECK(published_take(&at, &p));
    CHECK_TEXT(p.key, "?");
    CHECK_TEXT(p.address, "a?");
    CHECK_TEXT(p.name, "");
    CHECK(!published_take(&at, &p));
    CHECK_TEXT(at, "rest");
}

static void keys_of_one_device(void)
{
    CHECK(published_is_same("usb:1-2", "usb:1-2") && !published_is_same("usb:1-2", "usb:1-2.1"));
    CHECK(!published_is_same("", "") && !published_is_same("usb:1-2", "/dev/ttyUSB0"));
    CHECK(published_is_same("/dev/ttyUSB0", "/dev/ttyUSB0"));
    CHECK(!published_is_same("/dev/ttyUSB0", "/dev/ttyUSB1"));
}

static const struct test tests[] = {
    TEST(a_port_without_clients),
    TEST(clients_and_their_bytes),
    TEST(other_programs_are_told_the_same_lines),
    TEST(only_real_usb_devices_have_a_key),
    TEST(names_stay_in_their_fields),
    TEST(a_text_is_bounded),
    TEST(what_is_no_line_of_a_device_is_left),
    TEST(keys_of_one_device),
};

STAGE_MAIN(tests)
