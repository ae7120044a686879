#include "proto/rfc2217.h"
#include "rfc2217_text.h"

#include <errno.h>

#include "test.h"

static struct rfc2217_message decoded(const uint8_t *body, size_t len, int want)
{
    struct rfc2217_message m;

    CHECK(rfc2217_decode(body, len, &m) == want);
    return m;
}

#define DECODED(want, ...)                                                                         \
    decoded((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), want)

static void every_command_goes_there_and_back(void)
{
    for (unsigned server = 0; server < 2; server++) {
        for (uint8_t command = 0; command <= RFC2217_PURGE_DATA; command++) {
            bool bare = command == RFC2217_FLOWCONTROL_SUSPEND ||
                        command == RFC2217_FLOWCONTROL_RESUME || command == RFC2217_SIGNATURE;
            struct rfc2217_message m = {.command = command,
                                        .from_server = server,
                                        .value = bare                              ? 0
                                                 : command == RFC2217_SET_BAUDRATE ? 0x01ff02ff
                                                                                   : 0xff};
            uint8_t body[RFC2217_BODY_MAX];
            size_t len = rfc2217_encode(&m, body);
            struct rfc2217_message back = decoded(body, len, 0);

            CHECK(body[0] == command + 100 * server);
            CHECK(back.command == command && back.from_server == server && back.value == m.value);
        }
    }
}

static void speeds_have_four_bytes(void)
{
    CHECK(DECODED(0, 1, 0x00, 0x01, 0xc2, 0x00).value == 115200);
    DECODED(-EBADMSG, 1);
    DECODED(-EBADMSG, 1, 0, 0);
    DECODED(-EBADMSG, 1, 0, 0, 0x25);
    CHECK(DECODED(-EBADMSG, 1, 0, 0, 0x25, 0x80, 0).command == RFC2217_SET_BAUDRATE);
    /* sredird on 64 bits */
    CHECK(DECODED(0, 101, 0, 0, 0x25, 0x80, 0, 0, 0, 0).value == 9600);
}

static void old_cisco_speeds_are_an_index(void)
{
    struct rfc2217_message m = DECODED(0, 1, 14);
    uint8_t body[RFC2217_BODY_MAX];

    CHECK(m.draft_baud && m.value == 115200);
    CHECK(DECODED(0, 1, 3).value == 300);
    CHECK(DECODED(0, 1, 0).value == 0);
    DECODED(-EBADMSG, 1, 200);
    CHECK(rfc2217_encode(&m, body) == 2 && body[1] == 14);
    m.value = 12345; /* has no index: the one below */
    CHECK(rfc2217_encode(&m, body) == 2 && body[1] == 8);
}

static void wrong_sizes_name_the_command(void)
{
    for (uint8_t command = 2; command <= RFC2217_PURGE_DATA; command++) {
        if (command == RFC2217_FLOWCONTROL_SUSPEND || command == RFC2217_FLOWCONTROL_RESUME)
            continue;
        CHECK(DECODED(-EBADMSG, command).command == command);
        CHECK(DECODED(-EBADMSG, command, 1, 2).command == command);
    }
}

static void lines_with_a_time_are_one_message(void)
{
    struct rfc2217_message m = {.command = RFC2217_SET_LINES, .value = 0xfffefdfc, .mask = 3};
    uint8_t body[RFC2217_BODY_MAX];
    struct rfc2217_message back;

    for (m.lines = 0; m.lines <= LINE_OUTPUTS; m.lines++) {
        CHECK(rfc2217_encode(&m, body) == 7 && body[0] == 50);
        back = decoded(body, 7, 0);
        CHECK(back.command == RFC2217_SET_LINES && !back.from_server && back.value == m.value);
        CHECK(back.mask == m.mask && back.lines == m.lines);
    }
    /* what is no output, and what the mask does not name, does not count */
    back = DECODED(0, 50, 1, 2, 3, 4, 0xfd, 0xff);
    CHECK(back.mask == LINE_DTR && back.lines == LINE_DTR && back.value == 0x01020304);
    DECODED(-EBADMSG, 50);
    DECODED(-EBADMSG, 50, 1, 2, 3, 4, 3);
    CHECK(DECODED(-EBADMSG, 50, 1, 2, 3, 4, 3, 3, 0).command == RFC2217_SET_LINES);
    DECODED(-ENOTSUP, 150, 1, 2, 3, 4, 3, 3); /* no server says it */
}

static void unknown_commands_are_unknown(void)
{
    struct rfc2217_message m;

    CHECK(rfc2217_decode(NULL, 0, &m) == -ENOTSUP);
    DECODED(-ENOTSUP, 13, 1);
    DECODED(-ENOTSUP, 49, 1);
    DECODED(-ENOTSUP, 56, 1);
    DECODED(-ENOTSUP, 99, 1);
    DECODED(-ENOTSUP, 156, 1);
    DECODED(-ENOTSUP, 113, 1);
    DECODED(-ENOTSUP, 255, 1);
}

static void long_signatures_are_cut(void)
{
    uint8_t body[2000];
    uint8_t out[RFC2217_BODY_MAX];

    memset(body, 'x', sizeof body);
    body[0] = 100;
    struct rfc2217_message m = decoded(body, sizeof body, 0);
    CHECK(m.text_len == RFC2217_TEXT_MAX && m.text[0] == 'x');
    CHECK(rfc2217_encode(&m, out) == sizeof out);
}

static void messages_are_said_in_words(void)
{
    static const struct {
        struct rfc2217_message m;
        const char *text;
    } said[] = {
        {{.command = RFC2217_SET_BAUDRATE, .value = 74880}, "SET-BAUDRATE 74880"},
        {{.command = RFC2217_SET_CONTROL, .value = 8}, "SET-CONTROL DTR on"},
        {{.command = RFC2217_SET_CONTROL, .value = 19}, "SET-CONTROL flow dsr"},
        {{.command = RFC2217_SET_CONTROL, .value = 100}, "SET-CONTROL reset"},
        {{.command = RFC2217_SET_CONTROL, .value = 99}, "SET-CONTROL 99"},
        {{.command = RFC2217_SET_LINES, .value = 7, .mask = 3, .lines = 2},
         "SET-LINES DTR off RTS on at 7 us"},
        {{.command = RFC2217_SET_LINES, .value = 4000000000, .mask = 1, .lines = 1},
         "SET-LINES DTR on at 4000000000 us"},
        {{.command = RFC2217_SET_PARITY, .value = 4}, "SET-PARITY mark"},
        {{.command = RFC2217_SET_PARITY, .value = 77}, "SET-PARITY invalid"},
        {{.command = RFC2217_SET_STOPSIZE, .value = 3}, "SET-STOPSIZE 1.5"},
        {{.command = RFC2217_NOTIFY_MODEMSTATE, .value = 0x91},
         "NOTIFY-MODEMSTATE 145 CD CTS dCTS"},
        {{.command = RFC2217_NOTIFY_LINESTATE, .value = 16}, "NOTIFY-LINESTATE 16 break"},
        {{.command = RFC2217_FLOWCONTROL_SUSPEND}, "FLOWCONTROL-SUSPEND"},
        {{.command = RFC2217_SIGNATURE}, "SIGNATURE ?"},
        {{.command = RFC2217_SIGNATURE, .text = (const uint8_t *)"a\x1b[2Jb", .text_len = 6},
         "SIGNATURE a.[2Jb"},
        {{.command = 99}, "unknown 0"},
    };

    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        char text[RFC2217_DESCRIPTION_MAX];

        rfc2217_describe(&said[i].m, text);
        CHECK_TEXT(text, said[i].text);
    }
}

static void flow_codes_go_there_and_back(void)
{
    bool inbound;

    CHECK(rfc2217_flow_of_code(0, &inbound) == -EINVAL);
    CHECK(rfc2217_flow_of_code(5, &inbound) == -EINVAL);
    for (unsigned flow = LINE_FLOW_NONE; flow <= LINE_FLOW_DSR; flow++) {
        uint8_t out = rfc2217_flow_out_code(flow);
        uint8_t in = rfc2217_flow_in_code(flow);

        if (out)
            CHECK(rfc2217_flow_of_code(out, &inbound) == (int)flow && !inbound);
        if (in)
            CHECK(rfc2217_flow_of_code(in, &inbound) == (int)flow && inbound);
        CHECK(out || in);
    }
    CHECK(rfc2217_flow_out_code(99) == 0 && rfc2217_flow_in_code(99) == 0);
}

static const struct test tests[] = {
    TEST(every_command_goes_there_and_back), TEST(speeds_have_four_bytes),
    TEST(old_cisco_speeds_are_an_index),     TEST(wrong_sizes_name_the_command),
    TEST(lines_with_a_time_are_one_message), TEST(unknown_commands_are_unknown),
    TEST(long_signatures_are_cut),           TEST(messages_are_said_in_words),
    TEST(flow_codes_go_there_and_back),
};

TEST_MAIN(tests)
