/*
 * A program that asks something of its serial port, for tests: its memory has everywhere the low
 * byte of the address, and an answer that it does not wait for aborts the test.
 */
#ifndef TESTS_PROGRAM_CALL_H
#define TESTS_PROGRAM_CALL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "calls.h"
#include "ioctl_shape.h"

struct program_call {
    struct caller caller;
    bool waits;
    int result; /* once it does not */
};

static int program_read(struct caller *c, uint64_t address, void *data, size_t len)
{
    (void)c;
    memset(data, (int)address, len);
    return 0;
}

static int program_write(struct caller *c, uint64_t address, const void *data, size_t len)
{
    (void)c;
    (void)address;
    (void)data;
    if (len > IOCTL_SHAPE_MAX)
        abort();
    return 0;
}

static bool program_is_waiting(struct caller *c)
{
    return ((struct program_call *)c)->waits;
}

static int program_interruption(struct caller *c)
{
    (void)c;
    return 0;
}

static void program_answer(struct caller *c, int result)
{
    struct program_call *p = (struct program_call *)c;

    if (!p->waits)
        abort();
    p->waits = false;
    p->result = result;
}

static void program_pass(struct caller *c)
{
    program_answer(c, 0);
}

static const struct caller_ops program_ops = {
    .read = program_read,
    .write = program_write,
    .is_waiting = program_is_waiting,
    .interruption = program_interruption,
    .answer = program_answer,
    .pass = program_pass,
};

#endif
