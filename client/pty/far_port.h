/*
 * The server's port as this side knows it: messages, requests and answers.
 */
#ifndef CLIENT_PTY_FAR_PORT_H
#define CLIENT_PTY_FAR_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "asked.h"
#include "ioctl_tty.h"
#include "peer.h"
#include "proto/comport.h"
#include "proto/serial_ext.h"

enum { FAR_PORT_TEXT_MAX = 200 };

/* The meaning of a server's message for the session. */
enum far_port_news {
    FAR_PORT_NO_NEWS,
    FAR_PORT_LEARNT,    /* it was the last answer to far_port_ask_settings: `told` has them */
    FAR_PORT_RESET,     /* the reset that was asked for is done */
    FAR_PORT_NOT_RESET, /* that reset was not done */
    FAR_PORT_PURGED,    /* all purges of received bytes are done */
    FAR_PORT_STATE,     /* `state` is another one */
};

/* Part of a session, which fills in `name` and the settings that `told` begins with. */
struct far_port {
    const char *name;          /* for the log */
    struct comport *comport;   /* messages go there; the session sends them. NULL: no connection */
    bool ready;                /* the server takes commands; before, they are only remembered */
    struct line_settings told; /* what the server was last told, or told us */
    bool greeted;              /* the answer to the greeting is still to come */
    bool has_told;             /* a later connection has to tell it again */
    unsigned learning;         /* questions that are out */
    unsigned outputs;          /* DTR and RTS as they should be, or as the server says */
    unsigned set;              /* those that this side has set */
    struct asked asked;        /* of the connection, and not answered yet */
    bool resetting;            /* the answer to far_port_reset is still to come */
    unsigned inputs;           /* modem inputs as last notified */
    bool lines_told;           /* since they were last asked for, below */
    bool lines_awaited;        /* an answer to that is still to come */
    unsigned lines_ticket;     /* that answer comes with this one of stops_answered */
    unsigned polls;            /* for them, in place of notifications to come; not answered */
    unsigned counted;          /* delta bits of edges that only their answers have shown */
    bool suspended;            /* by the server */
    bool proven;               /* the server has sent a message of RFC 2217 */
    const struct peer *peer;   /* never NULL */
    const char *refusal;       /* why the server sends us away, or NULL */
    unsigned ext;              /* version of serial_ext.h that the server says; 0: none */
    uint8_t state;             /* enum serial_ext_state, of a server that says it; else YOURS */
    char state_text[FAR_PORT_TEXT_MAX]; /* and what it says of that, for people */
    char signature[64];
    struct ioctl_counts counts; /* rx and tx are the session's */
    unsigned stops_told;        /* SET-STOPSIZE, which is also what asks for a drain */
    unsigned stops_answered;
};

/* A connection begins, over `comport`, or (NULL) has ended. */
void far_port_attach(struct far_port *f, struct comport *comport);

/* Sends one command whose payload is a number. */
void far_port_tell(struct far_port *f, enum rfc2217_command command, uint32_t value);

/* Says who we are, with the offers of the comport: a server of ours tells then how the port is. */
void far_port_introduce(struct far_port *f);

/* Asks who the server is, and for something that every server answers. */
void far_port_greet(struct far_port *f);

/* Tells the settings that differ from those the server knows, or `all` of them. Settings with speed
 * 0 are not told: that asks to hang up. */
void far_port_tell_settings(struct far_port *f, const struct line_settings *line, bool all);

/* Sets the outputs of `mask` (LINE_DTR, LINE_RTS) to `outputs`, as one change in one segment, also
 * when they are so already. com2net keeps the time between one call and the next, whatever the
 * network does to the messages. */
void far_port_set_lines(struct far_port *f, unsigned mask, unsigned outputs);

/* Sets both, if one of them changes. */
void far_port_set_outputs(struct far_port *f, unsigned outputs);

/* After a connection: tells both outputs as they should be. */
void far_port_tell_outputs(struct far_port *f);

/* Tells only those that were set, and asks for the others. */
void far_port_ask_outputs(struct far_port *f);

/* Has the server hold back what its device sends, or not any more. By RFC 2217 it then says nothing
 * else either; com2net answers. */
void far_port_suspend(struct far_port *f, bool on);

/* Asks com2net how the modem inputs are while it holds back. */
void far_port_poll_lines(struct far_port *f);

/* Whether the modem lines are known as they are after all that was set. com2net carries a change
 * out some time after it came. So com2net is asked, and the caller has to wait for its answer. */
bool far_port_knows_lines(struct far_port *f);

/* It is not waited for any more. */
void far_port_forgo_lines(struct far_port *f);

/* Asks the server to answer when all that was sent is on the wire: stops_answered reaches the
 * number returned. Only for a server that is known to do it (peer->drain_is_told). */
unsigned far_port_ask_drain(struct far_port *f);

/* Asks to be told of breaks and line errors, for the counters. */
void far_port_count_errors(struct far_port *f);

/* Asks for the port's settings; far_port_message says when they are there. */
void far_port_ask_settings(struct far_port *f);

/* Asks for a reset of the board at the port; far_port_message says when that is done. */
void far_port_reset(struct far_port *f);

/* Takes a message of the server. */
enum far_port_news far_port_message(struct far_port *f, const struct rfc2217_message *m);

#endif
