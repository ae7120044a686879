/*
 * What a port is made of: for port.c, and for the two that it leads, port_device.c and
 * port_clients.c. Nobody else includes this.
 */
#ifndef SERVER_SERIAL_PORT_STATE_H
#define SERVER_SERIAL_PORT_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <event2/util.h>

#include "port.h"
#include "proto/buf.h"
#include "proto/line.h"
#include "serial_io.h"

struct event;
struct gate;
struct reset;
struct serial;
struct serial_identity;

enum port_state {
    PORT_CLOSED,
    PORT_OPEN,
    PORT_LINGERING,
    PORT_LOST,
};

struct port_waiting;

/* Of bytes that go out. */
struct port_progress {
    size_t left;
    uint64_t since_ms; /* when that was more */
};

struct port {
    struct event_base *base;
    const struct port_options *options;
    struct gate *gate;
    enum port_state state;
    struct serial *serial;            /* while OPEN or LINGERING */
    struct serial_identity *identity; /* of what was opened last, or seen at the start */
    bool strict;                      /* LOST: nothing else may be opened, for those who had it */
    bool told_other;                  /* and that something else has its name was told */
    struct serial_session *sessions;
    struct line_settings idle; /* the administrator's: in force when a session begins */
    struct line_settings line; /* in force */
    unsigned outputs;          /* as last set */
    bool broken;
    bool reading;
    bool replacing; /* an owner goes because the next one is there */
    bool settling;  /* bytes of the owner before are going out, under its settings */
    size_t before;  /* settling: how much of to_device is theirs */
    size_t behind;  /* settling: how much after that is of another owner that has gone */
    struct buf to_device;
    uint64_t written;    /* bytes for the device, in all */
    struct reset *reset; /* NULL without reset= */
    struct event *timer; /* LINGERING: progress; LOST: retry */
    struct port_progress linger;
    bool told;                  /* settling: that it takes long */
    struct event *settle_timer; /* settling: progress; a port may linger and settle at once */
    struct port_progress settle;
    uint64_t settle_since_ms;
    struct port_waiting *waiting; /* those that wait for the owner's end, in order */
    unsigned waiting_count;
    struct event *next_event; /* the first of them waits no longer */
};

/* --- port.c ----------------------------------------------------------------------------------- */

extern const struct serial_callbacks port_device_callbacks;

/* Hands what is queued to the driver, and goes on with the sessions that waited for it. */
void port_on_writable(void *port);

/* Tells the sessions of modem inputs, a set of LINE_INPUTS. */
void port_on_lines(void *port, unsigned inputs, unsigned edges);

/* --- port_device.c ---------------------------------------------------------------------------- */

/* What the source says, over what the port was found with. */
struct line_settings port_idle_settings(const struct port_options *s,
                                        const struct line_settings *found);
unsigned port_idle_outputs(const struct port_options *s, unsigned found);

/* Opens the device for its first session, or again for those there are. Returns 0, or -errno with
 * the reason in `error`. */
int port_open(struct port *p, char error[static SERIAL_ERROR_MAX]);

/* Notes what stands under the path now. */
void port_identify(struct port *p, const char *path);

/* Looks for the device from time to time: the port is LOST. */
void port_await_device(struct port *p);

/* Of p->timer and p->settle_timer, and of a device that has gone. */
void port_on_timer(evutil_socket_t fd, short what, void *port);
void port_on_settle_timer(evutil_socket_t fd, short what, void *port);
void port_on_gone(void *port, int error);

void port_close_device(struct port *p);

/* Puts back what the last session changed on a device that stays open. */
void port_put_back(struct port *p);

/* What waits for an unplugged device is nobody's any more. */
void port_drop_output(struct port *p);

/* The lines of a new owner: the end of the one before took them down, this one begins like an open,
 * or as the source says. */
void port_raise_lines(struct port *p);

/* An owner is gone, and there are others: its bytes go out under its settings first. At once where
 * there are none. */
void port_begin_to_settle(struct port *p);

/* Looks how far that is. */
void port_settle(struct port *p);

/* They are out, or given up. Does nothing when not settling. */
void port_settle_now(struct port *p);

/* The last client is gone: closes the device when its bytes are out. */
void port_linger(struct port *p);

/* --- port_clients.c --------------------------------------------------------------------------- */

struct newcomer;

/* Of the gate, and of p->next_event. */
void port_on_newcomer(void *port, struct newcomer *n);
void port_on_next(evutil_socket_t unused, short what, void *port);

/* NULL where there is none. */
struct serial_session *port_owner(const struct port *p);

void port_end_sessions(struct port *p, const char *why);

/* Ends those that wait. */
void port_end_waiting(struct port *p);

#endif
