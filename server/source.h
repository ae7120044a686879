/*
 * What com2net's command line says: which ports are published where, and how.
 */
#ifndef SERVER_SOURCE_H
#define SERVER_SOURCE_H

#include <stdbool.h>

#include "addr.h"
#include "cli.h"
#include "proto/line.h"

struct reset_recipe;

enum source_kind {
    SOURCE_SERIAL,
    SOURCE_LOOP,
    SOURCE_USB, /* the selector is what follows usb:, or usb:demo- of a built-in device */
};

/* How a port's listener takes a new connection. */
enum source_mode {
    SOURCE_MODE_AUTO,    /* tells RFC 2217, Telnet and raw TCP apart */
    SOURCE_MODE_RFC2217, /* Telnet with the COM-PORT option, nobody else */
    SOURCE_MODE_TELNET,  /* Telnet, with or without the option */
    SOURCE_MODE_RAW,     /* bytes */
};

/* A line that a user did not mention stays as the system opens it. */
enum source_level {
    SOURCE_LEVEL_KEEP,
    SOURCE_LEVEL_OFF,
    SOURCE_LEVEL_ON,
};

struct source {
    enum source_kind kind;
    const char *selector; /* as typed, without options */
    const char *name;     /* of ,name=, otherwise the selector: the port's name in the log */
    struct addr listen;
    int interface;             /* of ,if=, or -1 */
    struct line_settings line; /* what was given; what was not is as the port is found: */
    bool has_baud;
    bool has_format;
    bool has_flow;
    enum source_level dtr;
    enum source_level rts;
    enum source_mode mode;
    bool hold;           /* open from start to end */
    bool hotplug;        /* may be absent, and sessions outlive an unplug */
    bool takeover;       /* a new client replaces the one there is */
    bool observers;      /* further clients may read */
    bool no_hupcl;       /* DTR and RTS stay when the last client goes */
    bool no_touch_lines; /* no session's begin or end moves them; implies hold, no_hupcl */
    bool no_low_latency;
    bool paced;                       /* loop: bytes take their time */
    const struct reset_recipe *reset; /* of reset=, or NULL */
    bool joined;                      /* usb: it shares the listener of the source before it */
    const char *usb_file;             /* usb: what a built-in device's memory holds, or NULL */
    uint32_t usb_id;                  /* of demo-loop: VID << 16 | PID, or 0 */
    const char *usb_events;           /* of a built-in mouse or keyboard, or NULL */
    const char *usb_play;             /* likewise */
    bool usb_real;                    /* usb: not built in */
    bool usb_named;                   /* by name= */
    bool usb_read_only;
    bool usb_reset;         /* when a client has let go of it */
    bool usb_no_merge;      /* usb_merge.h */
    bool usb_kernel_checks; /* usb_checks.h */
    bool usb_real_times;    /* and it takes as long as a real one */
    bool usb_begins_in_dfu; /* not in run time */
    size_t usb_budget;      /* bytes that transfers of one client may hold */
    unsigned idle_s;        /* of an owner in silence, after which it is ended; 0 is for ever */
    unsigned line_delay_ms; /* of changes of DTR and RTS that carry the client's time */
};

/* The options behind commas, for --help. */
extern const struct cli_option source_options[];

/*
 * Reads pairs SOURCE [ADDRESS:]PORT. `args` must stay valid and is changed. Returns the number of
 * sources, at most `max`, or -EINVAL with the argument named in `error`.
 */
int source_parse_all(int argc, char **args, struct source *sources, int max,
                     char error[static CLI_ERROR_MAX]);

#endif
