/*
 * com2net as a service of the operating system: `com2net service VERB [-- ARGUMENT...]`.
 * Implemented in win32/service.c for Windows's service manager; in posix/service.c, where a unit of
 * systemd does it, nothing but the words that say so.
 */
#ifndef COMMON_SEAM_SERVICE_H
#define COMMON_SEAM_SERVICE_H

#include <stddef.h>

struct service_program {
    /* Whether arguments, argv[1] and up, would be right: 0, or an exit status after an error, which
     * has been printed. May change them. */
    int (*check)(int argc, char **argv);
    /* Does the work with them until requests_watch says stop; returns the exit status. */
    int (*run)(int argc, char **argv);
};

/* Carries out the arguments after the word "service": argv[0] is the verb. Prints what came of it.
 * Returns an exit status. */
int service_main(int argc, char **argv, const struct service_program *program);

/* Whether a path on the service's command line would be that file for the service, too, which runs
 * in a folder of the system's, as another user. Returns 0, or -EINVAL with what to do in `why`. */
int service_check_path(const char *path, char *why, size_t size);

/* From `run`: the work has begun. Does nothing in a process that is no service. */
void service_ready(void);

#endif
