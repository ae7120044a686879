/*
 * The input of a client, in order: bytes for the device, and commands among them.
 *
 * A command that changes the line waits until the bytes before it are on the wire. Until then the
 * rest of the client's input is held, and its connection not read. A timer of the time left on the
 * wire checks whether they are out. The wait ends, too, after two seconds without any progress.
 * Commands that directly follow one that has waited in vain do not wait again. Settings of DTR and
 * RTS that directly follow each other collect in a group and are applied as one change. Those of
 * net2pty come as one message with its time, and wait in the same way until playout.h says that
 * they are due. Input after a reset waits until that is over. So does input after a command that
 * the driver takes long for (calls.h), and its answer. The meaning of commands is in commands.h.
 */
#ifndef SERVER_SERIAL_ORDER_H
#define SERVER_SERIAL_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ahead.h"
#include "playout.h"
#include "progress.h"
#include "proto/buf.h"
#include "proto/rfc2217.h"
#include "timer.h"

struct client;
struct news;

/* The event that the client's input waits for. */
enum order_wait {
    ORDER_GOES_ON,
    ORDER_DUE,   /* `waiting` is to be carried out at due_us */
    ORDER_DRAIN, /* and then once the bytes before it are out */
    ORDER_RESET, /* a reset is running */
    ORDER_FREE,  /* the device is busy with what came before; then `next` continues */
};

struct order {
    struct client *client;
    struct news *news;
    enum order_wait wait;
    struct rfc2217_message waiting;
    void (*next)(struct order *o, const struct rfc2217_message *m); /* with `waiting`, or NULL */
    uint64_t due_us;
    struct playout playout;
    struct progress drain;
    size_t stuck_left; /* that a command has waited for in vain, and nothing was written since */
    struct timer timer;
    struct timer break_end; /* of IAC BRK */
    struct buf held;        /* the client's input after the part that waits */
    struct ahead ahead;
};

void order_make(struct order *o, struct client *client, struct news *news);

/* Says in the log what is dropped, and stops. */
void order_stop(struct order *o);

/* Frees what it has; not itself. */
void order_free(struct order *o);

/* Takes input of a client whose speech is decided. Input after something that waits is held. */
void order_take(struct order *o, const uint8_t *data, size_t len);

/* The same for input that came before that was decided, without continuing with it. Returns 0 or
 * -ENOMEM. */
int order_hold(struct order *o, const uint8_t *data, size_t len);

/* Continues with the held input. */
void order_go_on(struct order *o);

/* Reads the client, or pauses it. */
void order_update_reading(struct order *o);

/* The device has taken bytes. */
void order_device_took(struct order *o);

/* Few bytes wait for the device. */
void order_device_ready(struct order *o);

/* The device is not busy any more. */
void order_device_free(struct order *o);

/* The client can hear again. */
void order_drained(struct order *o);

/* --- what a Telnet client's bytes turn out to be ---------------------------------------------- */

void order_data(struct order *o, const uint8_t *data, size_t len);
void order_message(struct order *o, const struct rfc2217_message *m);
void order_malformed(struct order *o, const struct rfc2217_message *m);

/* A Telnet command: AYT is answered, BRK (RFC 854) is a break, in order as those of RFC 2217. */
void order_telnet_command(struct order *o, uint8_t command);

#endif
