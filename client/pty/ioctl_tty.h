/*
 * The answers of a serial port to ioctl(2), for programs that have a pseudo-terminal in its place:
 * the meaning of each request. It sees a request, its argument and the caller's memory, and a port
 * that does what is asked (struct ioctl_port). Sources: ioctl_tty(2), Linux's tty_ioctl.c and
 * serial_core.c.
 */
#ifndef CLIENT_PTY_IOCTL_TTY_H
#define CLIENT_PTY_IOCTL_TTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Counters of a port, as TIOCGICOUNT has them. */
struct ioctl_counts {
    unsigned cts, dsr, rng, dcd;
    unsigned rx, tx;
    unsigned frame, overrun, parity, brk, buf_overrun;
};

/* The port that the requests are for. Settings of lines and break return before the far end has
 * them. */
struct ioctl_port {
    /* Carries out one of the termios family on the kernel's structure; 0 or -errno. */
    int (*termios)(void *ctx, unsigned request, void *data);
    size_t (*termios_size)(unsigned request);
    /* Modem lines, as enum line_modem. */
    unsigned (*lines)(void *ctx);
    void (*set_lines)(void *ctx, unsigned mask, unsigned values);
    void (*set_break)(void *ctx, bool on);
    void (*counts)(void *ctx, struct ioctl_counts *counts);
    /* Bytes that programs wrote and the far end has not confirmed. */
    size_t (*unsent)(void *ctx);
    /* Asks to be told when all that was written so far is on the wire; later, whether it is. */
    unsigned (*begin_drain)(void *ctx);
    bool (*is_drained)(void *ctx, unsigned ticket);
};

/* The caller's memory: 0, or -EFAULT and the like. */
struct ioctl_memory {
    int (*read)(void *ctx, uint64_t address, void *data, size_t len);
    int (*write)(void *ctx, uint64_t address, const void *data, size_t len);
    void *ctx;
};

struct ioctl_tty {
    const struct ioctl_port *port;
    void *ctx; /* of the port's functions */
    int flags; /* of struct serial_struct, as programs set them */
    int custom_divisor;
};

struct ioctl_call {
    unsigned request;
    uint64_t argument;
    bool compat; /* of a 32-bit program on a 64-bit system */
};

enum ioctl_verdict {
    IOCTL_ANSWER,   /* with `result` */
    IOCTL_CONTINUE, /* it is the kernel's */
    IOCTL_WAIT,     /* until ioctl_tty_is_over says so */
};

/* The event that a call waits for. */
struct ioctl_wait {
    enum { IOCTL_WAIT_LINES, IOCTL_WAIT_BREAK, IOCTL_WAIT_DRAIN } kind;
    unsigned lines;             /* LINES: which (TIOCM_*) */
    struct ioctl_counts counts; /* LINES: as they were */
    uint64_t until_ms;          /* BREAK */
    unsigned ticket;            /* DRAIN */
};

/* The effect of a request on bytes that were written before it and are not out yet. */
enum ioctl_order {
    IOCTL_ORDER_NONE,   /* nothing: it only asks */
    IOCTL_ORDER_BEHIND, /* after them, for us; a serial port does not wait for them */
    IOCTL_ORDER_DRAIN,  /* after them on any port */
};

enum ioctl_order ioctl_tty_order(unsigned request);

/* Carries a call out. On IOCTL_ANSWER `*result` is what ioctl(2) returns, an errno as a negative
 * number; on IOCTL_WAIT `*wait` is filled in. `now_ms` is a clock that goes forward. */
enum ioctl_verdict ioctl_tty_call(struct ioctl_tty *t, const struct ioctl_call *call,
                                  const struct ioctl_memory *memory, uint64_t now_ms, int *result,
                                  struct ioctl_wait *wait);

/* Whether a wait is over; the call is then answered with `*result`. */
bool ioctl_tty_is_over(struct ioctl_tty *t, const struct ioctl_wait *wait, uint64_t now_ms,
                       int *result);

/* The caller has gone, or a signal wants it: a break that it began ends. */
void ioctl_tty_abandon(struct ioctl_tty *t, const struct ioctl_wait *wait);

#endif
