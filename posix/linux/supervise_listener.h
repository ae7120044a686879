/*
 * The listener: the descriptor by which the kernel tells of requests that the filter has stopped.
 * COMMAND's process gets it and hands it to the supervisor.
 */
#ifndef POSIX_LINUX_SUPERVISE_LISTENER_H
#define POSIX_LINUX_SUPERVISE_LISTENER_H

#include <stdbool.h>
#include <stdint.h>

#include "supervise.h"

/* Installs the filter in this process, and sends the listener over `socket`, or in its place an
 * errno. Where that fails the process ends. */
void supervise_listener_install(int socket);

/* Receives a listener. Returns it, or the -errno that came in its place. */
int supervise_listener_receive(int socket);

/* Takes one request. Returns 0 or -errno: -ENOENT if its caller has gone. */
int supervise_listener_take(int listener, struct supervise_call *call);

/* Lets the caller continue; `flags` are the kernel's. A caller that has gone is no error. */
void supervise_listener_answer(int listener, uint64_t id, int result, unsigned flags);

/* Whether the caller still waits. */
bool supervise_listener_has(int listener, uint64_t id);

#endif
