/*
 * Frames out of bytes that come in any pieces.
 */
#include "frame_reader.h"

#include <errno.h>

#include "test.h"

enum { FRAMES = 4 };

static struct frame_reader reader;
static unsigned taken;

/* Questions with the numbers 0, 1, 2 ..., and as many bytes of data. */
static int take(void *ctx, const uint8_t *bytes, size_t len)
{
    struct ioctl_wire_question q;
    int used = ioctl_wire_get_question(bytes, len, &q);

    (void)ctx;
    if (used <= 0)
        return used;
    CHECK(q.id == taken && q.len == taken);
    taken++;
    return used;
}

static int refuse(void *ctx, const uint8_t *bytes, size_t len)
{
    int used = take(ctx, bytes, len);

    return taken == 2 ? -ENOMEM : used;
}

static int wait_for_more(void *ctx, const uint8_t *bytes, size_t len)
{
    (void)ctx;
    (void)bytes;
    (void)len;
    return 0;
}

static size_t put_frames(uint8_t bytes[static FRAMES * IOCTL_WIRE_QUESTION_MAX])
{
    size_t len = 0;

    for (unsigned i = 0; i < FRAMES; i++) {
        const struct ioctl_wire_question q = {.kind = IOCTL_WIRE_CALL, .id = i, .len = i};

        len += ioctl_wire_put_question(&q, bytes + len);
    }
    reader = (struct frame_reader){0};
    taken = 0;
    return len;
}

static void frames_may_be_cut_anywhere(void)
{
    uint8_t bytes[FRAMES * IOCTL_WIRE_QUESTION_MAX];
    const size_t len = put_frames(bytes);

    for (size_t cut = 0; cut <= len; cut++) {
        put_frames(bytes);
        CHECK(frame_reader_receive(&reader, bytes, cut, take, NULL) == 0);
        CHECK(frame_reader_receive(&reader, bytes + cut, len - cut, take, NULL) == 0);
        CHECK(taken == FRAMES && reader.len == 0);
    }
    put_frames(bytes);
    for (size_t i = 0; i < len; i++)
        CHECK(frame_reader_receive(&reader, bytes + i, 1, take, NULL) == 0);
    CHECK(taken == FRAMES && reader.len == 0);
}

static void what_takes_may_end_it(void)
{
    uint8_t bytes[FRAMES * IOCTL_WIRE_QUESTION_MAX];
    const size_t len = put_frames(bytes);

    CHECK(frame_reader_receive(&reader, bytes, len, refuse, NULL) == -ENOMEM);
    CHECK(taken == 2);
}

static void a_frame_without_an_end_is_none(void)
{
    static const uint8_t bytes[FRAME_READER_MAX + 1];

    reader = (struct frame_reader){0};
    CHECK(frame_reader_receive(&reader, bytes, sizeof bytes, wait_for_more, NULL) == -EPROTO);
}

static const struct test tests[] = {
    TEST(frames_may_be_cut_anywhere),
    TEST(what_takes_may_end_it),
    TEST(a_frame_without_an_end_is_none),
};

TEST_MAIN(tests)
