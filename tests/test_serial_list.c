/*
 * The list of serial ports where libserialport, which is the test's here, gives none: as 0.1.2 does
 * when one port is not in /dev.
 */
#include "serial_list.h"

#include <errno.h>

#include <libserialport.h>

#include "fakes/fake_serial.h"
#include "startup.h"
#include "test.h"

struct sp_port {
    char *name;
};

enum sp_return sp_list_ports(struct sp_port ***list)
{
    *list = NULL;
    return SP_ERR_MEM;
}

void sp_free_port_list(struct sp_port **list)
{
    (void)list;
}

enum sp_return sp_get_port_by_name(const char *name, struct sp_port **port)
{
    if (strstr(name, "gone"))
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
    (void)port;
    return SP_TRANSPORT_USB;
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

static void ports_that_are_there_are_listed(void)
{
    static const char *const ports[] = {"/dev/one", "/dev/gone", "/dev/two", NULL};
    struct serial_info *list;
    size_t count;

    fake_serial.ports = ports;
    CHECK(serial_list(&list, &count) == 0);
    CHECK(count == 2);
    CHECK_TEXT(list[0].path, "/dev/one");
    CHECK_TEXT(list[1].path, "/dev/two");
    CHECK(list[1].vid == 0x0403);
    free(list);
}

static void none_need_be_there(void)
{
    static const char *const ports[] = {"/dev/gone", NULL};
    struct serial_info *list;
    size_t count;

    fake_serial.ports = ports;
    CHECK(serial_list(&list, &count) == 0);
    CHECK(count == 0);
    free(list);
}

static void one_is_described_without_the_others(void)
{
    struct serial_info info;

    fake_serial.ports = NULL;
    CHECK(serial_describe("/dev/one", &info) == 0);
    CHECK_TEXT(info.path, "/dev/one");
    CHECK(info.vid == 0x0403 && info.pid == 0x6001);
    CHECK(serial_describe("/dev/gone", &info) == -ENODEV);
}

static void a_link_is_described_as_its_port(void)
{
    struct serial_info info;

    CHECK(serial_describe("/dev/link", &info) == 0);
    CHECK_TEXT(info.path, "/dev/two");
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(ports_that_are_there_are_listed),
        TEST(none_need_be_there),
        TEST(one_is_described_without_the_others),
        TEST(a_link_is_described_as_its_port),
    };

    CHECK(startup_init(&argc, &argv) == 0);
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
