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

#include <event2/event.h>

#include <asm/ioctls.h>

#include "calls.h"
#include "fakes/fake_vport.h"
#include "link_server.h"
#include "log.h"
#include "loop.h"
#include "pty_session.h"
#include "test.h"
#include "visitor.h"
#include "virtual_time.h"

enum {
    STEPS = 400, /* of a schedule */
    CALLERS = 6,
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

static uint64_t written; /* bytes of programs */

static uint64_t report_number(const char *what)
{
    char report[PTY_REPORT_MAX];

    pty_session_report(session, report);
    const char *p = strstr(report, what);
    HOLDS(p);
    return strtoull(p + strlen(what), NULL, 10);
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
