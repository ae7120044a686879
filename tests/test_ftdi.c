/* The built-in FTDI chips by their requests: the EEPROM, pins as bits, purges. */
#include "demo.h"

#include <event2/event.h>

#include "log.h"
#include "loop.h"
#include "proto/usb_desc.h"
#include "test.h"

enum {
    BULK_OUT = 0x02,
    BULK_IN = 0x81,
    RESET = 0x00,
    MODEM = 0x01,
    DATA = 0x04,
    LATENCY = 0x09,
    BITMODE = 0x0b,
    PINS = 0x0c,
    READ = 0x90,
    WRITE = 0x91,
    ERASE = 0x92,
    BITBANG = 0x01,
    MPSSE = 0x02,
    SYNC = 0x04,
    CBUS = 0x20,
    A = 1, /* wIndex of channels */
    B = 2,
};

static struct event_base *base;
static struct usb_device *device;
static bool done;

static void on_done(struct usb_transfer *t)
{
    (void)t;
    done = true;
}

static void begin(const char *kind)
{
    char error[CLI_ERROR_MAX];

    log_init("test", LOG_LEVEL_ERROR);
    base = loop_new(false);
    device = demo_new(base, kind, 1, error);
    CHECK(device && device->ops->claim(device, error) == 0);
}

static void end(void)
{
    device->ops->release(device);
    device->ops->free(device);
    loop_settle(base);
    event_base_free(base);
}

/* Runs one transfer to its end; how many bytes. */
static size_t run(struct usb_transfer *t)
{
    t->done = on_done;
    done = false;
    device->ops->submit(device, t);
    while (!done)
        event_base_loop(base, EVLOOP_ONCE);
    return t->actual;
}

/* A vendor's request; its status. */
static int request(uint8_t type, uint8_t code, unsigned value, unsigned index, uint8_t *data,
                   size_t len)
{
    struct usb_transfer t = {.address = type & 0x80, .data = data, .length = len};
    const uint8_t setup[] = {type,           code,
                             (uint8_t)value, (uint8_t)(value >> 8),
                             (uint8_t)index, (uint8_t)(index >> 8),
                             (uint8_t)len,   0};

    memcpy(t.setup, setup, sizeof setup);
    run(&t);
    return t.status;
}

static void set(uint8_t code, unsigned value, unsigned index)
{
    CHECK(request(0x40, code, value, index, NULL, 0) == 0);
}

static unsigned get(uint8_t code, unsigned index, size_t len)
{
    uint8_t data[2] = {0};

    CHECK(request(0xc0, code, 0, index, data, len) == 0);
    return data[0] | (unsigned)data[1] << 8;
}

static void put(const char *text, size_t len)
{
    uint8_t data[64];
    struct usb_transfer t = {.address = BULK_OUT, .data = data, .length = len};

    memcpy(data, text, len);
    CHECK(run(&t) == len && t.status == 0);
}

/* What comes next, behind the two bytes of status. */
static size_t take(uint8_t data[static 64])
{
    uint8_t packet[64];
    struct usb_transfer t = {.address = BULK_IN, .data = packet, .length = sizeof packet};
    size_t len = run(&t);

    CHECK(t.status == 0 && len >= 2);
    memcpy(data, packet + 2, len - 2);
    return len - 2;
}

static unsigned word(unsigned address)
{
    return get(READ, address, 2);
}

static bool sum_is_right(unsigned words)
{
    uint16_t sum = 0xaaaa;

    for (unsigned i = 0; i < words - 1; i++) {
        sum = (uint16_t)(sum ^ word(i));
        sum = (uint16_t)(sum << 1 | sum >> 15);
    }
    return word(words - 1) == sum;
}

static void an_internal_eeprom(void)
{
    begin("ftdi");
    CHECK(word(1) == 0x0403 && word(2) == 0x6001 && word(3) == 0x0600);
    CHECK(word(0) == 0x4000 && word(5) == 0x0008 && word(7) == 0x0a98);
    CHECK(word(0x0c) == 0x030a && word(0x0d) == 'F' && word(0x10) == 'I');
    CHECK(sum_is_right(64));
    CHECK(word(0x43) != 0xffff && word(0x44) != 0xffff && word(0x45) == 0xffff);
    set(WRITE, 0x1234, 0x20); /* the index is an address, whatever channels there are */
    set(WRITE, 0x1234, 0x43); /* who it is stays */
    CHECK(word(0x20) == 0x1234 && word(0x43) != 0x1234);
    set(ERASE, 0, 0);
    CHECK(word(0x20) == 0x1234);
    end();
}

static void an_external_eeprom(void)
{
    begin("icestick");
    CHECK(word(1) == 0x0403 && word(2) == 0x6010 && word(3) == 0x0700);
    CHECK(word(5) == 0 && word(9) == 0 && word(0x0c) == 0x56); /* no serial number */
    CHECK(word(7) == 0x109a && word(0x4d) == 0x0310 && word(0x4e) == 'L');
    CHECK(sum_is_right(128));
    CHECK(word(0x81) == 0x0403); /* it is found again behind its end */
    set(ERASE, 0, 0);
    CHECK(word(0) == 0xffff && word(127) == 0xffff);
    set(WRITE, 0x55aa, 0xc0); /* libftdi finds its size by this */
    CHECK(word(0x40) == 0x55aa && word(0) == 0xffff);
    end();
}

static void pins_without_bit_modes(void)
{
    begin("ftdi");
    CHECK(get(PINS, A, 1) == 0xff);
    set(MODEM, 0x0202, A); /* RTS on is low, and so is CTS */
    CHECK(get(PINS, A, 1) == 0xf3);
    set(MODEM, 0x0101, A);
    CHECK(get(PINS, A, 1) == 0x83);
    end();
}

static void pins_are_driven(void)
{
    uint8_t data[64];

    begin("ftdi");
    set(LATENCY, 1, A);
    set(BITMODE, BITBANG << 8 | 0x15, A); /* TXD, RTS, DTR */
    CHECK(get(PINS, A, 1) == 0x80);
    put("\x15\x04", 2);
    CHECK(get(PINS, A, 1) == 0x8c);
    CHECK(take(data) == 62 && data[0] == 0x8c && data[61] == 0x8c); /* samples */
    set(BITMODE, 0, A);
    put("a", 1);
    size_t len = 0;
    for (int i = 0; len == 0 && i < 100; i++)
        len = take(data);
    CHECK(len == 1 && data[0] == 'a');
    end();
}

static void each_byte_is_answered(void)
{
    uint8_t data[64];
    size_t len = 0;

    begin("ftdi");
    set(LATENCY, 1, A);
    set(BITMODE, SYNC << 8 | 0xff, A);
    put("\1\2\3\4", 4);
    while (len == 0)
        len = take(data);
    CHECK(len == 4 && memcmp(data, "\0\1\2\3", 4) == 0); /* what was there before */
    CHECK(get(PINS, A, 1) == 4);
    end();
}

static void four_more_pins(void)
{
    begin("ftdi");
    set(BITMODE, CBUS << 8 | 0xf1, A);
    CHECK(get(PINS, A, 1) == 0x01);
    set(BITMODE, CBUS << 8 | 0xc4, A);
    CHECK(get(PINS, A, 1) == 0x07);
    end();
}

/* By bits alone CRESET is held, and CDONE falls; let go of, it rises if there is an image. */
static void a_board_by_bits(void)
{
    begin("icestick");
    set(BITMODE, BITBANG << 8 | 0x80, A);
    CHECK(get(PINS, A, 1) == 0x10);
    put("\x80", 1);
    CHECK(get(PINS, A, 1) == 0x90); /* the flash memory is empty */
    set(BITMODE, 0, A);
    CHECK(get(PINS, A, 1) == 0x90);
    CHECK(get(PINS, B, 1) == 0xff);
    end();
}

static void the_high_pins_of_an_engine(void)
{
    uint8_t data[64];
    size_t len = 0;

    begin("icestick");
    set(LATENCY, 1, A);
    set(BITMODE, MPSSE << 8, A);
    put("\x82\0\xff\x83\x82\x55\xff\x83\x82\xaa\xff\x83\x82\0\0\x83\x87", 17);
    while (len == 0)
        len = take(data);
    CHECK(len == 4 && memcmp(data, "\x00\x55\xaa\xff", 4) == 0);
    end();
}

/* Names of FTDI's that say RX and TX mean the chip, not the host (libftdi 1.5). */
static void purges_are_the_chip_s(void)
{
    uint8_t data[64];
    size_t len = 0;

    begin("ftdi");
    set(LATENCY, 1, A);
    put("kept", 4);
    set(RESET, 1, A); /* what has come from the host: it is through */
    while (len == 0)
        len = take(data);
    CHECK(len == 4 && memcmp(data, "kept", 4) == 0);
    put("lost", 4);
    set(RESET, 2, A); /* what is for the host */
    CHECK(take(data) == 0);
    end();
}

/* Both come in one packet, also where reads wait, and not with the bytes before. */
static void a_break_is_a_byte_with_an_error(void)
{
    uint8_t packets[3][64];
    struct usb_transfer in[3];

    begin("ftdi");
    for (int reads = 0; reads <= 3; reads += 3) {
        for (int i = 0; i < 3; i++)
            in[i] = (struct usb_transfer){
                .address = BULK_IN, .data = packets[i], .length = 64, .done = on_done};
        for (int i = 0; i < reads; i++)
            device->ops->submit(device, &in[i]);
        set(DATA, 1 << 14 | 8, A);
        size_t with = 0;
        for (int i = 0; i < 3 && with == 0; i++) {
            if (reads == 0)
                run(&in[i]);
            CHECK((packets[i][1] & 0x10) == (in[i].actual > 2 ? 0x10 : 0));
            with = in[i].actual > 2 ? in[i].actual : 0;
        }
        CHECK(with == 3);
        for (int i = 0; i < reads; i++)
            device->ops->cancel(device, &in[i]);
    }
    end();
}

static void a_reset_leaves_the_latency_timer(void)
{
    char error[USB_DEVICE_ERROR_MAX];

    begin("ftdi");
    set(LATENCY, 1, A);
    set(RESET, 0, A);
    CHECK(get(LATENCY + 1, A, 1) == 1);
    device->ops->release(device);
    CHECK(device->ops->claim(device, error) == 0 && get(LATENCY + 1, A, 1) == 16);
    end();
}

/* --- many at once ----------------------------------------------------------------------------- */

enum { READERS = 8, LENGTH = 20000 };

static struct usb_transfer readers[READERS];
static uint8_t packets[READERS][64], echo[2 * LENGTH];
static size_t echoed;

static void on_read(struct usb_transfer *t)
{
    if (t->status != 0)
        return;
    CHECK(echoed + t->actual - 2 <= sizeof echo);
    memcpy(echo + echoed, t->data + 2, t->actual - 2);
    echoed += t->actual - 2;
    t->actual = 0;
    if (echoed < LENGTH)
        device->ops->submit(device, t);
}

static void on_written(struct usb_transfer *t)
{
    t->done = NULL; /* once */
    done = true;
}

/* What comes back for one that is longer than the FIFO, while several read. */
static void write_long(void)
{
    static uint8_t data[LENGTH];
    struct usb_transfer out = {
        .address = BULK_OUT, .data = data, .length = sizeof data, .done = on_written};

    for (size_t i = 0; i < LENGTH; i++)
        data[i] = (uint8_t)(i >> 8 ^ i);
    echoed = 0;
    done = false;
    for (size_t i = 0; i < READERS; i++) {
        readers[i] = (struct usb_transfer){
            .address = BULK_IN, .data = packets[i], .length = sizeof packets[i], .done = on_read};
        device->ops->submit(device, &readers[i]);
    }
    device->ops->submit(device, &out);
    while (!done || echoed < LENGTH)
        event_base_loop(base, EVLOOP_ONCE);
    CHECK(out.status == 0 && out.actual == LENGTH && echoed == LENGTH);
}

/* Nobody reads: what is in the FIFO is dropped, and another mode has none. */
static void room_is_made_by_requests(void)
{
    static uint8_t data[LENGTH];
    struct usb_transfer out;

    for (int mode = 0; mode < 2; mode++) {
        begin("icestick");
        set(BITMODE, MPSSE << 8, A);
        memset(data, 0x81, sizeof data); /* each is answered with a byte */
        out = (struct usb_transfer){
            .address = BULK_OUT, .data = data, .length = sizeof data, .done = on_written};
        device->ops->submit(device, &out);
        while (out.done && out.actual < LENGTH) {
            const size_t before = out.actual;

            loop_settle(base);
            if (out.actual > before || !out.done)
                continue;
            if (mode == 0)
                set(RESET, 2, A);
            else
                set(BITMODE, 0, A);
            CHECK(out.actual > before);
        }
        CHECK(out.status == 0 && out.actual == LENGTH);
        end();
    }
}

static void a_long_one_is_taken_once(void)
{
    begin("ftdi");
    write_long();
    for (size_t i = 0; i < LENGTH; i++)
        CHECK(echo[i] == (uint8_t)(i >> 8 ^ i));
    end();

    begin("ftdi");
    set(BITMODE, SYNC << 8 | 0xff, A); /* each with the state before */
    write_long();
    for (size_t i = 1; i < LENGTH; i++)
        CHECK(echo[i] == (uint8_t)((i - 1) >> 8 ^ (i - 1)));
    end();
}

/* --- much work -------------------------------------------------------------------------------- */

/* Commands that clock 65536 bytes each have the loop go on meanwhile. */
static void an_engine_s_work_is_done_in_turns(void)
{
    uint8_t data[3 * 200];
    struct usb_transfer t = {
        .address = BULK_OUT, .data = data, .length = sizeof data, .done = on_done};

    for (size_t i = 0; i < sizeof data; i += 3)
        memcpy(data + i, "\x8f\xff\xff", 3);
    begin("icestick");
    set(BITMODE, MPSSE << 8, A);
    done = false;
    device->ops->submit(device, &t);
    CHECK(!done);
    while (!done)
        event_base_loop(base, EVLOOP_ONCE);
    CHECK(t.status == 0 && t.actual == sizeof data);
    end();
}

static void answers_to_many_reads_are_all_there(void)
{
    enum { READS = 20, PART = 65536 };
    uint8_t commands[3 * READS];
    static uint8_t data[PART];
    struct usb_transfer out = {
        .address = BULK_OUT, .data = commands, .length = sizeof commands, .done = on_written};
    size_t count = 0;

    for (size_t i = 0; i < sizeof commands; i += 3)
        memcpy(commands + i, "\x20\xff\xff", 3);
    begin("icestick");
    set(BITMODE, MPSSE << 8, A);
    device->ops->submit(device, &out);
    for (unsigned empty = 0; count < READS * (size_t)PART && empty < 10;) {
        struct usb_transfer in = {.address = BULK_IN, .data = data, .length = sizeof data};
        const size_t len = run(&in);

        for (size_t at = 0; at < len; at += 512)
            count += (len - at < 512 ? len - at : 512) - 2;
        empty = len == 2 ? empty + 1 : 0;
    }
    CHECK(count == READS * (size_t)PART && out.actual == sizeof commands);
    end();
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(an_internal_eeprom),
        TEST(an_external_eeprom),
        TEST(pins_without_bit_modes),
        TEST(pins_are_driven),
        TEST(each_byte_is_answered),
        TEST(four_more_pins),
        TEST(a_board_by_bits),
        TEST(the_high_pins_of_an_engine),
        TEST(purges_are_the_chip_s),
        TEST(a_break_is_a_byte_with_an_error),
        TEST(a_reset_leaves_the_latency_timer),
        TEST(room_is_made_by_requests),
        TEST(a_long_one_is_taken_once),
        TEST(an_engine_s_work_is_done_in_turns),
        TEST(answers_to_many_reads_are_all_there),
    };

    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
