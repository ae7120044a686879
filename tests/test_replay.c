/* What is kept of what was sent, until it is acknowledged. */
#include "proto/replay.h"

#include <errno.h>

#include "test.h"

static struct replay r;

static void what_is_acknowledged_is_forgotten(void)
{
    replay_begin(&r, 100);
    CHECK(replay_sent(&r, (const uint8_t *)"abcdef", 6) == 0);
    CHECK(replay_acknowledge(&r, 2) == 0);
    CHECK(r.kept.len == 4 && memcmp(buf_head(&r.kept), "cdef", 4) == 0);
    CHECK(replay_acknowledge(&r, 2) == 0); /* again */
    CHECK(replay_sent(&r, (const uint8_t *)"gh", 2) == 0);
    CHECK(replay_acknowledge(&r, 8) == 0 && r.kept.len == 0);
    replay_end(&r);
}

static void numbers_that_cannot_be_are_refused(void)
{
    replay_begin(&r, 100);
    CHECK(replay_sent(&r, (const uint8_t *)"abcdef", 6) == 0);
    CHECK(replay_acknowledge(&r, 3) == 0);
    CHECK(replay_acknowledge(&r, 7) == -EBADMSG);
    CHECK(replay_acknowledge(&r, UINT64_MAX) == -EBADMSG);
    CHECK(r.kept.len == 3);
    CHECK(replay_acknowledge(&r, 2) == 0 && r.kept.len == 3); /* it was said before, and again */
    CHECK(replay_go_on(&r, 2) == -EBADMSG && replay_go_on(&r, 7) == -EBADMSG);
    CHECK(replay_go_on(&r, 4) == 0 && r.kept.len == 2);
    replay_end(&r);
    CHECK(replay_acknowledge(&r, 0) == -EBADMSG && replay_go_on(&r, 0) == -EBADMSG); /* it is off */
}

static void more_than_is_kept_ends_it(void)
{
    replay_begin(&r, 4);
    CHECK(replay_sent(&r, (const uint8_t *)"abcd", 4) == 0);
    CHECK(replay_sent(&r, (const uint8_t *)"e", 1) == -ENOBUFS);
    CHECK(!r.on && r.kept.len == 0);
    CHECK(replay_sent(&r, (const uint8_t *)"f", 1) == 0 && r.kept.len == 0); /* off: nothing */
}

static void it_is_time_to_acknowledge_from_time_to_time(void)
{
    CHECK(!replay_is_due(&r, 1000000)); /* off */
    replay_begin(&r, 4);
    CHECK(!replay_is_due(&r, 32767));
    CHECK(replay_is_due(&r, 32768) && !replay_is_due(&r, 32768));
    CHECK(!replay_is_due(&r, 65535) && replay_is_due(&r, 70000));
    replay_end(&r);
}

static void another_connection_is_given_all_that_is_kept(void)
{
    size_t len;

    replay_begin(&r, 100);
    CHECK(!replay_next(&r, &len) && len == 0);
    CHECK(replay_sent(&r, (const uint8_t *)"abcdef", 6) == 0);
    CHECK(memcmp(replay_next(&r, &len), "abcdef", 6) == 0 && len == 6);
    replay_given(&r, 4);
    CHECK(memcmp(replay_next(&r, &len), "ef", 2) == 0 && len == 2);
    CHECK(replay_acknowledge(&r, 3) == 0);
    CHECK(memcmp(replay_next(&r, &len), "ef", 2) == 0 && len == 2);
    replay_again(&r);
    CHECK(memcmp(replay_next(&r, &len), "def", 3) == 0 && len == 3);
    CHECK(replay_acknowledge(&r, 6) == 0 && !replay_next(&r, &len)); /* the old one had all */
    replay_end(&r);
}

static const struct test tests[] = {
    TEST(another_connection_is_given_all_that_is_kept), TEST(what_is_acknowledged_is_forgotten),
    TEST(numbers_that_cannot_be_are_refused),           TEST(more_than_is_kept_ends_it),
    TEST(it_is_time_to_acknowledge_from_time_to_time),
};

TEST_MAIN(tests)
