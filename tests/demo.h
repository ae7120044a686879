/*
 * Built-in USB devices as com2net makes them of what is typed: "mouse,play=press left", without
 * "usb:demo-" in front. What they are made of stays until the program ends.
 */
#ifndef TESTS_DEMO_H
#define TESTS_DEMO_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "usb_device.h"
#include "usb_options.h"
#include "virtual_kinds.h"

static struct demo {
    struct demo *next;
    struct usb_options options;
    char text[CLI_ERROR_MAX];
} * demos;

/* Returns NULL with what is wrong in `error`. */
static inline struct usb_device *demo_new(struct event_base *base, const char *typed,
                                          unsigned number, char error[static CLI_ERROR_MAX])
{
    struct demo *d = calloc(1, sizeof *d);

    if (!d)
        abort();
    d->next = demos;
    demos = d;
    snprintf(d->text, sizeof d->text, "usb:demo-%s", typed);
    char *commas = strchr(d->text, ',');
    if (commas)
        *commas++ = '\0';
    if (usb_options_parse(d->text, commas, virtual_kinds, &d->options, error) < 0)
        return NULL;
    return usb_built_in_make(&d->options.built_in, base, d->options.name, number, error);
}

#endif
