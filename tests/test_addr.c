#include "addr.h"

#include <errno.h>

#include <event2/util.h>

#include "test.h"

static void listeners_default_to_loopback(void)
{
    struct addr addr;
    char why[ADDRESS_WHY_MAX];
    char text[ADDR_TEXT_MAX];

    CHECK(addr_parse_listen("7000", &addr, why) == 0);
    addr_text(&addr, text);
    CHECK_TEXT(text, "127.0.0.1:7000");
    CHECK(addr_parse_listen("0", &addr, why) == 0 && addr.port == 0);
    CHECK(addr_parse_listen("0.0.0.0:65535", &addr, why) == 0);
    addr_text(&addr, text);
    CHECK_TEXT(text, "0.0.0.0:65535");
    CHECK(addr_parse_listen("[::]:7000", &addr, why) == 0);
    addr_text(&addr, text);
    CHECK_TEXT(text, "[::]:7000");
    CHECK(!addr.both);
    CHECK(addr_parse_listen(":7000", &addr, why) == 0);
    CHECK_TEXT(addr.host, "127.0.0.1");
    CHECK(addr.both);
    CHECK(addr_parse_listen("LocalHost:7000", &addr, why) == 0 && addr.both);
    CHECK_TEXT(addr.host, "127.0.0.1");
    CHECK(addr_parse_listen("127.0.0.1:7000", &addr, why) == 0 && !addr.both);
}

static void an_asterisk_is_everybody(void)
{
    struct addr addr;
    char why[ADDRESS_WHY_MAX];
    char text[ADDR_TEXT_MAX];

    CHECK(addr_parse_listen("*:7000", &addr, why) == 0);
    CHECK_TEXT(addr.host, "0.0.0.0");
    CHECK_TEXT(addr_ipv6_of(&addr), "::");
    addr_text(&addr, text);
    CHECK_TEXT(text, "*:7000");
    CHECK(addr_parse_listen("0.0.0.0:7000", &addr, why) == 0);
    CHECK_TEXT(addr_ipv6_of(&addr), "");
    CHECK(addr_parse_listen("7000", &addr, why) == 0);
    CHECK_TEXT(addr_ipv6_of(&addr), "::1");
    bool raw;
    CHECK(addr_parse_connect("*:7000", &addr, &raw, why) == -EINVAL);
}

static void wrong_listeners_are_explained(void)
{
    static const char *const wrong[] = {
        "",      "x",           "70000", "-1",     "7000x",
        "host:", "host:x",      "::1:7", "[::1]7", "99999999999999999999",
        "a:b:1", "[::1]:70000", "*",     "*7",     "**:7",
        "*:x",   "*.example:7"};

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct addr addr;
        char why[ADDRESS_WHY_MAX] = "";

        CHECK(addr_parse_listen(wrong[i], &addr, why) == -EINVAL);
        CHECK(*why);
    }
}

/* What somebody typed, and what the answer must say. */
struct typed {
    const char *text, *said;
};

static void what_to_type_is_said(void)
{
    static const struct typed listeners[] = {
        {"::1:7811", "[::1]:7811"},
        {":::7811", "[::]:7811"},
        {"::1", "[::1]:7000"},
        {"http", "a port number"},
        {"192.0.2.1", "192.0.2.1:7000"},
        {"1.2.3:7811", "four numbers"},
        {"tcp://localhost:7811", "PORT"},
        {"[::1]", "[::1]:7000"},
    };
    static const struct typed servers[] = {
        {"7812", "localhost:7812"},
        {":7812", "localhost:7812"},
        {"raspberry", "raspberry:7000"},
        {"::1:7812", "[::1]:7812"},
        {"fe80::1", "[fe80::1]:7000"},
        {"http://raspberry:7000", "rfc2217://, or tcp://"},
        {"http:raspberry:7000", "no host has such a name"},
        {"/tmp/ttyS5", "no host has such a name"},
        {"0403:6010", "ids of a USB device"},
        {"10c4:ea60:0001", "ids of a USB device"},
        {"192.0.2:7000", "four numbers"},
        {"192.0.2.256:7000", "four numbers"},
        {"010.0.0.1:7000", "four numbers"},
        {"[::1:7000", "brackets"},
    };
    char why[ADDRESS_WHY_MAX];
    struct addr addr;
    bool raw;

    for (size_t i = 0; i < sizeof listeners / sizeof *listeners; i++) {
        CHECK(addr_parse_listen(listeners[i].text, &addr, why) == -EINVAL);
        if (!strstr(why, listeners[i].said))
            fprintf(stderr, "%s: %s\n", listeners[i].text, why);
        CHECK(strstr(why, listeners[i].said));
    }
    for (size_t i = 0; i < sizeof servers / sizeof *servers; i++) {
        CHECK(addr_parse_connect(servers[i].text, &addr, &raw, why) == -EINVAL);
        if (!strstr(why, servers[i].said))
            fprintf(stderr, "%s: %s\n", servers[i].text, why);
        CHECK(strstr(why, servers[i].said));
    }
}

static void urls_are_understood(void)
{
    static const struct {
        const char *text;
        bool raw;
    } good[] = {
        {"rfc2217://host:7000", false},
        {"RFC2217://host:7000/", false},
        {"rfc2217://host:7000?logging=debug", false},
        {"telnet://host:7000", false},
        {"tcp://host:7000", true},
        {"socket://host:7000", true},
        {"tcp:host:7000", true},
        {"rfc2217:host:7000", false},
    };

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        char why[ADDRESS_WHY_MAX];
        struct addr addr;
        bool raw;

        CHECK(addr_parse_connect(good[i].text, &addr, &raw, why) == 0);
        CHECK_TEXT(addr.host, "host");
        CHECK(addr.port == 7000 && raw == good[i].raw);
    }
}

static void addresses_may_end_anywhere(void)
{
    static const char *const whole[] = {"rfc2217://[fe80::1%eth0]:7000/?a=b", "0403:6010:A1",
                                        "192.168.100.200:65535", "tcp:localhost:7812"};

    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        for (size_t len = 0; len <= strlen(whole[i]); len++) {
            char text[64], why[ADDRESS_WHY_MAX] = "";
            struct address a;

            snprintf(text, sizeof text, "%.*s", (int)len, whole[i]);
            address_text_fault(address_parse(text, &a), text, why);
            CHECK(strlen(a.host) < sizeof text);
        }
    }
}

static void servers_have_host_and_port(void)
{
    bool raw;
    struct addr addr;
    char why[ADDRESS_WHY_MAX];

    CHECK(addr_parse_connect("host:7000", &addr, &raw, why) == 0);
    CHECK_TEXT(addr.host, "host");
    CHECK(addr_parse_connect("[fe80::1]:7000", &addr, &raw, why) == 0);
    CHECK_TEXT(addr.host, "fe80::1");
    CHECK(addr_parse_connect("7000", &addr, &raw, why) == -EINVAL && strstr(why, "HOST:PORT"));
    CHECK(addr_parse_connect("host", &addr, &raw, why) == -EINVAL && strstr(why, "HOST:PORT"));
    CHECK(addr_parse_connect(":7000", &addr, &raw, why) == -EINVAL);
    CHECK(addr_parse_connect("host:0", &addr, &raw, why) == -EINVAL);
    CHECK(addr_parse_connect("fe80::1:7000", &addr, &raw, why) == -EINVAL);
    CHECK(strstr(why, "brackets"));
}

static void unknown_names_are_told_in_words(void)
{
    CHECK_TEXT(addr_error_text(EVUTIL_EAI_NONAME), "its name is not known: is it spelled right?");
    CHECK(*addr_error_text(EVUTIL_EAI_FAIL));
}

static void long_names_are_refused(void)
{
    char text[ADDR_HOST_MAX + 16];
    struct addr addr;
    bool raw;
    char why[ADDRESS_WHY_MAX];

    memset(text, 'a', sizeof text);
    snprintf(text + ADDR_HOST_MAX - 1, 8, ":7000");
    CHECK(addr_parse_connect(text, &addr, &raw, why) == 0);
    memset(text, 'a', sizeof text);
    snprintf(text + ADDR_HOST_MAX, 8, ":7000");
    CHECK(addr_parse_connect(text, &addr, &raw, why) == -EINVAL);
}

static const struct test tests[] = {
    TEST(listeners_default_to_loopback), TEST(an_asterisk_is_everybody),
    TEST(wrong_listeners_are_explained), TEST(servers_have_host_and_port),
    TEST(long_names_are_refused),        TEST(unknown_names_are_told_in_words),
    TEST(what_to_type_is_said),          TEST(urls_are_understood),
    TEST(addresses_may_end_anywhere),
};

TEST_MAIN(tests)
