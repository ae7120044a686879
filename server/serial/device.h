/*
 * The device of a published port. It is opened for its first client, settled for each next one, and
 * left when the bytes of the last one are out. It is lost and found again. Its settings, lines and
 * bytes are here; its clients are port.h's business.
 *
 * While the device is away, settings and lines are kept for its return. Everything runs on the loop
 * thread.
 */
#ifndef SERVER_SERIAL_DEVICE_H
#define SERVER_SERIAL_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli.h"
#include "proto/line.h"
#include "serial_ports.h"

struct device;
struct event_base;
struct port_options;
struct serial_info;

enum device_state {
    DEVICE_CLOSED,
    DEVICE_OPEN,
    DEVICE_LINGERING, /* the last client is gone, and its bytes are going out */
    DEVICE_LOST,      /* looked for */
};

/* All run on the loop thread. */
struct device_callbacks {
    /* Bytes of the device, valid during the call; len > 0. */
    void (*data)(void *ctx, const uint8_t *data, size_t len);
    /* It has taken bytes that waited for it. */
    void (*took)(void *ctx);
    /* Few bytes wait for it, or it has come back: paused clients may continue. */
    void (*ready)(void *ctx);
    /* Modem inputs, a set of LINE_INPUTS. `edges` as in serial.h. */
    void (*lines)(void *ctx, unsigned inputs, unsigned edges);
    /* Line errors, a set of LINE_STATE_*. */
    void (*errors)(void *ctx, unsigned state);
    /* It is unplugged. */
    void (*gone)(void *ctx);
    /* Its state or its flow control is another one: device_read is to be called again. */
    void (*changed)(void *ctx);
    /* What device_prepare has begun is done, well or not: it is to be called again. */
    void (*prepared)(void *ctx);
    /* It is not busy any more. */
    void (*free)(void *ctx);
};

/* Makes the device that the options name; they outlive it. It is not opened, but what can be known
 * to go wrong is found out. Returns NULL with the reason in `error`. */
struct device *device_new(struct event_base *base, const struct port_options *options,
                          const struct device_callbacks *callbacks, void *ctx,
                          char error[static CLI_ERROR_MAX]);

/* Closes it, with its state put back. Accepts NULL. */
void device_free(struct device *d);

/* --- who has it ------------------------------------------------------------------------------- */

/* Opens it at the start, as the option hold wants it. Returns 0, or -errno with the reason in
 * `error` when it has to be there. */
int device_hold(struct device *d, char error[static CLI_ERROR_MAX]);

/* Before device_take: begins what has to be done for a device that is closed, and may take long, or
 * waits for one that is busy. Returns whether that is under way; then `prepared` follows. */
bool device_prepare(struct device *d);

/* Waits for it no longer: device_take does without. */
void device_give_up(struct device *d);

/* After device_prepare, and device_take for all who have waited: later it may be another port. */
void device_forget(struct device *d);

/* Readies it for a new owner. Returns NULL, or what the client is refused with: "absent",
 * "failed", "busy". */
const char *device_take(struct device *d);

/* Names the owner, for the log, until device_leave. */
void device_set_owner(struct device *d, const char *peer);

/* The owner is gone. Its bytes go out under its settings first, where `others` stay. */
void device_leave(struct device *d, bool others);

/* After device_leave with others: the next owner takes over, and bytes of the one before that the
 * device did not take are dropped. */
void device_take_over(struct device *d);

/* The last client is gone: it closes once all bytes are out, unless it is held. */
void device_unused(struct device *d);

/* --- bytes ------------------------------------------------------------------------------------ */

/* Takes bytes for the device: all of them, into a bounded queue in front of the driver. Bytes for a
 * device that is unplugged wait for it. Returns 0 or -ENOMEM. */
int device_write(struct device *d, const uint8_t *data, size_t len);

/* Whether enough waits: the client is to be paused until `ready`. */
bool device_is_full(const struct device *d);

/* The same for a client that is read ahead, for commands after bytes that the device does not
 * take. */
bool device_is_full_ahead(const struct device *d);

/* Bytes that the device has not got yet, ours and the driver's. */
size_t device_untransmitted(struct device *d);

/* Bytes that were written and are not among these: its growth is the progress. */
uint64_t device_taken(struct device *d);

/* Bytes that were written, in all. */
uint64_t device_written(const struct device *d);

/* Whether its bytes are wanted. While it lingers they are read and dropped: it may wait for that.
 */
void device_read(struct device *d, bool on);

/* Whether it waits, and does not continue sending, while it is not read. */
bool device_can_be_held(const struct device *d);

/* Whether somebody wants to hear of line errors. */
void device_watch_errors(struct device *d, bool on);

int device_purge(struct device *d, bool rx, bool tx);

/* --- settings and lines ----------------------------------------------------------------------- */

/* Whether it is busy with calls that its driver takes long for. What is called meanwhile waits, and
 * 0 is returned. Whatever is asked is answered from what is known. */
bool device_is_busy(const struct device *d);

/* What the calls have led to that it was busy with: 0 or -errno. */
int device_late_error(const struct device *d);

/* Those in force; device_configure reports in `got` the settings that the wanted ones led to. */
const struct line_settings *device_line(const struct device *d);
int device_configure(struct device *d, const struct line_settings *want, struct line_settings *got);
unsigned device_lines(const struct device *d);
int device_set_outputs(struct device *d, unsigned mask, unsigned values);
bool device_break(const struct device *d);
int device_set_break(struct device *d, bool on);

/* --- for the log ------------------------------------------------------------------------------ */

const char *device_name(const struct device *d);
enum device_state device_state(const struct device *d);

/* Why it was not opened the last time, for people. */
const char *device_trouble(const struct device *d);

/* The system's facts about the device that was opened last, or seen at the start. The built-in port
 * has none. */
const struct serial_info *device_info(struct device *d);

/* The path by which the system knows the device, or "" for one that is built in or not found. */
void device_path(const struct device *d, char path[static SERIAL_PATH_MAX]);

/* The owner's name, or NULL. */
const char *device_owner(const struct device *d);

/* For how many seconds the owner has had it. */
uint32_t device_owned_s(const struct device *d);

/* Whether it is there: open, not only looked for. */
bool device_is_there(const struct device *d);

#endif
