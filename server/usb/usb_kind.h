/*
 * A kind of built-in USB devices: what the command line and an export know of it. Each kind brings
 * its options, their help and their checks; where the kinds are is for the caller to say.
 */
#ifndef SERVER_USB_USB_KIND_H
#define SERVER_USB_USB_KIND_H

#include <stdbool.h>
#include <stddef.h>

#include "cli.h"

struct event_base;
struct usb_device;

/* What a device is made of. Texts and options stay valid as long as the device is there. */
struct usb_making {
    struct event_base *base;
    const char *variant; /* what follows a colon in its selector, or NULL */
    const void *options; /* of its kind, or NULL where the kind has none */
    const char *name;    /* in the log */
    unsigned number;     /* of the device at its address, from 1: it is in the busid */
};

struct usb_kind {
    const char *name;                 /* what follows usb:demo- */
    const char *forms;                /* what may follow it, for people: "disk:IMAGE" */
    bool has_variants;                /* a colon may follow */
    const struct cli_option *options; /* its own, or NULL; `take` gets `options_size` bytes */
    size_t options_size;              /* of a struct that is zero where nothing is given */
    /* Returns NULL with what is wrong in `error`, which says "out of memory" before. */
    struct usb_device *(*make)(const struct usb_making *m, char error[static CLI_ERROR_MAX]);
};

/* What was typed for a built-in device. */
struct usb_built_in {
    const struct usb_kind *const *kinds;
    const struct usb_kind *kind;      /* NULL: there is none of this name */
    const char *selector;             /* what follows usb:demo- */
    void *options;                    /* of the kind, owned; NULL: it has none */
    const struct cli_option *strange; /* the first that only other kinds have, or NULL */
};

/* Finds the kind that `selector` names, which must stay valid. Returns 0, also where there is none,
 * or -ENOMEM. */
int usb_built_in_choose(struct usb_built_in *b, const struct usb_kind *const *kinds,
                        const char *selector);
void usb_built_in_free(struct usb_built_in *b);

/* Takes note of an option that is not of this kind. Returns whether another kind has it. */
bool usb_built_in_is_strange(struct usb_built_in *b, const char *item);

/* Makes the device, the `number`-th at its address, as `name`. Returns NULL with what is wrong with
 * what was typed, or else, in `error`. */
struct usb_device *usb_built_in_make(const struct usb_built_in *b, struct event_base *base,
                                     const char *name, unsigned number,
                                     char error[static CLI_ERROR_MAX]);

/* Writes the forms of all kinds, for people. */
void usb_kind_forms(const struct usb_kind *const *kinds, char *text, size_t size);

#endif
