#include "speech.h"

#include <stdio.h>
#include <string.h>

#include "client.h"
#include "device.h"
#include "ext.h"
#include "log_peer.h"
#include "newcomer.h"
#include "order.h"
#include "port_options.h"
#include "proto/comport.h"
#include "stranger.h"
#include "stream.h"

enum {
    FIRST_MS = 200,      /* for the rest of what may be the beginning of something */
    NEGOTIATE_MS = 1000, /* a client that does not answer offers is a plain Telnet one */
    REFUSE_MS = 2000,
    FIRST_MAX = 512 * 1024,
    ANSWERS_MAX = 512 * 1024,
    NEGOTIATION_SIZE = 3, /* IAC, WILL and an option */
};

static bool is_over(const struct speech *s)
{
    return s->client->state == CLIENT_OVER;
}

static bool is_refused(const struct speech *s)
{
    return s->client->role == CLIENT_REFUSED;
}

/* --- Telnet ----------------------------------------------------------------------------------- */

static void on_data(void *ctx, const uint8_t *data, size_t len)
{
    order_data(((struct speech *)ctx)->order, data, len);
}

/* Whether one who is refused means to come back: he asks for the SIGNATURE at once, others when the
 * COM-PORT option is agreed on. Once he has asked for his session in vain he is one of them. */
static void note_return(struct speech *s, const struct rfc2217_message *m)
{
    if (m->command == RFC2217_SIGNATURE && m->text_len == 0)
        s->returns = true;
    if (m->command == RFC2217_RESUME) {
        s->returns = false;
        timer_in_ms(&s->timer, 0);
    }
}

static void on_message(void *ctx, const struct rfc2217_message *m)
{
    struct speech *s = ctx;

    order_message(s->order, m);
    if (is_refused(s) && !is_over(s))
        note_return(s, m);
}

static void on_malformed(void *ctx, const struct rfc2217_message *m)
{
    order_malformed(((struct speech *)ctx)->order, m);
}

static void on_telnet_command(void *ctx, uint8_t command)
{
    order_telnet_command(((struct speech *)ctx)->order, command);
}

static void refuse_in_words(struct client *c)
{
    comport_send_text(c->commands.comport, c->refusal);
    client_flush(c);
    ext_tell_state(c);
    if (c->state != CLIENT_OVER)
        client_finish(c, c->refusal);
}

/* A client of Telnet that has not the COM-PORT option has a person before it. */
static void refuse_in_a_line(struct client *c)
{
    char reason[CLIENT_REFUSAL_MAX], line[CLIENT_REFUSAL_MAX + 112];

    ext_refusal(c, reason);
    snprintf(line, sizeof line, "com2net: %.80s: %s\r\n", c->options->name, reason);
    comport_send_data(c->commands.comport, (const uint8_t *)line, strlen(line));
    client_flush(c);
    if (c->state != CLIENT_OVER)
        client_finish(c, c->refusal);
}

/* Whether the COM-PORT option is agreed on; not answered in time is no. */
static void on_option(void *ctx, bool agreed)
{
    struct speech *s = ctx;
    struct client *c = s->client;

    if (is_over(s))
        return;
    if (is_refused(s)) {
        s->agreed = agreed; /* it is refused once its name, which came with that, is read */
        timer_in_ms(&s->timer, 0);
        return;
    }
    timer_stop(&s->timer);
    if (!agreed && c->options->mode == PORT_MODE_RFC2217) {
        client_end(c, "it refuses the COM-PORT option, which mode=rfc2217 asks for");
        return;
    }
    client_set_state(c, agreed ? CLIENT_RFC2217 : CLIENT_TELNET);
    if (agreed) {
        /* not in the RFC, but pyserial's lines are unknown until one came, even if it is 0 */
        c->commands.modem_told = device_lines(c->device) & LINE_INPUTS;
        commands_answer(&c->commands, RFC2217_NOTIFY_MODEMSTATE,
                        c->commands.modem_told & c->commands.modem_mask);
    }
    ext_tell_state(c);
    client_changed(c);
}

static const struct comport_callbacks comport_callbacks = {
    .data = on_data,
    .message = on_message,
    .malformed = on_malformed,
    .option = on_option,
    .command = on_telnet_command,
};

static void start_telnet(struct speech *s)
{
    static struct comport_scratch scratch; /* of all sessions */
    struct client *c = s->client;

    c->commands.comport = comport_new(COMPORT_SERVER, ANSWERS_MAX, &scratch, &comport_callbacks, s);
    if (!c->commands.comport) {
        client_end(c, "out of memory");
        return;
    }
    client_set_state(c, CLIENT_NEGOTIATING);
    timer_in_ms(&s->timer, is_refused(s) ? REFUSE_MS : NEGOTIATE_MS);
    if (is_refused(s)) /* and so not taken for one that works */
        comport_start_bare(c->commands.comport);
    else
        comport_start(c->commands.comport);
    client_flush(c);
}

/* --- deciding --------------------------------------------------------------------------------- */

static void become_raw(struct speech *s)
{
    if (is_refused(s)) { /* has no words for why */
        client_end(s->client, s->client->refusal);
        return;
    }
    timer_stop(&s->timer);
    client_set_state(s->client, CLIENT_RAW);
    client_changed(s->client);
}

static void refuse_stranger(struct speech *s, enum protocol protocol)
{
    struct client *c = s->client;

    stranger_refuse(c->stream, protocol, buf_head(&s->first), STRANGER_AT_SERIAL, c->options->name);
    c->stream = NULL;
    client_end(c, "it is no client of a serial port");
}

/* Continues with the protocol that is decided by now. The bytes so far are input. */
static void speak(struct speech *s, enum protocol protocol)
{
    struct client *c = s->client;
    struct buf first = s->first;
    size_t told = s->told;

    if (protocol != PROTOCOL_TELNET && protocol != PROTOCOL_DATA) {
        refuse_stranger(s, protocol);
        return;
    }
    buf_init(&s->first, 0);
    s->told = 0;
    s->undecided = s->doubtful = false;
    if (protocol == PROTOCOL_DATA && c->commands.comport) {
        log_peer_info(c->who, "%s: what it began with was no Telnet", c->who);
        comport_free(c->commands.comport);
        c->commands.comport = NULL;
        told = 0;
    }
    if (protocol == PROTOCOL_TELNET && !c->commands.comport)
        start_telnet(s);
    else if (protocol == PROTOCOL_DATA)
        become_raw(s);
    if (!is_over(s) && first.len > told &&
        order_hold(s->order, buf_head(&first) + told, first.len - told) < 0)
        client_end(c, "out of memory");
    buf_free(&first);
    if (!is_over(s))
        order_go_on(s->order);
}

void speech_decide(struct speech *s)
{
    if (s->first.len > 0 && (s->undecided || s->doubtful))
        speak(s, protocol_tell_resting(buf_head(&s->first), s->first.len));
}

/* A client that may be the owner's, and is about to say so, gets time. Others do not: they would
 * take the port for theirs. */
static void refuse(struct speech *s)
{
    if (s->agreed && s->client->may_resume && s->client->ext > 0 && s->returns && !s->patient) {
        s->patient = true;
        timer_in_ms(&s->timer, REFUSE_MS);
    } else if (s->agreed) {
        refuse_in_words(s->client);
    } else {
        refuse_in_a_line(s->client);
    }
}

/* More of its first bytes. */
static void tell_apart(struct speech *s, const uint8_t *data, size_t len)
{
    const bool begins = s->first.len == 0;

    if (buf_add(&s->first, data, len) < 0) {
        client_end(s->client, "out of memory");
        return;
    }
    enum protocol protocol = protocol_tell(buf_head(&s->first), s->first.len);
    if (protocol != PROTOCOL_OPEN)
        speak(s, protocol);
    else if (begins)
        timer_in_ms(&s->timer, FIRST_MS);
}

void speech_take(struct speech *s, const uint8_t *data, size_t len)
{
    if (s->agreed && !s->returns) /* it has seen that, and is not answered as if it were served */
        refuse(s);
    else if (s->undecided || s->doubtful)
        tell_apart(s, data, len);
    else
        order_take(s->order, data, len);
}

/* Telnet by a first negotiation and silence: that one is answered, and kept. */
static void doubt(struct speech *s)
{
    s->doubtful = true;
    s->told = NEGOTIATION_SIZE;
    start_telnet(s);
    if (!is_over(s))
        comport_receive(s->client->commands.comport, buf_head(&s->first), s->told);
    client_flush(s->client);
}

/* Whether what the gate took for Telnet is all there is of it. */
static bool is_all_it_said(const struct speech *s)
{
    return protocol_tell(buf_head(&s->first), s->first.len) == PROTOCOL_OPEN;
}

void speech_begin(struct speech *s)
{
    const enum port_mode mode = s->client->options->mode;
    const bool listens = s->first.len == 0 && !s->ended_early;

    if (mode == PORT_MODE_TELNET || mode == PORT_MODE_RFC2217)
        speak(s, PROTOCOL_TELNET);
    else if (mode == PORT_MODE_RAW || s->by_gate == PROTOCOL_DATA)
        speak(s, PROTOCOL_DATA);
    else if (s->by_gate == PROTOCOL_TELNET && is_all_it_said(s))
        doubt(s);
    else if (s->by_gate == PROTOCOL_TELNET)
        speak(s, PROTOCOL_TELNET);
    else
        become_raw(s);
    if (s->client->state == CLIENT_RAW)
        s->undecided = listens && mode == PORT_MODE_AUTO;
    order_update_reading(s->order);
}

static void on_timer(void *ctx)
{
    struct speech *s = ctx;

    if (s->undecided) {
        speech_decide(s);
    } else if (is_refused(s)) {
        refuse(s);
    } else if (s->client->state == CLIENT_NEGOTIATING) {
        speech_decide(s);
        if (s->client->state == CLIENT_NEGOTIATING)
            on_option(s, false);
    }
}

void speech_make(struct speech *s, struct client *client, struct order *order,
                 struct newcomer *newcomer)
{
    *s = (struct speech){.client = client,
                         .order = order,
                         .by_gate = newcomer->speech,
                         .ended_early = newcomer->ended,
                         .first = newcomer->first};
    buf_init(&newcomer->first, 0);
    s->first.max = FIRST_MAX;
    timer_make(&s->timer, client->base, on_timer, s);
}

void speech_stop(struct speech *s)
{
    timer_stop(&s->timer);
}

void speech_free(struct speech *s)
{
    comport_free(s->client->commands.comport);
    buf_free(&s->first);
}
