/*
 * A link that another net2pty serves, and its requests, asked for over the socket beside the link
 * (control.h, ioctl_wire.h). Everything runs on the loop thread.
 */
#ifndef CLIENT_EXEC_JOINED_H
#define CLIENT_EXEC_JOINED_H

#include <stdbool.h>

#include "ioctl_wire.h"
#include "vport.h"

struct event_base;
struct joined;

/* Each may free the link. */
struct joined_callbacks {
    /* The link works; this is what its port is. */
    void (*ready)(void *ctx, const struct vport_identity *identity);
    /* It is not there, or not any more; requests will not be answered. */
    void (*lost)(void *ctx, const char *why);
    /* Returns whether it was asked for, and not cancelled. */
    bool (*answered)(void *ctx, const struct ioctl_wire_answer *answer);
};

/* Returns NULL without memory. */
struct joined *joined_new(struct event_base *base, const char *link,
                          const struct joined_callbacks *callbacks, void *ctx);

/* Accepts NULL. Callbacks stop at once. */
void joined_free(struct joined *j);

/* Begins; `ready` or `lost` comes from the loop. */
void joined_start(struct joined *j);

/* Begins again after `lost`, a little later each time. */
void joined_retry(struct joined *j);

/* There is reason to believe that the link is there: tries now, if it is lost. */
void joined_hurry(struct joined *j);

const char *joined_link(const struct joined *j);

/* Asks: `answered` comes with the question's id. Returns 0, -ENOBUFS while too much is asked, or
 * another -errno. */
int joined_ask(struct joined *j, const struct ioctl_wire_question *q);

/* Nobody waits for a question any more. It may be answered all the same. */
void joined_cancel(struct joined *j, uint32_t id);

#endif
