/*
 * Whether bytes that go out get on: how many are left, and since when that has not become less.
 */
#ifndef SERVER_SERIAL_PROGRESS_H
#define SERVER_SERIAL_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
    size_t left;
    uint64_t since_ms; /* of clock_now_ms */
};

/* Begins to look: now `left` bytes are left. */
void progress_begin(struct progress *p, size_t left);

/* Notes how many are left now. Returns whether some have got on. */
bool progress_note(struct progress *p, size_t left);

/* The same; while the device is busy nothing can get on, and the time does not count. */
bool progress_look(struct progress *p, size_t left, bool busy);

/* For how many milliseconds none has. */
uint64_t progress_still_ms(const struct progress *p);

#endif
