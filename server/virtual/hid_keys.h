/*
 * Keys of a keyboard with the US layout. Source: HID Usage Tables 1.12, chapter 10 (keyboard page).
 * Pure.
 */
#ifndef SERVER_VIRTUAL_HID_KEYS_H
#define SERVER_VIRTUAL_HID_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HID_KEYS_LAST = 0x65 }; /* the largest usage that there is here */

/* A key, 0 for none, with modifiers as the first byte of a boot report has them (HID 1.11, B.1). */
struct hid_chord {
    uint8_t modifiers;
    uint8_t key;
};

/* The key that types a character. Returns false if the layout has none. */
bool hid_keys_of_character(char c, struct hid_chord *chord);

/* The meaning of "ctrl+alt+delete": modifiers and at most one key, by names or, as a single
 * character, by the character that it types. Returns false where that is none. */
bool hid_keys_of_name(const char *name, size_t len, struct hid_chord *chord);

#endif
