#include "proto/buf.h"

#include <errno.h>

#include "test.h"

static void bytes_come_out_in_order(void)
{
    struct buf b;
    uint8_t in = 0, out = 0;
    unsigned seed = 1;

    buf_init(&b, 100000);
    for (int round = 0; round < 2000; round++) {
        uint8_t piece[997];

        seed = seed * 1103515245 + 12345;
        size_t n = seed / 65536 % sizeof piece;
        for (size_t i = 0; i < n; i++)
            piece[i] = in++;
        if (buf_add(&b, piece, n) < 0) {
            in = (uint8_t)(in - n);
            n = b.len;
        }
        seed = seed * 1103515245 + 12345;
        size_t take = seed / 65536 % 1500;
        take = take < b.len ? take : b.len;
        for (size_t i = 0; i < take; i++)
            CHECK(buf_head(&b)[i] == out++);
        buf_drain(&b, take);
    }
    buf_free(&b);
}

static void the_bound_holds(void)
{
    struct buf b;
    uint8_t bytes[64] = {0};

    buf_init(&b, 100);
    CHECK(buf_add(&b, bytes, 64) == 0);
    CHECK(buf_add(&b, bytes, 64) == -ENOBUFS);
    CHECK(b.len == 64);
    CHECK(buf_add(&b, bytes, 36) == 0);
    CHECK(buf_add(&b, bytes, 1) == -ENOBUFS);
    CHECK(buf_add(&b, bytes, SIZE_MAX) == -ENOBUFS);
    buf_free(&b);
}

static void an_empty_queue_keeps_little(void)
{
    static uint8_t bytes[60000];
    struct buf b;

    buf_init(&b, sizeof bytes);
    CHECK(buf_add(&b, bytes, sizeof bytes) == 0);
    buf_drain(&b, sizeof bytes);
    CHECK(b.cap == 0);
    CHECK(buf_add(&b, bytes, 10) == 0);
    buf_drain(&b, 10);
    CHECK(b.cap <= 4096);
    buf_free(&b);
    CHECK(buf_add(&b, bytes, 0) == 0);
    CHECK(buf_head(&b) == NULL);
}

static const struct test tests[] = {
    TEST(bytes_come_out_in_order),
    TEST(the_bound_holds),
    TEST(an_empty_queue_keeps_little),
};

TEST_MAIN(tests)
