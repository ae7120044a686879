#include "hid_script.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The rest of a line. */
struct words {
    const char *at;
    size_t len;
};

static const char *const buttons[] = {"left", "right", "middle"};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static void skip_blanks(struct words *w)
{
    while (w->len > 0 && is_blank(*w->at)) {
        w->at++;
        w->len--;
    }
}

/* Takes the next word; an empty one at the end. */
static struct words next_word(struct words *w)
{
    skip_blanks(w);
    struct words word = {w->at, 0};
    while (w->len > 0 && !is_blank(*w->at)) {
        w->at++;
        w->len--;
        word.len++;
    }
    return word;
}

static bool is_word(struct words word, const char *text)
{
    return strlen(text) == word.len && memcmp(word.at, text, word.len) == 0;
}

static bool is_at_end(struct words *w)
{
    skip_blanks(w);
    return w->len == 0;
}

static bool read_number(struct words word, int min, int max, int *value)
{
    bool negative = word.len > 0 && word.at[0] == '-';
    size_t i = negative || (word.len > 0 && word.at[0] == '+');
    int n = 0;

    if (i == word.len)
        return false;
    for (; i < word.len; i++) {
        if (word.at[i] < '0' || word.at[i] > '9')
            return false;
        n = n * 10 + (word.at[i] - '0');
        if (n > HID_WAIT_MAX_MS)
            return false;
    }
    *value = negative ? -n : n;
    return *value >= min && *value <= max;
}

/* --- statements ------------------------------------------------------------------------------
 * They return the number of events, 0 for a statement that is wrong.
 */

static int read_wait(struct words *w, const struct hid_event *like, struct hid_event *e)
{
    int ms;

    *e = *like;
    if (!read_number(next_word(w), 0, HID_WAIT_MAX_MS, &ms))
        return 0;
    e->ms = (uint16_t)ms;
    return 1;
}

static int read_move(struct words *w, const struct hid_event *like, struct hid_event *e)
{
    int x, y;

    *e = *like;
    if (!read_number(next_word(w), -HID_DISTANCE_MAX, HID_DISTANCE_MAX, &x) ||
        !read_number(next_word(w), -HID_DISTANCE_MAX, HID_DISTANCE_MAX, &y))
        return 0;
    e->x = (int16_t)x;
    e->y = (int16_t)y;
    return 1;
}

static int read_wheel(struct words *w, const struct hid_event *like, struct hid_event *e)
{
    int n;

    *e = *like;
    if (!read_number(next_word(w), -HID_DISTANCE_MAX, HID_DISTANCE_MAX, &n))
        return 0;
    e->y = (int16_t)n;
    return 1;
}

static int read_button(struct words *w, const struct hid_event *like, struct hid_event *e)
{
    const struct words word = next_word(w);

    *e = *like;
    if (like->kind == HID_BUTTON_UP && is_word(word, "all")) {
        e->kind = HID_RELEASE_ALL;
        return 1;
    }
    for (unsigned i = 0; i < sizeof buttons / sizeof *buttons; i++) {
        if (is_word(word, buttons[i])) {
            e->buttons = (uint8_t)(1u << i);
            return 1;
        }
    }
    return 0;
}

static int read_click(struct words *w, const struct hid_event *like, struct hid_event *e)
{
    if (read_button(w, like, e) == 0)
        return 0;
    e[1] = e[0];
    e[1].kind = HID_BUTTON_UP;
    return 2;
}

static int read_keys(struct words *w, const struct hid_event *like, struct hid_event *e)
{
    const struct words word = next_word(w);

    *e = *like;
    if (like->kind == HID_KEYS_UP && is_word(word, "all")) {
        e->kind = HID_RELEASE_ALL;
        return 1;
    }
    return hid_keys_of_name(word.at, word.len, &e->chord);
}

static int read_tap(struct words *w, const struct hid_event *like, struct hid_event *e)
{
    if (read_keys(w, like, e) == 0)
        return 0;
    e[1] = e[0];
    e[1].kind = HID_TAP_END;
    return 2;
}

/* The blank after `type` has not been taken. */
static int read_text(struct words *w, const struct hid_event *like, struct hid_event *e)
{
    int n = 0;

    if (w->len < 2)
        return 0;
    for (size_t i = 1; i < w->len; i++, n += 2) {
        e[n] = *like;
        if (!hid_keys_of_character(w->at[i], &e[n].chord))
            return 0;
        e[n + 1] = e[n];
        e[n + 1].kind = HID_TAP_END;
    }
    w->len = 0;
    return n;
}

enum { OF_MOUSE = 1 << HID_MOUSE, OF_KEYBOARD = 1 << HID_KEYBOARD };

static const struct statement {
    const char *verb;
    unsigned roles;
    struct hid_event like;
    int (*read)(struct words *w, const struct hid_event *like, struct hid_event *e);
    const char *right; /* what is */
} statements[] = {
    {"wait",
     OF_MOUSE | OF_KEYBOARD,
     {.kind = HID_WAIT},
     read_wait,
     "wait MS, from 0 to 60000 milliseconds"},
    {"move",
     OF_MOUSE,
     {.kind = HID_MOVE},
     read_move,
     "move DX DY, two numbers from -32767 to 32767"},
    {"wheel", OF_MOUSE, {.kind = HID_WHEEL}, read_wheel, "wheel N, a number from -32767 to 32767"},
    {"press", OF_MOUSE, {.kind = HID_BUTTON_DOWN}, read_button, "press left, right or middle"},
    {"release",
     OF_MOUSE,
     {.kind = HID_BUTTON_UP},
     read_button,
     "release left, right, middle or all"},
    {"click", OF_MOUSE, {.kind = HID_BUTTON_DOWN}, read_click, "click left, right or middle"},
    {"type",
     OF_KEYBOARD,
     {.kind = HID_TAP},
     read_text,
     "type TEXT, of characters that a US keyboard has"},
    {"key",
     OF_KEYBOARD,
     {.kind = HID_TAP},
     read_tap,
     "key KEYS, such as key enter, key a or key ctrl+alt+delete"},
    {"press",
     OF_KEYBOARD,
     {.kind = HID_KEYS_DOWN},
     read_keys,
     "press KEYS, such as press shift or press ctrl+c"},
    {"release",
     OF_KEYBOARD,
     {.kind = HID_KEYS_UP},
     read_keys,
     "release KEYS, such as release shift, or release all"},
};

static const char *const verbs[] = {
    [HID_MOUSE] = "a mouse has move, wheel, press, release, click and wait",
    [HID_KEYBOARD] = "a keyboard has type, key, press, release and wait",
};

int hid_script_line(enum hid_role role, const char *line, size_t len,
                    struct hid_event events[static HID_EVENTS_MAX],
                    char error[static HID_SCRIPT_ERROR_MAX])
{
    struct words w = {line, len};
    const struct words verb = next_word(&w);

    if (verb.len == 0 || verb.at[0] == '#')
        return 0;
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
        const struct statement *s = &statements[i];

        if (!(s->roles & 1u << role) || !is_word(verb, s->verb))
            continue;
        int n = s->read(&w, &s->like, events);
        if (n > 0 && is_at_end(&w))
            return n;
        snprintf(error, HID_SCRIPT_ERROR_MAX, "it is %s", s->right);
        return -EINVAL;
    }
    snprintf(error, HID_SCRIPT_ERROR_MAX, "%s", verbs[role]);
    return -EINVAL;
}

/* --- lines ------------------------------------------------------------------------------------
 */

/* For the log: no bytes that could be more than text. */
static void make_printable(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || (unsigned char)*text >= 0x7f)
            *text = '?';
}

void hid_script_end(struct hid_script *s)
{
    struct hid_event events[HID_EVENTS_MAX];
    char error[HID_SCRIPT_ERROR_MAX];
    size_t len = s->len;
    int n = 0;

    if (len > 0 && s->line[len - 1] == '\r')
        len--;
    if (s->too_long) {
        snprintf(error, sizeof error, "a line has %d bytes at most", HID_LINE_MAX);
        n = -EINVAL;
    } else {
        n = hid_script_line(s->role, s->line, len, events, error);
    }
    s->len = 0;
    s->too_long = false;
    if (n < 0) {
        s->line[len < 40 ? len : 40] = '\0';
        make_printable(s->line);
        s->wrong(s->ctx, s->line, error);
    }
    for (int i = 0; i < n; i++)
        s->event(s->ctx, &events[i]);
}

void hid_script_take(struct hid_script *s, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (data[i] == '\n')
            hid_script_end(s);
        else if (s->len < HID_LINE_MAX)
            s->line[s->len++] = (char)data[i];
        else
            s->too_long = true;
    }
}
