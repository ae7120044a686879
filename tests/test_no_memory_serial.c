/*
 * A serial port when memory runs out, at any one allocation: nothing crashes, nothing is leaked,
 * and the next client is served.
 */
#include "crowd.h"
#include "endpoint.h"
#include "failing_memory.h"
#include "fakes/fake_listener.h"
#include "fakes/fake_serial.h"
#include "port.h"
#include "source.h"
#include "startup.h"
#include "test.h"
#include "virtual_stage.h"

static void hear(int fd)
{
    char bytes[4096];

    while (recv(fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
        ;
}

static struct crowd *crowd;
static struct endpoint *endpoint;
static struct source source;
static const struct serial_info listed = {.path = "/dev/fake", .serial = "A1", .interface = 0};

static void begin_as(const char *words)
{
    static char text[64], number[] = "0";
    char *args[] = {text, number};
    char error[CLI_ERROR_MAX];

    snprintf(text, sizeof text, "%s", words);
    fake_serial_reset();
    fake_serial.ports = &listed;
    fake_serial.port_count = 1;
    base = loop_new(false);
    crowd = crowd_new(8);
    CHECK(source_parse_all(2, args, &source, 1, error) == 1);
    endpoint = endpoint_new(base, crowd, &source, NULL, error);
    CHECK(endpoint);
}

static void begin_port(void)
{
    begin_as("/dev/fake,observers,reset=arduino");
}

static void begin_searched(void)
{
    begin_as("serial=A1,observers");
}

static void begin_hotplug(void)
{
    begin_as("serial=A1,hotplug");
}

static void begin_slow(void)
{
    begin_as("serial=A1,hotplug");
}

static void use_port(void)
{
    static const uint8_t talks[] = {255, 251, 44,  255, 253, 44,  255, 251, 0,   255, 253,
                                    0,   255, 250, 44,  1,   0,   0,   225, 0,   255, 240,
                                    255, 250, 44,  5,   10,  255, 240, 'd', 'a', 't', 'a'};
    static char many[100000];
    const int fds[] = {fake_listener_connect(), fake_listener_connect(), fake_listener_connect()};

    say(fds[0], talks, sizeof talks);
    pass(50);
    say(fds[1], talks, sizeof talks);
    say(fds[2], "raw", 3);
    pass(500);
    memset(many, 'x', sizeof many);
    if (fake_serial.open) {
        fake_serial.room = 10;
        for (int i = 0; i < 100; i++) /* nobody reads: it is kept */
            fake_serial_send(
                "0123456789012345678901234567890123456789012345678901234567890123456789");
    }
    for (int i = 0; i < 4; i++)
        say(fds[0], many, sizeof many);
    pass(100);
    for (int i = 0; i < 3; i++)
        hear(fds[i]);
    if (fake_serial.open)
        fake_serial_make_room(SIZE_MAX);
    pass(100);
    for (int i = 0; i < 3; i++)
        close(fds[i]);
    pass(20000);
}

static void next_client_is_served(void)
{
    int fd = fake_listener_connect();

    fake_serial.room = SIZE_MAX;
    journal_clear(&fake_serial.journal);
    say(fd, "the next one", 12);
    pass(100);
    CHECK(strstr(fake_serial.journal.text, "74 68 65 20 6e 65 78 74 20 6f 6e 65"));
    close(fd);
    pass(10000);
    CHECK(!fake_serial.open);
}

static void end_port(void)
{
    endpoint_free(endpoint);
    loop_free(base);
    crowd_free(crowd);
}

static void a_port_without_memory(void)
{
    CHECK(memory_run(begin_port, use_port, next_client_is_served, end_port) > 10);
}

/* It is lost and found again, too. */
static void use_and_lose_port(void)
{
    use_port();
    const int fd = fake_listener_connect();
    say(fd, "raw", 3);
    pass(500);
    if (fake_serial.open) {
        fake_serial.port_count = 0;
        fake_serial_unplug();
    }
    pass(5000);
    fake_serial.port_count = 1;
    fake_serial_arrive();
    pass(5000);
    close(fd);
    pass(20000);
}

static void a_port_that_is_searched_for_without_memory(void)
{
    CHECK(memory_run(begin_searched, use_port, next_client_is_served, end_port) > 10);
    CHECK(memory_run(begin_hotplug, use_and_lose_port, next_client_is_served, end_port) > 10);
    CHECK(memory_run(begin_slow, use_and_lose_port, next_client_is_served, end_port) > 10);
}

static const struct test tests[] = {
    TEST(a_port_without_memory),
    TEST(a_port_that_is_searched_for_without_memory),
};

int main(int argc, char **argv)
{
    CHECK(startup_init(&argc, &argv) == 0);
    log_init("test", LOG_LEVEL_DEBUG);
    log_set_sink(on_log);
    virtual_begin();
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
