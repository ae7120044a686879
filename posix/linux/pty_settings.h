/*
 * The settings of a pseudo-terminal, as programs mean them: those it shows, and those it destroys.
 */
#ifndef POSIX_LINUX_PTY_SETTINGS_H
#define POSIX_LINUX_PTY_SETTINGS_H

#include <stdbool.h>

#include "line_termios.h"
#include "pty.h"
#include "vport.h"

/* The first two members are its owner's to fill in. */
struct pty_settings {
    const struct vport_options *options;
    struct line_settings line; /* as programs, or we, have made them last */
    struct termios2 seen;      /* what `line` was read from */
    bool has_asked;            /* a stopped program has made settings */
    unsigned asked;            /* its control flags, as far as a PTY destroys them */
};

/* Gives a new PTY the settings `line`, raw, so that nothing is echoed before a program has made its
 * own. Returns 0 or -errno. */
int pty_settings_begin(struct pty_settings *s, const struct pty *p);

/* Looks whether a program has changed them. Returns whether `line` is another one now. */
bool pty_settings_look(struct pty_settings *s, const struct pty *p);

/* Whether a program has parity checked, and the PTY does not show which: it clears PARENB alone
 * (pty_set_termios in drivers/tty/pty.c), so that even parity leaves no other trace. */
bool pty_settings_hide_parity(const struct pty_settings *s);

/* Makes settings. Returns false, and does nothing, if a program has made some since the last
 * look. */
bool pty_settings_set(struct pty_settings *s, const struct pty *p,
                      const struct line_settings *line);

/* Carries out a request of the termios family for a program that is stopped in it. `changed` says
 * whether `line` is another one now. Returns 0 or -errno; -ENOTTY for other requests. */
int pty_settings_carry_out(struct pty_settings *s, const struct pty *p, unsigned request,
                           void *data, bool *changed);

/* Whether DTR and RTS fall at the last close. */
bool pty_settings_hupcl(const struct pty_settings *s);

#endif
