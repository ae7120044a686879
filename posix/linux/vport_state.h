/*
 * What a port is made of: for vport.c and vport_termios.c. Nobody else includes this.
 */
#ifndef POSIX_LINUX_VPORT_STATE_H
#define POSIX_LINUX_VPORT_STATE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "line_termios.h"
#include "vport.h"

struct event;
struct event_base;

/* Control flags that a PTY clears, or that mean nothing without those. */
#define VPORT_DESTROYED ((unsigned)(CSIZE | PARENB | PARODD | CMSPAR))

struct vport {
    struct event_base *base;
    struct vport_options options;
    const struct vport_callbacks *callbacks;
    void *ctx;
    int master;
    int inotify;
    uid_t uid; /* of the link and the slave, or -1 */
    gid_t gid;
    bool open;
    bool reading;
    struct line_settings line;
    struct termios2 seen; /* what `line` was read from */
    bool has_asked;       /* a supervised program has made settings: */
    unsigned asked;       /* the flags of `destroyed` as it did */
    struct vport_identity identity;
    struct event *readable;
    struct event *writable;
    struct event *noticed;
    struct event *tick;
    struct event *closing_wait;
    struct event *link_check;
    int link_watch;          /* of inotify; -1: none */
    bool link_lost;          /* it is not as it should be, which the log knows */
    uint64_t link_logged_ms; /* when the first of these was: */
    unsigned link_lines;     /* lines of the log about it */
    char device[64];
    char link[PATH_MAX];
};

/* Takes the settings `t` for those of the port; reports them if they differ from what is known,
 * which is what it returns. */
bool vport_see_settings(struct vport *v, const struct termios2 *t, bool report);

#endif
