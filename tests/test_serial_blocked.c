/*
 * A system that takes its time to list its ports, to open one, or to do something with an open one:
 * the other ports of the process continue. The worker has a thread here, and that waits until the
 * test lets it.
 */
#include "serial_stage.h"

#include <stdatomic.h>

static const struct serial_info port = {
    .path = "/dev/ttyUSB0", .serial = "A1", .vid = 0x0403, .pid = 0x6001, .interface = 0};

static evutil_socket_t gate[2]; /* the thread reads the first */
static atomic_uint passed;      /* how often it has gone through */

static void wait_at_gate(void)
{
    char byte;

    (void)recv(gate[0], &byte, 1, 0);
    atomic_fetch_add(&passed, 1);
}

static void open_gate(void)
{
    CHECK(send(gate[1], "", 1, 0) == 1);
}

/* A client sends a word to the built-in port, and has it back. */
static void echo(struct client *c)
{
    journal_clear(&c->raw);
    client_send(c, "echo", 4);
    RUN_UNTIL(c, strstr(c->raw.text, "65 63 68 6f"));
}

static struct endpoint *publish_loop(struct source *another)
{
    static char words[2][8] = {"loop:", "0"};
    char *args[] = {words[0], words[1]};
    char error[CLI_ERROR_MAX];

    CHECK(source_parse_all(2, args, another, 1, error) == 1);
    struct endpoint *e = endpoint_new(base, crowd, another, NULL, error);
    CHECK(e);
    return e;
}

static struct endpoint *loop_port;

/* Has a port that may wait at the gate, and another one with a client. */
static void begin_two(const char *words, struct client *other)
{
    static struct source another;
    char slow[64];

    CHECK(evutil_socketpair(AF_UNIX, SOCK_STREAM, 0, gate) == 0);
    begin_among(&port, 1, words);
    snprintf(slow, sizeof slow, "%s", address);
    loop_port = publish_loop(&another);
    client_connect(other);
    echo(other);
    snprintf(address, sizeof address, "%s", slow);
}

static void end_two(struct client *waiting, struct client *other)
{
    client_close(waiting);
    client_close(other);
    RUN_UNTIL(NULL, !fake_serial.open);
    endpoint_free(loop_port);
    end();
    evutil_closesocket(gate[0]);
    evutil_closesocket(gate[1]);
}

/* A client of a port that waits at the gate when `block` has been called, and one of another. */
static void other_ports_continue(const char *words, void (*block)(void))
{
    struct client waiting, other;

    begin_two(words, &other);
    block();
    client_begin_telnet(&waiting);
    for (int i = 0; i < 200; i++)
        echo(&other);
    turn(&waiting);
    CHECK(waiting.end.journal.len == 0 && !fake_serial.open);

    open_gate();
    RUN_UNTIL(&waiting, client_saw(&waiting, "NOTIFY-MODEMSTATE"));
    CHECK(fake_serial.open);
    end_two(&waiting, &other);
}

static void block_list(void)
{
    fake_serial.listing = wait_at_gate;
}

static void other_ports_continue_while_one_is_searched_for(void)
{
    other_ports_continue("serial=A1", block_list);
}

static void block_opening(void)
{
    fake_serial.opening = wait_at_gate;
}

static void other_ports_continue_while_one_opens(void)
{
    other_ports_continue("/dev/ttyUSB0", block_opening);
}

/* The driver lets the call that is at the gate pass, and all later ones. */
static void let_calls_pass(void)
{
    CHECK(shutdown(gate[1], 1) == 0); /* SHUT_WR, SD_SEND */
}

static void other_ports_continue_while_a_driver_is_called(void)
{
    static const struct {
        enum rfc2217_command command;
        uint32_t value;
        const char *done;
        bool asks;
    } commands[] = {
        {RFC2217_SET_BAUDRATE, 300, "configure 300 8N1\nwrite 61", false},
        {RFC2217_SET_CONTROL, RFC2217_CONTROL_DTR_OFF, "outputs RTS\nwrite 61", false},
        {RFC2217_SET_CONTROL, RFC2217_CONTROL_BREAK_ON, "break on\nwrite 61", false},
        {RFC2217_PURGE_DATA, RFC2217_PURGE_TX, "purge tx\nwrite 61", false},
        {RFC2217_SET_CONTROL, RFC2217_CONTROL_DTR_QUERY, "write 61", true},
    };

    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        struct client waiting, other;

        begin_two("/dev/ttyUSB0", &other);
        fake_serial.blocks = true;
        client_agree(&waiting);
        fake_serial.calling = commands[i].asks ? NULL : wait_at_gate;
        fake_serial.asking = commands[i].asks ? wait_at_gate : NULL;
        client_tell(&waiting, commands[i].command, commands[i].value);
        client_write(&waiting, "a");
        client_flush(&waiting);
        RUN_UNTIL(&waiting, fake_serial.held);
        for (int k = 0; k < 200; k++)
            echo(&other);
        turn(&waiting);
        CHECK(fake_serial.held && fake_serial.journal.len == 0);
        CHECK(commands[i].asks == (waiting.end.journal.len > 0));

        let_calls_pass();
        RUN_UNTIL(&waiting, !fake_serial.held);
        RUN_UNTIL(&waiting, device_saw(commands[i].done) && waiting.end.journal.len > 0);
        end_two(&waiting, &other);
    }
}

static void other_ports_continue_while_one_closes(void)
{
    struct client waiting, other;

    begin_two("/dev/ttyUSB0", &other);
    fake_serial.blocks = true;
    client_agree(&waiting);
    fake_serial.calling = wait_at_gate;
    client_close(&waiting);
    RUN_UNTIL(NULL, fake_serial.stopped);
    for (int i = 0; i < 200; i++)
        echo(&other);
    CHECK(fake_serial.stopped && fake_serial.open);
    client_begin_telnet(&waiting);
    run_for(&waiting, 50);
    CHECK(waiting.end.journal.len == 0);

    let_calls_pass();
    RUN_UNTIL(&waiting, client_saw(&waiting, "NOTIFY-MODEMSTATE"));
    CHECK(device_saw("close\nopen"));
    end_two(&waiting, &other);
}

/* The thread outlives all that it worked for. */
static void an_end_does_not_wait_for_the_list(void)
{
    const unsigned before = atomic_load(&passed);
    struct client c;

    CHECK(evutil_socketpair(AF_UNIX, SOCK_STREAM, 0, gate) == 0);
    begin_among(&port, 1, "serial=A1");
    fake_serial.listing = wait_at_gate;
    client_begin_telnet(&c);
    run_for(&c, 50);
    end();
    client_close(&c);
    open_gate();
    const uint64_t limit = patience_ms() + 5000;
    while (atomic_load(&passed) == before) /* it ends by itself */
        CHECK(patience_ms() < limit);
    evutil_closesocket(gate[0]);
    evutil_closesocket(gate[1]);
}

static const struct test tests[] = {
    TEST(other_ports_continue_while_one_is_searched_for),
    TEST(other_ports_continue_while_one_opens),
    TEST(other_ports_continue_while_a_driver_is_called),
    TEST(other_ports_continue_while_one_closes),
    TEST(an_end_does_not_wait_for_the_list),
};

STAGE_MAIN(tests)
