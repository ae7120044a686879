/*
 * The present state of a mouse or a keyboard, and the report that carries it: HID 1.11, appendices
 * B and F. Pure.
 */
#ifndef SERVER_VIRTUAL_HID_STATE_H
#define SERVER_VIRTUAL_HID_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hid_script.h"

enum {
    HID_REPORT_MAX = 8,
    HID_REPORT_KEYS = 6,       /* at once, of a boot keyboard */
    HID_ERROR_ROLL_OVER = 1,   /* in place of each of them, when more are down (C.3) */
    HID_KEYBOARD_REPORT = 8,   /* modifiers, 0, keys; boot and report protocol alike */
    HID_MOUSE_REPORT = 4,      /* buttons, x, y, wheel */
    HID_MOUSE_BOOT_REPORT = 3, /* without the wheel */
};

/* Zero at birth. */
struct hid_state {
    enum hid_role role;
    uint8_t buttons;
    int8_t x, y, wheel; /* since the last report */
    uint8_t modifiers;
    bool held[HID_KEYS_LAST + 1]; /* by usage */
    struct hid_chord tap;         /* over these */
};

/* Carries out an event, or the part of it that one report can say; `e` is what is left then.
 * Returns whether it is over; `changed` says whether there is something to report. WAIT is not for
 * here. */
bool hid_state_apply(struct hid_state *s, struct hid_event *e, bool *changed);

/* Writes the report. Returns its length. */
size_t hid_state_report(const struct hid_state *s, bool boot,
                        uint8_t report[static HID_REPORT_MAX]);

/* The report has been sent: its relative movements are done. */
void hid_state_sent(struct hid_state *s);

#endif
