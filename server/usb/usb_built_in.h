/*
 * A built-in USB device as it was typed: its kind, and what options it is given.
 */
#ifndef SERVER_USB_USB_BUILT_IN_H
#define SERVER_USB_USB_BUILT_IN_H

#include <stdbool.h>
#include <stddef.h>

#include "usb_kind.h"

struct usb_built_in {
    const struct usb_kind *const *kinds;
    const struct usb_kind *kind;      /* NULL: there is none of this name */
    const char *selector;             /* what follows usb:demo- */
    void *options;                    /* of the kind, owned; NULL: it has none */
    const struct cli_option *strange; /* the first that only other kinds have, or NULL */
};

/* Finds the kind, of a list that ends with NULL, that `selector` names, which must stay valid.
 * Returns 0, also where there is none, or -ENOMEM, or -EINVAL: the path in it is wrong. `error`
 * says why. */
int usb_built_in_choose(struct usb_built_in *b, const struct usb_kind *const *kinds,
                        const char *selector, char error[static CLI_ERROR_MAX]);

/* Frees what it has; not itself. */
void usb_built_in_free(struct usb_built_in *b);

/* Takes note of an option that is not of this kind. Returns whether another kind has it. */
bool usb_built_in_is_strange(struct usb_built_in *b, const char *item);

/* Makes the device, the `number`-th at its address, as `name`. Returns NULL with the fault of the
 * typed text, or another reason, in `error`. */
struct usb_device *usb_built_in_make(const struct usb_built_in *b, struct event_base *base,
                                     const char *name, unsigned number,
                                     char error[static CLI_ERROR_MAX]);

/* Writes the forms of all kinds, for people: "loop, ftdi". */
void usb_built_in_forms(const struct usb_kind *const *kinds, char *text, size_t size);

#endif
