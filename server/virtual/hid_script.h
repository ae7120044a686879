/*
 * The actions of a mouse or a keyboard, as text, a statement on each line:
 *
 *   mouse      move DX DY | wheel N | press BUTTON | release BUTTON | release all | click BUTTON
 *   keyboard   type TEXT | key KEYS | press KEYS | release KEYS | release all
 *   both       wait MS | # a comment | an empty line
 *
 * BUTTON is left, right or middle. KEYS is a key, after modifiers: ctrl+alt+delete, see hid_keys.c;
 * `key` presses and releases them. TEXT is the rest of the line, unchanged, for the US layout. DX
 * and N are to the right and up (away from the user), DY is down, as a mouse has them. Pure.
 */
#ifndef SERVER_VIRTUAL_HID_SCRIPT_H
#define SERVER_VIRTUAL_HID_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hid_keys.h"

enum hid_role { HID_MOUSE, HID_KEYBOARD };

enum {
    HID_LINE_MAX = 1024,               /* bytes, without the newline */
    HID_EVENTS_MAX = 2 * HID_LINE_MAX, /* of one line */
    HID_DISTANCE_MAX = 32767,          /* of `move` and `wheel` */
    HID_WAIT_MAX_MS = 60000,
    HID_SCRIPT_ERROR_MAX = 256,
};

enum hid_event_kind {
    HID_WAIT,
    HID_RELEASE_ALL,
    HID_MOVE,
    HID_WHEEL,
    HID_BUTTON_DOWN,
    HID_BUTTON_UP,
    HID_KEYS_DOWN,
    HID_KEYS_UP,
    HID_TAP,     /* keys go down, over those that are held */
    HID_TAP_END, /* and up */
};

struct hid_event {
    uint8_t kind;    /* enum hid_event_kind */
    uint8_t buttons; /* a bit each: left 1, right 2, middle 4 */
    struct hid_chord chord;
    int16_t x, y; /* MOVE; WHEEL: y */
    uint16_t ms;  /* WAIT */
};

/* Reads one line, without its end, of `len` bytes, HID_LINE_MAX at most. Returns the number of
 * events, or -EINVAL with the right form in `error`. */
int hid_script_line(enum hid_role role, const char *line, size_t len,
                    struct hid_event events[static HID_EVENTS_MAX],
                    char error[static HID_SCRIPT_ERROR_MAX]);

/* Bytes that come in any pieces, cut into lines. Zero at birth but for the first four. */
struct hid_script {
    enum hid_role role;
    void (*event)(void *ctx, const struct hid_event *e);
    void (*wrong)(void *ctx, const char *line, const char *error); /* a line that is left out */
    void *ctx;
    bool too_long; /* until the line ends */
    size_t len;
    char line[HID_LINE_MAX + 1];
};

void hid_script_take(struct hid_script *s, const uint8_t *data, size_t len);

/* Nothing follows: a last line needs no newline. */
void hid_script_end(struct hid_script *s);

#endif
