/*
 * Fuzzes the frames of requests between processes: whatever is taken for a frame is written again
 * as it was, and no length leads out of it.
 */
#include "ioctl_wire.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void read_questions(const uint8_t *data, size_t len)
{
    struct ioctl_wire_question q;
    uint8_t again[IOCTL_WIRE_QUESTION_MAX];

    for (int used; (used = ioctl_wire_get_question(data, len, &q)) > 0;
         data += used, len -= (size_t)used) {
        if ((size_t)used > len || ioctl_wire_put_question(&q, again) != (size_t)used)
            abort();
        if (again[0] != data[0] || memcmp(again + 4, data + 4, (size_t)used - 4) != 0)
            abort();
    }
}

static void read_answers(const uint8_t *data, size_t len)
{
    struct ioctl_wire_answer a;
    uint8_t again[IOCTL_WIRE_ANSWER_MAX];

    for (int used; (used = ioctl_wire_get_answer(data, len, &a)) > 0;
         data += used, len -= (size_t)used) {
        if ((size_t)used > len || ioctl_wire_put_answer(&a, again) != (size_t)used)
            abort();
        if (again[0] != data[0] || memcmp(again + 4, data + 4, (size_t)used - 4) != 0)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    read_questions(data, len);
    read_answers(data, len);
    return 0;
}
