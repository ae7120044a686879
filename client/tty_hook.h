/*
 * `net2pty hook`: a hook of the kind startContainer (OCI runtime specification, config.md, "POSIX-
 * platform Hooks"). Engines run it in the container, as its user, before its program; see
 * tty_cdi.h. It starts a net2pty for a LINK, and ends when the link is there.
 */
#ifndef CLIENT_TTY_HOOK_H
#define CLIENT_TTY_HOOK_H

/* The folder of the links, and of the sockets beside them, which a container has for itself. */
#define TTY_HOOK_FOLDER "/run/com2net"

/* Of a NAME, for the address of the socket beside its link. */
enum { TTY_HOOK_NAME_MAX = 64 };

/* Makes the link `name`, with options after commas, to `server`. With `wait_ms` (or CLI_FOREVER; 0:
 * not at all) it waits until the server's device can be used. Returns an exit status, after an
 * error that has been printed: then the container does not start. A link that is there for the same
 * server is taken as it is. */
int tty_hook_run(char *name, const char *server, int wait_ms);

#endif
