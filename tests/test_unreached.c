/* Why a server is not reached, in words. */
#include "proto/unreached.h"

#include <string.h>

#include "test.h"

static char text[UNREACHED_TEXT_MAX];

static const char *said(enum unreached_why why, bool usb, const char *host, const char *words)
{
    unreached_text(&(struct unreached){.why = why,
                                       .usb = usb,
                                       .host = host,
                                       .port = "7000",
                                       .said = (const uint8_t *)words,
                                       .said_len = strlen(words)},
                   text);
    return text;
}

static void a_refusal_says_who_has_to_listen(void)
{
    CHECK(strstr(said(UNREACHED_REFUSED, false, "boardhost", ""),
                 "com2net /dev/ttyUSB0 0.0.0.0:7000"));
    CHECK(strstr(said(UNREACHED_REFUSED, true, "boardhost", ""), "com2net usb:VID:PID 0.0.0.0"));
    CHECK(strstr(text, "usbipd"));
}

static void a_refusal_here_says_what_here_is(void)
{
    static const char *const here[] = {"localhost", "127.0.0.1", "::1"};

    for (size_t i = 0; i < sizeof here / sizeof *here; i++) {
        CHECK(strstr(said(UNREACHED_REFUSED, false, here[i], ""), "is the container itself"));
        CHECK(strstr(text, "listens for others by 0.0.0.0:7000"));
    }
}

static void outside_of_containers_none_is_spoken_of(void)
{
    struct unreached u = {.why = UNREACHED_REFUSED,
                          .usb = true,
                          .outside = true,
                          .host = "127.0.0.1",
                          .port = "3240"};

    unreached_text(&u, text);
    CHECK(strcmp(text,
                 "nothing listens there: is com2net, or usbipd, running, and the port right?") ==
          0);
    u.why = UNREACHED_NAME_SERVER;
    unreached_text(&u, text);
    CHECK(strstr(text, "is the network up? An address works without") && !strchr(text, '/'));
}

static void each_why_has_words_for_both_kinds(void)
{
    for (int why = UNREACHED_REFUSED; why <= UNREACHED_ECHO; why++) {
        CHECK(strlen(said((enum unreached_why)why, false, "boardhost", "")) > 20);
        CHECK(strlen(said((enum unreached_why)why, true, "boardhost", "")) > 20);
        CHECK(strchr(text, '?'));
    }
    CHECK(strstr(said(UNREACHED_MUTE, false, "h", ""), "--raw"));
    CHECK(!strstr(said(UNREACHED_MUTE, true, "h", ""), "--raw"));
    CHECK(!strstr(said(UNREACHED_SILENT, false, "h", ""), "--raw")); /* it was not reached */
}

static void what_a_stranger_says_is_quoted(void)
{
    CHECK(strstr(said(UNREACHED_FOREIGN, false, "h", "SSH-2.0-OpenSSH_9.2p1\r\nmore"),
                 "it says \"SSH-2.0-OpenSSH_9.2p1\": no RFC 2217 server"));
    CHECK(strstr(said(UNREACHED_FOREIGN, true, "h", "\r\n\x1b[2JHello\x07 there"),
                 "it says \"[2JHello there\": no USB/IP server"));
    static char much[1000];
    memset(much, 'x', sizeof much - 1);
    CHECK(strlen(said(UNREACHED_FOREIGN, false, "h", much)) < 160);
}

static void who_speaks_first_is_known_by_it(void)
{
    static const char ssh[] = "SSH-2.0-x", http[] = "HTTP/1.1 400", telnet[] = "\xff\xfb\x2c";

    CHECK(unreached_is_foreign((const uint8_t *)ssh, 4));
    CHECK(unreached_is_foreign((const uint8_t *)http, sizeof http - 1));
    CHECK(!unreached_is_foreign((const uint8_t *)ssh, 3)); /* cut before it is certain */
    CHECK(!unreached_is_foreign((const uint8_t *)telnet, 3));
    CHECK(!unreached_is_foreign((const uint8_t *)"login: ", 7));
    CHECK(!unreached_is_foreign((const uint8_t *)"", 0));
}

static const struct test tests[] = {
    TEST(a_refusal_says_who_has_to_listen),  TEST(a_refusal_here_says_what_here_is),
    TEST(each_why_has_words_for_both_kinds), TEST(what_a_stranger_says_is_quoted),
    TEST(who_speaks_first_is_known_by_it),   TEST(outside_of_containers_none_is_spoken_of),
};

TEST_MAIN(tests)
