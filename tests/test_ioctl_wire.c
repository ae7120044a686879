/* Frames of requests between processes: there and back, and cut at every byte. */
#include "ioctl_wire.h"

#include <errno.h>

#include <asm/ioctls.h>
#include <linux/serial.h>

#include "test.h"

static struct ioctl_wire_question question(size_t len)
{
    struct ioctl_wire_question q = {.kind = IOCTL_WIRE_CALL,
                                    .compat = true,
                                    .id = 0xfedcba98,
                                    .request = 0x802c542a,
                                    .argument = 0x7ffd12345678abcd,
                                    .device = 1,
                                    .inode = UINT64_MAX,
                                    .special = 0x8803,
                                    .len = len};

    for (size_t i = 0; i < len; i++)
        q.data[i] = (uint8_t)(i + 1);
    return q;
}

static void questions_arrive(void)
{
    for (size_t len = 0; len <= IOCTL_SHAPE_MAX; len += IOCTL_SHAPE_MAX / 2) {
        struct ioctl_wire_question q = question(len), got;
        uint8_t frame[IOCTL_WIRE_QUESTION_MAX];
        size_t size = ioctl_wire_put_question(&q, frame);

        CHECK(size == IOCTL_WIRE_QUESTION_HEAD + len);
        for (size_t cut = 0; cut < size; cut++)
            CHECK(ioctl_wire_get_question(frame, cut, &got) == 0);
        CHECK(ioctl_wire_get_question(frame, size, &got) == (int)size);
        CHECK(got.kind == q.kind && got.compat && got.id == q.id && got.request == q.request);
        CHECK(got.argument == q.argument && got.device == q.device && got.inode == q.inode);
        CHECK(got.special == q.special && got.len == len && memcmp(got.data, q.data, len) == 0);
    }
}

static void answers_arrive(void)
{
    for (size_t len = 0; len <= IOCTL_SHAPE_MAX; len += IOCTL_SHAPE_MAX / 2) {
        struct ioctl_wire_answer a = {
            .kind = IOCTL_WIRE_ANSWER, .id = 7, .result = -EFAULT, .len = len};
        struct ioctl_wire_answer got;
        uint8_t frame[IOCTL_WIRE_ANSWER_MAX];

        memset(a.data, 0x5a, len);
        size_t size = ioctl_wire_put_answer(&a, frame);
        CHECK(size == IOCTL_WIRE_ANSWER_HEAD + len);
        for (size_t cut = 0; cut < size; cut++)
            CHECK(ioctl_wire_get_answer(frame, cut, &got) == 0);
        CHECK(ioctl_wire_get_answer(frame, size, &got) == (int)size);
        CHECK(got.kind == a.kind && got.id == 7 && got.result == -EFAULT && got.len == len);
        CHECK(memcmp(got.data, a.data, len) == 0);
        CHECK(ioctl_wire_get_answer_head(frame, &got) == 0 && got.len == len);
    }
}

/* What is no frame is told by its first bytes: nobody waits for the rest of it. */
static void strangers_are_refused(void)
{
    static const uint8_t texts[][4] = {
        "sta", {0}, {IOCTL_WIRE_ANSWER}, {IOCTL_WIRE_CALL, 0, IOCTL_SHAPE_MAX + 1}};
    struct ioctl_wire_question q;
    struct ioctl_wire_answer a;

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        CHECK(ioctl_wire_get_question(texts[i], 3, &q) == -EPROTO);
    CHECK(ioctl_wire_get_answer((const uint8_t *)"\2\0\0", 3, &a) == -EPROTO);
    CHECK(ioctl_wire_get_answer((const uint8_t *)"\4\0\377", 3, &a) == -EPROTO);
}

static void shapes_are_those_of_the_kernel(void)
{
    struct ioctl_shape s;

    CHECK(ioctl_shape_find(TCGETS, false, &s) && s.in == 0 && s.out == 36 && !s.waits);
    CHECK(ioctl_shape_find(TIOCMBIS, false, &s) && s.in == 4 && s.out == 0);
    CHECK(ioctl_shape_find(TIOCGICOUNT, false, &s) && s.out == 80);
    CHECK(ioctl_shape_find(TIOCMIWAIT, false, &s) && s.in == 0 && s.out == 0 && s.waits);
    CHECK(ioctl_shape_find(TIOCGSERIAL, false, &s) && s.out == sizeof(struct serial_struct));
    CHECK(ioctl_shape_find(TIOCGSERIAL, true, &s) && s.out == 60);
    CHECK(ioctl_shape_find(TIOCSSERIAL, true, &s) && s.in == 60 && s.out == 0);
    CHECK(!ioctl_shape_find(TIOCGWINSZ, false, &s));
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(questions_arrive),
        TEST(answers_arrive),
        TEST(strangers_are_refused),
        TEST(shapes_are_those_of_the_kernel),
    };

    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
