/*
 * The stage of tests of net2pty's session: programs on a port in memory, a server that is a comport
 * end behind a loopback connection. What programs see and what the server gets are two journals.
 */
#ifndef TESTS_PTY_STAGE_H
#define TESTS_PTY_STAGE_H

#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "calls.h"
#include "clock.h"
#include "comport_journal.h"
#include "fakes/fake_vport.h"
#include "log.h"
#include "loop.h"
#include "patience.h"
#include "pty_ioctl.h"
#include "pty_session.h"
#include "stage_time.h"
#include "tcp.h"
#include "test.h"
#include "visitor.h"

/* What net2pty says first, besides its offers. */
#define INTRODUCTION "SIGNATURE net2pty/" COM2NET_VERSION " ext=1\n"

static struct event_base *base;
static struct pty_session *session;
static struct calls *calls; /* for who asks for them */
static struct pty_session_options options;
static int listener = -1, fd = -1; /* the server's */
static struct end server;
static bool greeted;       /* the server has notified the modem state */
static bool telnet;        /* the server speaks it; otherwise: */
static struct journal raw; /* what the server got */
static bool ended;
static int connections;
static char logged[65536];

/* --- the stage ------------------------------------------------------------------------------ */

static void on_log(enum log_level level, const char *line)
{
    size_t n = strlen(logged);

    (void)level;
    snprintf(logged + n, sizeof logged - n, "%s\n", line);
}

static void on_connected(void *ctx)
{
    (void)ctx;
    connections++;
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

static void listen_again(void)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof in;
    const int on = 1;

    in.sin_port = htons(options.server.port);
    listener = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    CHECK(bind(listener, (struct sockaddr *)&in, sizeof in) == 0);
    CHECK(listen(listener, 4) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&in, &len) == 0);
    evutil_make_socket_nonblocking(listener);
    options.server.port = ntohs(in.sin_port);
}

static void begin(void)
{
    char error[VPORT_ERROR_MAX];

    log_init("test", LOG_LEVEL_DEBUG);
    log_set_sink(on_log);
    logged[0] = '\0';
    fake_vport_reset();
    connections = 0;
    stage_time_begin();
    base = loop_new(false);
    options.link = "/tmp/fake";
    snprintf(options.server.host, sizeof options.server.host, "127.0.0.1");
    listen_again();
    session = pty_session_new(base, &options, &session_callbacks, NULL, error);
    CHECK(session);
}

static void server_close(void)
{
    if (fd >= 0)
        close(fd);
    fd = -1;
    if (telnet)
        comport_free(server.comport);
    telnet = false;
}

static void end(void)
{
    server_close();
    close(listener);
    pty_session_free(session);
    loop_free(base);
    options = (struct pty_session_options){0};
    CHECK(!fake_vport.exists);
}

static void server_send(const void *data, size_t len)
{
    CHECK(send(fd, data, len, MSG_NOSIGNAL) == (ssize_t)len);
}

static void server_flush(void)
{
    struct buf *out = comport_output(server.comport);

    if (out->len > 0)
        server_send(buf_head(out), out->len);
    buf_drain(out, out->len);
}

static void turn(void)
{
    const struct timeval pause = {0, 200};
    uint8_t bytes[32768];

    event_base_loopexit(base, &pause);
    loop_run(base);
    if (fd < 0)
        return;
    ssize_t n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (n == 0)
        ended = true;
    if (n <= 0)
        return;
    if (!telnet) {
        journal_bytes(&raw, "raw", bytes, (size_t)n);
        return;
    }
    comport_receive(server.comport, bytes, (size_t)n);
    if (!greeted && comport_agreed(server.comport)) { /* as every server does */
        greeted = true;
        comport_send_value(server.comport, RFC2217_NOTIFY_MODEMSTATE, 0);
    }
    server_flush();
}

#define RUN_UNTIL(condition)                                                                       \
    do {                                                                                           \
        uint64_t limit_ = patience_ms() + 6000;                                                    \
        while (!(condition)) {                                                                     \
            if (patience_ms() > limit_) {                                                          \
                fprintf(stderr, "server:\n%s\nport:\n%s\nlog:\n%s\n", server.journal.text,         \
                        fake_vport.journal.text, logged);                                          \
                CHECK(condition);                                                                  \
            }                                                                                      \
            turn();                                                                                \
        }                                                                                          \
    } while (0)

static inline void run_for(uint64_t ms)
{
    uint64_t limit = clock_now_ms() + ms;

    while (clock_now_ms() < limit)
        turn();
}

static inline size_t times_logged(const char *text)
{
    size_t n = 0;

    for (const char *p = strstr(logged, text); p; p = strstr(p + 1, text))
        n++;
    return n;
}

static bool server_saw(const char *text)
{
    return strstr(server.journal.text, text) != NULL;
}

/* What the server got, without the times, which are never the same. */
static inline const char *server_journal(void)
{
    static struct journal plain;

    journal_clear(&plain);
    for (const char *p = server.journal.text; *p; p += strcspn(p, "\n") + 1) {
        size_t len = strcspn(p, "\n");
        const char *at = strstr(p, " at ");

        journal_line(&plain, "%.*s", at && at < p + len ? (int)(at - p) : (int)len, p);
    }
    return plain.text;
}

static bool programs_saw(const char *text)
{
    return strstr(fake_vport.journal.text, text) != NULL;
}

static void server_accept(bool as_telnet)
{
    ended = false;
    greeted = false;
    journal_clear(&raw);
    RUN_UNTIL((fd = accept(listener, NULL, NULL)) >= 0);
    evutil_make_socket_nonblocking(fd);
    tcp_tune(fd, false); /* nothing waits for an acknowledgement, whose delay is real */
    telnet = as_telnet;
    if (!telnet)
        return;
    end_begin(&server, COMPORT_SERVER);
    comport_start(server.comport);
    server_flush();
}

static void server_tell(enum rfc2217_command command, uint32_t value)
{
    comport_send_value(server.comport, command, value);
    server_flush();
}

/* Agrees with a client that asks for the settings, and tells them: 19200 7E2 rtscts. */
static inline void server_agree_and_teach(void)
{
    server_accept(true);
    RUN_UNTIL(server_saw("flow?") && (server_saw("RTS off") || server_saw("RTS?")));
    comport_send_text(server.comport, "com2net test");
    server_tell(RFC2217_SET_BAUDRATE, 19200);
    server_tell(RFC2217_SET_DATASIZE, 7);
    server_tell(RFC2217_SET_PARITY, 3);
    server_tell(RFC2217_SET_STOPSIZE, 2);
    server_tell(RFC2217_SET_CONTROL, RFC2217_CONTROL_FLOW_HARDWARE);
    RUN_UNTIL(programs_saw("set"));
    journal_clear(&server.journal);
}

#endif
