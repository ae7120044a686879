/*
 * One link of net2pty: a port that programs open here, joined to a serial port that a server
 * publishes.
 */
#ifndef CLIENT_PTY_PTY_SESSION_H
#define CLIENT_PTY_PTY_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "proto/unreached.h"
#include "pty_report.h"
#include "vport.h"

struct control_visit;
struct event_base;
struct pty_ioctl;
struct pty_session;
struct stream;

enum { PTY_SESSION_TROUBLE_MAX = UNREACHED_TEXT_MAX };

struct pty_session_options {
    const char *link;
    struct addr server;
    struct vport_options port;
    uint32_t baud;       /* to begin with; 0: that of the server's port */
    bool raw;            /* the server speaks raw TCP: bytes only */
    bool counts;         /* breaks and line errors are of interest */
    bool hangup;         /* hang up who has the link open when the connection is lost */
    bool no_touch_lines; /* opening and closing the link leave DTR and RTS alone */
};

struct pty_session_callbacks {
    /* The first session with the server works. */
    void (*connected)(void *ctx);
    /* Optional: another process wants to make requests on the link (control.h). */
    struct control_visit *(*visit)(void *ctx, struct pty_session *s, struct stream *stream);
};

/* Publishes the link and begins to connect. The options must outlive the session. Returns NULL with
 * the reason in `error`. */
struct pty_session *pty_session_new(struct event_base *base,
                                    const struct pty_session_options *options,
                                    const struct pty_session_callbacks *callbacks, void *ctx,
                                    char error[static VPORT_ERROR_MAX]);

/* Takes the link away at once, so that it can be made again, and ends the connections of other
 * processes; pty_session_free has to follow. Accepts NULL. */
void pty_session_withdraw(struct pty_session *s);

/* Ends the connection and takes the link away. Accepts NULL. */
void pty_session_free(struct pty_session *s);

/* Whether the session with the server works, or waits for another connection. */
bool pty_session_is_connected(const struct pty_session *s);

/* Whether the device is there, too, as far as the server tells. */
bool pty_session_has_device(const struct pty_session *s);

/* Why not, in words; empty where there is no trouble. */
void pty_session_trouble(const struct pty_session *s, char text[static PTY_SESSION_TROUBLE_MAX]);

/* Its server, as "host:port". */
const char *pty_session_server(const struct pty_session *s);

/* --- for programs whose requests are answered by us (calls.h) ----------------------------------
 */

struct vport *pty_session_port(struct pty_session *s);
struct pty_ioctl *pty_session_ioctl(struct pty_session *s);

/* Whether a program has ever had the link open. */
bool pty_session_was_used(const struct pty_session *s);

/* Calls `changed` when something that a request may wait for has happened. */
void pty_session_watch(struct pty_session *s, void (*changed)(void *ctx), void *ctx);

/* Writes the state as lines of text. */
void pty_session_report(const struct pty_session *s, char text[static PTY_REPORT_MAX]);

#endif
