/*
 * The device under a port's name: found, recognised, opened and closed. It may be absent. The
 * built-in port is always there.
 */
#ifndef SERVER_SERIAL_NODE_H
#define SERVER_SERIAL_NODE_H

#include <stdbool.h>

#include "calls.h"
#include "search.h"
#include "serial.h"
#include "serial_io.h"
#include "serial_ports.h"

struct event_base;
struct port_options;
struct serial_identity;
struct worker;

enum node_opening {
    NODE_IS_NOT_OPENED,
    NODE_IS_BEING_OPENED, /* by the worker */
    NODE_IS_BEING_CLOSED, /* likewise: nobody wants it */
    NODE_IS_OPENED,       /* or could not be: see `opening` */
};

/* All run on the loop thread. */
struct node_callbacks {
    /* What node_prepare has begun is done, well or not: it is to be called again. */
    void (*prepared)(void *ctx);
    /* A port may have come, among which it is to be searched for. Begins and frees nothing. */
    void (*arrived)(void *ctx);
    /* As those of calls.h. */
    void (*made)(void *ctx, const struct call *call);
    void (*free)(void *ctx);
};

struct node {
    struct event_base *base;
    const struct port_options *options;
    const struct serial_callbacks *callbacks; /* of the open device */
    const struct node_callbacks *prepares;
    void *ctx;
    bool is_searched;     /* its path has to be found, */
    struct search search; /* by this */
    enum node_opening state;
    struct serial_opening opening; /* the worker's result */
    struct worker *opener;         /* once there was something for it */
    bool awaits;                   /* the loop waits for the worker, a moment */
    bool given_up;                 /* what is under way is waited for no longer */
    struct serial *serial;         /* while it is open, else NULL */
    struct calls calls;            /* of its driver; may be busy a little longer than it is open */
    struct serial_identity *identity; /* of the device opened last, or seen at the start */
    bool reading;                     /* what is open is read */
    bool strict;                      /* only the same device may be opened, not another one */
    bool told_other;                  /* the log has been told that another device is there */
    char path[SERIAL_PATH_MAX];       /* of the device opened last, or seen at the start */
    struct serial_info info;          /* of the same, once somebody has asked */
    bool has_info;
    char trouble[SERIAL_ERROR_MAX]; /* why it is not open, for people; or empty */
};

/* Makes a node that is not open. An opened device calls `callbacks` with `ctx`, and the node
 * `prepares`. The options outlive the node. */
void node_init(struct node *n, struct event_base *base, const struct port_options *options,
               const struct serial_callbacks *callbacks, const struct node_callbacks *prepares,
               void *ctx);

/* Closes it and frees what it knows. */
void node_free(struct node *n);

/* Finds out what can be known to go wrong before the first open, before the loop runs. Returns 0,
 * or -errno with the reason in `error`. */
int node_check(struct node *n, char error[static SERIAL_ERROR_MAX]);

/* Lets the next open take whichever device has the name. */
void node_accept_any(struct node *n);

/* Does, before node_open, what may take long: the search for its path, and the opening where that
 * may be slow. So is an end of calls that take long. Returns whether it is under way; then
 * `prepared` follows. `again` as for node_open. */
bool node_prepare(struct node *n, bool again);

bool node_is_being_prepared(const struct node *n);

/* Whether it can be opened without a search. */
bool node_has_path(const struct node *n);

/* Waits for that no longer: node_open fails, until node_forget. */
void node_give_up(struct node *n);

/* Forgets what was prepared and not used: later it may be another port. */
void node_forget(struct node *n);

/* Opens it, from what was prepared. Where nothing was it takes as long as it takes, which is for
 * the time before the loop runs. `found` is its settings then, and `lines` its modem lines. `again`
 * is for a device that was lost: that another one has its name is told to the log, once. Returns 0,
 * or -errno with the reason in `error`. */
int node_open(struct node *n, bool again, struct line_settings *found, unsigned *lines,
              char error[static SERIAL_ERROR_MAX]);

/* The open device, of which the loop may ask something now; NULL where there is none, or it is
 * busy.
 */
struct serial *node_ask(const struct node *n);

/* Whether calls of the driver take long. */
bool node_is_busy(const struct node *n);

/* Calls the driver of what is open, as calls_make. */
bool node_call(struct node *n, struct call *call);

/* Reads what is open, or pauses. It does not read until told to. */
void node_read(struct node *n, bool on);

/* The system's facts about the device that was opened last, or seen at the start. It is asked once:
 * this is for clients. */
const struct serial_info *node_info(struct node *n);

/* The path by which the system knows the device: of the open one, else of the one that would be
 * opened now. It is "" for one that is built in or not found. */
void node_path(const struct node *n, char path[static SERIAL_PATH_MAX]);

/* Closes it. Does nothing when it is not open. It may be busy afterwards, and so not be opened
 * again at once. */
void node_close(struct node *n);

/* Closes one that was unplugged. Until node_accept_any only the same device is opened again. */
void node_lose(struct node *n);

#endif
