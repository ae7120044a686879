#include "ioctl_wire.h"

#include <errno.h>
#include <string.h>

#include "proto/bytes.h"

size_t ioctl_wire_put_question(const struct ioctl_wire_question *q,
                               uint8_t frame[static IOCTL_WIRE_QUESTION_MAX])
{
    frame[0] = (uint8_t)q->kind;
    frame[1] = q->compat;
    frame[2] = (uint8_t)q->len;
    frame[3] = 0;
    put_be32(frame + 4, q->id);
    put_be32(frame + 8, q->request);
    put_be64(frame + 12, q->argument);
    put_be64(frame + 20, q->device);
    put_be64(frame + 28, q->inode);
    put_be64(frame + 36, q->special);
    memcpy(frame + IOCTL_WIRE_QUESTION_HEAD, q->data, q->len);
    return IOCTL_WIRE_QUESTION_HEAD + q->len;
}

size_t ioctl_wire_put_answer(const struct ioctl_wire_answer *a,
                             uint8_t frame[static IOCTL_WIRE_ANSWER_MAX])
{
    frame[0] = (uint8_t)a->kind;
    frame[1] = 0;
    frame[2] = (uint8_t)a->len;
    frame[3] = 0;
    put_be32(frame + 4, a->id);
    put_be32(frame + 8, (uint32_t)a->result);
    memcpy(frame + IOCTL_WIRE_ANSWER_HEAD, a->data, a->len);
    return IOCTL_WIRE_ANSWER_HEAD + a->len;
}

/* Checks what both kinds of frames begin with. Returns the frame's length, 0, or -EPROTO. */
static int check_frame(const uint8_t *data, size_t len, size_t head, unsigned first, unsigned last)
{
    if (len > 0 && (data[0] < first || data[0] > last))
        return -EPROTO;
    if (len > 2 && data[2] > IOCTL_SHAPE_MAX)
        return -EPROTO;
    if (len <= 2 || len < head + data[2])
        return 0;
    return (int)(head + data[2]);
}

int ioctl_wire_get_question(const uint8_t *data, size_t len, struct ioctl_wire_question *q)
{
    int r = check_frame(data, len, IOCTL_WIRE_QUESTION_HEAD, IOCTL_WIRE_HELLO, IOCTL_WIRE_CANCEL);

    if (r <= 0)
        return r;
    q->kind = (enum ioctl_wire_kind)data[0];
    q->compat = data[1] != 0;
    q->len = data[2];
    q->id = get_be32(data + 4);
    q->request = get_be32(data + 8);
    q->argument = get_be64(data + 12);
    q->device = get_be64(data + 20);
    q->inode = get_be64(data + 28);
    q->special = get_be64(data + 36);
    memcpy(q->data, data + IOCTL_WIRE_QUESTION_HEAD, q->len);
    return r;
}

int ioctl_wire_get_answer_head(const uint8_t head[static IOCTL_WIRE_ANSWER_HEAD],
                               struct ioctl_wire_answer *a)
{
    int r = check_frame(head, IOCTL_WIRE_ANSWER_HEAD, IOCTL_WIRE_ANSWER_HEAD, IOCTL_WIRE_ANSWER,
                        IOCTL_WIRE_PASS);

    if (r < 0)
        return r;
    a->kind = (enum ioctl_wire_kind)head[0];
    a->len = head[2];
    a->id = get_be32(head + 4);
    a->result = (int32_t)get_be32(head + 8);
    return 0;
}

int ioctl_wire_get_answer(const uint8_t *data, size_t len, struct ioctl_wire_answer *a)
{
    int r = check_frame(data, len, IOCTL_WIRE_ANSWER_HEAD, IOCTL_WIRE_ANSWER, IOCTL_WIRE_PASS);

    if (r <= 0)
        return r;
    ioctl_wire_get_answer_head(data, a);
    memcpy(a->data, data + IOCTL_WIRE_ANSWER_HEAD, a->len);
    return r;
}
