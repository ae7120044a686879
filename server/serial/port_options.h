/*
 * How a serial port is published: the options after the commas of its SOURCE.
 */
#ifndef SERVER_SERIAL_PORT_OPTIONS_H
#define SERVER_SERIAL_PORT_OPTIONS_H

#include <stdbool.h>

#include "cli.h"
#include "proto/line.h"

struct reset_recipe;

/* How a new client is taken. */
enum port_mode {
    PORT_MODE_AUTO,    /* tells RFC 2217, Telnet and raw TCP apart */
    PORT_MODE_RFC2217, /* Telnet with the COM-PORT option, nobody else */
    PORT_MODE_TELNET,  /* Telnet, with or without the option */
    PORT_MODE_RAW,     /* bytes */
};

/* A line that a user did not mention stays as the system opens it. */
enum port_level {
    PORT_LEVEL_KEEP,
    PORT_LEVEL_OFF,
    PORT_LEVEL_ON,
};

struct port_options {
    const char *selector;      /* as typed, without options */
    const char *name;          /* of ,name=, otherwise the selector: the port's name in the log */
    bool named;                /* by name= */
    bool loop;                 /* the built-in port, not one of the system's */
    int interface;             /* of ,if=, or -1 */
    struct line_settings line; /* settings that were given; the others stay as the port is found */
    bool has_baud;
    bool has_format;
    bool has_flow;
    enum port_level dtr;
    enum port_level rts;
    enum port_mode mode;
    bool hold;           /* open from start to end */
    bool hotplug;        /* may be absent, and sessions outlive an unplug */
    bool takeover;       /* a new client replaces the present one */
    bool observers;      /* further clients may read */
    bool no_hupcl;       /* DTR and RTS stay when the last client goes */
    bool no_touch_lines; /* no session's begin or end moves them; implies hold, no_hupcl */
    bool no_low_latency;
    bool paced;                       /* the built-in port: bytes take their time */
    const struct reset_recipe *reset; /* of reset=, or NULL */
    unsigned idle_s;                  /* of an owner in silence, then it is ended; 0 is for ever */
    unsigned line_delay_ms;           /* of changes of DTR and RTS that carry the client's time */
};

/* The options after commas, for --help. */
extern const struct cli_option port_options_table[];

/* Reads the text that was typed for a port: its `selector`, and `commas`, the text after the first
 * one, or NULL. Both stay the caller's, must stay valid, and `commas` is changed. Returns 0, or
 * -EINVAL with the reason in `error`. */
int port_options_parse(const char *selector, char *commas, struct port_options *options,
                       char error[static CLI_ERROR_MAX]);

/* The settings that a session begins with: those of the options, over what the device has. */
struct line_settings port_options_line(const struct port_options *o,
                                       const struct line_settings *found);

/* The same for DTR and RTS. */
unsigned port_options_outputs(const struct port_options *o, unsigned found);

/* Whether two name the same device, as far as their words tell. */
bool port_options_are_same(const struct port_options *a, const struct port_options *b);

#endif
