/* Which servers and devices the environment gives to a program. */
#include "usbip_config.h"

#include <stdlib.h>

#include "test.h"

static struct usbip_config config;

/* Variables as "NAME=value", up to NULL; others of ours are unset. */
static void read_environment(const char *const *variables)
{
    static const char *const names[] = {"NET2USB_SERVER",  "NET2USB_DEVICES", "NET2USB_BOARD_A",
                                        "NET2USB_BOARD_B", "NET2USB_BOARD_",  "NET2USB_BOARD"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unsetenv(names[i]);
    for (; *variables; variables++)
        CHECK(putenv((char *)(uintptr_t)*variables) == 0);
    usbip_config_read(&config);
}

#define READ(...) read_environment((const char *const[]){__VA_ARGS__, NULL})

static struct usbip_found device(const char *busid, const char *name)
{
    struct usbip_found f = {.device = {.vendor = 0x0403, .product = 0x6010}};

    snprintf(f.device.busid, sizeof f.device.busid, "%s", busid);
    snprintf(f.entry.name, sizeof f.entry.name, "%s", name);
    return f;
}

static bool wants(size_t server, const char *busid, const char *name)
{
    const struct usbip_found f = device(busid, name);

    return usbip_config_wants(&config, server, &f, "FT1");
}

static void a_server_gives_all_it_has(void)
{
    READ("NET2USB_SERVER=a,b:7000");
    CHECK(config.server_count == 2 && config.common_count == 2);
    CHECK_TEXT(config.servers[0].port, "3240");
    CHECK_TEXT(config.servers[1].host, "b");
    CHECK(wants(0, "1-1", "ice") && wants(1, "1-2", ""));
    CHECK(!usbip_config_names(&config, 0));
}

static void or_those_that_are_named(void)
{
    READ("NET2USB_SERVER=a", "NET2USB_DEVICES=ice,0403:6010:FT2,1-3");
    CHECK(wants(0, "1-1", "ice") && wants(0, "1-3", ""));
    CHECK(!wants(0, "1-2", "other"));
    CHECK(usbip_config_names(&config, 0));
}

static void boards_of_several_servers(void)
{
    READ("NET2USB_BOARD_A=a:7000 ice", "NET2USB_BOARD_B=b 0403:6010:FT1");
    CHECK(config.server_count == 2 && config.common_count == 0 && config.board_count == 2);
    const size_t a = config.boards[0].server, b = config.boards[1].server;
    CHECK(a != b);
    CHECK_TEXT(config.servers[a].host, "a");
    CHECK_TEXT(config.servers[b].port, "3240");
    CHECK(wants(a, "1-1", "ice") && !wants(a, "1-1", "other"));
    CHECK(wants(b, "1-1", "other")); /* by its serial number */
    CHECK(usbip_config_names(&config, a) && usbip_config_names(&config, b));
}

static void boards_of_one_server(void)
{
    READ("NET2USB_BOARD_A=a 1-1", "NET2USB_BOARD_B=a:3240 1-2");
    CHECK(config.server_count == 1 && config.board_count == 2);
    CHECK(wants(0, "1-1", "") && wants(0, "1-2", "") && !wants(0, "1-3", ""));
}

static void a_board_beside_a_server(void)
{
    READ("NET2USB_SERVER=a", "NET2USB_DEVICES=1-1", "NET2USB_BOARD_A=a 1-2", "NET2USB_BOARD_B=b");
    CHECK(config.server_count == 2 && config.common_count == 1);
    CHECK(wants(0, "1-1", "") && wants(0, "1-2", "") && !wants(0, "1-3", ""));
    CHECK(wants(1, "1-3", ""));
    CHECK(usbip_config_names(&config, 0) && !usbip_config_names(&config, 1));
}

static void a_board_may_have_a_long_name(void)
{
    char text[200] = "NET2USB_BOARD_";

    memset(text + strlen(text), 'x', 60 + 63); /* --prefix and a name of com2net's */
    CHECK(setenv(text, "a ice", 1) == 0);
    usbip_config_read(&config);
    CHECK(config.board_count == 1);
    CHECK(unsetenv(text) == 0);
}

static void what_is_none_is_left_out(void)
{
    char long_one[2000] = "NET2USB_BOARD_A=";

    memset(long_one + strlen(long_one), 'x', 1500);
    READ(long_one, "NET2USB_BOARD_B=:0 ice", "NET2USB_BOARD_=", "NET2USB_BOARD=a");
    CHECK(config.board_count == 0 && config.server_count == 0);
    memset(long_one + 16, ' ', 1500);
    long_one[16] = 'a';
    READ(long_one);
    CHECK(config.board_count == 0);
}

static void there_may_be_too_many(void)
{
    static char servers[200] = "NET2USB_SERVER=", boards[100][40];

    for (int i = 0; i < 40; i++)
        snprintf(servers + strlen(servers), sizeof servers - strlen(servers), "h%d,", i);
    READ(servers);
    CHECK(config.server_count == USBIP_CONFIG_SERVERS_MAX);
    for (int i = 0; i < 100; i++) {
        snprintf(boards[i], sizeof boards[i], "NET2USB_BOARD_%d=h0 1-%d", i, i);
        CHECK(putenv(boards[i]) == 0);
    }
    usbip_config_read(&config);
    CHECK(config.board_count == USBIP_CONFIG_BOARDS_MAX);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(a_server_gives_all_it_has),    TEST(or_those_that_are_named),
        TEST(boards_of_several_servers),    TEST(boards_of_one_server),
        TEST(a_board_beside_a_server),      TEST(what_is_none_is_left_out),
        TEST(a_board_may_have_a_long_name), TEST(there_may_be_too_many),
    };

    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
