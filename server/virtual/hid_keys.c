#include "hid_keys.h"

#include <string.h>

enum { SHIFT = 0x02, A = 0x04, ONE = 0x1e, F1 = 0x3a };

/* In the order of their usages, from 0x2d on; '\0' where a US keyboard has no such key. */
static const char plain[] = "-=[]\\\0;'`,./", shifted[] = "_+{}|\0:\"~<>?";
static const char digits[] = "1234567890", over_digits[] = "!@#$%^&*()";
enum { PLAIN_FIRST = 0x2d, PLAIN_COUNT = sizeof plain - 1 };

static const struct {
    const char *name;
    struct hid_chord chord;
} names[] = {
    {"ctrl", {0x01, 0}},       {"shift", {SHIFT, 0}},    {"alt", {0x04, 0}},
    {"gui", {0x08, 0}},        {"rctrl", {0x10, 0}},     {"rshift", {0x20, 0}},
    {"altgr", {0x40, 0}},      {"rgui", {0x80, 0}},      {"enter", {0, 0x28}},
    {"esc", {0, 0x29}},        {"backspace", {0, 0x2a}}, {"tab", {0, 0x2b}},
    {"space", {0, 0x2c}},      {"plus", {SHIFT, 0x2e}},  {"semicolon", {0, 0x33}},
    {"comma", {0, 0x36}},      {"capslock", {0, 0x39}},  {"printscreen", {0, 0x46}},
    {"scrolllock", {0, 0x47}}, {"pause", {0, 0x48}},     {"insert", {0, 0x49}},
    {"home", {0, 0x4a}},       {"pageup", {0, 0x4b}},    {"delete", {0, 0x4c}},
    {"end", {0, 0x4d}},        {"pagedown", {0, 0x4e}},  {"right", {0, 0x4f}},
    {"left", {0, 0x50}},       {"down", {0, 0x51}},      {"up", {0, 0x52}},
    {"numlock", {0, 0x53}},    {"menu", {0, 0x65}},
};

static bool find(const char *list, size_t count, char c, size_t *at)
{
    const char *found = c ? memchr(list, c, count) : NULL;

    *at = found ? (size_t)(found - list) : 0;
    return found != NULL;
}

static bool make(struct hid_chord *chord, bool shift, size_t key)
{
    *chord = (struct hid_chord){shift ? SHIFT : 0, (uint8_t)key};
    return true;
}

bool hid_keys_of_character(char c, struct hid_chord *chord)
{
    size_t at;

    if (c >= 'a' && c <= 'z')
        return make(chord, false, A + (size_t)(c - 'a'));
    if (c >= 'A' && c <= 'Z')
        return make(chord, true, A + (size_t)(c - 'A'));
    if (find(digits, 10, c, &at))
        return make(chord, false, ONE + at);
    if (find(over_digits, 10, c, &at))
        return make(chord, true, ONE + at);
    if (find(plain, PLAIN_COUNT, c, &at))
        return make(chord, false, PLAIN_FIRST + at);
    if (find(shifted, PLAIN_COUNT, c, &at))
        return make(chord, true, PLAIN_FIRST + at);
    if (c == ' ')
        return make(chord, false, 0x2c);
    if (c == '\t')
        return make(chord, false, 0x2b);
    return false;
}

/* f1 to f12. */
static bool find_function_key(const char *name, size_t len, struct hid_chord *chord)
{
    unsigned number = 0;

    if (len < 2 || len > 3 || name[0] != 'f' || name[1] == '0')
        return false;
    for (size_t i = 1; i < len; i++) {
        if (name[i] < '0' || name[i] > '9')
            return false;
        number = number * 10 + (unsigned)(name[i] - '0');
    }
    return number <= 12 && make(chord, false, F1 + number - 1);
}

static bool find_name(const char *name, size_t len, struct hid_chord *chord)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strlen(names[i].name) == len && memcmp(names[i].name, name, len) == 0) {
            *chord = names[i].chord;
            return true;
        }
    }
    if (len == 1 && name[0] != ' ' && name[0] != '\t')
        return hid_keys_of_character(name[0], chord);
    return find_function_key(name, len, chord);
}

bool hid_keys_of_name(const char *name, size_t len, struct hid_chord *chord)
{
    struct hid_chord part;

    *chord = (struct hid_chord){0};
    for (;;) {
        const char *plus = memchr(name, '+', len);
        size_t n = plus ? (size_t)(plus - name) : len;

        if (!find_name(name, n, &part) || (part.key && chord->key))
            return false;
        chord->modifiers |= part.modifiers;
        chord->key = part.key ? part.key : chord->key;
        if (!plus)
            return true;
        name += n + 1;
        len -= n + 1;
    }
}
