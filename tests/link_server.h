/*
 * The servers of model_link: what they are told, by the connection of fake_dialer, what they answer
 * and keep. A program that includes this, once, is linked with --wrap=tcp_silence_ms.
 */
#ifndef TESTS_LINK_SERVER_H
#define TESTS_LINK_SERVER_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "fakes/fake_dialer.h"
#include "proto/comport.h"
#include "proto/line.h"
#include "proto/replay.h"
#include "proto/rfc2217.h"
#include "proto/serial_ext.h"
#include "tcp.h"

/* --- chance ----------------------------------------------------------------------------------- */

static uint32_t seed, state; /* of a schedule */

#define HOLDS(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s does not hold; seed %u\n", __FILE__, __LINE__, #condition,  \
                    seed);                                                                         \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

static uint32_t any(uint32_t below)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % below;
}

/* --- the server ------------------------------------------------------------------------------- */

static struct comport *server; /* while there is one that speaks */
static bool reads;             /* it takes what comes */
static bool is_com2net;
static struct line_settings told; /* by the session to this server */
static unsigned told_outputs;

static uint64_t arrived; /* bytes of programs, at servers */
static char last_arrived;
static bool session_has_data; /* of the server's session: the next one follows the last */

/* A server that keeps its session while the connection is lost. */
static struct {
    bool keeps;
    struct comport *session; /* kept, while `server` is what another connection says first */
    struct replay replay;
    uint64_t counted_from;
    uint64_t acknowledged;
    uint8_t token[SERIAL_EXT_TOKEN_SIZE];
    bool goes_on; /* the session has been found */
} kept;
static bool silent; /* the network: nothing is acknowledged any more */

static char after(char c)
{
    return c == 'Z' ? 'A' : (char)(c + 1);
}

/* Bytes of a program are letters in turn: where some were lost there is a gap, but never a step
 * back that a lost one does not explain. */
static void on_data(void *ctx, const uint8_t *data, size_t len)
{
    (void)ctx;
    arrived += len;
    HOLDS(!session_has_data || (char)data[0] == after(last_arrived));
    session_has_data = true;
    for (size_t i = 1; i < len; i++) /* a piece of the connection has no gap in it */
        HOLDS((char)data[i] == after((char)data[i - 1]));
    last_arrived = (char)data[len - 1];
}

static void answer(uint8_t command, uint32_t value)
{
    comport_send_value(server, command, value);
}

unsigned __wrap_tcp_silence_ms(evutil_socket_t fd);

unsigned __wrap_tcp_silence_ms(evutil_socket_t fd)
{
    (void)fd;
    return silent ? 1000000 : 0;
}

static void send_resume(enum serial_ext_resume_kind kind, uint64_t received)
{
    const struct serial_ext_resume r = {
        .kind = (uint8_t)kind, .received = received, .grace_s = 1 + any(20)};
    uint8_t payload[SERIAL_EXT_MAX];

    comport_send(server, (struct rfc2217_message){.command = RFC2217_RESUME,
                                                  .text = payload,
                                                  .text_len = serial_ext_put_resume(&r, payload)});
}

static void send_out(void);

static uint64_t received(const struct comport *c)
{
    return comport_taken(c) - kept.counted_from;
}

static void forget_session(void)
{
    comport_free(kept.session);
    kept.session = NULL;
    kept.goes_on = false;
    replay_end(&kept.replay);
}

static void begin_session(void)
{
    told = line_default;
    told_outputs = 0;
    session_has_data = false;
}

static void on_resume(const struct rfc2217_message *m)
{
    struct serial_ext_resume r;

    HOLDS(is_com2net && kept.keeps && serial_ext_get_resume(m->text, m->text_len, &r) == 0);
    if (r.kind == SERIAL_EXT_BEGIN && kept.keeps) {
        memcpy(kept.token, r.token, sizeof kept.token);
        kept.counted_from = comport_taken(server);
        kept.acknowledged = 0;
        send_resume(SERIAL_EXT_GRANT, 0);
        send_out();
        replay_begin(&kept.replay, 1 << 22);
    } else if (r.kind == SERIAL_EXT_RESUME && kept.session &&
               memcmp(r.token, kept.token, sizeof r.token) == 0) {
        HOLDS(replay_go_on(&kept.replay, r.received) == 0);
        comport_pause(server);
        kept.goes_on = true;
    } else if (r.kind == SERIAL_EXT_ACK) {
        HOLDS(replay_acknowledge(&kept.replay, r.received) == 0);
    } else {
        send_resume(SERIAL_EXT_REFUSE, 0);
    }
}

static void on_message(void *ctx, const struct rfc2217_message *m)
{
    bool inbound;
    int flow = m->command == RFC2217_SET_CONTROL ? rfc2217_flow_of_code(m->value, &inbound) : -1;

    (void)ctx;
    switch (m->command) {
    case RFC2217_SIGNATURE:
        if (m->text_len == 0)
            comport_send_text(server, !is_com2net  ? "another"
                                      : kept.keeps ? "com2net/model ext=1"
                                                   : "com2net model");
        break;
    case RFC2217_RESUME:
        on_resume(m);
        break;
    case RFC2217_SET_BAUDRATE:
        told.baud = m->value ? m->value : told.baud;
        answer(m->command, told.baud);
        break;
    case RFC2217_SET_DATASIZE:
        told.data_bits = m->value ? (uint8_t)m->value : told.data_bits;
        answer(m->command, told.data_bits);
        break;
    case RFC2217_SET_PARITY:
        told.parity = m->value ? (uint8_t)m->value : told.parity;
        answer(m->command, told.parity);
        break;
    case RFC2217_SET_STOPSIZE:
        told.stop = m->value ? (uint8_t)m->value : told.stop;
        answer(m->command, told.stop);
        break;
    case RFC2217_SET_LINES:
        HOLDS(is_com2net);
        told_outputs = (told_outputs & ~(unsigned)m->mask) | (m->lines & m->mask);
        if (m->mask & LINE_DTR)
            answer(RFC2217_SET_CONTROL,
                   told_outputs & LINE_DTR ? RFC2217_CONTROL_DTR_ON : RFC2217_CONTROL_DTR_OFF);
        if (m->mask & LINE_RTS)
            answer(RFC2217_SET_CONTROL,
                   told_outputs & LINE_RTS ? RFC2217_CONTROL_RTS_ON : RFC2217_CONTROL_RTS_OFF);
        break;
    case RFC2217_SET_CONTROL:
        if (m->value == RFC2217_CONTROL_DTR_ON || m->value == RFC2217_CONTROL_DTR_OFF)
            told_outputs = (told_outputs & ~(unsigned)LINE_DTR) |
                           (m->value == RFC2217_CONTROL_DTR_ON ? (unsigned)LINE_DTR : 0);
        if (m->value == RFC2217_CONTROL_RTS_ON || m->value == RFC2217_CONTROL_RTS_OFF)
            told_outputs = (told_outputs & ~(unsigned)LINE_RTS) |
                           (m->value == RFC2217_CONTROL_RTS_ON ? (unsigned)LINE_RTS : 0);
        if (flow >= 0 && !inbound)
            told.flow_out = told.flow_in = (uint8_t)flow;
        else if (flow >= 0)
            told.flow_in = (uint8_t)flow;
        answer(RFC2217_SET_CONTROL, m->value ? m->value : rfc2217_flow_out_code(told.flow_out));
        break;
    case RFC2217_NOTIFY_MODEMSTATE:
        answer(RFC2217_NOTIFY_MODEMSTATE, told_outputs & LINE_RTS ? LINE_CTS : 0);
        break;
    case RFC2217_PURGE_DATA:
        answer(m->command, m->value);
        break;
    default:
        break;
    }
}

static void on_option(void *ctx, bool agreed)
{
    (void)ctx;
    if (agreed)
        answer(RFC2217_NOTIFY_MODEMSTATE, 0);
}

static void ignore_malformed(void *ctx, const struct rfc2217_message *m)
{
    (void)ctx;
    HOLDS(m == NULL);
}

static void ignore_command(void *ctx, uint8_t command)
{
    (void)ctx;
    (void)command;
}

static const struct comport_callbacks server_callbacks = {.data = on_data,
                                                          .message = on_message,
                                                          .malformed = ignore_malformed,
                                                          .option = on_option,
                                                          .command = ignore_command};

/* Of the connection, and all that is known. */
static void server_close(void)
{
    fake_dialer_close();
    comport_free(server);
    server = NULL;
    forget_session();
}

/* The network takes the connection; what the server has said and heard stays with it. */
static void lose_connection(void)
{
    if (!kept.replay.on || kept.session) {
        server_close();
        return;
    }
    silent = true; /* until the next one */
    send_out();
    kept.session = server;
    server = NULL;
}

/* What the server has to say goes out, and is kept where it keeps its session. */
static void send_out(void)
{
    struct buf *out = comport_output(server);
    ssize_t n = 0;

    if (kept.replay.on && !kept.session) {
        size_t len;

        HOLDS(replay_sent(&kept.replay, buf_head(out), out->len) == 0);
        buf_drain(out, out->len);
        const uint8_t *next = replay_next(&kept.replay, &len);
        n = next ? send(fake_dialer.server, next, len, MSG_DONTWAIT | MSG_NOSIGNAL) : 0;
        replay_given(&kept.replay, n > 0 ? (size_t)n : 0);
    } else if (out->len > 0) {
        n = send(fake_dialer.server, buf_head(out), out->len, MSG_DONTWAIT | MSG_NOSIGNAL);
        buf_drain(out, n > 0 ? (size_t)n : 0);
    }
}

/* The session goes on over the connection that has asked for it. */
static void go_on(void)
{
    send_resume(SERIAL_EXT_GRANT, received(kept.session));
    while (comport_output(server)->len > 0)
        send_out();
    comport_free(server);
    server = kept.session;
    kept.session = NULL;
    kept.goes_on = false;
    replay_again(&kept.replay);
    send_out();
}

static void acknowledge(void)
{
    if (!kept.replay.on || kept.session || received(server) == kept.acknowledged || any(3))
        return;
    kept.acknowledged = received(server);
    send_resume(SERIAL_EXT_ACK, kept.acknowledged);
}

/* Reads at most `most` bytes and answers. */
static void server_turn(size_t most)
{
    uint8_t bytes[8192];

    if (!server)
        return;
    if (reads) {
        ssize_t n = recv(fake_dialer.server, bytes, most < sizeof bytes ? most : sizeof bytes,
                         MSG_DONTWAIT);
        size_t used = n > 0 ? comport_receive(server, bytes, (size_t)n) : 0;

        if (n == 0) {
            server_close();
            return;
        }
        if (kept.goes_on) {
            HOLDS(used == (size_t)n); /* nothing is behind what asks for it */
            go_on();
        }
        acknowledge();
    }
    send_out();
}

/* The kinds of servers. */
enum kind { ANOTHER, COM2NET, COM2NET_THAT_KEEPS };

static void server_connect(enum kind kind)
{
    static struct comport_scratch scratch;

    if (kind != COM2NET_THAT_KEEPS)
        forget_session();
    server = comport_new(COMPORT_SERVER, 1 << 22, &scratch, &server_callbacks, NULL);
    HOLDS(server);
    is_com2net = kind != ANOTHER;
    kept.keeps = kind == COM2NET_THAT_KEEPS;
    reads = true;
    silent = false;
    if (!kept.session)
        begin_session();
    fake_dialer_connect();
    comport_start(server);
}

#endif
