/* com2net's command line, and which listed port a selector means. */
#include "source.h"

#include <errno.h>

#include "serial_list.h"
#include "icestick.h"
#include "test.h"
#include "usb_dfu.h"
#include "usb_disk.h"
#include "usb_hid.h"
#include "usb_loop.h"
#include "usb_selector.h"

static struct source sources[4];
static int parsed;
static char error[CLI_ERROR_MAX];

/* Parses arguments divided by blanks. */
static int parse(const char *line)
{
    static char text[512];
    char *args[16];
    int count = 0;

    source_free_all(sources, parsed);
    error[0] = '\0';
    snprintf(text, sizeof text, "%s", line);
    for (char *p = strtok(text, " "); p; p = strtok(NULL, " "))
        args[count++] = p;
    int r = source_parse_all(count, args, sources, 4, error);
    parsed = r < 0 ? 0 : r;
    return r;
}

static void several_ports(void)
{
    CHECK(parse("/dev/ttyUSB0 7000 loop: [::]:0") == 2);
    CHECK_TEXT(sources[0].port.selector, "/dev/ttyUSB0");
    CHECK(sources[0].listen.port == 7000 && !sources[0].is_usb && !sources[0].port.loop);
    CHECK(sources[1].port.loop);
    CHECK_TEXT(sources[1].port.name, "loop");
    CHECK_TEXT(sources[1].listen.host, "::");
}

static void options_of_a_port(void)
{
    CHECK(parse("0403:6010,115200,7e2,dtr=off,rts=on,rtscts,mode=raw,hold,hotplug,takeover,if=1,"
                "name=ice1,hupcl=off,lowlatency=off,linedelay=5 7000") == 1);
    const struct port_options *s = &sources[0].port;
    CHECK_TEXT(s->selector, "0403:6010");
    CHECK(s->has_baud && s->line.baud == 115200 && s->has_format && s->line.data_bits == 7);
    CHECK(s->line.parity == LINE_PARITY_EVEN && s->line.stop == LINE_STOP_2);
    CHECK(s->has_flow && s->line.flow_out == LINE_FLOW_HARDWARE);
    CHECK(s->dtr == PORT_LEVEL_OFF && s->rts == PORT_LEVEL_ON);
    CHECK(s->mode == PORT_MODE_RAW && s->hold && s->hotplug && s->takeover && !s->observers);
    CHECK(s->line_delay_ms == 5 && !s->reset);
    CHECK(s->interface == 1 && s->no_hupcl && s->no_low_latency);
    CHECK_TEXT(s->name, "ice1");
    CHECK(parse("/dev/x 1") == 1);
    CHECK(parse("0403:6010,if=0 1 0403:6010,if=1 2 loop: 3 loop: 4") == 4);
    CHECK(parse("/dev/x 1") == 1);
    CHECK(!sources[0].port.has_baud && !sources[0].port.has_format && !sources[0].port.has_flow);
    CHECK(sources[0].port.line_delay_ms == 30);
    CHECK(sources[0].port.dtr == PORT_LEVEL_KEEP && sources[0].port.mode == PORT_MODE_AUTO);
}

/* The options that a source's kind of built-in device has. */
static const void *own(int i, const struct usb_kind *kind)
{
    CHECK(sources[i].usb.built_in.kind == kind && !sources[i].usb.built_in.strange);
    return sources[i].usb.built_in.options;
}

static void usb_sources_may_share_a_port(void)
{
    CHECK(parse("usb:demo-loop usb:demo-icestick,name=ice,file=/tmp/f,times=real,budget=2 3240 "
                "usb:demo-disk,file=/x,ro 3241") == 3);
    CHECK(sources[0].is_usb && sources[0].usb.next == &sources[1].usb &&
          sources[0].listen.port == 3240);
    CHECK(!sources[1].usb.next && sources[1].listen.port == 3240 &&
          sources[1].usb.budget == 2 << 20);
    CHECK_TEXT(sources[1].usb.built_in.selector, "icestick");
    CHECK_TEXT(sources[1].usb.name, "ice");
    const struct icestick_options *ice = own(1, &icestick_kind);
    CHECK_TEXT(ice->file, "/tmp/f");
    CHECK(ice->real_times);
    CHECK(sources[2].is_usb && sources[2].listen.port == 3241);
    const struct usb_disk_options *disk = own(2, &usb_disk_kind);
    CHECK(disk->read_only);
    CHECK_TEXT(disk->image, "/x");
    CHECK(parse("usb:demo-disk:/x,ro usb:demo-dfu,start=dfu usb:demo-mouse,events=/tmp/fifo "
                "usb:demo-loop,id=0525:A4a0 3240") == 4);
    CHECK_TEXT(sources[0].usb.built_in.selector, "disk:/x");
    disk = own(0, &usb_disk_kind);
    CHECK(disk->read_only);
    const struct usb_dfu_options *dfu = own(1, &usb_dfu_kind);
    const struct usb_loop_options *loop = own(3, &usb_loop_kind);
    CHECK(dfu->begins_in_dfu && loop->id == 0x0525a4a0);
    const struct usb_hid_options *hid = own(2, &usb_hid_mouse_kind);
    CHECK_TEXT(hid->events, "/tmp/fifo");
    CHECK(parse("usb:demo-keyboard,play=key;x 1") == 1);
    hid = own(0, &usb_hid_keyboard_kind);
    CHECK_TEXT(hid->play, "key;x");
    CHECK(parse("usb:demo-dfu,start=app 1") == -EINVAL && strstr(error, "it is dfu"));
    CHECK(parse("usb:demo-loop,id=525:a4a0 1") == -EINVAL && strstr(error, "VID:PID"));
    CHECK(parse("usb:demo-loop,id=0525:a4a0:1 1") == -EINVAL);
    CHECK(parse("usb:demo-loop 3240 loop: 7000") == 2 && sources[1].port.loop);
    CHECK(parse("loop: usb:demo-loop 3240") == -EINVAL); /* only these may repeat */
    CHECK(parse("usb:demo-loop usb:demo-loop") == -EINVAL && strstr(error, "PORT is missing"));
    CHECK(parse("usb:demo-loop,dtr=off 1") == -EINVAL &&
          strstr(error, "no option of a USB device"));
    CHECK(parse("usb:demo-loop,budget=0 1") == -EINVAL && strstr(error, "from 1 to 1024"));
}

static void words_in_the_wrong_place_are_understood(void)
{
    static const char *const wrong[][2] = {
        {"loop: 7811 115200", "com2net loop:,115200 7811"},
        {"/dev/x 7811 115200 8n1", "com2net /dev/x,115200,8n1 7811"},
        {"loop::7811", "com2net loop: 7811"},
        {"loop:7811", "com2net loop: 7811"},
        {"/dev/ttyUSB0:7811", "com2net /dev/ttyUSB0 7811"},
        {"7811", "com2net /dev/ttyUSB0 7811"},
        {"localhost:7811", "com2net /dev/ttyUSB0 localhost:7811"},
        {"COM3 7811", "Windows"},
        {"com3: 7811", "Windows"},
        {"/dev/x 115200 7811", "com2net /dev/x,115200 7000"},
        {"/dev/x 7811,115200,8n1", "com2net /dev/x,115200,8n1 7811"},
        {"/dev/x,baud=9600 7811", "write 9600"},
        {"/dev/x *", "such as *:7000"},
        {"/dev/x *:70000", "a port number from 0 to 65535"},
        {"/dev/x 0.0.0.0", "0.0.0.0:7000"},
        {"usb 0403:6010 1", "usb:0403:6010"},
        {"usb:0x0403:0x6010 1", "without 0x"},
        {"usb:001:004 1", "lsusb"},
        {"usb:403:6010 1", "four digits"},
        {"loop:,hotplugg 1", "did you mean hotplug?"},
        {"/dev/x,takover 1", "did you mean takeover?"},
    };

    CHECK(parse("7811 /dev/ttyUSB0") == 1);
    CHECK_TEXT(sources[0].port.selector, "/dev/ttyUSB0");
    CHECK(sources[0].listen.port == 7811);
    CHECK(parse("0.0.0.0:7811 loop: [::]:7812 usb:demo-loop") == 2);
    CHECK(sources[0].port.loop && sources[1].is_usb && sources[1].listen.port == 7812);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CHECK(parse(wrong[i][0]) == -EINVAL);
        if (!strstr(error, wrong[i][1]))
            fprintf(stderr, "%s: %s\n", wrong[i][0], error);
        CHECK(strstr(error, wrong[i][1]));
    }
}

static void names_are_for_shells_and_clients(void)
{
    static const char *const wrong[][2] = {
        {"loop:,name=two_words! 1", "two_words would do"},
        {"loop:,name=-x 1", "x would do"},
        {"loop:,name= 1", "board would do"},
        {"loop:,name=a/b 1", "a-b would do"},
        {"usb:demo-loop,name=1-1.2 1", "usb-1-1.2 would do"},
        {"usb:demo-loop,name=0403:6010 1", "0403-6010 would do"},
        {"loop:,name=a 1 usb:demo-loop,name=a 2", "a-2 would do"},
    };

    CHECK(parse("loop:,name=A.b_c-9 1 loop:,name=1 2 loop: 3 loop: 4") == 4);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CHECK(parse(wrong[i][0]) == -EINVAL);
        if (!strstr(error, wrong[i][1]))
            fprintf(stderr, "%s: %s\n", wrong[i][0], error);
        CHECK(strstr(error, wrong[i][1]));
    }
}

static void no_touch_lines_implies_what_it_needs(void)
{
    CHECK(parse("/dev/x,no-touch-lines 1") == 1);
    CHECK(sources[0].port.no_touch_lines && sources[0].port.hold && sources[0].port.no_hupcl);
    CHECK(parse("/dev/x,no-touch-lines,hupcl=on 1") == 1);
    CHECK(sources[0].port.no_hupcl);
    CHECK(parse("/dev/x 1") == 1);
    CHECK(!sources[0].port.no_touch_lines && !sources[0].port.hold && !sources[0].port.no_hupcl);
}

static void what_is_wrong_is_named(void)
{
    static const struct {
        const char *line, *named;
    } wrong[] = {
        {"/dev/x", "/dev/x: its PORT is missing"},
        {"/dev/x 7000 loop:", "loop:: its PORT is missing"},
        {"/dev/x 70000", "70000 (the PORT of /dev/x)"},
        {"/dev/x,speed=1 7000", "option speed=1"},
        {"/dev/x,8n3 7000", "option 8n3"},
        {"/dev/x,0 7000", "option 0"},
        {"/dev/x, 7000", NULL},
        {"/dev/x,,hold 7000", "between two commas"},
        {"/dev/x,dtr 7000", "option dtr: needs a value: dtr=on|off"},
        {"/dev/x,dtr=up 7000", "it is on or off"},
        {"/dev/x,hold=1 7000", "option hold=1: takes no value"},
        {"/dev/x,mode=ssh 7000", "auto, rfc2217, telnet or raw"},
        {"/dev/x,if=x 7000", "option if=x"},
        {"/dev/x,reset=pic 7000", "esp, esp-usb-jtag, arduino, stm32 or touch1200"},
        {"/dev/x,reset 7000", "needs a value: reset=RECIPE"},
        {"/dev/x,linedelay=30ms 7000", "milliseconds from 0 to 1000"},
        {"/dev/x,linedelay=-1 7000", "milliseconds from 0 to 1000"},
        {"loop:,if=3 7000", "option if=3: is not for loop:"},
        {"/dev/x,paced 7000", "for loop: only"},
        {"/dev/x,takeover,observers 7000", "exclude each other"},
        {",hold 7000", "a SOURCE is empty"},
        {"ttyS0 7000 loop: 7001 /dev/ttyS0,hold 7002", "ttyS0 and /dev/ttyS0 are the same"},
        {"a 1 b 2 c 3 d 4 e 5", "more than 4 ports"},
        {"loop 7000", "loop: with a colon"},
        {"/dev/loop 7000", NULL},
        {"Usb:demo-loop 7000", "small letters"},
        {"a 7000 b [::1]:7000", "[::1]:7000 is the PORT of two"},
        {"a [::1]:7000 b localhost:7000", "localhost:7000 is the PORT of two"},
        {"a *:7000 b 127.0.0.1:7000", "127.0.0.1:7000 is the PORT of two"},
        {"a 127.0.0.1:7000 b *:7000", "*:7000 is the PORT of two"},
        {"a 0.0.0.0:7000 b 192.0.2.1:7000", "192.0.2.1:7000 is the PORT of two"},
        {"a [::]:7000 b [fe80::1]:7000", "[fe80::1]:7000 is the PORT of two"},
        {"a [::]:7000 b 7000", "7000 is the PORT of two"},
        {"a *:7000 b [::]:7000", "[::]:7000 is the PORT of two"},
        {"/dev/x,idle=0 7000", "seconds from 1 to"},
        {"usb:demo-loop 7000 usb:demo-ftdi 127.0.0.1:7000", "127.0.0.1:7000 is the PORT of two"},
    };

    CHECK(parse("a 0 b 0 c 127.0.0.1:7000 d [::1]:7000") == 4);
    CHECK(parse("a 0.0.0.0:7000 b [::]:7000 c raspberry:7000 d *:7001") == 4);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        int r = parse(wrong[i].line);

        if (!wrong[i].named) {
            CHECK(r == 1);
            continue;
        }
        CHECK(r == -EINVAL);
        if (!strstr(error, wrong[i].named))
            fprintf(stderr, "%s: %s\n", wrong[i].line, error);
        CHECK(strstr(error, wrong[i].named));
    }
}

static void usb_devices_are_real_or_built_in(void)
{
    int r = parse("usb:0403:6010,hotplug,name=board usb:demo-loop,ro 3240");

    CHECK(r == 2);
    CHECK(sources[0].usb.real && sources[0].usb.hotplug && sources[0].usb.named);
    CHECK(strcmp(sources[0].usb.selector, "0403:6010") == 0);
    CHECK(strcmp(sources[0].usb.name, "board") == 0);
    CHECK(!sources[1].usb.real && sources[0].usb.next);
    CHECK_TEXT(sources[1].usb.built_in.strange->name, "ro"); /* refused when it is made */
    CHECK(parse("usb:0403:601 3240") == -EINVAL);
    CHECK(strstr(error, "a USB device is usb:VID:PID"));
    CHECK(parse("usb:0403:6010,ro 3240") == -EINVAL);
    CHECK(strstr(error, "name=, budget=, hotplug, reset and no-merge"));
}

static void usb_selectors_match(void)
{
    static const struct usb_identity device = {"1-1.2", 0x0403, 0x6010, "A:1"};
    static const char *const matching[] = {"0403:6010", "0403:6010:A:1", "1-1.2",
                                           "1209:5bf0/0403:6010", "1-1.2/1-1.3"};
    static const char *const others[] = {"0403:6011", "0404:6010", "0403:6010:A", "1-1",
                                         "2-1.2",     "1-1.2.3",   "11-1.2",      "1209:5bf0/1-3"};
    static const char *const wrong[] = {
        "",          "0403",  "0403:601", "0403:60100", "0403:6010:", "1-", "1-1.",
        "-1",        "1-1.x", "403:6010", "1-1..",      "1234-1",     "1",  "xyz",
        "0403-6010", "1-1/",  "/1-1",     "1-1//1-2",   "0403:6011/x"};

    for (size_t i = 0; i < sizeof matching / sizeof *matching; i++) {
        CHECK(usb_selector_is_valid(matching[i]));
        CHECK(usb_selector_matches(matching[i], &device));
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        CHECK(usb_selector_is_valid(others[i]));
        CHECK(!usb_selector_matches(others[i], &device));
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CHECK(!usb_selector_is_valid(wrong[i]));
        CHECK(!usb_selector_matches(wrong[i], &device));
    }
}

/* --- selectors -----------------------------------------------------------------------------------
 */

static const struct serial_info list[] = {
    {.path = "/dev/ttyS0", .vid = -1, .pid = -1, .interface = -1},
    {.path = "/dev/ttyUSB0", .serial = "A1", .vid = 0x0403, .pid = 0x6010, .interface = 0},
    {.path = "/dev/ttyUSB1", .serial = "A1", .vid = 0x0403, .pid = 0x6010, .interface = 1},
    {.path = "/dev/ttyUSB2", .serial = "B2", .vid = 0x10c4, .pid = 0xea60, .interface = 0},
};

static int choose(const char *selector, int interface, char path[static SERIAL_PATH_MAX])
{
    return serial_choose(list, sizeof list / sizeof *list, selector, interface, path, error);
}

static void the_only_match_is_chosen(void)
{
    char path[SERIAL_PATH_MAX];

    CHECK(choose("serial=B2", -1, path) == 0);
    CHECK_TEXT(path, "/dev/ttyUSB2");
    CHECK(choose("10C4:EA60", -1, path) == 0);
    CHECK_TEXT(path, "/dev/ttyUSB2");
    CHECK(choose("0403:6010", 1, path) == 0);
    CHECK_TEXT(path, "/dev/ttyUSB1");
}

static void several_matches_are_listed(void)
{
    char path[SERIAL_PATH_MAX];

    CHECK(choose("serial=A1", -1, path) == -EEXIST);
    CHECK(strstr(error, "/dev/ttyUSB0 (if=0") && strstr(error, "/dev/ttyUSB1 (if=1"));
    CHECK(choose("0403:6010", 2, path) == -ENODEV);
    CHECK(choose("serial=", -1, path) != 0);
    CHECK(choose("serial=A", -1, path) == -ENODEV);
}

static void many_matches_stay_in_bounds(void)
{
    static struct serial_info many[200];
    char path[SERIAL_PATH_MAX];

    for (size_t i = 0; i < 200; i++) {
        many[i] = list[1];
        memset(many[i].path, 'p', sizeof many[i].path - 1);
        memset(many[i].serial, 's', sizeof many[i].serial - 1);
    }
    CHECK(serial_choose(many, 200, "0403:6010", -1, path, error) == -EEXIST);
    CHECK(strlen(error) < sizeof error);
}

static void paths_and_names_are_taken_as_they_are(void)
{
    char path[SERIAL_PATH_MAX];

    CHECK(serial_find("/dev/serial/by-id/x", -1, path, error) == 0);
    CHECK_TEXT(path, "/dev/serial/by-id/x");
    CHECK(serial_find("ttyUSB7", -1, path, error) == 0);
    CHECK_TEXT(path, "/dev/ttyUSB7");
    CHECK(serial_find("./mine", -1, path, error) == 0);
    CHECK_TEXT(path, "./mine");
}

static const struct test tests[] = {
    TEST(several_ports),
    TEST(options_of_a_port),
    TEST(usb_sources_may_share_a_port),
    TEST(words_in_the_wrong_place_are_understood),
    TEST(names_are_for_shells_and_clients),
    TEST(no_touch_lines_implies_what_it_needs),
    TEST(what_is_wrong_is_named),
    TEST(usb_devices_are_real_or_built_in),
    TEST(usb_selectors_match),
    TEST(the_only_match_is_chosen),
    TEST(several_matches_are_listed),
    TEST(many_matches_stay_in_bounds),
    TEST(paths_and_names_are_taken_as_they_are),
};

TEST_MAIN(tests)
