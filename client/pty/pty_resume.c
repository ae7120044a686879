#include "pty_resume.h"

#include <errno.h>

#include <string.h>

#include <event2/util.h>

#include "log.h"
#include "loop.h"
#include "proto/comport.h"
#include "pty_connection.h"
#include "stream.h"

enum {
    KEPT_MAX = 1 << 20, /* of what the server has not acknowledged */
    ANSWERS_MAX = 16 * 1024,
    MARGIN_S = 2, /* the server began to count down earlier or later than we did */
};

static void free_comport(void *comport)
{
    comport_free(comport);
}

/* It may be calling us. */
static void defer_comport(struct pty_resume *r, struct event_base *base)
{
    if (r->comport)
        loop_defer(base, free_comport, r->comport);
    r->comport = NULL;
}

void pty_resume_begin(struct pty_resume *r, struct event_base *base, void (*late)(void *ctx),
                      void *ctx)
{
    timer_make(&r->deadline, base, late, ctx);
}

void pty_resume_forget(struct pty_resume *r)
{
    timer_stop(&r->deadline);
    stream_close(r->parked);
    r->parked = NULL;
    r->offered = r->granted = false;
    replay_end(&r->connection->replay);
}

void pty_resume_end(struct pty_resume *r, struct event_base *base)
{
    pty_resume_drop(r, base);
    pty_resume_forget(r);
}

static int send_resume(struct comport *comport, const struct serial_ext_resume *m)
{
    uint8_t payload[SERIAL_EXT_MAX];
    const size_t len = serial_ext_put_resume(m, payload);

    return comport_send(comport, (struct rfc2217_message){
                                     .command = RFC2217_RESUME, .text = payload, .text_len = len});
}

static uint64_t received(const struct pty_resume *r)
{
    return comport_taken(r->connection->comport) - r->counted_from;
}

void pty_resume_offer(struct pty_resume *r)
{
    struct serial_ext_resume m = {.kind = SERIAL_EXT_BEGIN};

    if (r->offered)
        return;
    r->offered = true;
    evutil_secure_rng_get_bytes(r->token, sizeof r->token);
    memcpy(m.token, r->token, sizeof m.token);
    if (send_resume(r->connection->comport, &m) < 0)
        return;
    pty_connection_flush(r->connection);
    replay_begin(&r->connection->replay, KEPT_MAX); /* from after it on */
}

/* On the connection that there is. */
static enum pty_resume_news take(struct pty_resume *r, const struct serial_ext_resume *m)
{
    switch ((enum serial_ext_resume_kind)m->kind) {
    case SERIAL_EXT_GRANT:
        r->granted = r->offered;
        r->counted_from = comport_taken(r->connection->comport);
        r->grace_s = m->grace_s;
        break;
    case SERIAL_EXT_REFUSE:
        replay_end(&r->connection->replay);
        break;
    case SERIAL_EXT_ACK:
        if (r->connection->replay.on && replay_acknowledge(&r->connection->replay, m->received) < 0)
            return PTY_RESUME_BAD;
        break;
    case SERIAL_EXT_BEGIN:
    case SERIAL_EXT_RESUME:
        break;
    }
    return PTY_RESUME_NO_NEWS;
}

/* Sends what the new connection's comport has to say. */
static int send_out(struct pty_resume *r)
{
    struct buf *out = comport_output(r->comport);
    const int error = stream_write(r->stream, buf_head(out), out->len);

    buf_drain(out, out->len);
    return error;
}

/* The kind of the new server. One of ours is asked for the session. Nothing is sent after that
 * before the answer tells whose bytes these are. */
static enum pty_resume_news take_signature(struct pty_resume *r, const struct rfc2217_message *m)
{
    struct serial_ext_resume ask = {.kind = SERIAL_EXT_RESUME, .received = received(r)};

    if (m->text_len == 0 || r->asked)
        return PTY_RESUME_NO_NEWS;
    if (serial_ext_version(m->text, m->text_len) == 0)
        return PTY_RESUME_REFUSED;
    r->asked = true;
    memcpy(ask.token, r->token, sizeof ask.token);
    return send_resume(r->comport, &ask) < 0 || send_out(r) < 0 ? PTY_RESUME_BAD : PTY_RESUME_ASKED;
}

enum pty_resume_news pty_resume_message(struct pty_resume *r, const struct rfc2217_message *m)
{
    struct serial_ext_resume resume;

    if (r->parked && m->command == RFC2217_SIGNATURE)
        return take_signature(r, m);
    if (m->command != RFC2217_RESUME || serial_ext_get_resume(m->text, m->text_len, &resume) < 0)
        return PTY_RESUME_NO_NEWS;
    if (!r->parked)
        return take(r, &resume);
    if (resume.kind == SERIAL_EXT_REFUSE)
        return PTY_RESUME_REFUSED;
    if (resume.kind != SERIAL_EXT_GRANT)
        return PTY_RESUME_NO_NEWS;
    return replay_go_on(&r->connection->replay, resume.received) < 0 ? PTY_RESUME_BAD
                                                                     : PTY_RESUME_GRANTED;
}

void pty_resume_note_received(struct pty_resume *r)
{
    struct serial_ext_resume m = {.kind = SERIAL_EXT_ACK};

    if (!r->granted || !replay_is_due(&r->connection->replay, received(r)))
        return;
    m.received = received(r);
    send_resume(r->connection->comport, &m);
}

bool pty_resume_survives(const struct pty_resume *r, int error)
{
    return r->granted && r->connection->replay.on &&
           (error == -ECONNRESET || stream_error_is_networks(error));
}

void pty_resume_park(struct pty_resume *r)
{
    r->parked = pty_connection_detach(r->connection);
    stream_park(r->parked);
    timer_in_ms(&r->deadline, (uint64_t)(r->grace_s + MARGIN_S) * 1000);
}

int pty_resume_ask(struct pty_resume *r, struct stream *stream,
                   const struct comport_callbacks *callbacks, void *ctx)
{
    r->stream = stream;
    r->asked = false;
    r->comport = pty_connection_new_comport(callbacks, ctx);
    if (!r->comport)
        return -ENOMEM;
    comport_start(r->comport);
    comport_send_text(r->comport, "net2pty/" COM2NET_VERSION " ext=1");
    comport_send_text(r->comport, "");
    stream_read(stream, true);
    return send_out(r);
}

void pty_resume_drop(struct pty_resume *r, struct event_base *base)
{
    stream_close(r->stream);
    r->stream = NULL;
    defer_comport(r, base);
}

void pty_resume_go_on(struct pty_resume *r, struct event_base *base)
{
    struct stream *stream = r->stream;

    timer_stop(&r->deadline);
    stream_close(r->parked);
    r->parked = r->stream = NULL;
    defer_comport(r, base);
    pty_connection_attach(r->connection, stream);
}
