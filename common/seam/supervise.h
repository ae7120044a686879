/*
 * Runs a command, and all that it starts, and answers the serial-port requests of its programs.
 * Each ioctl(2) that a pseudo-terminal refuses or gets wrong is stopped and told here. Implemented
 * in posix/linux/supervise*.c by seccomp user notification: no privilege, no change to the
 * programs, any C library or none. Where that is forbidden, a library is loaded into the programs.
 * Everything runs on the loop thread but for supervise_split.
 */
#ifndef COMMON_SEAM_SUPERVISE_H
#define COMMON_SEAM_SUPERVISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vport.h"

struct event_base;
struct supervisor;

enum { SUPERVISE_ERROR_MAX = 512 };

/* Exit statuses of our own, as env(1) and timeout(1) have them. */
enum {
    SUPERVISE_EXIT_FAILED = 125,
    SUPERVISE_EXIT_CANNOT_RUN = 126,
    SUPERVISE_EXIT_NOT_FOUND = 127,
};

/* A request of a supervised program. The program waits until it is answered. */
struct supervise_call {
    uint64_t id;
    int tid;               /* the thread that asks */
    int fd;                /* its descriptor */
    unsigned request;      /* of ioctl(2) */
    uint64_t argument;     /* an address in its memory, or a number */
    bool compat;           /* a 32-bit program on a 64-bit system: some structures are smaller */
    struct supervisor *by; /* who got it */
};

struct supervise_callbacks {
    /* One of the requests that the filter stops. It is answered now or later, once, by
     * supervise_answer or supervise_continue. */
    void (*called)(void *ctx, const struct supervise_call *call);
    /* The command itself has ended; `status` as a shell has it (128 and the signal's number). With
     * `left` something that it has started is still there, and served. */
    void (*exited)(void *ctx, int status, bool left);
    /* No supervised process is left; comes after `exited`. */
    void (*finished)(void *ctx);
};

/*
 * Divides the process in two, before there is a loop. The caller continues as the supervisor, in a
 * new process, and will be the parent of the command. The original process stays in front. It
 * passes on signals and ends with the status of supervise_report. If it is killed before, the
 * supervisor gets SIGTERM. Returns 0 in the supervisor; -errno, in the only process, when that is
 * refused.
 */
int supervise_split(void);

/* Ends the process in front with this status. The supervisor lives on. */
void supervise_report(int status);

/* The same at the very end of the supervisor; inside another net2pty, when that has come. */
void supervise_end(int status);

/* Whether programs can be supervised here, found out with a scratch process: 0, or -errno with the
 * layer that refuses in `error`. */
int supervise_test(char error[static SUPERVISE_ERROR_MAX]);

enum supervise_how {
    SUPERVISE_WAIT,    /* it is only waited for */
    SUPERVISE_FILTER,  /* its requests are told by `called` */
    SUPERVISE_PRELOAD, /* with the library that asks for them over the socket (client/preload) */
};

/* The environment variable by which programs find the socket of their net2pty. */
#define SUPERVISE_SOCKET "NET2PTY_SOCKET"

/* The one by which they find those beside links, where it is not set: a folder. In it .pts-N leads
 * to the socket of /dev/pts/N (client/tty_hook.c). */
#define SUPERVISE_LINKS "NET2PTY_LINKS"

#define SUPERVISE_PRELOAD_NAME "libnet2pty-preload.so"

enum { SUPERVISE_PATH_MAX = 4096 };

/* Finds that library: where the environment variable NET2PTY_PRELOAD says, else beside this program
 * or where it is installed. Returns 0, or -ENOENT with the last place looked at. */
int supervise_find_preload(char path[static SUPERVISE_PATH_MAX]);

/* Starts the command `argv`, found by PATH, with `socket` (or NULL) for SUPERVISE_SOCKET. Returns
 * NULL with the exit status in `*status` and what is wrong in `error`. */
struct supervisor *supervise_start(struct event_base *base, char *const argv[],
                                   enum supervise_how how, const char *socket,
                                   const struct supervise_callbacks *callbacks, void *ctx,
                                   int *status, char error[static SUPERVISE_ERROR_MAX]);

/* Accepts NULL. */
void supervise_free(struct supervisor *s);

/* Sends the command SIGTERM. Returns false if it has ended. */
bool supervise_stop(struct supervisor *s);

/* The file that the caller's descriptor is. Returns 0 or -errno. */
int supervise_identity(const struct supervise_call *call, struct vport_identity *identity);

/* Copies from the caller's memory. Returns 0 or -errno: -EFAULT for a bad address, -ESRCH when
 * the caller waits no more. */
int supervise_read(const struct supervise_call *call, uint64_t address, void *data, size_t len);

/* Copies to it. Returns as supervise_read does. */
int supervise_write(const struct supervise_call *call, uint64_t address, const void *data,
                    size_t len);

/* Lets the caller continue with `result`; a negative one is an errno. A caller that has gone
 * meanwhile is no error. */
void supervise_answer(struct supervisor *s, const struct supervise_call *call, int result);

/* Lets it continue with the kernel's answer to its request. */
void supervise_continue(struct supervisor *s, const struct supervise_call *call);

/* Whether the caller of a call that is answered later still waits. */
bool supervise_is_waiting(struct supervisor *s, const struct supervise_call *call);

/* The answer to such a call because a signal wants its program's attention. 0 for nothing, or the
 * negative number with which the kernel restarts or interrupts the call, as the program has
 * asked. */
int supervise_interruption(const struct supervise_call *call);

#endif
