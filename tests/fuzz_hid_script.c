/*
 * Fuzzes the language of a mouse's and a keyboard's events: any bytes, whole and in pieces, are the
 * same events and the same complaints, and each event leads to reports that end. The first byte
 * chooses the device.
 */
#include "hid_script.h"
#include "hid_state.h"

#include <stdlib.h>
#include <string.h>

struct run {
    struct hid_state state;
    uint64_t sum; /* of all that came */
    unsigned wrong;
};

static void add(struct run *r, const void *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        r->sum = (r->sum ^ ((const uint8_t *)data)[i]) * 0x100000001b3u;
}

static void on_event(void *ctx, const struct hid_event *e)
{
    struct run *r = ctx;
    struct hid_event rest = *e;
    uint8_t report[HID_REPORT_MAX];
    bool over = false, changed;

    if (e->kind > HID_TAP_END || e->chord.key > HID_KEYS_LAST || e->ms > HID_WAIT_MAX_MS)
        abort();
    for (int i = 0; !over; i++) {
        over = hid_state_apply(&r->state, &rest, &changed);
        add(r, report, hid_state_report(&r->state, false, report));
        hid_state_sent(&r->state);
        if (i > HID_DISTANCE_MAX / 127 + 1)
            abort();
    }
}

static void on_wrong(void *ctx, const char *line, const char *error)
{
    struct run *r = ctx;

    for (const char *p = line; *p; p++)
        if (*p < ' ' || *p > '~')
            abort();
    if (!*error || strlen(line) > 40)
        abort();
    r->wrong++;
}

static void take(struct run *r, enum hid_role role, const uint8_t *data, size_t len, size_t piece)
{
    struct hid_script s = {.role = role, .event = on_event, .wrong = on_wrong, .ctx = r};

    *r = (struct run){.state = {.role = role}};
    for (size_t at = 0; at < len; at += piece)
        hid_script_take(&s, data + at, len - at < piece ? len - at : piece);
    hid_script_end(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct run whole, pieces;

    if (len < 1)
        return 0;
    const enum hid_role role = data[0] & 1 ? HID_KEYBOARD : HID_MOUSE;
    data++;
    len--;
    take(&whole, role, data, len, len + 1);
    take(&pieces, role, data, len, 3);
    if (whole.sum != pieces.sum || whole.wrong != pieces.wrong)
        abort();
    return 0;
}
