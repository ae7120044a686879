/*
 * Fuzzes net2pty's session: a server that sends anything, well-formed or not, takes what it likes
 * and goes at any moment, and programs that do what programs do meanwhile, in virtual time. What
 * waits stays bounded, nothing that a program asked stays without an answer for ever, and
 * afterwards a server that works is served.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/socket.h>

#include <event2/event.h>

#include <asm/ioctls.h>

#include "calls.h"
#include "fakes/fake_dialer.h"
#include "fakes/fake_vport.h"
#include "fuzz_time.h"
#include "log.h"
#include "loop.h"
#include "proto/comport.h"
#include "pty_session.h"
#include "program_call.h"
#include "visitor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { CALLERS = 8, BURST = 512 };

static struct event_base *base;
static struct pty_session_options options;
static struct pty_session *session;
static struct calls *calls;

/* The input, byte by byte; zeros at its end. */
static const uint8_t *input;
static size_t left;

static uint8_t next_byte(void)
{
    if (left == 0)
        return 0;
    left--;
    return *input++;
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

static void be_quiet(enum log_level level, const char *line)
{
    (void)level;
    (void)line;
}

/* --- programs --------------------------------------------------------------------------------- */

static struct program_call callers[CALLERS];

static void ask(void)
{
    static const unsigned requests[] = {TIOCMGET, TIOCMSET,    TIOCMBIS, TIOCMIWAIT, TIOCGICOUNT,
                                        TCSBRK,   TIOCGSERIAL, TIOCSBRK, TIOCCBRK,   TCSBRKP};
    const uint8_t which = next_byte();
    struct program_call *p = &callers[which % CALLERS];
    struct vport_identity identity;

    if (p->waits) {
        calls_cancel(calls, &p->caller);
        p->waits = false;
        return;
    }
    p->caller = (struct caller){
        &program_ops,
        {requests[(which / CALLERS) % (sizeof requests / sizeof *requests)], next_byte(), false}};
    p->waits = true;
    vport_identity(pty_session_port(session), &identity);
    calls_make(calls, &identity, &p->caller);
}

static void write_some(size_t len)
{
    static uint8_t bytes[256];

    memset(bytes, 0xff, sizeof bytes);
    if (fake_vport.open && fake_vport.reading && len > 0)
        fake_vport.callbacks->received(fake_vport.ctx, bytes, len);
}

static void set_something(uint8_t what)
{
    static const char *const formats[] = {"8N1", "7E1", "5N1", "8O2"};

    if (what & 4)
        fake_vport.line.flow_in = fake_vport.line.flow_out = what & 8 ? LINE_FLOW_HARDWARE : 0;
    else
        fake_vport_set(formats[what & 3], (uint32_t)what * 300);
}

/* --- the server ------------------------------------------------------------------------------- */

static void send_bytes(const void *bytes, size_t len)
{
    if (fake_dialer.server >= 0)
        (void)!send(fake_dialer.server, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void send_raw(void)
{
    uint8_t bytes[256];
    size_t n = next_byte();

    for (size_t i = 0; i < n; i++)
        bytes[i] = next_byte();
    send_bytes(bytes, n);
}

static void send_message(void)
{
    uint8_t bytes[32] = {255, 250, 44}, len = 3;
    const uint8_t code = next_byte(), size = next_byte() % 6;

    bytes[len++] = code & 128 ? code : (uint8_t)(100 + code % 13);
    for (unsigned i = 0; i < size; i++) {
        bytes[len] = next_byte();
        if (bytes[len++] == 255)
            bytes[len++] = 255;
    }
    bytes[len++] = 255;
    bytes[len++] = 240;
    send_bytes(bytes, len);
}

static void agree(void)
{
    static const uint8_t agreement[] = {255, 253, 44,  255, 253, 0,   255, 251,
                                        0,   255, 253, 3,   255, 251, 3};

    send_bytes(agreement, sizeof agreement);
}

static void sign(uint8_t who)
{
    static const char *const names[] = {"com2net x", "ser2net", "busy", "absent", "sredird", ""};
    const char *name = names[who % 6];
    static const uint8_t head[] = {255, 250, 44, 100}, tail[] = {255, 240};

    send_bytes(head, sizeof head);
    send_bytes(name, strlen(name));
    send_bytes(tail, sizeof tail);
}

static void read_some(size_t most)
{
    uint8_t bytes[65536];

    if (fake_dialer.server >= 0)
        (void)!recv(fake_dialer.server, bytes, most < sizeof bytes ? most : sizeof bytes,
                    MSG_DONTWAIT);
}

static void send_burst(unsigned blocks)
{
    static const uint8_t block[BURST] = {'x'};

    for (unsigned i = 0; i < blocks; i++)
        send_bytes(block, sizeof block);
}

/* --- together --------------------------------------------------------------------------------- */

static bool attentive; /* the server reads */

static void pass_time(unsigned ms)
{
    const struct timeval step = {0, 20000};

    for (uint64_t until = virtual_ms() + ms; virtual_ms() < until;) {
        event_base_loopexit(base, &step);
        event_base_dispatch(base);
        if (attentive)
            read_some(65536);
    }
}

static void step(uint8_t op)
{
    switch (op % 16) {
    case 0:
        if (fake_dialer.wants)
            fake_dialer_connect();
        break;
    case 1:
        send_raw();
        break;
    case 2:
    case 3:
        send_message();
        break;
    case 4:
        agree();
        break;
    case 5:
        sign(next_byte());
        break;
    case 6:
        if (fake_vport.open)
            fake_vport_close();
        else
            fake_vport_open();
        break;
    case 7:
        write_some(next_byte());
        break;
    case 8:
        set_something(next_byte());
        break;
    case 9:
        fake_vport_flush(next_byte() & 1, true);
        break;
    case 10:
        fake_vport.room = (size_t)next_byte() * 64;
        fake_vport.callbacks->writable(fake_vport.ctx);
        break;
    case 11:
        read_some((size_t)next_byte() * 256);
        break;
    case 12:
        fake_dialer_close();
        break;
    case 13:
        pass_time(next_byte() * 20u);
        break;
    case 14:
        ask();
        break;
    default:
        send_burst(next_byte());
        break;
    }
    event_base_loop(base, EVLOOP_NONBLOCK);
}

static size_t waiting(void)
{
    char report[PTY_REPORT_MAX];

    pty_session_report(session, report);
    const char *p = strstr(report, "waiting: ");
    return p ? strtoul(p + strlen("waiting: "), NULL, 10) : 0;
}

/* A server that works. */
static void live(void)
{
    fake_vport.room = SIZE_MAX;
    fake_vport.callbacks->writable(fake_vport.ctx);
    fake_dialer_close();
    pass_time(100);
    if (!fake_dialer.wants)
        abort();
    fake_dialer_connect();
    event_base_loop(base, EVLOOP_NONBLOCK);
    agree();
    attentive = true;
    pass_time(5000);
    if (!pty_session_is_connected(session))
        abort();
    if (!fake_vport.open)
        fake_vport_open();
    fake_vport_set("8N1", 9600);
    pass_time(3000);
    if (!fake_vport.reading)
        abort();
    for (unsigned i = 0; i < CALLERS; i++) {
        struct program_call *p = &callers[i];

        if (p->waits && p->caller.call.request != TIOCMIWAIT)
            pass_time(30000); /* the longest break is 25.5 s */
        if (p->waits && p->caller.call.request != TIOCMIWAIT)
            abort();
    }
}

static void begin(void)
{
    char error[VPORT_ERROR_MAX];

    log_init("fuzz", LOG_LEVEL_DEBUG);
    log_set_sink(be_quiet);
    virtual_begin();
    attentive = false;
    base = event_base_new();
    options = (struct pty_session_options){.link = "/tmp/fake",
                                           .hangup = next_byte() & 1,
                                           .no_touch_lines = next_byte() & 1,
                                           .counts = true};
    fake_vport_reset();
    session = pty_session_new(base, &options, &session_callbacks, NULL, error);
    calls = calls_new(base);
    if (!session || !calls || calls_add(calls, session) < 0)
        abort();
    memset(callers, 0, sizeof callers);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    input = data;
    left = len;
    begin();
    while (left > 0) {
        step(next_byte());
        journal_clear(&fake_vport.journal);
        if (waiting() > 256 * 1024)
            abort();
    }
    live();
    pty_session_withdraw(session);
    calls_free(calls);
    pty_session_free(session);
    event_base_loop(base, EVLOOP_NONBLOCK);
    event_base_free(base);
    virtual_on = false; /* the fuzzer has a clock of its own */
    return 0;
}
