/*
 * The settings of a device, its modem lines and its break. While the device is absent they are kept
 * for its return. While it is busy (calls.h) what is asked for waits, and 0 is returned: what has
 * become of it line_control_note learns.
 */
#ifndef SERVER_SERIAL_LINE_CONTROL_H
#define SERVER_SERIAL_LINE_CONTROL_H

#include <stdbool.h>

#include "proto/line.h"

struct call;
struct node;
struct port_options;

struct line_control {
    const struct port_options *options;
    struct node *node;
    struct line_settings idle;    /* the administrator's: in force when a session begins */
    struct line_settings current; /* in force; while the device is busy as asked for last */
    unsigned outputs;             /* as last set */
    unsigned inputs;              /* as last told */
    bool broken;                  /* a break is sent */
};

/* Makes what controls the line of the node's device. Both others outlive it. */
void line_control_init(struct line_control *c, const struct port_options *options,
                       struct node *node);

/* Begins again, with a device that was found with these settings and modem lines, or with an absent
 * one. The device is not touched. */
void line_control_begin(struct line_control *c, const struct line_settings *found, unsigned lines);

/* A call has been made, late. */
void line_control_note(struct line_control *c, const struct call *call);

/* Sets a device that was opened to the kept settings. One that was opened `again` gets all of its
 * outputs back. */
void line_control_restore(struct line_control *c, bool again);

/* Puts back what an owner has changed: no break, outputs down as at a program's close, the idle
 * settings. */
void line_control_put_back(struct line_control *c);

/* Raises the outputs for a new owner, as an open does, or as the options say. */
void line_control_raise(struct line_control *c);

/* Applies settings; `current` is then what has become of them. Returns 0 or -errno. */
int line_control_configure(struct line_control *c, const struct line_settings *want);

/* The modem lines, outputs and inputs. */
unsigned line_control_lines(const struct line_control *c);

/* The modem lines as the next owner will have them. */
unsigned line_control_idle_lines(const struct line_control *c);

/* Sets the outputs of `mask` to `values`, in one step. Returns 0 or -errno. */
int line_control_set_outputs(struct line_control *c, unsigned mask, unsigned values);

/* Begins or ends a break. Returns 0 or -errno. */
int line_control_set_break(struct line_control *c, bool on);

#endif
