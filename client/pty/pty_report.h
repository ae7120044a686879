/*
 * The state of a link, as people ask for it: one struct, and its text. Pure.
 */
#ifndef CLIENT_PTY_PTY_REPORT_H
#define CLIENT_PTY_PTY_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/line.h"

enum { PTY_REPORT_MAX = 2048 };

/* Texts belong to the caller that fills it in, and are as long as names, addresses and reasons
 * are. */
struct pty_report {
    const char *link, *device, *server;
    const char *state;     /* one word */
    const char *trouble;   /* why there is no session, or no device, or "" */
    bool is_connected;     /* there is a session */
    bool raw;              /* the server speaks raw TCP, else RFC 2217 */
    const char *signature; /* the server's, or "" */
    struct line_settings line;
    unsigned lines; /* as enum line_modem */
    bool is_open;   /* by a program */
    uint64_t received, sent;
    size_t waiting_for_programs, waiting_for_server; /* bytes */
    uint64_t dropped, lost;                          /* bytes */
    unsigned connections;
};

/* Writes lines of text. */
void pty_report_text(const struct pty_report *r, char text[static PTY_REPORT_MAX]);

#endif
