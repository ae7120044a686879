/*
 * A port that programs open, under a stable name: bytes that they write and read, the settings they
 * make, whether anybody has it open. Implemented in posix/linux/vport.c (a PTY and a link to it)
 * and, for tests, in tests/fakes/.
 *
 * A PTY can never tell of modem lines, break, drain, parity or fewer than 8 data bits. So the
 * settings reported here have the parity and size of vport_options.
 */
#ifndef COMMON_SEAM_VPORT_H
#define COMMON_SEAM_VPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/line.h"

struct event_base;
struct vport;

/* All run on the loop thread. */
struct vport_callbacks {
    /* The first program has opened it, the last one has closed it. */
    void (*opened)(void *ctx);
    void (*closed)(void *ctx);
    /* Bytes that programs wrote, valid during the call; len > 0. Settings that were made before
     * have been reported. */
    void (*received)(void *ctx, const uint8_t *data, size_t len);
    /* Programs have changed the settings. Speed 0 asks to hang up. */
    void (*settings)(void *ctx, const struct line_settings *line);
    /* Programs have flushed what they had not read (rx) or what was not sent yet (tx). */
    void (*flushed)(void *ctx, bool rx, bool tx);
    /* It takes bytes again after vport_write did not take all. */
    void (*writable)(void *ctx);
};

/* Tells one file from all others of the system. */
struct vport_identity {
    uint64_t device;
    uint64_t inode;
    uint64_t special; /* the device that it is */
};

struct vport_options {
    const char *owner; /* name or number of the link's and the port's user, or NULL */
    const char *group; /* the same */
    int mode;          /* permissions of the port, or -1 */
    bool replace;      /* the link may replace one that leads nowhere, whoever made it */
    bool has_format;   /* parity and size come from `format`, not from those that a PTY shows */
    struct line_settings format;
};

enum { VPORT_ERROR_MAX = 512 };

/*
 * Makes a port with the settings `line`, raw, and publishes it as `link`, usable at once. It never
 * replaces something else, with two exceptions. One is what the options allow. The other is a link
 * left over from a net2pty that was killed; `stale` tells that it is there (local_socket.h finds
 * out). If somebody removes the link later it is made again, and that is logged. It is also logged
 * if something else is there. Returns NULL with the reason and the remedy in `error`.
 */
struct vport *vport_new(struct event_base *base, const char *link, bool stale,
                        const struct vport_options *options, const struct line_settings *line,
                        const struct vport_callbacks *callbacks, void *ctx,
                        char error[static VPORT_ERROR_MAX]);

/* Takes the link away, if it is still ours, and the port with it. Programs that have it open get an
 * end of file. Accepts NULL. */
void vport_free(struct vport *v);

/* Takes the link away, if it is still ours. Programs that have the port open keep it until
 * vport_free, which may take some milliseconds. */
void vport_withdraw(struct vport *v);

/* Hangs up the programs that have it open, and gives the same link a new port. Returns 0 or
 * -errno. */
int vport_hang_up(struct vport *v, char error[static VPORT_ERROR_MAX]);

/* Reads what programs write, or pauses. A new port is paused. `closed` comes after everything that
 * was written. While paused, the bytes that a program had written at its last close are kept for 30
 * s, then dropped. A serial driver keeps them as long. */
void vport_read(struct vport *v, bool on);

/* Hands bytes to the programs. Returns how many it took, from 0 to len; bytes for nobody (it is not
 * open) are dropped, and count as taken. */
size_t vport_write(struct vport *v, const uint8_t *data, size_t len);

/* Makes settings, as if a program had, without reporting them. Returns false, and does nothing, if
 * a program has made some that are still to be reported: these are kept. */
bool vport_set_line(struct vport *v, const struct line_settings *line);

/* The loop hears of an open in its next turn. This looks now at a port that is not open yet, and
 * calls `opened` if it is. */
void vport_look(struct vport *v);

/* The settings as last reported or made. */
const struct line_settings *vport_line(const struct vport *v);

/* Whether programs let DTR and RTS fall at the last close (HUPCL). */
bool vport_hupcl(const struct vport *v);

bool vport_is_open(const struct vport *v);

/* The port, as supervise_identity sees it through a program's descriptor. */
void vport_identity(const struct vport *v, struct vport_identity *identity);

/* The same for the file at the path `link`, whoever made it. Returns 0 or -errno. */
int vport_find(const char *link, struct vport_identity *identity);

/*
 * For a program that is stopped in a request (supervise.h). It takes all that was written before
 * the request, with the callbacks that belong to it. It notices that the port is open. Returns
 * false if something written stays because the port is paused.
 */
bool vport_take(struct vport *v);

/* Bytes that programs have written and that are not taken yet. */
size_t vport_untaken(const struct vport *v);

/* Whether nothing is to be expected of programs that have closed the port: their bytes are taken
 * and their end has been told. One that still has it open does not count. */
bool vport_is_settled(const struct vport *v);

/*
 * Carries out a request of the termios family (TCGETS, TCSETS and their variants) for such a
 * program, on the kernel's structure in `data`. A PTY forgets parity and size. They are kept here
 * and reported with the settings from then on. Returns 0 or -errno; -ENOTTY for other requests.
 */
int vport_termios(struct vport *v, unsigned request, void *data);

/* Size of the structure that a request of that family is about; 0 for other requests. */
size_t vport_termios_size(unsigned request);

/* Name of the port itself, to which the link leads. */
const char *vport_device(const struct vport *v);

#endif
