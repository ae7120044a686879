/*
 * Both roles of comport: against each other, and against recorded conversations of foreign peers
 * (tests/vectors/). Every input is also cut at every byte.
 */
#include "proto/comport.h"

#include <errno.h>

#include "comport_journal.h"
#include "test.h"

#ifndef VECTORS
#error "VECTORS must name the folder of the recorded conversations"
#endif

static struct end server, client;

/* Carries what waits from one end to the other. Returns whether there was any. */
static bool carry(struct end *from, struct end *to)
{
    struct buf *out = comport_output(from->comport);
    uint8_t bytes[65536];
    size_t len = out->len;

    CHECK(len <= sizeof bytes);
    if (len == 0)
        return false;
    memcpy(bytes, buf_head(out), len);
    buf_drain(out, len);
    for (size_t used = 0; used < len;)
        used += comport_receive(to->comport, bytes + used, len - used);
    return true;
}

static void exchange(void)
{
    int turns = 0;

    for (bool moved = true; moved; turns++) {
        moved = carry(&client, &server);
        moved = carry(&server, &client) || moved;
        CHECK(turns < 10); /* a negotiation that never ends */
    }
}

static void begin_both(void)
{
    end_begin(&server, COMPORT_SERVER);
    end_begin(&client, COMPORT_CLIENT);
}

static void end_both(void)
{
    comport_free(server.comport);
    comport_free(client.comport);
}

static void agree(void)
{
    begin_both();
    comport_start(client.comport);
    comport_start(server.comport);
    exchange();
    CHECK(comport_agreed(client.comport) && comport_agreed(server.comport));
    journal_clear(&server.journal);
    journal_clear(&client.journal);
}

static void both_agree_whoever_speaks_first(void)
{
    for (int first = 0; first < 3; first++) {
        begin_both();
        if (first != 1)
            comport_start(client.comport);
        if (first != 0)
            comport_start(server.comport);
        exchange();
        if (first == 1)
            comport_start(client.comport);
        if (first == 0)
            comport_start(server.comport);
        exchange();
        CHECK_TEXT(client.journal.text, "option agreed\n");
        CHECK_TEXT(server.journal.text, "option agreed\n");
        CHECK(comport_settled(client.comport) && comport_settled(server.comport));
        CHECK(comport_binary(client.comport) && comport_binary(server.comport));
        end_both();
    }
}

static void every_message_arrives(void)
{
    agree();
    for (unsigned command = 1; command <= RFC2217_PURGE_DATA; command++) {
        CHECK(comport_send_value(client.comport, command, 255) == 0);
        CHECK(comport_send_value(server.comport, command, 255) == 0);
    }
    comport_send(client.comport, (struct rfc2217_message){.command = RFC2217_SET_LINES,
                                                          .value = 0xffffffff,
                                                          .mask = LINE_OUTPUTS,
                                                          .lines = LINE_RTS});
    comport_send_text(client.comport, "");
    comport_send_text(server.comport, "a\377b");
    exchange();
    CHECK_TEXT(server.journal.text,
               "SET-BAUDRATE 255\nSET-DATASIZE 255\nSET-PARITY invalid\nSET-STOPSIZE invalid\n"
               "SET-CONTROL 255\nNOTIFY-LINESTATE 255 timeout tsr-empty thr-empty break framing "
               "parity overrun data\nNOTIFY-MODEMSTATE 255 CD RI DSR CTS dCD tRI dDSR dCTS\n"
               "FLOWCONTROL-SUSPEND\nFLOWCONTROL-RESUME\nSET-LINESTATE-MASK 255 timeout tsr-empty "
               "thr-empty break framing parity overrun data\nSET-MODEMSTATE-MASK 255 CD RI DSR "
               "CTS dCD tRI dDSR dCTS\nPURGE-DATA 255\n"
               "SET-LINES DTR off RTS on at 4294967295 us\nSIGNATURE ?\n");
    CHECK(strstr(client.journal.text, "SIGNATURE a.b\n"));
    end_both();
}

static void data_passes_both_ways(void)
{
    uint8_t all[512];

    agree();
    for (size_t i = 0; i < sizeof all; i++)
        all[i] = (uint8_t)i;
    memset(all + 300, 255, 100);
    CHECK(comport_send_data(client.comport, all, sizeof all) == 0);
    CHECK(comport_send_data(server.comport, all, sizeof all) == 0);
    exchange();
    static struct journal want;
    journal_clear(&want);
    journal_bytes(&want, "data", all, sizeof all);
    CHECK_TEXT(server.journal.text, want.text);
    CHECK_TEXT(client.journal.text, want.text);
    end_both();
}

static void a_pause_keeps_the_rest(void)
{
    static const uint8_t in[] = {255, 251, 44,  255, 250, 44, 2, 7,   255, 240,
                                 'a', 'b', 255, 250, 44,  3,  1, 255, 240, 'c'};

    end_begin(&server, COMPORT_SERVER);
    server.pause = true;
    size_t used = comport_receive(server.comport, in, sizeof in);
    CHECK(used == 10);
    CHECK_TEXT(server.journal.text, "option agreed\nSET-DATASIZE 7\n");
    used += comport_receive(server.comport, in + used, sizeof in - used);
    CHECK(used == 19);
    CHECK_TEXT(server.journal.text, "option agreed\nSET-DATASIZE 7\ndata 61 62\nSET-PARITY none\n");
    comport_free(server.comport);
}

static void a_refusal_is_noticed(void)
{
    static const uint8_t refuses[] = {255, 252, 44, 255, 254, 0, 255, 252, 0};

    end_begin(&server, COMPORT_SERVER);
    comport_start(server.comport);
    comport_receive(server.comport, refuses, sizeof refuses);
    CHECK_TEXT(server.journal.text, "option refused\n");
    CHECK(comport_settled(server.comport) && !comport_agreed(server.comport));
    comport_free(server.comport);
}

static void plain_telnet_pads_carriage_returns(void)
{
    static const uint8_t refuses[] = {255, 252, 44, 255, 254, 0, 255, 252, 0};
    static const uint8_t in[] = {'a', 13, 0, 'b', 13, 10, 13, 0, 0, 'c'};

    for (size_t cut = 0; cut <= sizeof in; cut++) {
        end_begin(&server, COMPORT_SERVER);
        comport_start(server.comport);
        comport_receive(server.comport, refuses, sizeof refuses);
        buf_drain(comport_output(server.comport), comport_output(server.comport)->len);
        journal_clear(&server.journal);
        comport_receive(server.comport, in, cut);
        comport_receive(server.comport, in + cut, sizeof in - cut);
        CHECK_TEXT(server.journal.text, "data 61 0d 62 0d 0a 0d 00 63\n");
        journal_clear(&server.journal);
        comport_send_data(server.comport, (const uint8_t *)"x\r\ry\r", cut < 5 ? cut : 5);
        comport_send_data(server.comport, (const uint8_t *)"x\r\ry\r\n" + (cut < 5 ? cut : 5),
                          6 - (cut < 5 ? cut : 5));
        end_output(&server);
        CHECK_TEXT(server.journal.text, "out 78 0d 00 0d 00 79 0d 0a\n");
        comport_free(server.comport);
    }
}

static void with_the_option_carriage_returns_are_left_alone(void)
{
    static const uint8_t in[] = {255, 251, 44, 13, 0, 13, 10, 13};

    end_begin(&server, COMPORT_SERVER); /* hub4com never speaks of BINARY */
    comport_receive(server.comport, in, sizeof in);
    CHECK_TEXT(server.journal.text, "option agreed\ndata 0d 00 0d 0a 0d\n");
    comport_free(server.comport);
}

static void only_the_peers_own_commands_count(void)
{
    static const uint8_t in[] = {255, 251, 44,  255, 250, 44, 101, 0, 0,   1,
                                 1,   255, 240, 255, 250, 44, 99,  1, 255, 240};

    end_begin(&server, COMPORT_SERVER);
    comport_receive(server.comport, in, sizeof in);
    end_output(&server);
    CHECK_TEXT(server.journal.text, "option agreed\nout ff fd 2c\n");
    comport_free(server.comport);
}

static void before_the_option_nothing_counts(void)
{
    static const uint8_t in[] = {255, 250, 44, 1, 0, 0, 1, 1, 255, 240};

    end_begin(&server, COMPORT_SERVER);
    comport_receive(server.comport, in, sizeof in);
    CHECK_TEXT(server.journal.text, "");
    comport_free(server.comport);
}

static void a_storm_of_offers_is_answered_once_each(void)
{
    uint8_t in[3 * 256];

    for (unsigned o = 0; o < 256; o++) {
        in[3 * o] = 255;
        in[3 * o + 1] = 251;
        in[3 * o + 2] = (uint8_t)o;
    }
    end_begin(&server, COMPORT_SERVER);
    for (int i = 0; i < 100; i++)
        comport_receive(server.comport, in, sizeof in);
    /* accepted ones are answered at the first time only, refused ones each time */
    CHECK(comport_output(server.comport)->len == 3 * (3 + 253 * 100));
    CHECK(!comport_failed(server.comport));
    comport_free(server.comport);
}

static void a_full_queue_is_an_error(void)
{
    static const struct comport_callbacks *callbacks = &end_callbacks;
    static struct comport_scratch scratch;
    uint8_t bytes[400] = {0};

    server.comport = comport_new(COMPORT_SERVER, 1000, &scratch, callbacks, &server);
    CHECK(comport_send_data(server.comport, bytes, 400) == 0);
    memset(bytes, 255, sizeof bytes);
    CHECK(comport_send_data(server.comport, bytes, 400) == -ENOBUFS);
    CHECK(comport_output(server.comport)->len == 400);
    CHECK(comport_send_data(server.comport, bytes, 200) == 0);
    CHECK(comport_send_value(server.comport, RFC2217_SET_CONTROL, 1) == -ENOBUFS);
    CHECK(!comport_failed(server.comport));
    for (unsigned i = 0; i < 100; i++) /* answers to offers have nowhere to go */
        comport_receive(server.comport, (const uint8_t[]){255, 253, (uint8_t)(100 + i)}, 3);
    CHECK(comport_failed(server.comport));
    comport_free(server.comport);
}

/* --- recorded conversations ------------------------------------------------------------------ */

/* Reads a vector: the peer's bytes in lines of hex after '>', the events expected after '='. */
static size_t read_vector(const char *name, enum comport_role *role, uint8_t *in, size_t size,
                          struct journal *want)
{
    char path[512], line[8192];
    size_t len = 0;

    snprintf(path, sizeof path, "%s/%s", VECTORS, name);
    FILE *f = fopen(path, "r");
    CHECK(f);
    journal_clear(want);
    *role = COMPORT_SERVER;
    while (fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = '\0';
        if (strcmp(line, "role client") == 0)
            *role = COMPORT_CLIENT;
        if (line[0] == '=')
            journal_line(want, "%s", line + 2);
        if (line[0] != '>')
            continue;
        unsigned byte;
        int n;
        for (const char *p = line + 1; sscanf(p, " %2x%n", &byte, &n) == 1; p += n) {
            CHECK(len < size);
            in[len++] = (uint8_t)byte;
        }
    }
    fclose(f);
    return len;
}

static void replay(const char *name)
{
    static struct journal want;
    static uint8_t in[65536];
    enum comport_role role;
    size_t len = read_vector(name, &role, in, sizeof in, &want);

    CHECK(len > 0);
    for (size_t cut = 0; cut <= len; cut++) {
        end_begin(&server, role);
        comport_start(server.comport);
        comport_receive(server.comport, in, cut);
        comport_receive(server.comport, in + cut, len - cut);
        end_output(&server);
        CHECK_TEXT(server.journal.text, want.text);
        comport_free(server.comport);
    }
    end_begin(&server, role);
    comport_start(server.comport);
    for (size_t i = 0; i < len; i++)
        comport_receive(server.comport, in + i, 1);
    end_output(&server);
    CHECK_TEXT(server.journal.text, want.text);
    comport_free(server.comport);
}

static void recorded_pyserial_client(void)
{
    replay("pyserial-client.txt");
}

static void recorded_gensio_client(void)
{
    replay("gensio-client.txt");
}

static void recorded_telnet_client(void)
{
    replay("telnet-client.txt");
}

static void recorded_ser2net_server(void)
{
    replay("ser2net-server.txt");
}

static void recorded_net2pty_client(void)
{
    replay("net2pty-client.txt");
}

static void recorded_pyserial_server(void)
{
    replay("pyserial-server.txt");
}

static const struct test tests[] = {
    TEST(both_agree_whoever_speaks_first),
    TEST(every_message_arrives),
    TEST(data_passes_both_ways),
    TEST(a_pause_keeps_the_rest),
    TEST(a_refusal_is_noticed),
    TEST(plain_telnet_pads_carriage_returns),
    TEST(with_the_option_carriage_returns_are_left_alone),
    TEST(only_the_peers_own_commands_count),
    TEST(before_the_option_nothing_counts),
    TEST(a_storm_of_offers_is_answered_once_each),
    TEST(a_full_queue_is_an_error),
    TEST(recorded_pyserial_client),
    TEST(recorded_gensio_client),
    TEST(recorded_telnet_client),
    TEST(recorded_net2pty_client),
    TEST(recorded_ser2net_server),
    TEST(recorded_pyserial_server),
};

TEST_MAIN(tests)
