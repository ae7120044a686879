#include "addr.h"

#include <errno.h>

#include <event2/util.h>

#include "test.h"

static void listeners_default_to_loopback(void)
{
    struct addr addr;
    const char *why;
    char text[ADDR_TEXT_MAX];

    CHECK(addr_parse_listen("7000", &addr, &why) == 0);
    addr_text(&addr, text);
    CHECK_TEXT(text, "127.0.0.1:7000");
    CHECK(addr_parse_listen("0", &addr, &why) == 0 && addr.port == 0);
    CHECK(addr_parse_listen("0.0.0.0:65535", &addr, &why) == 0);
    addr_text(&addr, text);
    CHECK_TEXT(text, "0.0.0.0:65535");
    CHECK(addr_parse_listen("[::]:7000", &addr, &why) == 0);
    addr_text(&addr, text);
    CHECK_TEXT(text, "[::]:7000");
    CHECK(!addr.loopback);
    CHECK(addr_parse_listen(":7000", &addr, &why) == 0);
    CHECK_TEXT(addr.host, "127.0.0.1");
    CHECK(addr.loopback);
    CHECK(addr_parse_listen("LocalHost:7000", &addr, &why) == 0 && addr.loopback);
    CHECK_TEXT(addr.host, "127.0.0.1");
    CHECK(addr_parse_listen("127.0.0.1:7000", &addr, &why) == 0 && !addr.loopback);
}

static void wrong_listeners_are_explained(void)
{
    static const char *const wrong[] = {
        "",      "x",          "70000", "-1",     "7000x",
        "host:", "host:x",     "::1:7", "[::1]7", "99999999999999999999",
        "a:b:1", "[::1]:70000"};

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct addr addr;
        const char *why = NULL;

        CHECK(addr_parse_listen(wrong[i], &addr, &why) == -EINVAL);
        CHECK(why && *why);
    }
}

static void servers_have_host_and_port(void)
{
    struct addr addr;
    const char *why;

    CHECK(addr_parse_connect("host:7000", &addr, &why) == 0);
    CHECK_TEXT(addr.host, "host");
    CHECK(addr_parse_connect("[fe80::1]:7000", &addr, &why) == 0);
    CHECK_TEXT(addr.host, "fe80::1");
    CHECK(addr_parse_connect("7000", &addr, &why) == -EINVAL && strstr(why, "HOST:PORT"));
    CHECK(addr_parse_connect("host", &addr, &why) == -EINVAL && strstr(why, "HOST:PORT"));
    CHECK(addr_parse_connect(":7000", &addr, &why) == -EINVAL);
    CHECK(addr_parse_connect("host:0", &addr, &why) == -EINVAL);
    CHECK(addr_parse_connect("fe80::1:7000", &addr, &why) == -EINVAL);
    CHECK(strstr(why, "brackets"));
}

static void unknown_names_are_told_in_words(void)
{
    CHECK_TEXT(addr_error_text(EVUTIL_EAI_NONAME), "its name is not known");
    CHECK(*addr_error_text(EVUTIL_EAI_FAIL));
}

static void long_names_are_refused(void)
{
    char text[ADDR_HOST_MAX + 16];
    struct addr addr;
    const char *why;

    memset(text, 'a', sizeof text);
    snprintf(text + ADDR_HOST_MAX - 1, 8, ":7000");
    CHECK(addr_parse_connect(text, &addr, &why) == 0);
    memset(text, 'a', sizeof text);
    snprintf(text + ADDR_HOST_MAX, 8, ":7000");
    CHECK(addr_parse_connect(text, &addr, &why) == -EINVAL);
}

static const struct test tests[] = {
    TEST(listeners_default_to_loopback),   TEST(wrong_listeners_are_explained),
    TEST(servers_have_host_and_port),      TEST(long_names_are_refused),
    TEST(unknown_names_are_told_in_words),
};

TEST_MAIN(tests)
