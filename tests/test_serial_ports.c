/*
 * Linux's list of serial ports, from a /sys/class/tty that the test makes. libserialport is the
 * test's, too. No port is opened: that would raise its DTR.
 */
#include "serial_ports.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include <libserialport.h>

#include "test.h"

static unsigned ports_opened;

/* --- libserialport ---------------------------------------------------------------------------- */

struct sp_port {
    char *name;
};

enum sp_return sp_list_ports(struct sp_port ***list)
{
    (void)list;
    ports_opened++; /* those of USB devices, on Windows */
    return SP_ERR_FAIL;
}

enum sp_return sp_get_port_by_name(const char *name, struct sp_port **port)
{
    if (strstr(name, "ACM9"))
        return SP_ERR_ARG;
    *port = malloc(sizeof **port);
    CHECK(*port);
    (*port)->name = strdup(name);
    return SP_OK;
}

void sp_free_port(struct sp_port *port)
{
    free(port->name);
    free(port);
}

char *sp_get_port_name(const struct sp_port *port)
{
    return port->name;
}

char *sp_get_port_description(const struct sp_port *port)
{
    return port->name;
}

enum sp_transport sp_get_port_transport(const struct sp_port *port)
{
    return strstr(port->name, "USB") ? SP_TRANSPORT_USB : SP_TRANSPORT_NATIVE;
}

char *sp_get_port_usb_serial(const struct sp_port *port)
{
    (void)port;
    return NULL;
}

enum sp_return sp_get_port_usb_vid_pid(const struct sp_port *port, int *vid, int *pid)
{
    (void)port;
    *vid = 0x0403;
    *pid = 0x6001;
    return SP_OK;
}

/* --- the system ------------------------------------------------------------------------------- */

static char sys[] = "/tmp/test_serial_ports.XXXXXX";

DIR *__real_opendir(const char *path);
DIR *__wrap_opendir(const char *path);
int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __wrap___open_2(const char *path, int flags);
int __wrap___open64_2(const char *path, int flags);

DIR *__wrap_opendir(const char *path)
{
    char planted[256];

    if (strcmp(path, "/sys/class/tty") != 0)
        return __real_opendir(path);
    snprintf(planted, sizeof planted, "%s/class/tty", sys);
    return __real_opendir(planted);
}

static int do_open(const char *path, int flags)
{
    ports_opened += strncmp(path, "/dev/tty", 8) == 0;
    return __real_open(path, flags);
}

int __wrap_open(const char *path, int flags, ...)
{
    return do_open(path, flags);
}

int __wrap_open64(const char *path, int flags, ...)
{
    return do_open(path, flags);
}

int __wrap___open_2(const char *path, int flags)
{
    return do_open(path, flags);
}

int __wrap___open64_2(const char *path, int flags)
{
    return do_open(path, flags);
}

static void run(const char *format, ...)
{
    char command[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    CHECK(system(command) == 0);
}

/* A device of a driver's, with the type of its chip unless that is NULL. */
static void plant(const char *driver, const char *name, const char *type)
{
    run("mkdir -p %s/devices/%s/tty/%s", sys, driver, name);
    run("ln -s ../../devices/%s/tty/%s %s/class/tty/%s", driver, name, sys, name);
    if (type)
        run("echo %s >%s/class/tty/%s/type", type, sys, name);
}

static void begin(void)
{
    strcpy(sys + sizeof sys - 7, "XXXXXX");
    CHECK(mkdtemp(sys));
    run("mkdir -p %s/class/tty", sys);
    ports_opened = 0;
}

static void end(void)
{
    run("rm -r %s", sys);
    CHECK(ports_opened == 0);
}

static bool has(const struct serial_info *list, size_t count, const char *path)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i].path, path) == 0)
            return true;
    return false;
}

/* --- tests ------------------------------------------------------------------------------------ */

static void the_names_of_serial8250_are_told_apart_without_opening_them(void)
{
    struct serial_info *list;
    size_t count;

    begin();
    plant("platform/serial8250", "ttyS0", "4");
    plant("platform/serial8250", "ttyS1", "0");
    plant("platform/serial8250", "ttyS2", NULL);
    plant("pnp0/00:04", "ttyS4", NULL);
    CHECK(serial_ports_list(&list, &count) == 0);
    CHECK(count == 2);
    CHECK(has(list, count, "/dev/ttyS0") && has(list, count, "/dev/ttyS4"));
    free(list);
    end();
}

static void ports_that_are_there_are_listed_and_described(void)
{
    struct serial_info *list;
    size_t count;

    begin();
    plant("virtual", "tty7", NULL);
    plant("usb1/1-1", "ttyUSB0", NULL);
    plant("usb1/1-2", "ttyACM9", NULL); /* not in /dev */
    CHECK(serial_ports_list(&list, &count) == 0);
    CHECK(count == 1);
    CHECK_TEXT(list[0].path, "/dev/ttyUSB0");
    CHECK_TEXT(list[0].description, "/dev/ttyUSB0");
    CHECK(list[0].vid == 0x0403 && list[0].pid == 0x6001);
    free(list);
    end();
}

static void none_need_be_there(void)
{
    struct serial_info *list;
    size_t count;

    begin();
    CHECK(serial_ports_list(&list, &count) == 0);
    CHECK(count == 0);
    free(list);
    end();
}

static void one_is_described_without_the_others(void)
{
    struct serial_info info;

    begin();
    CHECK(serial_ports_describe("/dev/ttyUSB77", &info) == 0);
    CHECK_TEXT(info.path, "/dev/ttyUSB77");
    CHECK(info.vid == 0x0403 && info.pid == 0x6001 && info.interface == -1);
    CHECK(serial_ports_describe("/dev/ttyACM9", &info) == -ENODEV);
    end();
}

static void a_link_is_described_as_its_port(void)
{
    char link[256];
    struct serial_info info;

    begin();
    run("touch %s/ttyUSB5; ln -s ttyUSB5 %s/board", sys, sys);
    snprintf(link, sizeof link, "%s/board", sys);
    CHECK(serial_ports_describe(link, &info) == 0);
    CHECK(strstr(info.path, "/ttyUSB5"));
    end();
}

static const struct test tests[] = {
    TEST(the_names_of_serial8250_are_told_apart_without_opening_them),
    TEST(ports_that_are_there_are_listed_and_described),
    TEST(none_need_be_there),
    TEST(one_is_described_without_the_others),
    TEST(a_link_is_described_as_its_port),
};

TEST_MAIN(tests)
