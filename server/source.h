/*
 * The content of com2net's command line: which ports and devices are published where, and how.
 */
#ifndef SERVER_SOURCE_H
#define SERVER_SOURCE_H

#include <stdbool.h>

#include "addr.h"
#include "cli.h"
#include "port_options.h"
#include "usb_options.h"

struct source {
    struct addr listen;
    bool is_usb;
    struct port_options port; /* of a serial port */
    struct usb_options usb; /* of a USB device; those with one address are a list, by their order */
};

/* Whether a source is the first of those that share its address. */
bool source_is_first(const struct source *sources, int place);

/*
 * Reads pairs SOURCE [ADDRESS:]PORT. `args` must stay valid and is changed. Returns the number of
 * sources, at most `max`, which are to be freed, or -EINVAL with the argument named in `error`.
 */
int source_parse_all(int argc, char **args, struct source *sources, int max,
                     char error[static CLI_ERROR_MAX]);

/* Frees what was read of them; not `sources` itself. */
void source_free_all(struct source *sources, int count);

#endif
