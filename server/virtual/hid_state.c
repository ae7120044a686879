#include "hid_state.h"

#include <string.h>

enum { STEP_MAX = 127 }; /* logical maximum of an axis */

/* Takes as much of a distance as one report can say. */
static int8_t take_step(int16_t *distance)
{
    int step = *distance > STEP_MAX ? STEP_MAX : *distance < -STEP_MAX ? -STEP_MAX : *distance;

    *distance = (int16_t)(*distance - step);
    return (int8_t)step;
}

static bool move(struct hid_state *s, struct hid_event *e)
{
    s->x = take_step(&e->x);
    s->y = take_step(&e->y);
    return e->x == 0 && e->y == 0;
}

static void hold(struct hid_state *s, struct hid_chord chord, bool on)
{
    if (on)
        s->modifiers |= chord.modifiers;
    else
        s->modifiers &= (uint8_t)~chord.modifiers;
    if (chord.key != 0)
        s->held[chord.key] = on;
}

static void release_all(struct hid_state *s)
{
    s->buttons = 0;
    s->modifiers = 0;
    memset(s->held, 0, sizeof s->held);
    s->tap = (struct hid_chord){0};
}

bool hid_state_apply(struct hid_state *s, struct hid_event *e, bool *changed)
{
    uint8_t before[HID_REPORT_MAX], after[HID_REPORT_MAX];
    bool over = true;

    size_t len = hid_state_report(s, false, before);
    switch (e->kind) {
    case HID_WAIT:
        break;
    case HID_RELEASE_ALL:
        release_all(s);
        break;
    case HID_MOVE:
        over = move(s, e);
        break;
    case HID_WHEEL:
        s->wheel = take_step(&e->y);
        over = e->y == 0;
        break;
    case HID_BUTTON_DOWN:
        s->buttons |= e->buttons;
        break;
    case HID_BUTTON_UP:
        s->buttons &= (uint8_t)~e->buttons;
        break;
    case HID_KEYS_DOWN:
    case HID_KEYS_UP:
        hold(s, e->chord, e->kind == HID_KEYS_DOWN);
        break;
    case HID_TAP:
        s->tap = e->chord;
        break;
    case HID_TAP_END:
        s->tap = (struct hid_chord){0};
        break;
    }
    hid_state_report(s, false, after);
    *changed = memcmp(before, after, len) != 0;
    return over;
}

static size_t report_keys(const struct hid_state *s, uint8_t *report)
{
    unsigned n = 0;

    report[0] = s->modifiers | s->tap.modifiers;
    for (unsigned key = 1; key <= HID_KEYS_LAST; key++) {
        if (!s->held[key] && s->tap.key != key)
            continue;
        if (n == HID_REPORT_KEYS) {
            memset(report + 2, HID_ERROR_ROLL_OVER, HID_REPORT_KEYS);
            break;
        }
        report[2 + n++] = (uint8_t)key;
    }
    return HID_KEYBOARD_REPORT;
}

size_t hid_state_report(const struct hid_state *s, bool boot, uint8_t report[static HID_REPORT_MAX])
{
    memset(report, 0, HID_REPORT_MAX);
    if (s->role == HID_KEYBOARD)
        return report_keys(s, report);
    report[0] = s->buttons;
    report[1] = (uint8_t)s->x;
    report[2] = (uint8_t)s->y;
    if (boot)
        return HID_MOUSE_BOOT_REPORT;
    report[3] = (uint8_t)s->wheel;
    return HID_MOUSE_REPORT;
}

void hid_state_sent(struct hid_state *s)
{
    s->x = s->y = s->wheel = 0;
}
