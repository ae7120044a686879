/*
 * net2pty when memory runs out, at any one allocation and for good: a session with its server, what
 * programs ask, who asks at the socket beside the link, and a net2pty that another one has joined.
 * Nothing crashes, nothing is leaked, nobody waits for ever, who is concerned is told that it was
 * memory; and what comes when there is memory again is served.
 */
#include <errno.h>

#include <asm/ioctls.h>

#include "calls.h"
#include "control.h"
#include "error_text.h"
#include "failing_memory.h"
#include "fakes/fake_dialer.h"
#include "fakes/fake_vport.h"
#include "ioctl_wire.h"
#include "pty_session.h"
#include "startup.h"
#include "test.h"
#include "virtual_stage.h"
#include "visitor.h"
#include "program_call.h"

enum {
    CALLS = 6,
    LONGEST_MS = 30000, /* a break may take 25.5 s */
    MUCH = 200000,
};

static struct pty_session_options options;
static struct pty_session *session;
static struct calls *calls, *others; /* of this process, and of one that joins the link */
static char error[VPORT_ERROR_MAX];
static bool told;    /* somebody was, that it was memory */
static bool spoiled; /* something was not as it is otherwise */
static unsigned breaks;
static bool joined, not_joined;
static bool attentive; /* the server reads */

static bool is_about_memory(const char *text)
{
    return strstr(text, "out of memory") || strstr(text, error_text(ENOMEM));
}

static void keep_log(enum log_level level, const char *line)
{
    if (level != LOG_LEVEL_DEBUG && is_about_memory(line))
        told = true;
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

/* --- programs --------------------------------------------------------------------------------- */

static struct program_call here[CALLS], there[CALLS];

/* Sets a line, reads lines, waits for bytes, makes a break, waits for a change, counts. */
static void ask_all(struct calls *c, struct program_call *p)
{
    static const unsigned requests[CALLS] = {TIOCMBIS, TIOCMGET,   TCSBRK,
                                             TCSBRKP,  TIOCMIWAIT, TIOCGICOUNT};
    const struct vport_identity identity = {1, 2, 0x8800}; /* of the fake */

    for (int i = 0; i < CALLS; i++) {
        p[i] =
            (struct program_call){.caller = {&program_ops, {requests[i], 1, false}}, .waits = true};
        calls_make(c, &identity, &p[i].caller);
    }
}

static void give_up(struct calls *c, struct program_call *p)
{
    for (int i = 0; i < CALLS; i++) {
        if (p[i].waits && c)
            calls_cancel(c, &p[i].caller);
        p[i].waits = false;
    }
}

/* All have their answers, but who waits for a change that does not come. */
static void check_answered(const struct program_call *p)
{
    for (int i = 0; i < CALLS; i++)
        CHECK(!p[i].waits || p[i].caller.call.request == TIOCMIWAIT);
}

/* --- the server ------------------------------------------------------------------------------- */

static void to_net2pty(const void *bytes, size_t len)
{
    if (fake_dialer.server >= 0)
        say(fake_dialer.server, bytes, len);
}

/* Reads what there is, answers all questions of the stop size, and counts breaks. */
static void serve(void)
{
    static const uint8_t stop[] = {255, 250, 44, 4}, stopped[] = {255, 250, 44, 104, 1, 255, 240},
                         begin[] = {255, 250, 44, 5, 5}, end[] = {255, 250, 44, 5, 6};
    static uint8_t bytes[1 << 16];
    ssize_t n = 1;

    while (attentive && fake_dialer.server >= 0 && n > 0) {
        n = recv(fake_dialer.server, bytes, sizeof bytes, MSG_DONTWAIT);
        for (ssize_t i = 0; i + 4 < n; i++) {
            if (memcmp(bytes + i, stop, sizeof stop) == 0)
                to_net2pty(stopped, sizeof stopped);
            breaks += memcmp(bytes + i, begin, sizeof begin) == 0;
            breaks -= memcmp(bytes + i, end, sizeof end) == 0;
        }
        if (n == 0) /* a server ends it then */
            breaks = 0;
    }
}

static void live(unsigned ms)
{
    for (unsigned i = 0; i < ms; i += 20) {
        pass(20);
        serve();
    }
}

static void connect_server(void)
{
    static const uint8_t agreement[] = {255, 253, 44,  255, 253, 0,   255, 251, 0,  255,
                                        253, 3,   255, 251, 3,   255, 250, 44,  100};
    static const uint8_t rest[] = {255, 240};

    live(3000); /* the one before may still have to be lost */
    if (!fake_dialer.wants)
        return;
    breaks = 0;
    fake_dialer_connect();
    pass(1);
    to_net2pty(agreement, sizeof agreement);
    to_net2pty("com2net test", 12);
    to_net2pty(rest, sizeof rest);
    live(200);
}

/* --- who asks at the socket ------------------------------------------------------------------- */

static void on_joined(void *ctx, const char *link, const char *why_not)
{
    (void)ctx;
    (void)link;
    joined = !why_not;
    not_joined = why_not;
    told = told || (why_not && is_about_memory(why_not));
}

/* Asks for the status; whether it was told. */
static bool has_status(void)
{
    char text[CONTROL_REPORT_MAX] = "";
    const int fd = fake_vport_ask();
    size_t len = 0;

    say(fd, "status\n", 7);
    pass(100);
    for (ssize_t n; (n = recv(fd, text + len, sizeof text - 1 - len, MSG_DONTWAIT)) > 0;)
        len += (size_t)n;
    close(fd);
    return strncmp(text, "link: /tmp/fake\n", 16) == 0;
}

/* --- the story -------------------------------------------------------------------------------- */

static void begin(void)
{
    base = loop_new(false);
    fake_vport_reset();
    options = (struct pty_session_options){.link = "/tmp/fake", .counts = true};
    session = NULL;
    calls = others = NULL;
    told = spoiled = joined = not_joined = false;
    attentive = true;
}

/* As net2pty does; false where it would end, with the reason told. */
static bool start(void)
{
    error[0] = '\0';
    session = pty_session_new(base, &options, &session_callbacks, NULL, error);
    calls = session ? calls_new(base) : NULL;
    others = calls ? calls_new(base) : NULL;
    if (others && calls_add(calls, session) == 0)
        return true;
    if (!session)
        CHECK_TEXT(error, "out of memory");
    return false;
}

static void stop(void)
{
    if (session)
        pty_session_withdraw(session);
    give_up(calls, here);
    give_up(others, there);
    calls_free(calls);
    pty_session_free(session);
    calls_free(others);
    session = NULL;
    calls = others = NULL;
}

static void talk(void)
{
    static char much[MUCH];

    fake_vport.room = 100;
    for (int i = 0; i < 4; i++) /* no program reads all that */
        to_net2pty(much, sizeof much / 4);
    live(1500);
    fake_vport_set("7E1", 19200);
    if (fake_vport.reading)
        fake_vport_write("written");
    fake_vport_flush(false, true);
    attentive = false; /* and the server does not */
    for (int i = 0; i < 100 && fake_vport.reading; i++)
        fake_vport.callbacks->received(fake_vport.ctx, (const uint8_t *)much, MUCH / 20);
    ask_all(calls, here);
    live(200);
    attentive = true;
    fake_vport_make_room(SIZE_MAX);
}

static void use(void)
{
    if (!start()) {
        stop();
        return;
    }
    fake_vport_open();
    connect_server();
    calls_join(others, "/tmp/fake", CALLS_JOIN_PATIENTLY, on_joined, NULL);
    live(200);
    ask_all(others, there);
    talk();
    spoiled = !has_status();
    live(LONGEST_MS);
    spoiled = spoiled || !joined || !pty_session_is_connected(session);
    for (int i = 0; i < CALLS; i++) {
        const int results[] = {here[i].result, there[i].result};

        for (int k = 0; k < 2; k++) {
            spoiled = spoiled || results[k] != 0;
            told = told || results[k] == -ENOMEM;
        }
    }
}

static void all_is_well_again(void)
{
    CHECK(!spoiled || told);
    CHECK(memory_failed || !spoiled);
    if (!session)
        CHECK(start());
    if (!fake_vport.open)
        fake_vport_open();
    if (!pty_session_is_connected(session))
        connect_server();
    live(LONGEST_MS);
    CHECK(pty_session_is_connected(session));
    check_answered(here);
    check_answered(there);
    CHECK(breaks == 0);
    give_up(calls, here);
    give_up(others, there);
    CHECK(has_status());
    ask_all(calls, here);
    if (!joined)
        calls_join(others, "/tmp/fake", CALLS_JOIN_PATIENTLY, on_joined, NULL);
    live(LONGEST_MS);
    CHECK(joined);
    ask_all(others, there);
    live(LONGEST_MS);
    check_answered(here);
    check_answered(there);
    for (int i = 0; i < CALLS; i++)
        CHECK(here[i].result == 0 && there[i].result == 0);
    CHECK(breaks == 0);
}

static void end(void)
{
    stop();
    pass(10);
    loop_free(base);
}

static void net2pty_without_memory(void)
{
    CHECK(memory_run(begin, use, all_is_well_again, end) > 20);
}

static const struct test tests[] = {
    TEST(net2pty_without_memory),
};

int main(int argc, char **argv)
{
    CHECK(startup_init(&argc, &argv) == 0);
    log_init("test", LOG_LEVEL_DEBUG);
    log_set_sink(keep_log);
    virtual_begin();
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
