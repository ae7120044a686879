/*
 * Floods of the log: some lines of each peer and reason, and how many more there were.
 */
#include "log_peer.h"

#include "loop.h"
#include "startup.h"
#include "test.h"

static struct event_base *base;
static char logged[65536];
static unsigned lines;

static void on_log(enum log_level level, const char *line)
{
    size_t n = strlen(logged);

    (void)level;
    snprintf(logged + n, sizeof logged - n, "%s\n", line);
    lines++;
}

static void begin(enum log_level level)
{
    log_init("test", level);
    log_set_sink(on_log);
    logged[0] = '\0';
    lines = 0;
    base = loop_new(false);
    CHECK(base);
    log_peer_begin(base);
}

static void end(void)
{
    log_peer_end();
    loop_free(base);
    log_set_sink(NULL);
}

static void refuse(const char *peer)
{
    log_peer_info(peer, "%s: refused", peer);
}

static void flood(const char *host, int count)
{
    char peer[64];

    for (int i = 0; i < count; i++) {
        snprintf(peer, sizeof peer, "%s:%d", host, 1024 + i);
        refuse(peer);
    }
}

static void a_flood_is_counted(void)
{
    begin(LOG_LEVEL_INFO);
    flood("10.0.0.1", 60000);
    CHECK(lines == 10);
    log_peer_warn("10.0.0.1:9", "another reason");
    refuse("10.0.0.2:9");
    CHECK(lines == 12 && strstr(logged, "another reason") && strstr(logged, "10.0.0.2:9: refused"));
    end();
    CHECK(lines == 13 && strstr(logged, "refused (and 59989 more such lines)"));
}

static void errors_are_counted_and_stay_errors(void)
{
    begin(LOG_LEVEL_ERROR);
    for (int i = 0; i < 100; i++)
        log_peer_refusal(LOG_LEVEL_ERROR, "/dev/tty", "%s", "cannot be opened");
    CHECK(lines == 1);
    end();
    CHECK(lines == 2 && strstr(logged, "cannot be opened (and 98 more such lines)"));
}

static void who_is_refused_is_told_once(void)
{
    char peer[64];

    begin(LOG_LEVEL_INFO);
    for (int i = 0; i < 12; i++) {
        snprintf(peer, sizeof peer, "10.0.0.1:%d", 1024 + i);
        log_peer_refusal(LOG_LEVEL_INFO, peer, "%s refused: busy", peer);
    }
    CHECK(lines == 1);
    log_peer_refusal(LOG_LEVEL_INFO, "10.0.0.2:9", "%s refused: busy", "10.0.0.2:9");
    CHECK(lines == 1 + 1);
    end();
    CHECK(lines == 3 && strstr(logged, "10.0.0.1:1035 refused: busy (and 10 more such lines)"));
}

static void one_more_is_told_as_it_is(void)
{
    begin(LOG_LEVEL_INFO);
    flood("[::1]", 11);
    end();
    CHECK(lines == 11 && strstr(logged, "[::1]:1034: refused\n"));
}

static void very_many_peers_are_counted_together(void)
{
    char peer[64];

    begin(LOG_LEVEL_INFO);
    for (int i = 0; i < 10000; i++) {
        snprintf(peer, sizeof peer, "10.0.%d.%d:7", i / 256, i % 256);
        refuse(peer);
    }
    CHECK(lines == 256);
    end();
    CHECK(lines == 257 && strstr(logged, "9744 more lines"));
}

/* They are remembered for a minute, and may name anything. */
static void refusals_leave_room_for_others(void)
{
    char peer[64];

    begin(LOG_LEVEL_INFO);
    for (int i = 0; i < 1000; i++) {
        snprintf(peer, sizeof peer, "%d by 10.0.0.1:7", i);
        log_peer_refusal(LOG_LEVEL_INFO, peer, "%s refused: no such device", peer);
    }
    CHECK(lines == 128);
    refuse("10.0.0.2:9");
    CHECK(lines == 129);
    end();
    CHECK(lines == 130 && strstr(logged, "872 more lines"));
}

static void who_wants_all_gets_all(void)
{
    begin(LOG_LEVEL_DEBUG);
    flood("10.0.0.1", 100);
    CHECK(lines == 100);
    end();
    log_init("test", LOG_LEVEL_INFO);
    log_set_sink(on_log);
    flood("10.0.0.1", 100); /* nobody counts */
    CHECK(lines == 200);
    begin(LOG_LEVEL_WARN);
    flood("10.0.0.1", 100);
    end();
    CHECK(lines == 0);
}

static const struct test tests[] = {
    TEST(a_flood_is_counted),
    TEST(errors_are_counted_and_stay_errors),
    TEST(who_is_refused_is_told_once),
    TEST(one_more_is_told_as_it_is),
    TEST(very_many_peers_are_counted_together),
    TEST(refusals_leave_room_for_others),
    TEST(who_wants_all_gets_all),
};

int main(int argc, char **argv)
{
    CHECK(startup_init(&argc, &argv) == 0);
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
