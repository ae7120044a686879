/* The built-in mouse and keyboard: the language of their events, cut at every byte; reports; the
 * requests of HID 1.11, wrong ones among them; and events out of a FIFO. */
#include "demo.h"
#include "hid_keys.h"
#include "hid_script.h"
#include "hid_state.h"

#include <errno.h>
#include <unistd.h>

#include <event2/event.h>

#include "clock.h"
#include "log.h"
#include "loop.h"
#include "proto/usb_desc.h"
#include "test.h"

/* --- the language ------------------------------------------------------------------------------
 */

static char said[16384]; /* events and errors, as text */
static size_t said_len;

static void say(const char *text)
{
    size_t len = strlen(text);

    CHECK(said_len + len < sizeof said);
    memcpy(said + said_len, text, len + 1);
    said_len += len;
}

static void on_event(void *ctx, const struct hid_event *e)
{
    char text[80];

    (void)ctx;
    snprintf(text, sizeof text, "%d:%d/%d.%d/%d,%d/%d ", e->kind, e->buttons, e->chord.modifiers,
             e->chord.key, e->x, e->y, e->ms);
    say(text);
}

static void on_wrong(void *ctx, const char *line, const char *error)
{
    (void)ctx;
    say("!");
    say(line);
    say("!");
    say(error);
    say(" ");
}

static const char *script(enum hid_role role, const char *text, size_t len, size_t piece)
{
    struct hid_script s = {.role = role, .event = on_event, .wrong = on_wrong};

    said_len = 0;
    said[0] = '\0';
    for (size_t at = 0; at < len; at += piece)
        hid_script_take(&s, (const uint8_t *)text + at, len - at < piece ? len - at : piece);
    hid_script_end(&s);
    return said;
}

static const char *one(enum hid_role role, const char *line)
{
    return script(role, line, strlen(line), strlen(line) + 1);
}

static void mouse_statements(void)
{
    CHECK_TEXT(one(HID_MOUSE, "move 5 -3"), "2:0/0.0/5,-3/0 ");
    CHECK_TEXT(one(HID_MOUSE, "move +32767 -32767\n"), "2:0/0.0/32767,-32767/0 ");
    CHECK_TEXT(one(HID_MOUSE, "wheel -2"), "3:0/0.0/0,-2/0 ");
    CHECK_TEXT(one(HID_MOUSE, "press left"), "4:1/0.0/0,0/0 ");
    CHECK_TEXT(one(HID_MOUSE, "release right"), "5:2/0.0/0,0/0 ");
    CHECK_TEXT(one(HID_MOUSE, "release all"), "1:0/0.0/0,0/0 ");
    CHECK_TEXT(one(HID_MOUSE, "\t click   middle \r\n"), "4:4/0.0/0,0/0 5:4/0.0/0,0/0 ");
    CHECK_TEXT(one(HID_MOUSE, "wait 60000"), "0:0/0.0/0,0/60000 ");
    CHECK_TEXT(one(HID_MOUSE, "# move 1 1"), "");
    CHECK_TEXT(one(HID_MOUSE, "\n\r\n  \n"), "");
}

static void keyboard_statements(void)
{
    CHECK_TEXT(one(HID_KEYBOARD, "type aB"),
               "8:0/0.4/0,0/0 9:0/0.4/0,0/0 8:0/2.5/0,0/0 9:0/2.5/0,0/0 ");
    CHECK_TEXT(one(HID_KEYBOARD, "type  ,"), /* the second blank is text */
               "8:0/0.44/0,0/0 9:0/0.44/0,0/0 8:0/0.54/0,0/0 9:0/0.54/0,0/0 ");
    CHECK_TEXT(one(HID_KEYBOARD, "type #\n"), "8:0/2.32/0,0/0 9:0/2.32/0,0/0 ");
    CHECK_TEXT(one(HID_KEYBOARD, "press ctrl+c"), "6:0/1.6/0,0/0 ");
    CHECK_TEXT(one(HID_KEYBOARD, "release ctrl"), "7:0/1.0/0,0/0 ");
    CHECK_TEXT(one(HID_KEYBOARD, "release all"), "1:0/0.0/0,0/0 ");
    CHECK_TEXT(one(HID_KEYBOARD, "key enter"), "8:0/0.40/0,0/0 9:0/0.40/0,0/0 ");
    CHECK_TEXT(one(HID_KEYBOARD, "key ctrl+alt+delete"), "8:0/5.76/0,0/0 9:0/5.76/0,0/0 ");
    CHECK_TEXT(one(HID_KEYBOARD, "key f12"), "8:0/0.69/0,0/0 9:0/0.69/0,0/0 ");
}

static void wrong_lines_say_what_is_right(void)
{
    static const struct {
        enum hid_role role;
        const char *line, *right;
    } wrong[] = {
        {HID_MOUSE, "jump", "a mouse has move, wheel, press, release, click and wait"},
        {HID_MOUSE, "type hello", "a mouse has"},
        {HID_KEYBOARD, "move 1 1", "a keyboard has type, key, press, release and wait"},
        {HID_KEYBOARD, "TYPE x", "a keyboard has"},
        {HID_MOUSE, "move", "it is move DX DY"},
        {HID_MOUSE, "move 1", "it is move DX DY"},
        {HID_MOUSE, "move 1 2 3", "it is move DX DY"},
        {HID_MOUSE, "move 1 32768", "from -32767 to 32767"},
        {HID_MOUSE, "move 1 -32768", "from -32767 to 32767"},
        {HID_MOUSE, "move 1 99999999999999999999", "from -32767 to 32767"},
        {HID_MOUSE, "move - +", "it is move"},
        {HID_MOUSE, "move 0x1 1", "it is move"},
        {HID_MOUSE, "wheel up", "it is wheel N"},
        {HID_MOUSE, "press", "press left, right or middle"},
        {HID_MOUSE, "press all", "press left, right or middle"},
        {HID_MOUSE, "press lef", "press left, right or middle"},
        {HID_MOUSE, "click left right", "click left, right or middle"},
        {HID_MOUSE, "release none", "left, right, middle or all"},
        {HID_MOUSE, "wait", "wait MS, from 0 to 60000"},
        {HID_MOUSE, "wait -1", "wait MS, from 0 to 60000"},
        {HID_MOUSE, "wait 60001", "wait MS, from 0 to 60000"},
        {HID_KEYBOARD, "type", "it is type TEXT"},
        {HID_KEYBOARD, "type ", "it is type TEXT"},
        {HID_KEYBOARD, "type \xc3\xa4", "characters that a US keyboard has"},
        {HID_KEYBOARD, "key", "it is key KEYS"},
        {HID_KEYBOARD, "key ctrl+", "it is key KEYS"},
        {HID_KEYBOARD, "key +", "it is key KEYS"},
        {HID_KEYBOARD, "key a+b", "it is key KEYS"},
        {HID_KEYBOARD, "key f13", "it is key KEYS"},
        {HID_KEYBOARD, "key f0", "it is key KEYS"},
        {HID_KEYBOARD, "key return", "it is key KEYS"},
        {HID_KEYBOARD, "press all", "it is press KEYS"},
        {HID_KEYBOARD, "release", "release all"},
    };

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const char *got = one(wrong[i].role, wrong[i].line);

        if (got[0] != '!' || !strstr(got, wrong[i].right))
            fprintf(stderr, "%s: %s\n", wrong[i].line, got);
        CHECK(got[0] == '!' && strstr(got, wrong[i].right));
    }
    CHECK(strncmp(one(HID_MOUSE, "a\033b"), "!a?b!", 5) == 0); /* for a terminal */
    CHECK(strstr(script(HID_MOUSE, "a\0b", 3, 3), "!a?b!") || said[0] == '!');
}

static void every_key_of_the_layout(void)
{
    struct hid_chord chord;
    unsigned typed = 0;

    for (int c = 0; c < 256; c++) {
        bool can = hid_keys_of_character((char)c, &chord);

        CHECK(can == ((c >= ' ' && c < 0x7f) || c == '\t'));
        if (!can)
            continue;
        CHECK(chord.key >= 4 && chord.key <= HID_KEYS_LAST && (chord.modifiers & ~2) == 0);
        typed++;
    }
    CHECK(typed == 96);
    static const struct {
        char c;
        uint8_t modifiers, key;
    } some[] = {{'a', 0, 0x04}, {'Z', 2, 0x1d}, {'1', 0, 0x1e}, {'0', 0, 0x27},  {')', 2, 0x27},
                {'@', 2, 0x1f}, {'-', 0, 0x2d}, {'+', 2, 0x2e}, {'\\', 0, 0x31}, {'|', 2, 0x31},
                {';', 0, 0x33}, {'"', 2, 0x34}, {'`', 0, 0x35}, {'~', 2, 0x35},  {'/', 0, 0x38},
                {'?', 2, 0x38}, {' ', 0, 0x2c}};
    for (size_t i = 0; i < sizeof some / sizeof *some; i++)
        CHECK(hid_keys_of_character(some[i].c, &chord) && chord.modifiers == some[i].modifiers &&
              chord.key == some[i].key);
    CHECK(hid_keys_of_name("gui+l", 5, &chord) && chord.modifiers == 8 && chord.key == 0x0f);
    CHECK(hid_keys_of_name("ctrl+shift", 10, &chord) && chord.modifiers == 3 && chord.key == 0);
    CHECK(hid_keys_of_name("?", 1, &chord) && chord.modifiers == 2 && chord.key == 0x38);
    CHECK(!hid_keys_of_name("", 0, &chord));
}

static void lines_come_in_pieces(void)
{
    static const char mouse[] = "move 1 2\nclick left\njunk\nwait 5\r\n\n# a\nwheel -1";
    static const char keys[] = "type a; b\nkey ctrl+c\nkey\ntype \x80\npress a\nrelease all\n";
    static char whole[sizeof said];

    for (int i = 0; i < 2; i++) {
        const enum hid_role role = i ? HID_KEYBOARD : HID_MOUSE;
        const char *text = i ? keys : mouse;
        const size_t len = strlen(text);

        strcpy(whole, script(role, text, len, len));
        CHECK(strchr(whole, '!'));
        for (size_t piece = 1; piece < len; piece++)
            CHECK_TEXT(script(role, text, len, piece), whole);
        for (size_t cut = 0; cut <= len; cut++) { /* two pieces */
            struct hid_script s = {.role = role, .event = on_event, .wrong = on_wrong};

            said_len = 0;
            said[0] = '\0';
            hid_script_take(&s, (const uint8_t *)text, cut);
            hid_script_take(&s, (const uint8_t *)text + cut, len - cut);
            hid_script_end(&s);
            CHECK_TEXT(said, whole);
        }
    }
}

static void long_lines_are_left_out(void)
{
    static char text[3 * HID_LINE_MAX];

    memset(text, 'a', sizeof text);
    memcpy(text, "type ", 5);
    text[HID_LINE_MAX] = '\n';
    memcpy(text + HID_LINE_MAX + 1, "key b\n", 6);
    static struct hid_event events[HID_EVENTS_MAX];
    char error[HID_SCRIPT_ERROR_MAX];
    CHECK(hid_script_line(HID_KEYBOARD, text, HID_LINE_MAX, events, error) ==
          2 * (HID_LINE_MAX - 5));
    text[HID_LINE_MAX] = 'a';
    text[HID_LINE_MAX + 1] = '\n';
    memcpy(text + HID_LINE_MAX + 2, "key b\n", 6);
    script(HID_KEYBOARD, text, HID_LINE_MAX + 8, 100);
    CHECK(strncmp(said, "!type aaa", 9) == 0 && strstr(said, "1024 bytes at most 8:0/0.5/"));
}

/* --- reports -----------------------------------------------------------------------------------
 */

static struct hid_state state;

/* Carries out a line; the reports that it makes are said in hex. */
static const char *reports(const char *line)
{
    static struct hid_event events[HID_EVENTS_MAX];
    char error[HID_SCRIPT_ERROR_MAX], hex[4];
    uint8_t report[HID_REPORT_MAX];
    bool changed;
    int n = hid_script_line(state.role, line, strlen(line), events, error);

    CHECK(n > 0);
    said_len = 0;
    said[0] = '\0';
    for (int i = 0; i < n;) {
        i += hid_state_apply(&state, &events[i], &changed);
        if (!changed)
            continue;
        size_t len = hid_state_report(&state, false, report);
        for (size_t b = 0; b < len; b++) {
            snprintf(hex, sizeof hex, "%02x", report[b]);
            say(hex);
        }
        say(" ");
        hid_state_sent(&state);
    }
    return said;
}

static void mouse_reports(void)
{
    uint8_t report[HID_REPORT_MAX];

    state = (struct hid_state){.role = HID_MOUSE};
    CHECK_TEXT(reports("move 5 -3"), "0005fd00 ");
    CHECK_TEXT(reports("move 0 0"), "");
    CHECK_TEXT(reports("move 300 -128"), "007f8100 007fff00 002e0000 ");
    CHECK_TEXT(reports("wheel -200"), "00000081 000000b7 ");
    CHECK_TEXT(reports("press left"), "01000000 ");
    CHECK_TEXT(reports("press left"), "");
    CHECK_TEXT(reports("click right"), "03000000 01000000 ");
    CHECK_TEXT(reports("move 1 1"), "01010100 ");
    CHECK_TEXT(reports("release all"), "00000000 ");
    CHECK(hid_state_report(&state, true, report) == 3 &&
          hid_state_report(&state, false, report) == 4);
}

static void keyboard_reports(void)
{
    uint8_t report[HID_REPORT_MAX];

    state = (struct hid_state){.role = HID_KEYBOARD};
    CHECK_TEXT(reports("type aA"), "0000040000000000 0000000000000000 "
                                   "0200040000000000 0000000000000000 ");
    CHECK_TEXT(reports("press shift"), "0200000000000000 ");
    CHECK_TEXT(reports("type A"), "0200040000000000 0200000000000000 "); /* it stays down */
    CHECK_TEXT(reports("release shift"), "0000000000000000 ");
    for (char key[] = "press a"; key[6] <= 'f'; key[6]++)
        reports(key);
    CHECK_TEXT(said, "0000040506070809 ");
    CHECK_TEXT(reports("press g"), "0000010101010101 "); /* too many */
    CHECK_TEXT(reports("press ctrl"), "0100010101010101 ");
    CHECK_TEXT(reports("release a"), "0100050607080"
                                     "90a ");
    CHECK_TEXT(reports("release all"), "0000000000000000 ");
    CHECK(hid_state_report(&state, true, report) == 8);
}

/* --- the device --------------------------------------------------------------------------------
 */

enum { EP_IN = 0x81, TO_DEVICE = 0x21, TO_HOST = 0xa1 };

static struct event_base *base;
static struct usb_device *device;
static unsigned done;
static struct usb_transfer poll_transfer;
static uint8_t poll_data[64];

static void on_done(struct usb_transfer *t)
{
    (void)t;
    done++;
}

static void plug_in(const char *typed)
{
    char error[CLI_ERROR_MAX];

    base = loop_new(false);
    device = demo_new(base, typed, 1, error);
    if (!device)
        fprintf(stderr, "%s\n", error);
    CHECK(device && device->ops->claim(device, error) == 0);
}

static void unplug(void)
{
    device->ops->release(device);
    device->ops->free(device);
    loop_free(base);
}

static unsigned answered;

static void on_answered(struct usb_transfer *t)
{
    (void)t;
    answered++;
}

/* A request with up to 64 bytes. Returns the bytes moved, or the status. */
static int request(uint8_t type, uint8_t code, uint16_t value, uint16_t index, uint8_t *data,
                   uint16_t len)
{
    struct usb_transfer t = {
        .address = type & 0x80, .data = data, .length = len, .done = on_answered, .status = 1};
    const uint8_t setup[8] = {type,           code,
                              (uint8_t)value, (uint8_t)(value >> 8),
                              (uint8_t)index, (uint8_t)(index >> 8),
                              (uint8_t)len,   (uint8_t)(len >> 8)};

    memcpy(t.setup, setup, sizeof setup);
    answered = 0;
    device->ops->submit(device, &t);
    CHECK(answered == 1 && t.status != 1);
    return t.status < 0 ? t.status : (int)t.actual;
}

static bool is_done(void *ctx)
{
    (void)ctx;
    return done > 0;
}

static void begin_poll(size_t len)
{
    poll_transfer =
        (struct usb_transfer){.address = EP_IN, .data = poll_data, .length = len, .done = on_done};
    done = 0;
    device->ops->submit(device, &poll_transfer);
}

/* What a transfer gets within a time, in hex; "" if it waits on. */
static const char *poll_for(unsigned ms)
{
    static char text[2 * sizeof poll_data + 1];

    if (!loop_run_until(base, is_done, NULL, ms))
        return "";
    CHECK(poll_transfer.status == 0);
    for (size_t i = 0; i < poll_transfer.actual; i++)
        snprintf(text + 2 * i, 3, "%02x", poll_data[i]);
    return text;
}

static const char *next_report(void)
{
    begin_poll(8);
    return poll_for(2000);
}

static void descriptors_agree(void)
{
    static const char *const selectors[] = {"mouse", "keyboard"};

    for (int i = 0; i < 2; i++) {
        uint8_t configuration[64], hid[64], report[128];
        struct usb_desc_interface interface;

        plug_in(selectors[i]);
        CHECK(request(0x80, 6, 0x0200, 0, configuration, 64) == 34);
        CHECK(usb_desc_get_interface(configuration + 9, &interface) == 0);
        CHECK(interface.interface_class == 3 && interface.interface_subclass == 1 &&
              interface.interface_protocol == (i ? 1 : 2));
        CHECK(request(0x81, 6, 0x2100, 0, hid, 64) == 9 && memcmp(hid, configuration + 18, 9) == 0);
        CHECK(request(0x81, 6, 0x2200, 0, report, 128) == hid[7] && hid[8] == 0);
        CHECK(report[hid[7] - 1] == 0xc0);
        CHECK(request(0x81, 6, 0x2200, 0, report, 5) == 5);
        CHECK(request(0x81, 6, 0x2300, 0, report, 64) == USBIP_EPIPE);
        CHECK(request(0x81, 6, 0x2200, 1, report, 64) == USBIP_EPIPE);
        unplug();
    }
}

static void requests_of_a_keyboard(void)
{
    uint8_t data[64] = {0};

    plug_in("keyboard");
    CHECK(request(TO_HOST, 3, 0, 0, data, 1) == 1 && data[0] == 1); /* report protocol */
    CHECK(request(TO_DEVICE, 11, 0, 0, NULL, 0) == 0);
    CHECK(request(TO_HOST, 3, 0, 0, data, 1) == 1 && data[0] == 0); /* boot */
    CHECK(request(TO_DEVICE, 11, 2, 0, NULL, 0) == USBIP_EPIPE);
    CHECK(request(TO_HOST, 2, 0, 0, data, 1) == 1 && data[0] == 125); /* 500 ms */
    CHECK(request(TO_DEVICE, 10, 0x0a00, 0, NULL, 0) == 0);
    CHECK(request(TO_HOST, 2, 0, 0, data, 1) == 1 && data[0] == 10);
    CHECK(request(TO_DEVICE, 10, 0x0a01, 0, NULL, 0) == USBIP_EPIPE); /* there is no report 1 */
    CHECK(request(TO_HOST, 2, 1, 0, data, 1) == USBIP_EPIPE);
    CHECK(request(TO_HOST, 1, 0x0100, 0, data, 8) == 8 && data[0] == 0);
    CHECK(request(TO_HOST, 1, 0x0100, 0, data, 3) == 3);
    CHECK(request(TO_HOST, 1, 0x0101, 0, data, 8) == USBIP_EPIPE);
    CHECK(request(TO_HOST, 1, 0x0300, 0, data, 8) == USBIP_EPIPE); /* no features */
    data[0] = 0xff;
    CHECK(request(TO_DEVICE, 9, 0x0200, 0, data, 1) == 1);
    CHECK(request(TO_HOST, 1, 0x0200, 0, data, 1) == 1 && data[0] == 0x1f);
    CHECK(request(TO_DEVICE, 9, 0x0200, 0, data, 2) == USBIP_EPIPE);
    CHECK(request(TO_DEVICE, 9, 0x0200, 0, data, 0) == USBIP_EPIPE);
    CHECK(request(TO_DEVICE, 9, 0x0100, 0, data, 8) == USBIP_EPIPE);
    CHECK(request(TO_DEVICE, 9, 0x0200, 1, data, 1) == USBIP_EPIPE); /* there is no interface 1 */
    CHECK(request(TO_DEVICE, 12, 0, 0, data, 0) == USBIP_EPIPE);
    CHECK(request(TO_HOST, 9, 0x0200, 0, data, 1) == USBIP_EPIPE);
    CHECK(request(0x40, 1, 0, 0, data, 0) == USBIP_EPIPE);
    CHECK(request(0x23, 3, 4, 1, NULL, 0) == 0); /* a reset of the port */
    CHECK(request(TO_HOST, 3, 0, 0, data, 1) == 1 && data[0] == 1);
    CHECK(request(TO_HOST, 2, 0, 0, data, 1) == 1 && data[0] == 125);
    CHECK(request(TO_HOST, 1, 0x0200, 0, data, 1) == 1 && data[0] == 0);
    unplug();
}

static void requests_of_a_mouse(void)
{
    uint8_t data[64] = {0};

    plug_in("mouse,play=press left");
    CHECK(request(TO_HOST, 2, 0, 0, data, 1) == 1 && data[0] == 0);  /* for ever */
    CHECK(request(TO_DEVICE, 9, 0x0200, 0, data, 1) == USBIP_EPIPE); /* no lights */
    CHECK(request(TO_HOST, 1, 0x0200, 0, data, 1) == USBIP_EPIPE);
    CHECK_TEXT(next_report(), "01000000");
    CHECK(request(TO_HOST, 1, 0x0100, 0, data, 8) == 4 && data[0] == 1);
    CHECK(request(TO_DEVICE, 11, 0, 0, NULL, 0) == 0);
    CHECK(request(TO_HOST, 1, 0x0100, 0, data, 8) == 3);
    begin_poll(2); /* a report does not fit */
    CHECK(done == 1 && poll_transfer.status == USBIP_EOVERFLOW);
    unplug();
}

static void it_plays_for_each_client(void)
{
    char error[USB_DEVICE_ERROR_MAX];

    plug_in("mouse,play=move 1 2;wait 40; click left");
    for (int i = 0; i < 2; i++) {
        CHECK_TEXT(next_report(), "00010200");
        uint64_t begin = clock_now_ms();
        CHECK_TEXT(next_report(), "01000000");
        CHECK(clock_now_ms() - begin >= 39);
        CHECK_TEXT(next_report(), "00000000");
        begin_poll(8);
        CHECK_TEXT(poll_for(60), ""); /* it waits */
        device->ops->cancel(device, &poll_transfer);
        CHECK(done == 1 && poll_transfer.status == USBIP_ECONNRESET);
        device->ops->release(device);
        CHECK(device->ops->claim(device, error) == 0);
    }
    unplug();
}

static void reports_keep_their_pace(void)
{
    plug_in("keyboard,play=type abcdefgh");
    uint64_t begin = clock_now_ms();
    for (int i = 0; i < 16; i++)
        next_report();
    CHECK(clock_now_ms() - begin >= 15 * 8 - 1);
    unplug();
}

static void the_idle_rate_repeats(void)
{
    plug_in("keyboard,play=press a");
    CHECK(request(TO_DEVICE, 10, 0, 0, NULL, 0) == 0);
    CHECK_TEXT(next_report(), "0000040000000000");
    begin_poll(8);
    CHECK_TEXT(poll_for(100), "");                           /* for ever */
    CHECK(request(TO_DEVICE, 10, 20 << 8, 0, NULL, 0) == 0); /* 80 ms, which have passed */
    CHECK_TEXT(poll_for(40), "0000040000000000");
    uint64_t begin = clock_now_ms();
    begin_poll(8);
    CHECK_TEXT(poll_for(400), "0000040000000000"); /* by the same loop's time */
    CHECK(clock_now_ms() - begin >= 79);
    unplug();
}

static void bad_options_are_named(void)
{
    static const struct {
        const char *typed, *named;
    } wrong[] = {
        {"mouse,play=move 1 1;jump", "play=: \"jump\": a mouse has"},
        {"keyboard,play=key", "it is key KEYS"},
        {"mouse,events=/nowhere/fifo", "events=/nowhere/fifo cannot be opened"},
        {"mouse,file=/x", "usb:demo-mouse has no option file="},
        {"loop,play=x", "no option play="},
        {"ftdi,ro", "no option ro"},
        {"disk:/x,start=dfu", "no option start="},
        {"disk", "usb:demo-disk:IMAGE"},
        {"disk:", "it has an image"},
        {"disk:/x,file=/y", "it has one image"},
        {"dfu,file=/nowhere/x", "/nowhere/x cannot be opened for writing"},
        {"mouse,events=.", "events=. cannot be opened"}, /* a folder */
        {"disk:.,ro", "., the disk's image: "},
        {"loop:slow", "usb:demo-loop:full"},
        {"mouse:x", "is not a built-in device"},
        {"mous", "dfu, mouse, keyboard"},
    };
    char error[CLI_ERROR_MAX];

    base = loop_new(false);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CHECK(!demo_new(base, wrong[i].typed, 1, error));
        if (!strstr(error, wrong[i].named))
            fprintf(stderr, "%s\n", error);
        CHECK(strstr(error, wrong[i].named));
    }
    loop_free(base);
}

static void events_come_from_a_file(void)
{
    char path[] = "/tmp/test_hid.XXXXXX", typed[128], error[USB_DEVICE_ERROR_MAX];
    int fd = mkstemp(path);

    CHECK(fd >= 0 && write(fd, "move 1 1\nnonsense\nmove 2 2", 26) == 26);
    close(fd);
    snprintf(typed, sizeof typed, "mouse,events=%s,play=wheel 1", path);
    plug_in(typed);
    for (int i = 0; i < 2; i++) {
        CHECK_TEXT(next_report(), "00000001");
        CHECK_TEXT(next_report(), "00010100");
        CHECK_TEXT(next_report(), "00020200"); /* the last line has no end */
        device->ops->release(device);
        CHECK(device->ops->claim(device, error) == 0);
    }
    unplug();
    unlink(path);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(mouse_statements),
        TEST(keyboard_statements),
        TEST(wrong_lines_say_what_is_right),
        TEST(every_key_of_the_layout),
        TEST(lines_come_in_pieces),
        TEST(long_lines_are_left_out),
        TEST(mouse_reports),
        TEST(keyboard_reports),
        TEST(descriptors_agree),
        TEST(requests_of_a_keyboard),
        TEST(requests_of_a_mouse),
        TEST(it_plays_for_each_client),
        TEST(reports_keep_their_pace),
        TEST(the_idle_rate_repeats),
        TEST(bad_options_are_named),
        TEST(events_come_from_a_file),
    };

    log_init("test_hid", LOG_LEVEL_ERROR);
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
