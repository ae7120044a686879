/*
 * The port that programs open here: their actions, and the messages to the server about them.
 * Everything runs on the loop thread.
 */
#ifndef CLIENT_PTY_PTY_PORT_H
#define CLIENT_PTY_PTY_PORT_H

#include <stdbool.h>

#include "vport.h"

struct event_base;
struct far_port;
struct pty_connection;
struct pty_input;

/* Part of a session, which fills in all but the last three members. */
struct pty_port {
    const char *name; /* of the link */
    struct far_port *far;
    struct pty_connection *connection;
    struct pty_input *input;
    bool raw;                   /* the server speaks raw TCP: it is told nothing */
    bool no_touch_lines;        /* opening and closing leave DTR and RTS alone */
    void (*changed)(void *ctx); /* whether more is to be read from it is to be asked again */
    void *ctx;
    struct vport *vport;
    bool used;    /* a program has had it open */
    bool hung_up; /* a program has set speed 0: the next one raises the lines again */
};

/* Makes the port, with the settings that the far one begins with. `stale`: see vport.h. Returns 0,
 * or -errno with the reason in `error`. */
int pty_port_begin(struct pty_port *p, struct event_base *base, bool stale,
                   const struct vport_options *options, char error[static VPORT_ERROR_MAX]);

/* The server takes commands from now on: is told the settings and the lines, or asked how they are.
 * `has_settings`: the user has said some, so that the server's own do not matter. */
void pty_port_introduce(struct pty_port *p, bool has_settings);

/* Gets the settings of the server's port, which programs then find. The format in `options` takes
 * precedence. So do settings that a program has made meanwhile, which the port is about to
 * report. */
void pty_port_adopt_settings(struct pty_port *p, const struct vport_options *options);

/* Hangs up the programs that have it open: the link has a new port. */
void pty_port_hang_up(struct pty_port *p);

#endif
