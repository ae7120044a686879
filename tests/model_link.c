/*
 * The life of a link against a model: connections that come, fail, are refused, are lost at any
 * moment with something under way; programs that open, write, set, flush, ask and go; in virtual
 * time. What must hold, whatever the schedule:
 *
 *   - each byte of a program reaches a server once, in order, or is counted as lost: none is sent
 * twice, and none is missing without a word
 *   - a server that works is told the settings and lines as programs have them
 *   - a request is answered, but a drain without a server
 *   - a session that its server keeps over a lost connection goes on without a gap
 *   - at the end the link works
 *
 * model_link [SECONDS [SEED]]: runs so long (COM2NET_RANDOM_SECONDS, or 3), and begins with that
 * schedule. A failure says the seed of its schedule.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <event2/event.h>

#include <asm/ioctls.h>

#include "calls.h"
#include "comport_journal.h"
#include "fakes/fake_dialer.h"
#include "fakes/fake_vport.h"
#include "log.h"
#include "loop.h"
#include "proto/replay.h"
#include "proto/serial_ext.h"
#include "pty_session.h"
#include "tcp.h"
#include "test.h"
#include "visitor.h"
#include "virtual_time.h"

enum {
    STEPS = 400, /* of a schedule */
    CALLERS = 6,
    LETTERS = 26,
    WRITE_MAX = 300,
};

struct program_call {
    struct caller caller;
    bool waits;
    int memory;
};

static struct event_base *base;
static struct pty_session_options options;
static struct pty_session *session;
static struct calls *calls;
static struct program_call callers[CALLERS];

static struct comport *server; /* while there is one that speaks */
static bool reads;             /* it takes what comes */
static bool is_com2net;
static struct line_settings told; /* by the session to this server */
static unsigned told_outputs;

static uint64_t written, arrived; /* bytes of programs; of them at servers */
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

static uint32_t seed, state;

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

static uint64_t report_number(const char *what)
{
    char report[PTY_REPORT_MAX];

    pty_session_report(session, report);
    const char *p = strstr(report, what);
    HOLDS(p);
    return strtoull(p + strlen(what), NULL, 10);
}

/* --- the server ------------------------------------------------------------------------------- */

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

/* --- programs --------------------------------------------------------------------------------- */

static char next_written = 'A';

static void program_writes(size_t len)
{
    uint8_t bytes[WRITE_MAX];

    if (!fake_vport.open || !fake_vport.reading)
        return;
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)next_written;
        next_written = after(next_written);
    }
    written += len;
    fake_vport.callbacks->received(fake_vport.ctx, bytes, len);
}

static int call_memory_read(struct caller *c, uint64_t address, void *data, size_t len)
{
    (void)address;
    HOLDS(len <= sizeof(int));
    memcpy(data, &((struct program_call *)c)->memory, len);
    return 0;
}

static int call_memory_write(struct caller *c, uint64_t address, const void *data, size_t len)
{
    (void)c;
    (void)address;
    (void)data;
    (void)len;
    return 0;
}

static bool call_is_waiting(struct caller *c)
{
    return ((struct program_call *)c)->waits;
}

static int call_interruption(struct caller *c)
{
    (void)c;
    return 0;
}

static void call_answer(struct caller *c, int result)
{
    (void)result;
    HOLDS(((struct program_call *)c)->waits);
    ((struct program_call *)c)->waits = false;
}

static void call_pass(struct caller *c)
{
    call_answer(c, 0);
}

static const struct caller_ops call_ops = {.read = call_memory_read,
                                           .write = call_memory_write,
                                           .is_waiting = call_is_waiting,
                                           .interruption = call_interruption,
                                           .answer = call_answer,
                                           .pass = call_pass};

static void program_calls(void)
{
    static const unsigned requests[] = {TIOCMGET, TIOCMBIS,    TIOCMBIC, TIOCOUTQ,
                                        TCSBRK,   TIOCGICOUNT, TIOCSBRK, TIOCCBRK};
    struct vport_identity identity;
    struct program_call *c = &callers[any(CALLERS)];
    unsigned request = requests[any(sizeof requests / sizeof *requests)];

    if (c->waits || !fake_vport.open)
        return;
    c->caller = (struct caller){&call_ops, {request, request == TCSBRK ? 1 : 8, false}};
    c->memory = any(2) ? TIOCM_DTR : TIOCM_RTS;
    c->waits = true;
    vport_identity(pty_session_port(session), &identity);
    calls_make(calls, &identity, &c->caller);
}

static void program_sets(void)
{
    static const char *const formats[] = {"8N1", "7E1", "7O2", "8N2"};

    if (fake_vport.open)
        fake_vport_set(formats[any(4)], any(2) ? 9600 : 115200);
}

/* --- a schedule ------------------------------------------------------------------------------- */

static void pass_time(uint64_t ms)
{
    const struct timeval step = {0, ms > 100 ? 20000 : 2000};

    for (uint64_t until = virtual_ms() + ms; virtual_ms() < until;) {

        event_base_loopexit(base, &step);
        event_base_dispatch(base);
        server_turn(8192);
    }
}

static void one_step(void)
{
    switch (any(14)) {
    case 0:
        if (fake_dialer.wants && !server)
            server_connect(kept.session && any(2) ? COM2NET_THAT_KEEPS : (enum kind)any(3));
        break;
    case 1:
        if (fake_dialer.wants)
            fake_dialer_fail(any(2) ? UNREACHED_NO_WAY : UNREACHED_REFUSED);
        break;
    case 2:
        if (server && any(3) == 0)
            server_close();
        else if (server && kept.replay.on)
            lose_connection();
        else if (kept.session && !server && any(4) == 0)
            forget_session(); /* it begins anew */
        break;
    case 3:
        if (fake_dialer.wants && !server) { /* somebody has the far port */
            server_connect(COM2NET);
            comport_send_text(server, "busy");
            server_turn(0);
            event_base_loop(base, EVLOOP_NONBLOCK);
            server_close();
        }
        break;
    case 4:
        if (!fake_vport.open)
            fake_vport_open();
        else if (any(2))
            fake_vport_close();
        break;
    case 5:
    case 6:
    case 7:
        program_writes(1 + any(WRITE_MAX));
        break;
    case 8:
        program_sets();
        break;
    case 9:
        program_calls();
        break;
    case 10:
        reads = any(3) > 0;
        break;
    case 11:
        server_turn(1 + any(64)); /* a piece of it */
        break;
    case 12:
        if (fake_vport.open)
            fake_vport_flush(false, true);
        break;
    default:
        pass_time(1 + any(any(4) ? 20 : 3000));
        break;
    }
    event_base_loop(base, EVLOOP_NONBLOCK);
}

static bool same_settings(void)
{
    return told.baud == fake_vport.line.baud && told.data_bits == fake_vport.line.data_bits &&
           told.parity == fake_vport.line.parity && told.stop == fake_vport.line.stop;
}

static void on_connected(void *ctx)
{
    (void)ctx;
}

static struct control_visit *on_visit(void *ctx, struct pty_session *s, struct stream *stream)
{
    (void)ctx;
    return calls ? visitor_new(calls, s, stream) : NULL;
}

static const struct pty_session_callbacks session_callbacks = {
    .connected = on_connected,
    .visit = on_visit,
};

static void begin(void)
{
    char error[VPORT_ERROR_MAX];

    fake_vport_reset();
    base = event_base_new();
    options = (struct pty_session_options){.link = "/tmp/fake", .counts = true};
    session = pty_session_new(base, &options, &session_callbacks, NULL, error);
    HOLDS(session);
    calls = calls_new(base);
    HOLDS(calls && calls_add(calls, session) == 0);
    memset(callers, 0, sizeof callers);
    written = arrived = 0;
    next_written = 'A';
}

static void end(void)
{
    pty_session_withdraw(session);
    calls_free(calls);
    pty_session_free(session);
    server_close();
    event_base_loop(base, EVLOOP_NONBLOCK);
    event_base_free(base);
}

/* A server that works, and a program that writes: the link does. */
static void live(void)
{
    server_close();
    silent = true; /* who has not noticed that its connection is gone does now */
    pass_time(20000);
    HOLDS(fake_dialer.wants);
    server_connect(COM2NET);
    pass_time(3000);
    HOLDS(pty_session_is_connected(session));
    if (!fake_vport.open)
        fake_vport_open();
    fake_vport_set("8N1", 19200);
    pass_time(2000);
    HOLDS(fake_vport.reading);
    program_writes(WRITE_MAX);
    pass_time(2000);
    HOLDS(last_arrived == (next_written == 'A' ? 'Z' : (char)(next_written - 1)));
    HOLDS(written == arrived + report_number("lost: "));
    HOLDS(same_settings());
    for (unsigned i = 0; i < CALLERS; i++)
        HOLDS(!callers[i].waits);
    fake_vport_close();
    pass_time(1000);
    HOLDS(told_outputs == 0);
}

static void run_schedule(void)
{
    state = seed * 2654435761u | 1;
    begin();
    for (int i = 0; i < STEPS; i++)
        one_step();
    live();
    end();
}

int main(int argc, char **argv)
{
    const char *given = getenv("COM2NET_RANDOM_SECONDS");
    const long seconds = argc > 1 ? atol(argv[1]) : given ? atol(given) : 3;
    const uint64_t until_ms = real_ms() + (uint64_t)seconds * 1000;
    unsigned schedules = 0;

    seed = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 1;
    log_init("model_link", getenv("COM2NET_MODEL_LOG") ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR);
    virtual_begin();
    do {
        run_schedule();
        schedules++;
        seed++;
    } while (real_ms() < until_ms);
    printf("%u schedules\n", schedules);
    return 0;
}
