/*
 * Requests of programs on a link, passed from one process to another. The sender is the preload
 * library or a `net2pty exec`; the receiver is the net2pty that serves the link. They use its
 * socket (control.h). A connection begins with IOCTL_WIRE_OPENING; frames follow, in both
 * directions. Each question but a cancellation has one answer with its id; answers come in any
 * order. Numbers are big-endian.
 *
 *   question  kind:1 compat:1 len:1 0:1 id:4 request:4 argument:8 device:8 inode:8 special:8 data
 *   answer    kind:1 0:1      len:1 0:1 id:4 result:4 data
 *
 * Pure: bytes and structs. Also part of the preload library: no state, no memory of its own.
 */
#ifndef CLIENT_EXEC_IOCTL_WIRE_H
#define CLIENT_EXEC_IOCTL_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ioctl_shape.h"

#define IOCTL_WIRE_OPENING "ioctl\n"

/* Number of a question that only asks whether somebody is there: HELLO with the argument 1. No
 * other question has it, nor 0, which is the greeting's. */
#define IOCTL_WIRE_PING UINT32_MAX

enum ioctl_wire_kind {
    IOCTL_WIRE_HELLO = 1,  /* answered with the link's identity (3 numbers), once it is connected
                              or, with the argument 1, at once */
    IOCTL_WIRE_CALL = 2,   /* a request of a program, with its data */
    IOCTL_WIRE_CANCEL = 3, /* who asked has gone, or is interrupted: no answer is wanted */
    IOCTL_WIRE_ANSWER = 4, /* with ioctl's result (negative: an errno) and what it gives */
    IOCTL_WIRE_PASS = 5,   /* the file is no link, or the request not ours: it is the kernel's */
};

enum {
    IOCTL_WIRE_QUESTION_HEAD = 44,
    IOCTL_WIRE_ANSWER_HEAD = 12,
    IOCTL_WIRE_QUESTION_MAX = IOCTL_WIRE_QUESTION_HEAD + IOCTL_SHAPE_MAX,
    IOCTL_WIRE_ANSWER_MAX = IOCTL_WIRE_ANSWER_HEAD + IOCTL_SHAPE_MAX,
    IOCTL_WIRE_IDENTITY = 24, /* bytes of an identity as data */
};

struct ioctl_wire_question {
    enum ioctl_wire_kind kind;
    bool compat;
    uint32_t id;
    uint32_t request;
    uint64_t argument;
    uint64_t device, inode, special; /* which file: struct vport_identity */
    size_t len;
    uint8_t data[IOCTL_SHAPE_MAX];
};

struct ioctl_wire_answer {
    enum ioctl_wire_kind kind;
    uint32_t id;
    int32_t result;
    size_t len;
    uint8_t data[IOCTL_SHAPE_MAX];
};

/* Write a frame and return its length. */
size_t ioctl_wire_put_question(const struct ioctl_wire_question *q,
                               uint8_t frame[static IOCTL_WIRE_QUESTION_MAX]);
size_t ioctl_wire_put_answer(const struct ioctl_wire_answer *a,
                             uint8_t frame[static IOCTL_WIRE_ANSWER_MAX]);

/* Read the frame that `data` begins with. Return its length, 0 if more has to come, or -EPROTO: it
 * is none, and nothing after it can be read. */
int ioctl_wire_get_question(const uint8_t *data, size_t len, struct ioctl_wire_question *q);
int ioctl_wire_get_answer(const uint8_t *data, size_t len, struct ioctl_wire_answer *a);

/* Reads an answer without its data, of which `a->len` bytes follow. Returns 0 or -EPROTO. */
int ioctl_wire_get_answer_head(const uint8_t head[static IOCTL_WIRE_ANSWER_HEAD],
                               struct ioctl_wire_answer *a);

#endif
