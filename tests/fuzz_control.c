/*
 * Fuzzes the sockets of net2pty: askers at the one beside a link and at a COMMAND's, who say
 * anything in any pieces, make requests on links, do not read, and go at any moment; and a net2pty
 * that another one has joined and that answers anything. The first byte says which. Afterwards who
 * asks properly is answered.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/socket.h>

#include <event2/event.h>

#include <asm/ioctls.h>

#include "calls.h"
#include "control.h"
#include "fakes/fake_dialer.h"
#include "fakes/fake_vport.h"
#include "fuzz_time.h"
#include "ioctl_wire.h"
#include "local_socket.h"
#include "log.h"
#include "loop.h"
#include "pty_session.h"
#include "program_call.h"
#include "visitor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { ASKERS = 4, PIECE_MAX = 255 };

static struct event_base *base;
static struct pty_session_options options;
static struct pty_session *session;
static struct calls *calls, *others;
static evutil_socket_t askers[ASKERS];
static const uint8_t *input;
static size_t left;

static uint8_t next_byte(void)
{
    if (left == 0)
        return 0;
    left--;
    return *input++;
}

static void be_quiet(enum log_level level, const char *line)
{
    (void)level;
    (void)line;
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

static void close_asker(unsigned i)
{
    if (askers[i] >= 0)
        evutil_closesocket(askers[i]);
    askers[i] = -1;
}

static void send_to(evutil_socket_t fd, const void *bytes, size_t len)
{
    if (fd >= 0)
        (void)!send(fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void send_piece(evutil_socket_t fd)
{
    uint8_t bytes[PIECE_MAX];
    const size_t n = next_byte();

    for (size_t i = 0; i < n; i++)
        bytes[i] = next_byte();
    send_to(fd, bytes, n);
}

static void send_question(evutil_socket_t fd)
{
    static const unsigned requests[] = {TIOCMGET, TIOCMBIS,    TCSBRK,   TIOCMIWAIT,
                                        TCSBRKP,  TIOCGICOUNT, TIOCOUTQ, TIOCSSERIAL};
    const uint8_t what = next_byte();
    struct vport_identity identity;
    struct ioctl_wire_question q = {.kind = (enum ioctl_wire_kind)(IOCTL_WIRE_HELLO + what % 3),
                                    .id = next_byte() % 8u,
                                    .request = requests[what / 3 % 8],
                                    .argument = next_byte(),
                                    .len = next_byte() % (IOCTL_SHAPE_MAX + 1u)};
    uint8_t frame[IOCTL_WIRE_QUESTION_MAX];

    vport_identity(pty_session_port(session), &identity);
    q.device = identity.device;
    q.inode = identity.inode;
    q.special = identity.special;
    send_to(fd, frame, ioctl_wire_put_question(&q, frame));
}

static void pass_time(unsigned ms)
{
    const struct timeval step = {0, 20000};

    for (uint64_t until = virtual_ms() + ms; virtual_ms() < until;) {
        event_base_loopexit(base, &step);
        event_base_dispatch(base);
    }
}

static void read_all(evutil_socket_t fd)
{
    uint8_t bytes[4096];

    while (fd >= 0 && recv(fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
        ;
}

/* --- askers ----------------------------------------------------------------------------------- */

static void asker_step(uint8_t op)
{
    static const char *const requests[] = {"status\n", "reset\n", "ioctl\n", "join /tmp/x\n",
                                           "status"};
    const unsigned i = op >> 4 & 3;

    switch (op & 15) {
    case 0:
    case 1:
        close_asker(i);
        askers[i] = fake_vport_ask();
        break;
    case 2:
        close_asker(i);
        break;
    case 3:
        send_piece(askers[i]);
        break;
    case 4: {
        const char *request = requests[next_byte() % 5];

        send_to(askers[i], request, strlen(request));
        break;
    }
    case 5:
    case 6:
    case 7:
        send_question(askers[i]);
        break;
    case 8:
        read_all(askers[i]);
        break;
    case 9:
        if (fake_vport.open)
            fake_vport_close();
        else
            fake_vport_open();
        break;
    case 10:
        if (fake_dialer.wants)
            fake_dialer_connect();
        break;
    case 11:
        fake_dialer_close();
        break;
    case 12:
        shutdown(askers[i], SHUT_WR);
        break;
    default:
        pass_time(next_byte() * 10u);
        break;
    }
    event_base_loop(base, EVLOOP_NONBLOCK);
}

static void check_status(void)
{
    char answer[CONTROL_REPORT_MAX] = "";
    evutil_socket_t fd = fake_vport_ask();
    size_t len = 0;

    send_to(fd, "status\n", 7);
    for (int i = 0; i < 100; i++) {
        event_base_loop(base, EVLOOP_NONBLOCK);
        ssize_t n = recv(fd, answer + len, sizeof answer - 1 - len, MSG_DONTWAIT);

        len += n > 0 ? (size_t)n : 0;
    }
    evutil_closesocket(fd);
    if (strncmp(answer, "link: /tmp/fake\n", 16) != 0)
        abort();
}

/* --- one that is joined ----------------------------------------------------------------------- */

static evutil_socket_t serving = -1; /* our end */

static void on_asked(void *ctx, evutil_socket_t fd)
{
    (void)ctx;
    if (serving >= 0)
        evutil_closesocket(serving);
    serving = fd;
}

static void on_joined(void *ctx, const char *link, const char *why_not)
{
    (void)ctx;
    (void)link;
    (void)why_not;
}

static struct program_call program;

static void send_answer(void)
{
    const uint8_t what = next_byte();
    struct ioctl_wire_answer a = {.kind = what & 1 ? IOCTL_WIRE_PASS : IOCTL_WIRE_ANSWER,
                                  .id = what & 2   ? 0
                                        : what & 4 ? IOCTL_WIRE_PING
                                                   : next_byte() % 4u,
                                  .result = (int8_t)next_byte(),
                                  .len = what & 2 ? IOCTL_WIRE_IDENTITY
                                                  : next_byte() % (IOCTL_SHAPE_MAX + 1u)};
    uint8_t frame[IOCTL_WIRE_ANSWER_MAX];

    if (what & 2) { /* the identity 1, 2, 0x8800 of the fake */
        a.data[7] = 1;
        a.data[15] = 2;
        a.data[22] = 0x88;
    }
    send_to(serving, frame, ioctl_wire_put_answer(&a, frame));
}

static void joined_step(uint8_t op)
{
    static const unsigned requests[] = {TIOCMGET, TIOCMBIS, TCSBRK, TIOCMIWAIT, TIOCGSERIAL};
    const struct vport_identity identity = {1, 2, 0x8800};

    switch (op & 7) {
    case 0:
    case 1:
        send_answer();
        break;
    case 2:
        send_piece(serving);
        break;
    case 3:
        if (serving >= 0)
            evutil_closesocket(serving);
        serving = -1;
        break;
    case 4:
        read_all(serving);
        break;
    case 5:
        if (program.waits) {
            calls_cancel(others, &program.caller);
            program.waits = false;
            break;
        }
        program.caller = (struct caller){&program_ops, {requests[(op >> 3) % 5], 8, false}};
        program.waits = true;
        calls_make(others, &identity, &program.caller);
        break;
    default:
        pass_time(next_byte() * 20u);
        break;
    }
    event_base_loop(base, EVLOOP_NONBLOCK);
}

/* One that is silent is given up, with all that it was asked. */
static void check_limit(void)
{
    pass_time(20000);
    if (program.waits)
        abort();
}

/* --- together --------------------------------------------------------------------------------- */

static void fuzz_askers(void)
{
    char error[VPORT_ERROR_MAX];

    options = (struct pty_session_options){
        .link = "/tmp/fake", .raw = next_byte() & 1, .hangup = next_byte() & 1};
    session = pty_session_new(base, &options, &session_callbacks, NULL, error);
    calls = calls_new(base);
    if (!session || !calls || calls_add(calls, session) < 0)
        abort();
    for (unsigned i = 0; i < ASKERS; i++)
        askers[i] = -1;
    while (left > 0)
        asker_step(next_byte());
    check_status();
    for (unsigned i = 0; i < ASKERS; i++)
        close_asker(i);
    event_base_loop(base, EVLOOP_NONBLOCK);
    pty_session_withdraw(session);
    calls_free(calls);
    pty_session_free(session);
}

static void fuzz_joined(void)
{
    bool stale;
    int r;
    char error[LOCAL_SOCKET_ERROR_MAX];

    (void)local_socket_listen(base, "/tmp/fake", on_asked, NULL, &stale, &r, error);
    others = calls_new(base);
    program.waits = false;
    calls_join(others, "/tmp/fake", CALLS_JOIN_PATIENTLY, on_joined, NULL);
    event_base_loop(base, EVLOOP_NONBLOCK);
    while (left > 0)
        joined_step(next_byte());
    check_limit();
    calls_free(others);
    if (serving >= 0)
        evutil_closesocket(serving);
    serving = -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    input = data;
    left = len;
    log_init("fuzz", LOG_LEVEL_ERROR);
    log_set_sink(be_quiet);
    virtual_begin();
    base = event_base_new();
    fake_vport_reset();
    if (next_byte() & 1)
        fuzz_joined();
    else
        fuzz_askers();
    event_base_loop(base, EVLOOP_NONBLOCK);
    event_base_free(base);
    virtual_on = false; /* the fuzzer has a clock of its own */
    return 0;
}
