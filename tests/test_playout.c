/* When changes of DTR and RTS are due: numbers in, numbers out. */
#include "playout.h"

#include <stddef.h>

#include "test.h"

enum { DELAY_US = 30000 };

/* One change: made at `stamp`, there at `there`; it has to be made at `made`, and is, unless the
 * device is busy for `busy`. */
struct change {
    uint32_t stamp;
    uint64_t there, made, busy;
};

static void play(const struct change *changes, size_t count, uint64_t delay_us)
{
    struct playout p = {0};

    for (size_t i = 0; i < count; i++) {
        const struct change *c = &changes[i];
        uint64_t due = playout_due(&p, c->stamp, c->there, delay_us);

        if (due != c->made)
            fprintf(stderr, "change %zu is due at %llu\n", i, (unsigned long long)due);
        CHECK(due == c->made);
        playout_done(&p, due + c->busy);
    }
}

#define PLAY(delay, ...)                                                                           \
    play((const struct change[]){__VA_ARGS__},                                                     \
         sizeof((const struct change[]){__VA_ARGS__}) / sizeof(struct change), delay)

static void jitter_below_the_delay_does_not_show(void)
{
    PLAY(DELAY_US, {1000, 500000, 530000, 0}, {101000, 629000, 630000, 0},
         {151000, 650000, 680000, 0}, {151000, 650000, 680000, 0}, {251000, 755000, 780000, 0});
}

static void what_came_together_is_drawn_apart(void)
{
    PLAY(DELAY_US, {0, 500000, 530000, 0}, {100000, 530000, 630000, 0},
         {150000, 630000, 680000, 0});
}

static void what_is_late_is_made_at_once_and_moves_the_rest(void)
{
    PLAY(DELAY_US, {0, 500000, 530000, 0}, {100000, 660000, 660000, 0}, {200000, 720000, 760000, 0},
         {300000, 960000, 960000, 0}, {301000, 960000, 961000, 0});
}

static void a_busy_device_moves_the_rest(void)
{
    PLAY(DELAY_US, {0, 500000, 530000, 80000}, {100000, 620000, 710000, 0});
}

static void what_a_timer_is_late_is_not_passed_on(void)
{
    struct playout p = {0};

    CHECK(playout_due(&p, 0, 500000, DELAY_US) == 530000);
    for (uint32_t i = 1; i < 1000; i++) {
        playout_done(&p, 530000 + (i - 1) * 10000 + 1500);
        CHECK(playout_due(&p, i * 10000, 530000 + (i - 1) * 10000 + 1500, DELAY_US) ==
              530000 + i * 10000);
    }
}

static void after_a_pause_the_delay_begins_anew(void)
{
    PLAY(DELAY_US, {0, 500000, 530000, 0}, {5000000, 5500000, 5530000, 0},
         {10000001, 10900000, 10930000, 0});
}

static void the_clients_clock_may_wrap(void)
{
    PLAY(DELAY_US, {0xffffff00, 500000, 530000, 0}, {0xfffffffe, 500100, 530254, 0},
         {0, 500200, 530256, 0}, {98, 500300, 530354, 0});
}

static void a_clock_that_goes_back_begins_anew(void)
{
    PLAY(DELAY_US, {500000, 500000, 530000, 0}, {499999, 500000, 530000, 0});
}

static void no_change_is_held_for_long(void)
{
    PLAY(DELAY_US, {0, 500000, 530000, 0}, {4900000, 530000, 2530000, 0},
         {5000000, 2530000, 2630000, 0});
}

static void without_a_delay_everything_is_made_at_once(void)
{
    PLAY(0, {0, 500000, 500000, 0}, {100000, 520000, 520000, 0}, {100001, 900000, 900000, 0});
}

static const struct test tests[] = {
    TEST(jitter_below_the_delay_does_not_show),
    TEST(what_came_together_is_drawn_apart),
    TEST(what_is_late_is_made_at_once_and_moves_the_rest),
    TEST(a_busy_device_moves_the_rest),
    TEST(what_a_timer_is_late_is_not_passed_on),
    TEST(after_a_pause_the_delay_begins_anew),
    TEST(the_clients_clock_may_wrap),
    TEST(a_clock_that_goes_back_begins_anew),
    TEST(no_change_is_held_for_long),
    TEST(without_a_delay_everything_is_made_at_once),
};

TEST_MAIN(tests)
