/*
 * The built-in USB devices, by name: `usb:demo-NAME` on the command line.
 */
#ifndef SERVER_VIRTUAL_DEMO_H
#define SERVER_VIRTUAL_DEMO_H

#include <stdbool.h>

#include "usb_device.h"

struct event_base;

enum { DEMO_ERROR_MAX = 512 };

/* What there is, for people: "loop, ftdi". */
extern const char demo_names[];

/* Not every device has each of them. Texts must stay valid. */
struct demo_options {
    const char *file;   /* what a memory holds, or NULL */
    const char *events; /* where a mouse or keyboard reads what happens to it, or NULL */
    const char *play;   /* what happens to it for each importer, or NULL */
    uint32_t id;        /* VID << 16 | PID of a loop, or 0: its own */
    bool read_only;
    bool real_times; /* it takes as long as the real one's */
    bool begins_in_dfu;
};

/* Makes the device that `selector` names ("loop", "loop:full", "disk:IMAGE"), listed as the
 * `number`-th of its kind on bus 250. `selector` and `name` must stay valid. Returns NULL with what
 * is wrong in `error`. */
struct usb_device *demo_new(struct event_base *base, const char *selector,
                            const struct demo_options *options, const char *name, unsigned number,
                            char error[static DEMO_ERROR_MAX]);

#endif
