/*
 * `net2pty cdi`: a CDI file by which container engines give serial ports to any image. A device
 * brings this program, a folder for its links, and a hook (tty_hook.h) that starts it in the
 * container. No hook runs outside of the container: those are root's.
 */
#ifndef CLIENT_TTY_CDI_H
#define CLIENT_TTY_CDI_H

#include "cli.h"

struct tty_cdi_options {
    const char *output, *prefix; /* NULL: not given */
    const char *wait;            /* of the hook, as given; NULL: it waits for nothing */
};

/* The verb; `a` has words [NAME=]HOST:PORT[,OPTION]... Returns an exit status. */
int tty_cdi_run(const struct tty_cdi_options *o, const struct cli_arguments *a);

#endif
