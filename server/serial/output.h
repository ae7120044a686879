/*
 * The bytes for a device: straight to its driver, and in a bounded queue what the driver does not
 * take.
 *
 * When an owner goes, the queue can be divided: its bytes go out, and what is written after them
 * waits. An owner that connects and disconnects meanwhile leaves a second share of the queue.
 */
#ifndef SERVER_SERIAL_OUTPUT_H
#define SERVER_SERIAL_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/buf.h"

struct call;
struct node;

struct output {
    struct node *node;
    struct buf queue;
    uint64_t written; /* bytes, in all */
    size_t left;      /* what the driver has, at most, */
    uint64_t told_ms; /* which it has said then, late */
    bool divided;     /* only the first share goes out */
    size_t before;    /* the first share, of the queue's start: of an owner that has gone */
    size_t behind;    /* the second share, after that: of another owner that has gone */
};

/* Makes an empty output to the node's open device. The node outlives it. */
void output_init(struct output *o, struct node *node);

/* Frees what it has; not itself. */
void output_free(struct output *o);

/* Takes all of the bytes. Returns 0 or -ENOMEM. */
int output_write(struct output *o, const uint8_t *data, size_t len);

/* Hands what is queued and may go out to the driver, which is open and may be busy. Returns how
 * many bytes that took, or -errno when the device has gone. */
int output_send(struct output *o);

/* Whether so much waits, besides a first share, that the client is to pause. */
bool output_is_full(const struct output *o);

/* Whether so much waits that a client who is read ahead for commands is to pause. */
bool output_is_full_ahead(const struct output *o);

/* Whether so little is queued that a paused client may continue. */
bool output_is_low(const struct output *o);

/* A call has been made, late. */
void output_note(struct output *o, const struct call *call);

/* Bytes that are on their way, ours and the driver's; not 0 while the queue is divided, or the
 * device is busy. Bytes that wait for an absent device are not on their way. */
size_t output_untransmitted(struct output *o);

/* Bytes that were written and are not on their way any more. */
uint64_t output_taken(struct output *o);

/* Drops all that is queued. A divided queue stays so. */
void output_drop(struct output *o);

/* Drops what the driver has received (rx), all that is queued and what the driver has not sent
 * (tx). Returns 0 or -errno. */
int output_purge(struct output *o, bool rx, bool tx);

/* Divides the queue. The first share is the second one of before, or all that is queued. */
void output_divide(struct output *o);

/* The bytes that are queued after the first share become the second one. */
void output_leave_share(struct output *o);

/* Bytes of the first share, and those that the driver has not sent yet. */
size_t output_first_share(struct output *o);

/* Drops the first share, ours and the driver's. */
void output_drop_first_share(struct output *o);

/* Ends the division. The rest of the first share is dropped, and the second one, too, where the
 * device is absent. Otherwise the second one waits for output_divide. Returns how many bytes were
 * dropped. */
size_t output_join(struct output *o);

#endif
