/*
 * The list of the serial ports, sorted, and what is chosen of it.
 */
#include "serial_list.h"

#include <errno.h>

#include "fakes/fake_serial.h"
#include "startup.h"
#include "test.h"

static void ports_are_sorted_as_people_count(void)
{
    static const char *const sorted[] = {"/dev/ttyACM0",   "/dev/ttyS0",    "/dev/ttyUSB0",
                                         "/dev/ttyUSB2",   "/dev/ttyUSB10", "/dev/ttyUSB12a",
                                         "/dev/ttyUSB12b", "COM1",          "COM3",
                                         "COM10",          "COM12"};
    enum { N = sizeof sorted / sizeof *sorted };
    static struct serial_info ports[N];
    struct serial_info *list;
    size_t count;

    for (size_t i = 0; i < N; i++) /* 5 and 11 have no common divisor */
        snprintf(ports[i].path, sizeof ports[i].path, "%s", sorted[i * 5 % N]);
    fake_serial.ports = ports;
    fake_serial.port_count = N;
    CHECK(serial_list(&list, &count) == 0);
    CHECK(count == N);
    for (size_t i = 0; i < N; i++)
        CHECK_TEXT(list[i].path, sorted[i]);
    free(list);
}

static void none_need_be_there(void)
{
    struct serial_info *list;
    size_t count;

    fake_serial.port_count = 0;
    CHECK(serial_list(&list, &count) == 0);
    CHECK(count == 0);
    free(list);
}

static void a_port_is_named_by_what_stays_the_same(void)
{
    static const struct serial_info ports[] = {
        {.path = "COM3", .serial = "8543", .interface = -1},
        {.path = "COM4", .serial = "FT4QR3K5", .interface = 0},
        {.path = "COM5", .serial = "FT4QR3K5", .interface = 1},
        {.path = "COM6", .interface = 0},
        {.path = "COM7", .serial = "0001", .interface = -1},
        {.path = "COM8", .serial = "0001", .interface = -1},
        {.path = "COM9", .serial = "A,baud=9", .interface = -1},
        {.path = "/dev/ttyUSB0", .stable = "/dev/serial/by-id/x", .serial = "77", .interface = 0},
    };
    static const char *const selectors[] = {
        "serial=8543", "serial=FT4QR3K5,if=0", "serial=FT4QR3K5,if=1", "COM6", "COM7", "COM8",
        "COM9",        "/dev/serial/by-id/x"};
    char text[SERIAL_SELECTOR_MAX];

    for (size_t i = 0; i < sizeof ports / sizeof *ports; i++) {
        serial_selector(ports, sizeof ports / sizeof *ports, i, text);
        CHECK_TEXT(text, selectors[i]);
    }
}

static void a_path_needs_no_list(void)
{
    char path[SERIAL_PATH_MAX], error[SERIAL_ERROR_MAX];

    fake_serial.listed = 0;
    CHECK(serial_find("ttyUSB7", -1, path, error) == 0);
    CHECK_TEXT(path, "/dev/ttyUSB7");
    CHECK(fake_serial.listed == 0);
    CHECK(serial_find("serial=NOBODY", -1, path, error) == -ENODEV);
    CHECK(fake_serial.listed == 1);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(ports_are_sorted_as_people_count),
        TEST(none_need_be_there),
        TEST(a_port_is_named_by_what_stays_the_same),
        TEST(a_path_needs_no_list),
    };

    CHECK(startup_init(&argc, &argv) == 0);
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
