/*
 * Theory of operation. A session finds out its client's protocol (speech.h). Then it carries its
 * bytes and commands to the device in order (order.h) and tells it the device's news (news.h). They
 * share struct client. Here are its beginning and its end.
 */
#include "serial_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "crowd.h"
#include "device.h"
#include "error_text.h"
#include "ext.h"
#include "log_peer.h"
#include "loop.h"
#include "newcomer.h"
#include "news.h"
#include "order.h"
#include "port_options.h"
#include "port_report.h"
#include "resend.h"
#include "speech.h"
#include "stream.h"

enum {
    END_QUIET_MS = 1000, /* of the device, after a raw client has closed its side */
    END_MOST_MS = 5000,  /* for an answer without a pause, or a device that takes nothing */
    END_TICK_MS = 50,    /* how often an end is looked at */
};

/* A raw client has closed its side, as `printf 'AT\r' | nc -N` does, and may still want to hear. */
struct ending {
    bool on;
    struct progress progress; /* of the bytes that the device has not got */
    uint64_t heard_ms;        /* when the device said something */
};

struct serial_session {
    struct serial_session *next;
    struct serial_session_place at;
    struct crowd_place *place;
    struct client client;
    struct speech speech;
    struct order order;
    struct news news;
    struct ending ending;
    struct timer timer; /* its beginning, then its end */
    struct timer idle;  /* looks how long nothing has moved, with idle= */
};

/* --- the device ------------------------------------------------------------------------------- */

bool serial_session_wants_data(const struct serial_session *s)
{
    return news_wants_data(&s->news);
}

bool serial_session_observes(const struct serial_session *s)
{
    return s->client.role == CLIENT_OBSERVER && client_is_working(&s->client);
}

bool serial_session_wants_errors(const struct serial_session *s)
{
    return news_wants_errors(&s->news);
}

void serial_session_data(struct serial_session *s, const uint8_t *data, size_t len)
{
    if (!client_is_working(&s->client) || s->client.role == CLIENT_REFUSED)
        return;
    s->ending.heard_ms = s->ending.on ? clock_now_ms() : 0;
    news_data(&s->news, data, len);
}

void serial_session_lines(struct serial_session *s, unsigned inputs, unsigned edges)
{
    news_lines(&s->news, inputs, edges);
}

void serial_session_errors(struct serial_session *s, unsigned state)
{
    news_errors(&s->news, state);
}

void serial_session_device_changed(struct serial_session *s)
{
    if (client_is_working(&s->client))
        ext_tell_state(&s->client);
}

void serial_session_device_took(struct serial_session *s)
{
    order_device_took(&s->order);
}

void serial_session_device_ready(struct serial_session *s)
{
    order_device_ready(&s->order);
}

void serial_session_device_free(struct serial_session *s)
{
    order_device_free(&s->order);
}

/* --- the end ---------------------------------------------------------------------------------- */

void serial_session_catch_up(struct serial_session *s)
{
    if (s->client.stream)
        stream_catch_up(s->client.stream);
}

bool serial_session_peer_has_closed(const struct serial_session *s)
{
    return s->client.stream && stream_peer_has_closed(s->client.stream);
}

bool serial_session_is_kept(const struct serial_session *s)
{
    return s->client.replay.on;
}

bool serial_session_is_away(const struct serial_session *s)
{
    return client_is_away(&s->client);
}

bool serial_session_is_ending(const struct serial_session *s)
{
    return s->ending.on;
}

static void begin_to_end(struct serial_session *s)
{
    s->ending.on = true;
    progress_begin(&s->ending.progress, SIZE_MAX);
    timer_in_ms(&s->timer, 0);
}

/* Ends the session once the device has all bytes and has answered, as far as one can tell. */
static void continue_end(struct serial_session *s)
{
    struct ending *e = &s->ending;
    const size_t left = device_untransmitted(s->client.device);

    if (progress_note(&e->progress, left))
        e->heard_ms = e->progress.since_ms;
    if (progress_still_ms(&e->progress) < END_MOST_MS &&
        (left > 0 || s->news.late.len > 0 || clock_now_ms() - e->heard_ms < END_QUIET_MS))
        timer_in_ms(&s->timer, END_TICK_MS);
    else
        client_finish(&s->client, "it has closed the connection");
}

/* Whether the network is the reason, and its client may come back. */
static bool may_come_back(const struct serial_session *s, int error)
{
    return s->client.replay.on && s->client.state == CLIENT_RFC2217 &&
           stream_error_is_networks(error);
}

/* Its connection is lost. Bytes under way on it are never sent: the client counts. */
static void lose_connection(struct serial_session *s, int error)
{
    struct client *c = &s->client;

    log_peer_info(c->who, "%s: its connection is lost (%s); waiting %d s for it", c->who,
                  error_text(-error), EXT_GRACE_S);
    stream_reset(c->stream);
    c->stream = NULL;
    crowd_leave(s->place);
    s->place = NULL;
    timer_in_ms(&s->timer, EXT_GRACE_S * 1000);
    client_changed(c);
}

static void on_ended(void *ctx, int error)
{
    struct serial_session *s = ctx;

    if (may_come_back(s, error)) {
        lose_connection(s, error);
        return;
    }
    speech_decide(&s->speech); /* its end, too, says that this was all */
    if (error == 0 && s->client.state == CLIENT_RAW && s->client.role == CLIENT_OWNER)
        begin_to_end(s);
    else
        serial_session_end(s, error < 0 ? error_text(-error) : "it has closed the connection");
}

static void on_timer(void *ctx)
{
    struct serial_session *s = ctx;

    if (s->ending.on) {
        continue_end(s);
        return;
    }
    if (client_is_away(&s->client)) {
        serial_session_end(s, "it did not come back");
        return;
    }
    speech_begin(&s->speech);
    if (s->speech.ended_early && s->client.state != CLIENT_OVER)
        on_ended(s, 0);
}

/* --- an owner in silence ---------------------------------------------------------------------- */

/* Ends it when idle= is over, or looks again when it may be. */
static void on_idle(void *ctx)
{
    struct serial_session *s = ctx;
    const uint64_t limit = (uint64_t)s->at.options->idle_s * 1000;
    const uint64_t idle = clock_now_ms() - s->client.moved_ms;

    if (idle >= limit)
        serial_session_end(s, "nothing has moved for as long as idle= allows");
    else
        timer_in_ms(&s->idle, limit - idle);
}

/* --- the connection --------------------------------------------------------------------------- */

static void on_received(void *ctx, const uint8_t *data, size_t len)
{
    struct serial_session *s = ctx;

    client_moved(&s->client);
    s->client.received += len;
    speech_take(&s->speech, data, len);
}

static void on_drained(void *ctx)
{
    struct serial_session *s = ctx;

    client_flush(&s->client);
    if (s->client.state == CLIENT_OVER)
        return;
    resend(&s->client.replay, s->client.stream);
    news_send_late(&s->news);
    order_drained(&s->order);
    client_changed(&s->client);
}

static const struct stream_callbacks stream_callbacks = {
    .tells_loss = true,
    .received = on_received,
    .drained = on_drained,
    .ended = on_ended,
};

static void on_evicted(void *ctx, const char *why)
{
    serial_session_end(ctx, why);
}

/* Sends the bytes kept for its client first, and continues. */
static void go_on_with(struct serial_session *s, struct stream *stream, struct crowd_place *place)
{
    struct client *c = &s->client;

    stream_reset(c->stream);
    crowd_leave(s->place);
    timer_stop(&s->timer);
    c->stream = stream;
    s->place = place;
    stream_set_owner(stream, &stream_callbacks, s);
    crowd_set_owner(place, on_evicted, s);
    crowd_set_working(place, true);
    client_set_peer(c, stream_peer(stream));
    log_peer_info(c->who, "%s: is back, and continues: %zu bytes for it are sent again", c->who,
                  c->replay.kept.len);
    replay_again(&c->replay);
    on_drained(s);
    if (c->state != CLIENT_OVER)
        order_update_reading(&s->order);
}

bool serial_session_is_meant(const struct serial_session *s, const struct serial_ext_resume *r)
{
    const struct client *c = &s->client;

    return c->replay.on && memcmp(c->token, r->token, sizeof c->token) == 0;
}

bool serial_session_resume(struct serial_session *s, struct serial_session *by,
                           const struct serial_ext_resume *r)
{
    if (replay_go_on(&s->client.replay, r->received) < 0)
        return false;
    ext_grant(&by->client, client_counted(&s->client));
    if (by->client.state == CLIENT_OVER)
        return true;
    struct stream *stream = by->client.stream;
    struct crowd_place *place = by->place;
    by->client.stream = NULL;
    by->place = NULL;
    serial_session_end(by, "its session continues");
    go_on_with(s, stream, place);
    return true;
}

static void on_end(void *ctx, const char *why)
{
    serial_session_end(ctx, why);
}

static bool on_resume(void *ctx, const struct serial_ext_resume *r)
{
    struct serial_session *s = ctx;

    return s->at.callbacks->resume(s->at.ctx, s, r);
}

static void on_changed(void *ctx)
{
    const struct serial_session *s = ctx;

    s->at.callbacks->changed(s->at.ctx);
}

static const struct client_callbacks client_callbacks = {on_end, on_changed, on_resume};

/* --- beginning and end ------------------------------------------------------------------------ */

static void session_free(void *arg)
{
    struct serial_session *s = arg;

    speech_free(&s->speech);
    order_free(&s->order);
    news_free(&s->news);
    replay_end(&s->client.replay);
    free(s);
}

/* The bytes that were sent to it and that it has not got. */
static void tell_loss(const struct client *c)
{
    const size_t lost = c->stream ? stream_unacknowledged(c->stream) : c->replay.kept.len;

    if (lost > 0)
        log_peer_info(c->who, "%s: %zu bytes for it are lost: it has not acknowledged them", c->who,
                      lost);
}

static void log_refusal(const struct client *c)
{
    char reason[CLIENT_REFUSAL_MAX];

    ext_refusal(c, reason);
    log_peer_refusal(LOG_LEVEL_INFO, c->who, "%s: client %s refused: %s", c->options->name, c->peer,
                     reason);
}

/* One who may be the owner's client, which comes back, is refused at the end. */
static void log_end(const struct client *c, const char *why)
{
    if (c->role != CLIENT_REFUSED)
        log_peer_info(c->who, "%s: disconnected: %s", c->who, why);
    else if (c->may_resume && why == c->refusal)
        log_refusal(c);
    else
        log_debug("%s: disconnected: %s", c->who, why);
}

void serial_session_end(struct serial_session *s, const char *why)
{
    struct client *c = &s->client;

    if (c->state == CLIENT_OVER)
        return;
    log_end(c, why);
    tell_loss(c);
    news_stop(&s->news);
    order_stop(&s->order);
    speech_stop(&s->speech);
    client_set_state(c, CLIENT_OVER); /* what it set last may have the device call back */
    commands_apply_group(&c->commands);
    timer_stop(&s->timer);
    timer_stop(&s->idle);
    stream_close(c->stream);
    crowd_leave(s->place);
    s->at.callbacks->ended(s->at.ctx, s);
    loop_defer(s->at.base, session_free, s);
}

static void make_client(struct serial_session *s, struct stream *stream, enum client_role role,
                        const char *refusal, bool may_resume)
{
    struct client *c = &s->client;

    *c = (struct client){.base = s->at.base,
                         .options = s->at.options,
                         .device = s->at.device,
                         .reset = s->at.reset,
                         .stream = stream,
                         .role = role,
                         .refusal = refusal,
                         .may_resume = may_resume,
                         .begun_ms = clock_now_ms(),
                         .callbacks = &client_callbacks,
                         .ctx = s};
    c->commands = (struct commands){
        .device = s->at.device,
        .who = c->who,
        .signature = refusal && !may_resume ? refusal : "com2net/" COM2NET_VERSION " ext=1",
        .modem_mask = 255};
    client_set_peer(c, stream_peer(stream));
}

struct serial_session *serial_session_new(const struct serial_session_place *place,
                                          struct newcomer *newcomer, enum client_role role,
                                          const char *refusal, bool may_resume)
{
    struct serial_session *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    s->at = *place;
    s->place = newcomer->place;
    make_client(s, newcomer->stream, role, refusal, may_resume);
    s->client.received = newcomer->first.len;
    news_make(&s->news, &s->client);
    order_make(&s->order, &s->client, &s->news);
    speech_make(&s->speech, &s->client, &s->order, newcomer);
    timer_make(&s->timer, place->base, on_timer, s);
    timer_make(&s->idle, place->base, on_idle, s);
    newcomer->stream = NULL;
    stream_set_owner(s->client.stream, &stream_callbacks, s);
    crowd_set_owner(s->place, on_evicted, s);
    crowd_set_working(s->place, role == CLIENT_OWNER);
    client_moved(&s->client);
    if (role == CLIENT_OWNER && place->options->idle_s > 0)
        on_idle(s);
    if (refusal && !may_resume)
        log_refusal(&s->client);
    /* from the loop: the port has to know the session before anything can end it */
    timer_in_ms(&s->timer, 0);
    return s;
}

enum client_role serial_session_role(const struct serial_session *s)
{
    return s->client.role;
}

const char *serial_session_peer(const struct serial_session *s)
{
    return s->client.peer;
}

struct serial_session **serial_session_next(struct serial_session *s)
{
    return &s->next;
}

void serial_session_report(const struct serial_session *s, struct port_report_client *r)
{
    const struct client *c = &s->client;

    *r = (struct port_report_client){.role = c->role,
                                     .speaks = client_speaks(c),
                                     .for_s = (clock_now_ms() - c->begun_ms) / 1000,
                                     .received = c->received,
                                     .sent = c->sent,
                                     .left_out = c->left_out};
    snprintf(r->peer, sizeof r->peer, "%.79s", c->peer);
}
