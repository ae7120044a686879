/*
 * A comport end whose callbacks and output go to a journal; for its tests and fuzzers.
 */
#ifndef TESTS_COMPORT_JOURNAL_H
#define TESTS_COMPORT_JOURNAL_H

#include <stdlib.h>

#include "journal.h"
#include "proto/comport.h"
#include "rfc2217_text.h"

struct end {
    struct comport *comport;
    struct journal journal;
    bool pause; /* after every message */
};

static inline void end_data(void *ctx, const uint8_t *data, size_t len)
{
    struct end *e = ctx;

    journal_bytes(&e->journal, "data", data, len);
}

static inline void end_message(void *ctx, const struct rfc2217_message *m)
{
    struct end *e = ctx;
    char text[RFC2217_DESCRIPTION_MAX];

    rfc2217_describe(m, text);
    journal_line(&e->journal, "%s", text);
    if (e->pause)
        comport_pause(e->comport);
}

static inline void end_malformed(void *ctx, const struct rfc2217_message *m)
{
    struct end *e = ctx;

    journal_line(&e->journal, "malformed %u", m->command);
}

static inline void end_option(void *ctx, bool agreed)
{
    struct end *e = ctx;

    journal_line(&e->journal, "option %s", agreed ? "agreed" : "refused");
}

static inline void end_command(void *ctx, uint8_t command)
{
    struct end *e = ctx;

    journal_line(&e->journal, "command %u", command);
}

static const struct comport_callbacks end_callbacks = {
    .data = end_data,
    .message = end_message,
    .malformed = end_malformed,
    .option = end_option,
    .command = end_command,
};

static inline void end_begin(struct end *e, enum comport_role role)
{
    static struct comport_scratch scratch;

    journal_clear(&e->journal);
    e->pause = false;
    e->comport = comport_new(role, 1 << 20, &scratch, &end_callbacks, e);
    if (!e->comport)
        abort();
}

/* Writes what waits for the peer to the journal, and takes it. */
static inline void end_output(struct end *e)
{
    struct buf *out = comport_output(e->comport);

    if (out->len > 0)
        journal_bytes(&e->journal, "out", buf_head(out), out->len);
    buf_drain(out, out->len);
}

#endif
