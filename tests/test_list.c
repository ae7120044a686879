/*
 * What com2net says of the others of this machine: their state, and by whom the ports of the list
 * are published. The others and the ports are the test's.
 */
#include "list.h"

#include <errno.h>
#include <unistd.h>

#include "fakes/fake_serial.h"
#include "others.h"
#include "startup.h"
#include "test.h"
#include "usb_list.h"

/* --- the machine ------------------------------------------------------------------------------ */

struct told {
    unsigned long pid;
    const char *user, *text;
};

static const struct told *told; /* ends without a user */

unsigned teller_ask(struct teller_answer answers[static TELLER_OTHERS_MAX])
{
    unsigned count = 0;

    for (const struct told *t = told; t->user; t++) {
        struct teller_answer *a = &answers[count++];

        *a = (struct teller_answer){.pid = t->pid, .text = t->text ? strdup(t->text) : NULL};
        snprintf(a->user, sizeof a->user, "%s", t->user);
    }
    return count;
}

static const struct serial_info ports[] = {
    {.path = "/dev/ttyUSB0",
     .stable = "/dev/serial/by-id/uno",
     .description = "Uno\x1b[31m",
     .serial = "12",
     .vid = 0x2341,
     .pid = 0x43,
     .interface = 0},
    {.path = "/dev/ttyUSB1", .vid = -1, .pid = -1, .interface = -1},
};

void usb_list_print(bool (*published)(void *ctx, const char *device), void *ctx)
{
    printf("usb:1-4\n");
    if (!published(ctx, "usb:1-4"))
        printf("  not published\n");
}

/* --- tests ------------------------------------------------------------------------------------ */

static bool result;

/* All that is printed meanwhile, errors too. */
static const char *printed(bool (*print)(void))
{
    static char text[8192];
    FILE *file = tmpfile();

    CHECK(file);
    fflush(stdout);
    int before[2] = {dup(STDOUT_FILENO), dup(STDERR_FILENO)};
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
        CHECK(before[fd - 1] >= 0 && dup2(fileno(file), fd) >= 0);
    result = print();
    fflush(stdout);
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
        CHECK(dup2(before[fd - 1], fd) >= 0);
        close(before[fd - 1]);
    }
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

static bool print_list(void)
{
    return list_print() == 0;
}

#define UNO                                                                                        \
    "/dev/ttyUSB0\n"                                                                               \
    "  description  Uno?[31m\n"                                                                    \
    "  USB          2341:0043, serial number 12, interface 0\n"                                    \
    "  stable path  /dev/serial/by-id/uno\n"
#define END "Without hardware: com2net loop: 7000\n"

static void without_others_it_says_what_to_type(void)
{
    told = (const struct told[]){{0}};
    CHECK_TEXT(printed(print_list), UNO "  publish it   com2net /dev/serial/by-id/uno 7000\n"
                                        "/dev/ttyUSB1\n"
                                        "  publish it   com2net /dev/ttyUSB1 7000\n"
                                        "usb:1-4\n"
                                        "  not published\n" END);
    CHECK(result);
    CHECK_TEXT(printed(others_print),
               "No com2net runs on this machine. `com2net /dev/ttyUSB0 7000` publishes a port; "
               "`com2net list` shows those that there are.\n");
    CHECK(!result);
}

static const struct told two[] = {
    {30, "lab",
     "device\t-\t127.0.0.1:1\tloop\n"
     "device\t/dev/ttyUSB0\t[::1]:7000\tuno\n"
     "device\tusb:1-4\t0.0.0.0:3240\tboard\n"
     "\n"
     "loop is well\n"
     "uno is well\n"},
    {20, "", "device\t/dev/ttyUSB0\t127.0.0.1:7000\tuno\n\nuno is \x1b[2Jclosed\n"},
    {40, "?", NULL},
    {0},
};

static void a_published_port_says_by_whom(void)
{
    told = two;
    CHECK_TEXT(printed(print_list),
               UNO "  published    on 127.0.0.1:7000 by com2net (pid 20)\n"
                   "  published    on [::1]:7000 by com2net (pid 30) of user lab\n"
                   "/dev/ttyUSB1\n"
                   "  publish it   com2net /dev/ttyUSB1 7000\n"
                   "usb:1-4\n"
                   "  published    on 0.0.0.0:3240 by com2net (pid 30) of user lab\n" END);
}

/* The system gives no number to a process of another container. */
static void one_outside_of_the_container_has_no_number(void)
{
    told = (const struct told[]){{0, "", "\nuno is well\n"}, {0, "lab", NULL}, {0}};
    CHECK_TEXT(printed(others_print), "com2net outside of this container\n"
                                      "  uno is well\n"
                                      "com2net outside of this container of user lab\n"
                                      "  does not answer: it is stopped, or very busy\n");
}

static void the_state_of_each_is_told(void)
{
    told = two;
    CHECK_TEXT(printed(others_print), "com2net (pid 20)\n"
                                      "  uno is ?[2Jclosed\n"
                                      "com2net (pid 30) of user lab\n"
                                      "  loop is well\n"
                                      "  uno is well\n"
                                      "com2net (pid 40) of another user\n"
                                      "  does not answer: it is stopped, or very busy\n");
    CHECK(result);
}

static void more_than_are_asked_are_told_of(void)
{
    struct told many[TELLER_OTHERS_MAX + 1] = {{0}};

    for (unsigned long i = 0; i < TELLER_OTHERS_MAX - 1; i++)
        many[i] = (struct told){i + 1, "", NULL};
    told = many;
    CHECK(!strstr(printed(others_print), "There may be more"));
    many[TELLER_OTHERS_MAX - 1] = (struct told){1000, "", NULL};
    CHECK(strstr(printed(others_print), "  does not answer: it is stopped, or very busy\n"
                                        "There may be more: 64 are asked at most.\n"));
}

/* One that tells of more devices than there can be: the rest of its lines is not kept. */
static void a_liar_has_so_many_devices(void)
{
    static char text[64 * 1024];
    struct others others;

    for (int i = 0; i < 4000; i++)
        strcat(text + (size_t)i * 13, "device\ta\tb\tc\n");
    told = (const struct told[]){{1, "", text}, {0}};
    others_ask(&others);
    CHECK(others.count == 1 && others.device_count == 256);
    CHECK_TEXT(others.reports[0], "");
    others_free(&others);
}

static void ports_that_cannot_be_listed_are_an_error(void)
{
    told = two;
    fake_serial.list_error = -EIO;
    CHECK(strstr(printed(print_list), "com2net: cannot list the serial ports: "));
    CHECK(!result);
    fake_serial.list_error = 0;
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(without_others_it_says_what_to_type),
        TEST(a_published_port_says_by_whom),
        TEST(the_state_of_each_is_told),
        TEST(one_outside_of_the_container_has_no_number),
        TEST(more_than_are_asked_are_told_of),
        TEST(a_liar_has_so_many_devices),
        TEST(ports_that_cannot_be_listed_are_an_error),
    };

    CHECK(startup_init(&argc, &argv) == 0);
    fake_serial.ports = ports;
    fake_serial.port_count = sizeof ports / sizeof *ports;
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
