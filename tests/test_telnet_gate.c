/* The gate, and each hole of libtelnet that it closes. */
#include "proto/telnet_gate.h"

#include "journal.h"
#include "test.h"

enum { WANTED = 44 };

static void feed(struct telnet_gate *gate, struct journal *j, const uint8_t *in, size_t len)
{
    for (size_t used = 0; used < len;) {
        struct telnet_piece piece;
        size_t n = telnet_gate_next(gate, WANTED, in + used, len - used, &piece);

        CHECK(n > 0 && n <= len - used);
        used += n;
        switch (piece.kind) {
        case TELNET_PIECE_NONE:
            CHECK(used == len);
            break;
        case TELNET_PIECE_DATA:
            CHECK(piece.len > 0 && piece.data >= in && piece.data + piece.len <= in + used);
            journal_bytes(j, "data", piece.data, piece.len);
            break;
        case TELNET_PIECE_COMMAND:
            journal_line(j, "command %u", piece.verb);
            break;
        case TELNET_PIECE_NEGOTIATION:
            journal_line(j, "negotiation %u %u", piece.verb, piece.option);
            break;
        case TELNET_PIECE_SUBNEG:
            journal_line(j, "subneg %u, %zu bytes", piece.option, piece.len);
            CHECK(piece.data[0] == 255 && piece.data[piece.len - 1] == 240);
            break;
        }
    }
}

/* Whatever way the bytes are cut, the same pieces come out. */
static void check(const uint8_t *in, size_t len, const char *want)
{
    static struct journal j;

    for (size_t cut = 0; cut <= len; cut++) {
        struct telnet_gate gate = {0};

        journal_clear(&j);
        feed(&gate, &j, in, cut);
        feed(&gate, &j, in + cut, len - cut);
        CHECK_TEXT(j.text, want);
    }
    struct telnet_gate gate = {0};
    journal_clear(&j);
    for (size_t i = 0; i < len; i++)
        feed(&gate, &j, in + i, 1);
    CHECK_TEXT(j.text, want);
}

#define CHECK_PIECES(want, ...)                                                                    \
    check((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), want)

static void data_and_doubled_iac(void)
{
    CHECK_PIECES("data 41 ff 42\n", 0x41, 255, 255, 0x42);
    CHECK_PIECES("data ff ff ff\n", 255, 255, 255, 255, 255, 255);
    CHECK_PIECES("data 0d 00 f0\n", 0x0d, 0, 240);
}

static void negotiations_and_commands(void)
{
    CHECK_PIECES("negotiation 251 44\nnegotiation 254 255\ncommand 246\ndata 41\n", 255, 251, 44,
                 255, 254, 255, 255, 246, 0x41);
}

static void our_subnegotiations_pass_whole(void)
{
    CHECK_PIECES("data 41\nsubneg 44, 11 bytes\ndata 42\n", 0x41, 255, 250, 44, 1, 0, 255, 255, 0,
                 0, 255, 240, 0x42);
}

static void foreign_subnegotiations_are_swallowed(void)
{
    /* 0.21 would begin to inflate here, and go on for what follows */
    CHECK_PIECES("data 78 9c\n", 255, 250, 86, 255, 240, 0x78, 0x9c);
    CHECK_PIECES("data 41\n", 255, 250, 24, 1, 255, 255, 2, 255, 240, 0x41);
    CHECK_PIECES("data 41\n", 255, 250, 255, 240, 0x41);
}

static void compress_at_the_end_of_a_segment_is_nothing(void)
{
    /* 0.23 makes data of size SIZE_MAX of it */
    CHECK_PIECES("", 255, 250, 0x55, 251);
    CHECK_PIECES("data 41\n", 255, 250, 0x55, 251, 255, 240, 0x41);
}

static void oversize_subnegotiations_give_no_data(void)
{
    static uint8_t in[40008];
    static struct journal j;
    struct telnet_gate gate = {0};

    in[0] = 255;
    in[1] = 250;
    in[2] = 44;
    memset(in + 3, 'x', 40000);
    in[40003] = 255;
    in[40004] = 240;
    in[40005] = 'o';
    in[40006] = 'k';
    in[40007] = '!';
    journal_clear(&j);
    feed(&gate, &j, in, sizeof in);
    CHECK_TEXT(j.text, "data 6f 6b 21\n");
}

static void the_largest_subnegotiation_passes(void)
{
    for (size_t body = TELNET_GATE_SB_MAX - 1; body <= TELNET_GATE_SB_MAX + 1; body++) {
        uint8_t in[TELNET_GATE_SB_MAX + 16] = {255, 250, 44};
        static struct journal j;
        struct telnet_gate gate = {0};

        in[3 + body] = 255;
        in[4 + body] = 240;
        journal_clear(&j);
        feed(&gate, &j, in, body + 5);
        CHECK((j.len > 0) == (body <= TELNET_GATE_SB_MAX));
    }
}

static void stray_and_unclosed_ends(void)
{
    CHECK_PIECES("data 41\n", 255, 240, 0x41);
    /* a subnegotiation that a command breaks off is dropped, the command counts */
    CHECK_PIECES("negotiation 251 44\ndata 41\n", 255, 250, 44, 1, 255, 251, 44, 0x41);
    CHECK_PIECES("subneg 44, 7 bytes\n", 255, 250, 44, 9, 255, 250, 44, 5, 8, 255, 240);
}

static const struct test tests[] = {
    TEST(data_and_doubled_iac),
    TEST(negotiations_and_commands),
    TEST(our_subnegotiations_pass_whole),
    TEST(foreign_subnegotiations_are_swallowed),
    TEST(compress_at_the_end_of_a_segment_is_nothing),
    TEST(oversize_subnegotiations_give_no_data),
    TEST(the_largest_subnegotiation_passes),
    TEST(stray_and_unclosed_ends),
};

TEST_MAIN(tests)
