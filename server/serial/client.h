/*
 * One client of a port, as the parts of its session see it: its connection, its place at the
 * device, its protocol. The session (serial_session.h) owns it; its parts are speech.h, order.h,
 * news.h, ahead.h and commands.h.
 *
 * Everything runs on the loop thread. Any call of a part may end the session: the state is then
 * CLIENT_OVER, and memory stays until the loop's next turn.
 */
#ifndef SERVER_SERIAL_CLIENT_H
#define SERVER_SERIAL_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "client_role.h"
#include "commands.h"
#include "proto/replay.h"
#include "proto/serial_ext.h"

struct comport;
struct device;
struct event_base;
struct port_options;
struct reset;
struct stream;

enum { CLIENT_REASON_MAX = 200, CLIENT_REFUSAL_MAX = CLIENT_REASON_MAX + 40 };

enum client_state {
    CLIENT_NEW,         /* until the loop's next turn */
    CLIENT_NEGOTIATING, /* Telnet offers are out; device bytes wait until it has answered */
    CLIENT_RFC2217,
    CLIENT_TELNET,
    CLIENT_RAW,
    CLIENT_OVER,
};

struct client {
    struct event_base *base;
    const struct port_options *options;
    struct device *device;
    struct reset *reset;      /* of the port, or NULL */
    struct stream *stream;    /* NULL: it is away, or over */
    struct commands commands; /* its comport is that of a Telnet client, or NULL */
    enum client_role role;
    enum client_state state;
    const char *refusal; /* CLIENT_REFUSED: the SIGNATURE that says why */
    bool may_resume;     /* CLIENT_REFUSED: it may be the owner's client, which comes back */
    unsigned ext;        /* version of serial_ext.h that it speaks; 0: none */
    bool state_told;     /* it was told a STATE */
    enum serial_ext_state told_state; /* the one that it was told last */
    unsigned speeches;                /* how often it changed what it speaks */
    uint64_t moved_ms;                /* with idle=: when a byte or a command did */
    uint64_t begun_ms;                /* when it came */
    uint64_t received;                /* bytes of its connection from it, in all */
    uint64_t sent;                    /* bytes of the device to it, in all */
    uint64_t left_out;                /* of the device, because it was too slow */
    struct replay replay;             /* on: it may come back over another connection */
    uint64_t counted_from;            /* and `received` was this when counts began */
    uint8_t token[SERIAL_EXT_TOKEN_SIZE];
    char peer[ADDR_TEXT_MAX];
    char who[160]; /* port and peer, for the log */
    const struct client_callbacks *callbacks;
    void *ctx;
};

struct client_callbacks {
    /* Ends the session, for the reason `why`, a constant. */
    void (*end)(void *ctx, const char *why);
    /* The news that it wants from the device may be different now: its bytes, its errors. */
    void (*changed)(void *ctx);
    /* It says that it is the client of a session that lost its connection. Returns whether that
     * continues over this connection: this session is over then. */
    bool (*resume)(void *ctx, const struct serial_ext_resume *r);
};

/* The one place where what it speaks changes: logs it. */
void client_set_state(struct client *c, enum client_state state);

/* Whether what it speaks is decided, and it is at work. */
bool client_is_working(const struct client *c);

/* "RFC 2217", "telnet", "raw" or "undecided". */
const char *client_speaks(const struct client *c);

/* A byte or a command has moved. */
void client_moved(struct client *c);

/* Whether bytes can go out to it at once; to one that is away, whether they can be kept for it. */
bool client_can_hear(const struct client *c);

/* Whether it has no connection, and is expected back. */
bool client_is_away(const struct client *c);

/* Whether it fetches what it asks for; otherwise it is not to be read. */
bool client_fetches(const struct client *c);

/* Reads from its stream, or pauses. */
void client_read(struct client *c, bool on);

/* The owner gets on with the bytes of its stream (stream_keep). */
void client_keep(struct client *c);

/* Bytes that it has sent since counts began. */
uint64_t client_counted(const struct client *c);

/* Its connection has another peer. */
void client_set_peer(struct client *c, const char *peer);

/* Sends what has collected for it: everything of one turn in one write. May end it. */
void client_flush(struct client *c);

/* Calls the callbacks. client_end does nothing when it is over. */
void client_end(struct client *c, const char *why);
void client_changed(struct client *c);

/* Ends it, and lets its stream send what is queued first. */
void client_finish(struct client *c, const char *why);

#endif
