/*
 * Requests on links, of this process and of another one: a session on a port in memory, with a
 * server that only takes connections, asked directly, over its socket, and by who has joined it.
 */
#include "calls.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include <asm/ioctls.h>
#include <asm/termios.h>

#include "fakes/fake_vport.h"
#include "ioctl_wire.h"
#include "log.h"
#include "loop.h"
#include "pty_session.h"
#include "patience.h"
#include "test.h"
#include "visitor.h"

static struct event_base *base;
static struct pty_session_options options;
static struct pty_session *session;
static int server = -1;              /* listens */
static struct calls *calls, *others; /* `others`: of another process that joins the link */
static struct vport_identity identity;

/* --- the stage -------------------------------------------------------------------------------- */

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

static void listen_if(bool wanted)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof in;

    server = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(bind(server, (struct sockaddr *)&in, sizeof in) == 0);
    CHECK(getsockname(server, (struct sockaddr *)&in, &len) == 0);
    CHECK(!wanted || listen(server, 4) == 0);
    options.server.port = ntohs(in.sin_port);
}

static void begin_with(bool with_server)
{
    char error[VPORT_ERROR_MAX];

    log_init("test", LOG_LEVEL_WARN);
    fake_vport_reset();
    base = loop_new(false);
    options = (struct pty_session_options){.link = "/tmp/fake", .server = {.port = 1}};
    snprintf(options.server.host, sizeof options.server.host, "127.0.0.1");
    options.raw = true; /* a connection is all it takes */
    listen_if(with_server);
    session = pty_session_new(base, &options, &session_callbacks, NULL, error);
    CHECK(session);
    calls = calls_new(base);
    others = calls_new(base);
    CHECK(calls && others && calls_add(calls, session) == 0);
    vport_identity(pty_session_port(session), &identity);
}

static void begin(void)
{
    begin_with(true);
}

static void end_session(void)
{
    pty_session_withdraw(session);
    calls_free(calls);
    pty_session_free(session);
    session = NULL;
}

static void end(void)
{
    if (session)
        end_session();
    calls_free(others);
    loop_free(base);
    close(server);
}

#define RUN_UNTIL(condition)                                                                       \
    do {                                                                                           \
        uint64_t limit_ = patience_ms() + 6000;                                                    \
        while (!(condition)) {                                                                     \
            CHECK(patience_ms() < limit_);                                                         \
            event_base_loop(base, EVLOOP_NONBLOCK);                                                \
        }                                                                                          \
    } while (0)

/* --- a program -------------------------------------------------------------------------------- */

struct fake_caller {
    struct caller caller;
    enum { CALLER_WAITS, CALLER_ANSWERED, CALLER_PASSED } state;
    int result;
    int memory; /* all there is, at the address 8 */
    int closed; /* errno of the memory, or 0 */
    bool gone;
    int signal; /* what interruption says */
};

static int read_memory(struct caller *c, uint64_t address, void *data, size_t len)
{
    const struct fake_caller *f = (const struct fake_caller *)c;

    if (f->closed || address != 8 || len != sizeof f->memory)
        return f->closed ? -f->closed : -EFAULT;
    memcpy(data, &f->memory, len);
    return 0;
}

static int write_memory(struct caller *c, uint64_t address, const void *data, size_t len)
{
    struct fake_caller *f = (struct fake_caller *)c;

    if (f->closed || address != 8 || len != sizeof f->memory)
        return f->closed ? -f->closed : -EFAULT;
    memcpy(&f->memory, data, len);
    return 0;
}

static bool is_waiting(struct caller *c)
{
    return !((struct fake_caller *)c)->gone;
}

static int interruption(struct caller *c)
{
    return ((struct fake_caller *)c)->signal;
}

static void answer(struct caller *c, int result)
{
    struct fake_caller *f = (struct fake_caller *)c;

    CHECK(f->state == CALLER_WAITS); /* once */
    f->state = CALLER_ANSWERED;
    f->result = result;
}

static void pass(struct caller *c)
{
    struct fake_caller *f = (struct fake_caller *)c;

    CHECK(f->state == CALLER_WAITS);
    f->state = CALLER_PASSED;
}

static const struct caller_ops ops = {
    .read = read_memory,
    .write = write_memory,
    .is_waiting = is_waiting,
    .interruption = interruption,
    .answer = answer,
    .pass = pass,
};

static struct fake_caller caller_of(unsigned request, uint64_t argument)
{
    return (struct fake_caller){.caller = {&ops, {request, argument, false}}};
}

/* Makes a call and runs until it is over. */
static struct fake_caller make(struct calls *c, unsigned request, uint64_t argument, int memory)
{
    struct fake_caller f = caller_of(request, argument);

    f.memory = memory;
    calls_make(c, &identity, &f.caller);
    RUN_UNTIL(f.state != CALLER_WAITS);
    return f;
}

/* --- on a link of this process and on a joined one ---------------------------------------------
 */

static int joined_times;
static char join_refusal[256];

static void on_joined(void *ctx, const char *link, const char *why_not)
{
    (void)ctx;
    CHECK_TEXT(link, "/tmp/fake");
    joined_times++;
    snprintf(join_refusal, sizeof join_refusal, "%s", why_not ? why_not : "");
}

static void join(void)
{
    joined_times = 0;
    calls_join(others, "/tmp/fake", CALLS_JOIN_PATIENTLY, on_joined, NULL);
}

static void check_calls(struct calls *c)
{
    struct fake_caller f = make(c, TIOCMBIS, 8, TIOCM_DTR);

    CHECK(f.state == CALLER_ANSWERED && f.result == 0);
    f = make(c, TIOCMGET, 8, -1);
    CHECK(f.state == CALLER_ANSWERED && f.result == 0 && f.memory == TIOCM_DTR);
    f = make(c, TIOCMBIC, 8, TIOCM_DTR);
    f = make(c, TIOCMGET, 8, -1);
    CHECK(f.result == 0 && f.memory == 0);
    CHECK(make(c, TIOCMSET, 9, 0).result == -EFAULT);
    CHECK(make(c, TIOCMGET, 9, 0).result == -EFAULT);
    CHECK(make(c, TIOCGWINSZ, 8, 0).state == CALLER_PASSED);
    CHECK(make(c, (unsigned)TIOCGRS485, 0, 0).result == -ENOTTY);

    f = caller_of(TIOCMGET, 8);
    f.closed = EPERM; /* the kernel's answer is better than none */
    calls_make(c, &identity, &f.caller);
    RUN_UNTIL(f.state != CALLER_WAITS);
    CHECK(f.state == CALLER_PASSED);

    f = caller_of(TIOCMIWAIT, TIOCM_CTS);
    calls_make(c, &identity, &f.caller);
    CHECK(f.state == CALLER_WAITS);
    f.signal = -EINTR;
    RUN_UNTIL(f.state != CALLER_WAITS);
    CHECK(f.state == CALLER_ANSWERED && f.result == -EINTR);

    f = caller_of(TIOCMIWAIT, TIOCM_CTS);
    calls_make(c, &identity, &f.caller);
    f.gone = true;
    RUN_UNTIL(f.state != CALLER_WAITS);

    f = caller_of(TIOCMIWAIT, TIOCM_CTS);
    calls_make(c, &identity, &f.caller);
    calls_cancel(c, &f.caller);
    calls_cancel(c, &f.caller); /* held no more */
    CHECK(f.state == CALLER_WAITS);
}

static void requests_are_carried_out(void)
{
    begin();
    check_calls(calls);
    struct fake_caller f = caller_of(TIOCMGET, 8);
    const struct vport_identity stranger = {1, 2, 3};
    calls_make(calls, &stranger, &f.caller);
    CHECK(f.state == CALLER_PASSED);
    end();
}

static void joined_links_likewise(void)
{
    begin();
    join();
    RUN_UNTIL(joined_times == 1);
    CHECK_TEXT(join_refusal, "");
    check_calls(others);

    /* its net2pty ends while a program waits, and another one comes */
    struct fake_caller f = caller_of(TIOCMIWAIT, TIOCM_CTS);
    calls_make(others, &identity, &f.caller);
    end_session();
    RUN_UNTIL(f.state != CALLER_WAITS);
    CHECK(f.state == CALLER_ANSWERED && f.result == -EIO);
    calls_free(others);
    loop_free(base);
    close(server);
    begin();
    join();
    RUN_UNTIL(joined_times == 1);
    check_calls(others);
    end();
}

/* A set that has to wait for room is carried out, whatever signals its program gets meanwhile. */
static void signals_do_not_interrupt_sets(void)
{
    static char block[64 * 1024];

    begin();
    fake_vport_open();
    RUN_UNTIL(pty_session_is_connected(session));
    memset(block, 'x', sizeof block - 1);
    while (fake_vport.reading)
        fake_vport_write(block);
    struct fake_caller f = caller_of(TIOCMBIS, 8);
    f.signal = -EINTR;
    calls_make(calls, &identity, &f.caller);
    for (int i = 0; i < 10; i++)
        event_base_loop(base, EVLOOP_ONCE); /* its tick */
    CHECK(f.state == CALLER_WAITS);

    int peer = accept(server, NULL, NULL);
    CHECK(peer >= 0);
    RUN_UNTIL(recv(peer, block, sizeof block, MSG_DONTWAIT) <= 0 && f.state != CALLER_WAITS);
    CHECK(f.state == CALLER_ANSWERED && f.result == 0);
    close(peer);
    end();
}

/* Its server takes nothing: who asks is answered, and a set is not held for ever. */
static void what_cannot_go_out_holds_no_question_and_no_set(void)
{
    static char block[64 * 1024];

    begin();
    fake_vport_open();
    RUN_UNTIL(pty_session_is_connected(session));
    memset(block, 'x', sizeof block - 1);
    while (fake_vport.reading)
        fake_vport_write(block);
    fake_vport.untaken = 100;
    CHECK(make(calls, TIOCMBIS, 8, TIOCM_DTR).result == 0);
    CHECK(make(calls, TIOCMGET, 8, 0).memory & TIOCM_DTR);
    struct fake_caller asks = make(calls, TIOCOUTQ, 8, 0);
    CHECK(asks.result == 0 && asks.memory > 100);

    struct fake_caller drain = caller_of(TCSBRK, 1); /* no serial port would end it */
    calls_make(calls, &identity, &drain.caller);
    CHECK(make(calls, TIOCMBIC, 8, TIOCM_DTR).result == 0);
    CHECK(drain.state == CALLER_WAITS);
    calls_cancel(calls, &drain.caller);
    end();
}

/* The other end of the socket, which says when it begins. */
static evutil_socket_t wire = -1;

static void wire_open(void)
{
    wire = fake_vport_ask();
    CHECK(send(wire, IOCTL_WIRE_OPENING, strlen(IOCTL_WIRE_OPENING), MSG_NOSIGNAL) > 0);
}

static void wire_send(enum ioctl_wire_kind kind, uint32_t id, unsigned request, uint64_t argument,
                      size_t len)
{
    const struct ioctl_wire_question q = {.kind = kind,
                                          .id = id,
                                          .request = request,
                                          .argument = argument,
                                          .device = identity.device,
                                          .inode = identity.inode,
                                          .special = identity.special,
                                          .len = len};
    uint8_t frame[IOCTL_WIRE_QUESTION_MAX];
    size_t size = ioctl_wire_put_question(&q, frame);

    for (size_t i = 0; i < size; i++) { /* cut at every byte */
        CHECK(send(wire, frame + i, 1, MSG_NOSIGNAL) == 1);
        event_base_loop(base, EVLOOP_NONBLOCK);
    }
}

/* What has come: 1 with an answer, 0 at the end of the connection, -1 for nothing. */
static int wire_receive(struct ioctl_wire_answer *a)
{
    static uint8_t frame[IOCTL_WIRE_ANSWER_MAX];
    ssize_t n = recv(wire, frame, IOCTL_WIRE_ANSWER_HEAD, MSG_DONTWAIT | MSG_PEEK);

    if (n <= 0)
        return n == 0 || errno == ECONNRESET ? 0 : -1;
    CHECK(n == IOCTL_WIRE_ANSWER_HEAD);
    CHECK(ioctl_wire_get_answer_head(frame, a) == 0);
    n = recv(wire, frame, IOCTL_WIRE_ANSWER_HEAD + a->len, MSG_DONTWAIT);
    CHECK(ioctl_wire_get_answer(frame, (size_t)n, a) == n);
    return 1;
}

static struct ioctl_wire_answer wire_answer(void)
{
    struct ioctl_wire_answer a;
    int r = -1;

    RUN_UNTIL((r = wire_receive(&a)) >= 0);
    CHECK(r == 1);
    return a;
}

static void visitors_are_answered(void)
{
    begin();
    wire_open();
    wire_send(IOCTL_WIRE_HELLO, 0, 0, 1, 0);
    struct ioctl_wire_answer a = wire_answer();
    CHECK(a.kind == IOCTL_WIRE_ANSWER && a.id == 0 && a.len == IOCTL_WIRE_IDENTITY);

    wire_send(IOCTL_WIRE_CALL, 1, TIOCMGET, 0x1234, 0);
    a = wire_answer();
    CHECK(a.kind == IOCTL_WIRE_ANSWER && a.id == 1 && a.result == 0 && a.len == sizeof(int));
    wire_send(IOCTL_WIRE_CALL, 2, TIOCMSET, 0x1234, 2); /* half of it is missing */
    a = wire_answer();
    CHECK(a.id == 2 && a.result == -EFAULT && a.len == 0);
    wire_send(IOCTL_WIRE_CALL, 3, TIOCGWINSZ, 0x1234, 0);
    a = wire_answer();
    CHECK(a.id == 3 && a.kind == IOCTL_WIRE_PASS);

    /* a wait that is cancelled is not answered; others are meanwhile */
    wire_send(IOCTL_WIRE_CALL, 4, TIOCMIWAIT, TIOCM_CTS, 0);
    wire_send(IOCTL_WIRE_CALL, 5, TIOCMIWAIT, TIOCM_CTS, 0);
    wire_send(IOCTL_WIRE_CANCEL, 4, 0, 0, 0);
    wire_send(IOCTL_WIRE_CANCEL, 99, 0, 0, 0);
    wire_send(IOCTL_WIRE_CALL, 6, TIOCMGET, 0x1234, 0);
    a = wire_answer();
    CHECK(a.id == 6);
    close(wire); /* with one wait left */
    end();
}

static void visitors_that_babble_are_sent_away(void)
{
    static const char *const texts[] = {"GET / HTTP/1.0\n", "ioctl", "\2\1\377"};
    struct ioctl_wire_answer a;

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        begin();
        wire_open();
        CHECK(send(wire, texts[i], strlen(texts[i]), MSG_NOSIGNAL) > 0);
        RUN_UNTIL(wire_receive(&a) == 0);
        close(wire);
        end();
    }
}

/* Questions without end, none of which is ever answered. */
static void too_many_questions_end_a_visit(void)
{
    struct ioctl_wire_answer a;
    const struct ioctl_wire_question q = {.kind = IOCTL_WIRE_HELLO};
    uint8_t frame[IOCTL_WIRE_QUESTION_MAX];
    size_t size = ioctl_wire_put_question(&q, frame);
    int sent = 0;

    begin_with(false);
    wire_open();
    while (sent < 100000 && wire_receive(&a) < 0) {
        sent += send(wire, frame, size, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)size;
        event_base_loop(base, EVLOOP_NONBLOCK);
    }
    CHECK(sent < 100000);
    close(wire);
    end();
}

/* As `net2pty exec LINK` asks for, inside the COMMAND of the one that serves LINK. */
static void a_link_of_ones_own_is_not_joined(void)
{
    begin();
    joined_times = 0;
    calls_join(calls, "/tmp/fake", CALLS_JOIN_ONCE, on_joined, NULL);
    RUN_UNTIL(joined_times == 1);
    CHECK_TEXT(join_refusal, "");
    check_calls(calls);
    end();
}

/* Its port is another one then, its net2pty the same. */
static void a_link_that_hangs_up_stays_joined(void)
{
    begin();
    options.hangup = true;
    RUN_UNTIL(pty_session_is_connected(session));
    joined_times = 0;
    calls_join(others, "/tmp/fake", CALLS_JOIN_ONCE, on_joined, NULL);
    RUN_UNTIL(joined_times == 1);

    struct fake_caller f = caller_of(TIOCMIWAIT, TIOCM_CTS);
    calls_make(others, &identity, &f.caller);
    close(accept(server, NULL, NULL));
    RUN_UNTIL(f.state != CALLER_WAITS);
    CHECK(f.state == CALLER_ANSWERED && f.result == -EIO);
    CHECK(make(others, TIOCMGET, 8, -1).state == CALLER_ANSWERED); /* by who was quick */
    CHECK(joined_times == 1);
    end_session();
    RUN_UNTIL(make(others, TIOCMGET, 8, -1).state == CALLER_PASSED);
    end();
}

static void a_link_that_nobody_serves_is_not_joined(void)
{
    begin();
    fake_vport.asked = NULL;
    joined_times = 0;
    calls_join(others, "/tmp/fake", CALLS_JOIN_NOW, on_joined, NULL);
    RUN_UNTIL(joined_times == 1);
    CHECK(strstr(join_refusal, "no net2pty serves it"));
    end();
}

static void joining_waits_for_the_server(void)
{
    begin_with(false);
    join();
    for (int i = 0; i < 100; i++)
        event_base_loop(base, EVLOOP_NONBLOCK);
    CHECK(joined_times == 0); /* the session has no connection */
    end_session();
    for (int i = 0; i < 100; i++)
        event_base_loop(base, EVLOOP_NONBLOCK);
    CHECK(joined_times == 0); /* there may be another one */
    end();
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(requests_are_carried_out),
        TEST(joined_links_likewise),
        TEST(signals_do_not_interrupt_sets),
        TEST(what_cannot_go_out_holds_no_question_and_no_set),
        TEST(visitors_are_answered),
        TEST(visitors_that_babble_are_sent_away),
        TEST(too_many_questions_end_a_visit),
        TEST(a_link_that_nobody_serves_is_not_joined),
        TEST(a_link_of_ones_own_is_not_joined),
        TEST(a_link_that_hangs_up_stays_joined),
        TEST(joining_waits_for_the_server),
    };

    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
