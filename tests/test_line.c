#include "proto/line.h"

#include "line_text.h"

#include <errno.h>

#include "test.h"

static void formats_are_read(void)
{
    struct line_settings line = line_default;

    CHECK(line_parse_format("7e2", &line) == 0);
    CHECK(line.data_bits == 7 && line.parity == LINE_PARITY_EVEN && line.stop == LINE_STOP_2);
    CHECK(line_parse_format("5S1.5", &line) == 0);
    CHECK(line.data_bits == 5 && line.parity == LINE_PARITY_SPACE && line.stop == LINE_STOP_1_5);
    CHECK(line_parse_format("8M1", &line) == 0 && line.parity == LINE_PARITY_MARK);
    CHECK(line_parse_format("8o1", &line) == 0 && line.parity == LINE_PARITY_ODD);
}

static void wrong_formats_change_nothing(void)
{
    static const char *const wrong[] = {"",    "8",   "8n",   "4n1",    "9n1", "8x1", "8n3",
                                        "8n0", "n81", "8n1 ", "8n1.5.", "8?1", "81",  "8n1n1"};

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct line_settings line = line_default;

        CHECK(line_parse_format(wrong[i], &line) == -EINVAL);
        CHECK(line_settings_equal(&line, &line_default));
    }
}

static void speeds_are_read(void)
{
    uint32_t baud = 0;

    CHECK(line_parse_baud("74880", &baud) == 0 && baud == 74880);
    CHECK(line_parse_baud("4294967295", &baud) == 0 && baud == UINT32_MAX);
    CHECK(line_parse_baud("4294967296", &baud) == -EINVAL);
    CHECK(line_parse_baud("99999999999999999999999", &baud) == -EINVAL);
    CHECK(line_parse_baud("0", &baud) == -EINVAL);
    CHECK(line_parse_baud("", &baud) == -EINVAL);
    CHECK(line_parse_baud("-1", &baud) == -EINVAL);
    CHECK(line_parse_baud("9600 ", &baud) == -EINVAL);
}

static void settings_are_said(void)
{
    struct line_settings line = {
        115200, 7, LINE_PARITY_EVEN, LINE_STOP_1_5, LINE_FLOW_HARDWARE, LINE_FLOW_HARDWARE};
    char text[LINE_TEXT_MAX];

    line_text(&line, text);
    CHECK_TEXT(text, "115200 7E1.5 rtscts");
    line.flow_out = LINE_FLOW_NONE;
    line.flow_in = LINE_FLOW_XONXOFF;
    line_text(&line, text);
    CHECK_TEXT(text, "115200 7E1.5 in:xonxoff");
    line_modem_text(LINE_DTR | LINE_CTS | LINE_RI, text);
    CHECK_TEXT(text, "DTR CTS RI");
    line_modem_text(0, text);
    CHECK_TEXT(text, "none");
}

static void wire_time_counts_every_bit(void)
{
    struct line_settings line = line_default;

    line.baud = 10000;
    CHECK(line_wire_time_us(&line, 1) == 1000); /* 10 bits */
    line.parity = LINE_PARITY_ODD;
    CHECK(line_wire_time_us(&line, 10) == 11000);
    line.stop = LINE_STOP_1_5;
    CHECK(line_wire_time_us(&line, 2) == 2300);
    line.data_bits = 5;
    line.stop = LINE_STOP_2;
    CHECK(line_wire_time_us(&line, 1) == 900);
    CHECK(line_wire_time_us(&line, 0) == 0);
    line.baud = 0; /* never divides by it */
    CHECK(line_wire_time_us(&line, SIZE_MAX) > 0);
}

static void ring_has_a_trailing_edge_only(void)
{
    CHECK(line_modem_delta(0, LINE_RI) == LINE_RI);
    CHECK(line_modem_delta(LINE_RI, 0) == 4);
    CHECK(line_modem_delta(LINE_CTS, LINE_CTS | LINE_CD) == (LINE_CTS | LINE_CD | 8));
    CHECK(line_modem_delta(LINE_CTS | LINE_DSR, 0) == 3);
}

static void near_speeds_are_equal(void)
{
    CHECK(line_baud_near(115200, 115384));
    CHECK(line_baud_near(1000, 1025));
    CHECK(!line_baud_near(1000, 1026));
    CHECK(!line_baud_near(9600, 0));
    CHECK(line_baud_near(UINT32_MAX, UINT32_MAX - 1));
}

static const struct test tests[] = {
    TEST(formats_are_read),
    TEST(wrong_formats_change_nothing),
    TEST(speeds_are_read),
    TEST(settings_are_said),
    TEST(wire_time_counts_every_bit),
    TEST(ring_has_a_trailing_edge_only),
    TEST(near_speeds_are_equal),
};

TEST_MAIN(tests)
