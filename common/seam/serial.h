/*
 * A serial port, open: its bytes in and out of the loop, its settings, lines, break and errors.
 * Two kinds live in one process, the operating system's (serial_io.h) and the built-in loopback
 * (server/serial/loop_port.h); each fills in a table of functions. Everything here is called, and
 * calls back, on the loop thread.
 *
 * Of a port that `blocks`, serial_configure, _set_outputs, _lines, _set_break, _purge,
 * _untransmitted and _close take as long as its driver does. These may be called on another thread,
 * one at a time. The loop thread waits for that meanwhile, or holds the port: then it calls nothing
 * else but serial_read.
 */
#ifndef COMMON_SEAM_SERIAL_H
#define COMMON_SEAM_SERIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/line.h"

struct event_base;
struct serial;

struct serial_callbacks {
    /* Bytes from the device, valid during the call; len > 0. */
    void (*received)(void *ctx, const uint8_t *data, size_t len);
    /* The port takes bytes again after serial_write did not take all. */
    void (*writable)(void *ctx);
    /* Modem inputs: `inputs` is their state now, `edges` are those that changed since the last
     * call. A line that went there and back in between counts as changed (RI: its trailing edge
     * only). */
    void (*lines)(void *ctx, unsigned inputs, unsigned edges);
    /* Line errors since the last call: LINE_STATE_OVERRUN, _PARITY, _FRAMING, _BREAK. Only while
     * serial_watch_errors asks for them. */
    void (*errors)(void *ctx, unsigned state);
    /* The device has gone (unplugged, hung up); `error` is a negative errno. Nothing else is
     * called any more; the owner calls serial_stop. */
    void (*gone)(void *ctx, int error);
};

struct serial_options {
    bool low_latency; /* ask the driver to hand bytes on at once */
    bool hupcl;       /* DTR and RTS go down at the last close */
};

enum { SERIAL_ERROR_MAX = 512 };

/* The functions that a kind of port implements; those below document the promise of each member. */
struct serial_ops {
    void (*stop)(struct serial *s);
    void (*close)(struct serial *s);
    void (*hold)(struct serial *s, bool on);
    void (*read)(struct serial *s, bool on);
    int (*write)(struct serial *s, const uint8_t *data, size_t len);
    int (*configure)(struct serial *s, const struct line_settings *want, struct line_settings *got);
    int (*set_outputs)(struct serial *s, unsigned mask, unsigned values);
    unsigned (*lines)(struct serial *s);
    int (*set_break)(struct serial *s, bool on);
    int (*purge)(struct serial *s, bool rx, bool tx);
    size_t (*untransmitted)(struct serial *s);
    void (*watch_errors)(struct serial *s, bool on);
};

/* The part that every kind begins with. */
struct serial {
    const struct serial_ops *ops;
    const struct serial_callbacks *callbacks;
    void *ctx;
    bool blocks; /* see above */
};

/* Takes the port out of the loop: no callback follows. All that may be called then is
 * serial_close. */
void serial_stop(struct serial *s);

/* Closes a port that was stopped: a break ends, settings return to those before the open, lines
 * follow hupcl. Bytes that the device has not got yet are lost: wait for serial_untransmitted to be
 * 0 before. The memory goes when running callbacks have returned. */
void serial_close(struct serial *s);

/* Leaves the driver alone, or no longer: while it is held nothing is read, and no callback runs.
 * Whoever waits for `writable` writes again afterwards. */
void serial_hold(struct serial *s, bool on);

/* Reads or pauses. A port does not read until told to. */
void serial_read(struct serial *s, bool on);

/* Hands bytes to the driver. Returns how many it took, from 0 to len; after less than all
 * `writable` is called once it takes more. Returns -errno when the device is gone, which `gone`
 * tells from the loop then. */
int serial_write(struct serial *s, const uint8_t *data, size_t len);

/*
 * Applies settings as one change and reports in `got` the settings in force afterwards. The speed
 * is the one asked where the real one is within 2.5 % of it. Modem outputs do not move (but for
 * hardware flow control, whose RTS is the driver's). Returns 0, or -errno when the driver refuses;
 * then `got` is what was in force before.
 */
int serial_configure(struct serial *s, const struct line_settings *want, struct line_settings *got);

/* Sets the outputs of `mask` (LINE_DTR, LINE_RTS) to `values`, in one step. A port without modem
 * lines, such as a PTY, remembers them. Returns 0 or -errno. */
int serial_set_outputs(struct serial *s, unsigned mask, unsigned values);

/* All modem lines as they are now, outputs and inputs. */
unsigned serial_lines(struct serial *s);

/* Begins or ends a break. Returns 0 or -errno. */
int serial_set_break(struct serial *s, bool on);

/* Drops what the driver has received (rx) or not sent yet (tx). Returns 0 or -errno. */
int serial_purge(struct serial *s, bool rx, bool tx);

/* Bytes that the driver has taken and not put on the wire yet, as far as it knows. It is never less
 * than 1 while the transmitter reports that it is busy. */
size_t serial_untransmitted(struct serial *s);

/* Whether `errors` is wanted. */
void serial_watch_errors(struct serial *s, bool on);

#endif
