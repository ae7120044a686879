/*
 * How many of the programs' bytes are under way.
 */
#include "outstanding.h"

#include <stdint.h>

#include "test.h"

static void data_alone_is_counted_exactly(void)
{
    struct outstanding o = {0};

    CHECK(outstanding_data(&o, 100) == 0);
    for (int i = 0; i < 1000; i++)
        outstanding_add(&o, 10, 10);
    CHECK(outstanding_data(&o, 0) == 0);
    CHECK(outstanding_data(&o, 640) == 640);
    CHECK(outstanding_data(&o, 20000) == 10000);
}

static void commands_are_no_data(void)
{
    struct outstanding o = {0};

    outstanding_add(&o, 7, 7);
    outstanding_add(&o, 14, 0);
    outstanding_add(&o, 5, 5);
    CHECK(outstanding_data(&o, 5) == 5);
    CHECK(outstanding_data(&o, 19) == 5);
    CHECK(outstanding_data(&o, 20) == 6);
    CHECK(outstanding_data(&o, 26) == 12);
}

static void doubled_bytes_count_once(void)
{
    struct outstanding o = {0};

    outstanding_add(&o, 20, 10);
    CHECK(outstanding_data(&o, 20) == 10);
    CHECK(outstanding_data(&o, 10) == 5);
    CHECK(outstanding_data(&o, 1) == 1);
}

/* Compares with a list of all bytes. */
static void many_pieces_are_put_together(void)
{
    enum { ROUNDS = 5000, TAIL = 300 };
    static uint8_t is_data[ROUNDS * 16];
    struct outstanding o = {0};
    size_t len = 0;
    uint32_t random = 1;

    for (int i = 0; i < ROUNDS; i++) {
        random = random * 1103515245 + 12345;
        size_t wire = 1 + (random >> 16) % 14;
        bool data = random >> 30 & 1;

        for (size_t j = 0; j < wire; j++)
            is_data[len++] = data;
        if (outstanding_is_full(&o))
            outstanding_forget(&o, TAIL + wire);
        CHECK(!outstanding_is_full(&o));
        outstanding_add(&o, wire, data ? wire : 0);
        for (size_t under_way = 0; under_way <= TAIL && under_way <= len; under_way += 37) {
            size_t want = 0;

            for (size_t j = len - under_way; j < len; j++)
                want += is_data[j];
            CHECK(outstanding_data(&o, under_way) == want);
        }
    }
    /* nothing is acknowledged any more: no piece is forgotten, though some are joined */
    struct outstanding full = {0};
    size_t data = 0;
    for (int i = 0; i < ROUNDS; i++) {
        outstanding_add(&full, 3, i & 1 ? 3 : 0);
        data += i & 1 ? 3 : 0;
    }
    CHECK(outstanding_data(&full, SIZE_MAX) == data);
}

static const struct test tests[] = {
    TEST(data_alone_is_counted_exactly),
    TEST(commands_are_no_data),
    TEST(doubled_bytes_count_once),
    TEST(many_pieces_are_put_together),
};

TEST_MAIN(tests)
