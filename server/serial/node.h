/*
 * The device under a port's name: found, recognised, opened and closed. It may be absent. The
 * built-in port is always there.
 */
#ifndef SERVER_SERIAL_NODE_H
#define SERVER_SERIAL_NODE_H

#include <stdbool.h>

#include "search.h"
#include "serial.h"
#include "serial_ports.h"

struct event_base;
struct port_options;
struct serial_identity;

struct node {
    struct event_base *base;
    const struct port_options *options;
    const struct serial_callbacks *callbacks; /* of the open device */
    void *ctx;
    bool is_searched;                 /* its path has to be found, */
    struct search search;             /* by this */
    struct serial *serial;            /* while it is open, else NULL */
    struct serial_identity *identity; /* of the device opened last, or seen at the start */
    bool reading;                     /* what is open is read */
    bool strict;                      /* only the same device may be opened, not another one */
    bool told_other;                  /* the log has been told that another device is there */
    char path[SERIAL_PATH_MAX];       /* of the device opened last, or seen at the start */
    struct serial_info info;          /* of the same, once somebody has asked */
    bool has_info;
    char trouble[SERIAL_ERROR_MAX]; /* why it is not open, for people; or empty */
};

/* Makes a node that is not open. An opened device calls `callbacks` with `ctx`, and a search
 * `searching`. The options outlive the node. */
void node_init(struct node *n, struct event_base *base, const struct port_options *options,
               const struct serial_callbacks *callbacks, const struct search_callbacks *searching,
               void *ctx);

/* Closes it and frees what it knows. */
void node_free(struct node *n);

/* Finds out what can be known to go wrong before the first open, before the loop runs. Returns 0,
 * or -errno with the reason in `error`. */
int node_check(struct node *n, char error[static SERIAL_ERROR_MAX]);

/* Lets the next open take whichever device has the name. */
void node_accept_any(struct node *n);

/* Begins to search for it, where that has to be done and has not been. Returns whether it is under
 * way. */
bool node_search(struct node *n);

/* Whether it can be opened without searching now. */
bool node_is_found(const struct node *n);

/* Forgets what a search has found: later it may be another port. */
void node_forget(struct node *n);

/* Opens it, by what a search has found; where none was made the ports are listed first, which is
 * for the time before the loop runs. `found` is its settings then. `again` is for a device that was
 * lost: that another one has its name is told to the log, once. Returns 0, or -errno with the
 * reason in `error`. */
int node_open(struct node *n, bool again, struct line_settings *found,
              char error[static SERIAL_ERROR_MAX]);

/* Reads what is open, or pauses. It does not read until told to. */
void node_read(struct node *n, bool on);

/* The system's facts about the device that was opened last, or seen at the start. It is asked once:
 * this is for clients. */
const struct serial_info *node_info(struct node *n);

/* Closes it. Does nothing when it is not open. */
void node_close(struct node *n);

/* Closes one that was unplugged. Until node_accept_any only the same device is opened again. */
void node_lose(struct node *n);

#endif
