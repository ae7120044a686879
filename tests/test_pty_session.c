/*
 * The client's session: programs on a port in memory, a server that is a comport end behind a
 * loopback connection. What programs see and what the server gets are two journals.
 */
#include <errno.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include <asm/ioctls.h>

#include "calls.h"
#include "comport_journal.h"
#include "fakes/fake_vport.h"
#include "ioctl_wire.h"
#include "log.h"
#include "loop.h"
#include "os.h"
#include "pty_ioctl.h"
#include "pty_session.h"
#include "patience.h"
#include "test.h"
#include "visitor.h"

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
    const struct timespec pause = {0, 200000};
    uint8_t bytes[32768];

    event_base_loop(base, EVLOOP_NONBLOCK);
    nanosleep(&pause, NULL);
    event_base_loop(base, EVLOOP_NONBLOCK);
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

static void run_for(uint64_t ms)
{
    uint64_t limit = os_now_ms() + ms;

    while (os_now_ms() < limit)
        turn();
}

static size_t times_logged(const char *text)
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
static const char *server_journal(void)
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
static void server_agree_and_teach(void)
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

/* --- settings --------------------------------------------------------------------------------- */

static void the_first_session_learns_the_settings(void)
{
    begin();
    server_accept(true);
    RUN_UNTIL(server_saw("RTS off"));
    CHECK_TEXT(server.journal.text,
               "option agreed\nSIGNATURE ?\nSET-BAUDRATE 0\nSET-DATASIZE 0\nSET-PARITY ?\n"
               "SET-STOPSIZE ?\nSET-CONTROL flow?\nSET-CONTROL DTR off\nSET-CONTROL RTS off\n");
    server_close();
    end();

    begin();
    server_agree_and_teach();
    CHECK_TEXT(fake_vport.journal.text, "set 19200 7E2 rtscts\n");
    CHECK(connections == 1);
    end();
}

/* A program was quicker than the server: what it has set stands, and is told. */
static void settings_of_a_program_stand(void)
{
    begin();
    server_accept(true);
    RUN_UNTIL(server_saw("flow?") && server_saw("RTS off"));
    fake_vport.sets = true;
    fake_vport.line = line_default;
    fake_vport.line.baud = 57600;
    server_tell(RFC2217_SET_BAUDRATE, 19200);
    server_tell(RFC2217_SET_DATASIZE, 7);
    server_tell(RFC2217_SET_PARITY, 3);
    server_tell(RFC2217_SET_STOPSIZE, 2);
    server_tell(RFC2217_SET_CONTROL, RFC2217_CONTROL_FLOW_NONE);
    RUN_UNTIL(programs_saw("keeps its settings"));
    journal_clear(&server.journal);
    fake_vport_open();
    RUN_UNTIL(server_saw("RTS on"));
    CHECK_TEXT(server.journal.text, "SET-BAUDRATE 57600\nSET-DATASIZE 8\nSET-PARITY none\n"
                                    "SET-STOPSIZE 1\nSET-CONTROL DTR on\nSET-CONTROL RTS on\n");
    end();
}

/* Programs begin when it is known who the server is, and what it can do. */
static void a_session_is_agreed_when_the_greeting_is_answered(void)
{
    begin();
    server_accept(true);
    RUN_UNTIL(server_saw("RTS off"));
    CHECK(pty_session_is_connected(session)); /* it has notified the modem state */
    CHECK(connections == 0);
    comport_send_text(server.comport, "com2net test");
    server_tell(RFC2217_SET_BAUDRATE, 19200);
    RUN_UNTIL(connections == 1);
    end();

    begin();
    server_accept(true); /* one that never answers */
    RUN_UNTIL(connections == 1);
    end();
}

static void a_program_that_sets_nothing_changes_nothing(void)
{
    begin();
    server_agree_and_teach();
    fake_vport_open();
    fake_vport_write("AT");
    RUN_UNTIL(server_saw("data"));
    CHECK_TEXT(server_journal(), "SET-LINES DTR on RTS on\ndata 41 54\n");
    end();
}

static void a_signature_cannot_move_a_terminal(void)
{
    char report[PTY_REPORT_MAX];

    begin();
    server_agree_and_teach();
    comport_send_text(server.comport, "x\033]0;y\007\nstate: z");
    server_flush();
    run_for(20);
    pty_session_report(session, report);
    CHECK(strstr(report, "speaks: RFC 2217 (x]0;ystate: z)\n"));
    end();
}

static void changes_are_told_ahead_of_the_data(void)
{
    begin();
    server_agree_and_teach();
    fake_vport_open();
    fake_vport_set("8N1", 115200);
    fake_vport_write("x");
    fake_vport_set("8N1", 74880);
    fake_vport_write("y");
    RUN_UNTIL(server_saw("data 79"));
    CHECK_TEXT(server_journal(), "SET-LINES DTR on RTS on\nSET-BAUDRATE 115200\nSET-DATASIZE 8\n"
                                 "SET-PARITY none\nSET-STOPSIZE 1\nSET-CONTROL flow none\ndata 78\n"
                                 "SET-BAUDRATE 74880\ndata 79\n");
    end();
}

static void a_drain_is_not_ended_by_the_answer_to_a_setting(void)
{
    const struct ioctl_port *port = &pty_ioctl_port;

    begin();
    server_agree_and_teach();
    fake_vport_open();
    fake_vport_set("8N1", 115200);
    unsigned drain = port->begin_drain(pty_session_ioctl(session));
    RUN_UNTIL(server_saw("SET-STOPSIZE 1\nSET-CONTROL flow none\nSET-STOPSIZE 1\n"));
    server_tell(RFC2217_SET_STOPSIZE, 1);
    run_for(20);
    CHECK(!port->is_drained(pty_session_ioctl(session), drain));
    server_tell(RFC2217_SET_STOPSIZE, 1);
    RUN_UNTIL(port->is_drained(pty_session_ioctl(session), drain));
    end();
}

static void after_a_drain_nothing_is_unsent(void)
{
    const struct ioctl_port *port = &pty_ioctl_port;

    begin();
    server_agree_and_teach();
    fake_vport_open();
    fake_vport_set("8N1", 50); /* 0.2 s a byte, if it were a line */
    for (int i = 0; i < 100; i++)
        fake_vport_write("x");
    RUN_UNTIL(server_saw("data"));
    unsigned drain = port->begin_drain(pty_session_ioctl(session));
    CHECK(port->unsent(pty_session_ioctl(session)) > 0);
    RUN_UNTIL(server_saw("SET-STOPSIZE 1\nSET-CONTROL flow none\n"));
    server_tell(RFC2217_SET_STOPSIZE, 1);
    server_tell(RFC2217_SET_STOPSIZE, 1);
    RUN_UNTIL(port->is_drained(pty_session_ioctl(session), drain));
    RUN_UNTIL(port->unsent(pty_session_ioctl(session)) == 0);
    end();
}

static void a_program_that_is_quicker_decides(void)
{
    begin();
    fake_vport_open();
    fake_vport_set("8N2", 57600);
    CHECK(!fake_vport.reading); /* it waits */
    server_accept(true);
    RUN_UNTIL(server_saw("RTS on"));
    CHECK_TEXT(server.journal.text,
               "option agreed\nSIGNATURE ?\nSET-BAUDRATE 0\nSET-BAUDRATE 57600\nSET-DATASIZE "
               "8\nSET-PARITY none\n"
               "SET-STOPSIZE 2\nSET-CONTROL flow none\nSET-CONTROL DTR on\nSET-CONTROL RTS on\n");
    CHECK(fake_vport.reading);
    end();
}

static void a_given_speed_is_told(void)
{
    options.baud = 230400;
    begin();
    CHECK(fake_vport.line.baud == 230400);
    server_accept(true);
    RUN_UNTIL(server_saw("RTS off"));
    CHECK(server_saw("SET-BAUDRATE 230400\nSET-DATASIZE 8\n"));
    end();
}

static void a_given_format_is_told_over_what_was_learnt(void)
{
    options.port.has_format = true;
    options.port.format = line_default;
    options.port.format.parity = LINE_PARITY_EVEN;
    begin();
    server_accept(true);
    RUN_UNTIL(server_saw("RTS off"));
    journal_clear(&server.journal);
    server_tell(RFC2217_SET_BAUDRATE, 19200);
    server_tell(RFC2217_SET_DATASIZE, 8);
    server_tell(RFC2217_SET_PARITY, 1);
    server_tell(RFC2217_SET_STOPSIZE, 1);
    server_tell(RFC2217_SET_CONTROL, RFC2217_CONTROL_FLOW_NONE);
    RUN_UNTIL(server_saw("SET"));
    CHECK_TEXT(server.journal.text, "SET-PARITY even\n");
    CHECK_TEXT(fake_vport.journal.text, "set 19200 8E1\n");
    end();
}

static void what_the_server_does_not_do_is_said_once(void)
{
    begin();
    server_agree_and_teach();
    fake_vport_open();
    fake_vport_set("8N1", 12345);
    RUN_UNTIL(server_saw("SET-BAUDRATE 12345"));
    server_tell(RFC2217_SET_BAUDRATE, 12300); /* near enough */
    server_tell(RFC2217_SET_BAUDRATE, 9600);
    RUN_UNTIL(strstr(logged, "it has now: SET-BAUDRATE 9600"));
    CHECK(!strstr(logged, "12300\n/tmp/fake: the server does not"));
    end();
}

/* Each answer is about its own message, whatever is wished since. */
static void an_answer_is_compared_with_what_was_asked(void)
{
    begin();
    server_agree_and_teach();
    fake_vport_open();
    fake_vport_set("7E2", 9600);
    fake_vport_set("8N1", 19200);
    fake_vport_set("7O1", 115200);
    RUN_UNTIL(server_saw("SET-BAUDRATE 115200\nSET-DATASIZE 7\nSET-PARITY odd"));
    server_tell(RFC2217_SET_BAUDRATE, 9600);
    server_tell(RFC2217_SET_CONTROL, RFC2217_CONTROL_FLOW_NONE);
    server_tell(RFC2217_SET_BAUDRATE, 19200);
    server_tell(RFC2217_SET_DATASIZE, 8);
    server_tell(RFC2217_SET_PARITY, 1);
    server_tell(RFC2217_SET_STOPSIZE, 1);
    server_tell(RFC2217_SET_BAUDRATE, 19200); /* this one it does not do */
    server_tell(RFC2217_SET_DATASIZE, 7);
    server_tell(RFC2217_SET_PARITY, 1); /* nor this */
    RUN_UNTIL(strstr(logged, "SET-PARITY odd; it has now: SET-PARITY none"));
    CHECK(strstr(logged, "SET-BAUDRATE 115200; it has now: SET-BAUDRATE 19200"));
    CHECK(times_logged("does not do") == 2);

    /* a drain's question, and a wish that overtakes the answer to a question */
    pty_ioctl_port.begin_drain(pty_session_ioctl(session));
    fake_vport_set("7O2", 115200);
    RUN_UNTIL(server_saw("SET-STOPSIZE 2"));
    server_tell(RFC2217_SET_STOPSIZE, 1);
    server_tell(RFC2217_SET_STOPSIZE, 2);
    run_for(20);
    CHECK(times_logged("does not do") == 2);
    end();
}

static void the_answers_to_questions_are_no_refusals(void)
{
    begin();
    server_accept(true);
    RUN_UNTIL(server_saw("flow?") && server_saw("RTS off"));
    comport_send_text(server.comport, "com2net test");
    fake_vport_open();
    fake_vport_set("7E2", 57600); /* before any is answered */
    RUN_UNTIL(server_saw("SET-STOPSIZE 2"));
    server_tell(RFC2217_SET_BAUDRATE, 19200);
    server_tell(RFC2217_SET_DATASIZE, 8);
    server_tell(RFC2217_SET_PARITY, 1);
    server_tell(RFC2217_SET_STOPSIZE, 1);
    server_tell(RFC2217_SET_CONTROL, RFC2217_CONTROL_FLOW_HARDWARE);
    run_for(20);
    CHECK(times_logged("does not do") == 0);
    end();
}

/* The answer to a question about a line that has been set since, and asked for once more. */
static void a_line_is_as_the_last_question_is_answered(void)
{
    const struct ioctl_port *port = &pty_ioctl_port;

    options.no_touch_lines = true;
    begin();
    server_agree_and_teach(); /* which asks how the lines are */
    port->set_lines(pty_session_ioctl(session), LINE_DTR, 0);
    server_tell(RFC2217_SET_CONTROL, RFC2217_CONTROL_DTR_ON); /* as it was */
    server_tell(RFC2217_SET_CONTROL, RFC2217_CONTROL_RTS_ON);
    RUN_UNTIL(port->lines(pty_session_ioctl(session)) & LINE_RTS);
    CHECK(!(port->lines(pty_session_ioctl(session)) & LINE_DTR));
    server_tell(RFC2217_SET_CONTROL,
                RFC2217_CONTROL_DTR_ON); /* nor is that an answer to a question */
    run_for(20);
    CHECK(!(port->lines(pty_session_ioctl(session)) & LINE_DTR));
    end();
}

/* --- lines ------------------------------------------------------------------------------------ */

static void open_and_close_move_the_lines(void)
{
    begin();
    server_agree_and_teach();
    fake_vport_open();
    fake_vport_close();
    RUN_UNTIL(server_saw("RTS off"));
    CHECK_TEXT(server_journal(), "SET-LINES DTR on RTS on\nSET-LINES DTR off RTS off\n");
    journal_clear(&server.journal);
    fake_vport_open();
    fake_vport.hupcl = false;
    fake_vport_close();
    run_for(20);
    CHECK_TEXT(server_journal(), "SET-LINES DTR on RTS on\n");
    end();
}

static uint32_t told_time(const char *what)
{
    const char *p = strstr(server.journal.text, what);

    CHECK(p);
    p = strstr(p, " at ");
    CHECK(p);
    return (uint32_t)strtoul(p + 4, NULL, 10);
}

static void com2net_is_told_when_the_lines_moved(void)
{
    begin();
    server_agree_and_teach();
    uint32_t from = (uint32_t)os_now_us();
    fake_vport_open();
    run_for(30);
    uint32_t between = (uint32_t)os_now_us();
    fake_vport_close();
    uint32_t to = (uint32_t)os_now_us();
    RUN_UNTIL(server_saw("RTS off"));
    CHECK(told_time("RTS on") - from <= between - from);
    CHECK(told_time("RTS off") - between <= to - between);
    end();
}

static void strangers_are_told_lines_as_the_rfc_has_them(void)
{
    begin();
    server_accept(true);
    RUN_UNTIL(server_saw("RTS off"));
    comport_send_text(server.comport, "ser2net");
    server_flush();
    run_for(20);
    journal_clear(&server.journal);
    fake_vport_open();
    RUN_UNTIL(server_saw("RTS on"));
    CHECK(server_saw("SET-CONTROL DTR on\nSET-CONTROL RTS on\n") && !server_saw("SET-LINES"));
    end();
}

static void with_no_touch_lines_open_and_close_leave_them_alone(void)
{
    options.no_touch_lines = true;
    begin();
    server_accept(true);
    RUN_UNTIL(server_saw("RTS?"));
    CHECK(server_saw("SET-CONTROL flow?\nSET-CONTROL DTR?\nSET-CONTROL RTS?\n"));
    comport_send_text(server.comport, "com2net test");
    server_tell(RFC2217_SET_CONTROL, RFC2217_CONTROL_DTR_OFF);
    server_tell(RFC2217_SET_CONTROL, RFC2217_CONTROL_RTS_ON);
    RUN_UNTIL(strstr(logged, "< SET-CONTROL RTS on"));
    char report[PTY_REPORT_MAX];
    pty_session_report(session, report);
    CHECK(strstr(report, "lines: RTS\n"));
    journal_clear(&server.journal);
    fake_vport_open();
    fake_vport_set("8N1", 57600);
    fake_vport_write("x");
    fake_vport_close();
    fake_vport_open();
    fake_vport_write("y");
    RUN_UNTIL(server_saw("data 79") || server_saw("78 79"));
    CHECK(!strstr(server.journal.text, "DTR") && !strstr(server.journal.text, "RTS"));
    server_close();
    server_accept(true);
    RUN_UNTIL(server_saw("RTS?"));
    CHECK(!strstr(server.journal.text, "DTR o") && !strstr(server.journal.text, "RTS o"));
    end();
}

static void with_no_touch_lines_speed_zero_still_hangs_up(void)
{
    options.no_touch_lines = true;
    begin();
    server_agree_and_teach();
    fake_vport_open();
    fake_vport_set("7E2", 0);
    RUN_UNTIL(server_saw("DTR off RTS off"));
    fake_vport_set("7E2", 9600);
    RUN_UNTIL(server_saw("DTR on RTS on"));
    /* from now on they are a program's, and set again after a reconnect */
    server_close();
    server_accept(true);
    RUN_UNTIL(server_saw("RTS on"));
    CHECK(!server_saw("DTR?") && !server_saw("RTS?"));
    end();
}

static void speed_zero_hangs_up(void)
{
    begin();
    server_agree_and_teach();
    fake_vport_open();
    RUN_UNTIL(server_saw("RTS on"));
    journal_clear(&server.journal);
    fake_vport_set("7E2", 0);
    RUN_UNTIL(server_saw("RTS off"));
    fake_vport_set("7E2", 9600);
    RUN_UNTIL(server_saw("RTS on"));
    CHECK(!server_saw("SET-BAUDRATE 0"));
    end();
}

/* --- reset ------------------------------------------------------------------------------------ */

static int asker = -1;
static char answered[256]; /* what the asker got */

static void ask(const char *request)
{
    answered[0] = '\0';
    asker = fake_vport_ask();
    CHECK(send(asker, request, strlen(request), MSG_NOSIGNAL) == (ssize_t)strlen(request));
}

/* Whether the answer is complete. */
static bool has_answer(void)
{
    size_t len = strlen(answered);
    ssize_t n = recv(asker, answered + len, sizeof answered - 1 - len, MSG_DONTWAIT);

    if (n > 0)
        answered[len + (size_t)n] = '\0';
    if (n != 0)
        return false;
    close(asker);
    return true;
}

static void a_reset_is_asked_for_and_told(void)
{
    begin();
    server_agree_and_teach();
    fake_vport_open();
    RUN_UNTIL(server_saw("RTS on"));
    journal_clear(&server.journal);
    ask("reset\n");
    RUN_UNTIL(server_saw("SET-CONTROL reset"));
    run_for(20);
    CHECK(!has_answer());
    server_tell(RFC2217_SET_CONTROL, RFC2217_CONTROL_RESET);
    RUN_UNTIL(has_answer());
    CHECK_TEXT(answered, "reset: done\n");
    /* the lines are as the recipe left them */
    RUN_UNTIL(server_saw("RTS?"));
    CHECK_TEXT(server.journal.text, "SET-CONTROL reset\nSET-CONTROL DTR?\nSET-CONTROL RTS?\n");
    server_tell(RFC2217_SET_CONTROL, RFC2217_CONTROL_DTR_OFF);
    server_tell(RFC2217_SET_CONTROL, RFC2217_CONTROL_RTS_OFF);
    RUN_UNTIL(strstr(logged, "< SET-CONTROL RTS off"));
    char report[PTY_REPORT_MAX];
    pty_session_report(session, report);
    CHECK(strstr(report, "lines: none\n"));
    /* until a program sets them */
    fake_vport_close();
    fake_vport_open();
    RUN_UNTIL(server_saw("DTR on RTS on"));
    end();
}

static void why_there_was_no_reset_is_told(void)
{
    begin();
    ask("reset\n");
    RUN_UNTIL(has_answer());
    CHECK_TEXT(answered, "error: not connected to the server\n");
    server_agree_and_teach();
    ask("reset\n");
    RUN_UNTIL(server_saw("SET-CONTROL reset"));
    server_tell(RFC2217_SET_CONTROL, 0);
    RUN_UNTIL(has_answer());
    CHECK_TEXT(answered, "error: the server did not do it: the port has no reset=, or its device "
                         "went away\n");
    ask("reset\n");
    RUN_UNTIL(server_saw("SET-CONTROL reset\nSET-CONTROL reset\n"));
    server_close();
    RUN_UNTIL(has_answer());
    CHECK_TEXT(answered, "error: the connection was lost\n");
    server_accept(true);
    RUN_UNTIL(server_saw("RTS off"));
    comport_send_text(server.comport, "ser2net");
    server_flush();
    RUN_UNTIL(strstr(logged, "SIGNATURE ser2net"));
    ask("reset\n");
    RUN_UNTIL(has_answer());
    CHECK_TEXT(answered, "error: the server is not com2net: only that has resets\n");
    CHECK(!server_saw("reset"));
    end();
}

static void a_reset_waits_until_the_server_has_said_what_it_is(void)
{
    static const char *const servers[] = {"com2net test", "ser2net"};

    for (int i = 0; i < 2; i++) {
        begin();
        server_accept(true);
        RUN_UNTIL(pty_session_is_connected(session));
        ask("reset\n");
        run_for(20);
        CHECK(!has_answer());
        comport_send_text(server.comport, servers[i]);
        server_flush();
        if (i == 0) {
            RUN_UNTIL(server_saw("SET-CONTROL reset"));
            server_tell(RFC2217_SET_CONTROL, RFC2217_CONTROL_RESET);
        }
        RUN_UNTIL(has_answer());
        CHECK_TEXT(answered, i == 0 ? "reset: done\n"
                                    : "error: the server is not com2net: only that has resets\n");
        end();
    }
    begin();
    server_accept(true);
    RUN_UNTIL(pty_session_is_connected(session));
    ask("reset\n");
    run_for(20);
    server_close();
    RUN_UNTIL(has_answer());
    CHECK_TEXT(answered, "error: the connection was lost\n");
    end();
}

static void a_reset_that_is_never_answered_is_given_up(void)
{
    begin();
    server_agree_and_teach();
    ask("reset\n");
    RUN_UNTIL(has_answer());
    CHECK_TEXT(answered, "error: the server does not answer\n");
    end();
}

static void several_that_want_a_reset_get_one(void)
{
    begin();
    server_agree_and_teach();
    ask("reset\n");
    RUN_UNTIL(server_saw("SET-CONTROL reset"));
    int first = asker;
    ask("reset\n");
    int second = asker;
    ask("status\n");
    RUN_UNTIL(has_answer());
    CHECK(strncmp(answered, "link: ", 6) == 0);
    server_tell(RFC2217_SET_CONTROL, RFC2217_CONTROL_RESET);
    for (int i = 0; i < 2; i++) {
        asker = i == 0 ? first : second;
        answered[0] = '\0';
        RUN_UNTIL(has_answer());
        CHECK_TEXT(answered, "reset: done\n");
    }
    CHECK(!server_saw("reset\nSET-CONTROL reset"));
    end();
}

static void who_wanted_a_reset_may_go(void)
{
    begin();
    server_agree_and_teach();
    ask("reset\n");
    RUN_UNTIL(server_saw("SET-CONTROL reset"));
    close(asker);
    run_for(10);
    server_tell(RFC2217_SET_CONTROL, RFC2217_CONTROL_RESET);
    RUN_UNTIL(strstr(logged, "reset: done"));
    ask("nonsense\n");
    RUN_UNTIL(has_answer());
    CHECK_TEXT(answered, "error: unknown request\n");
    end();
}

/* --- data ------------------------------------------------------------------------------------- */

static void data_for_nobody_is_dropped(void)
{
    begin();
    server_agree_and_teach();
    comport_send_data(server.comport, (const uint8_t *)"lost", 4);
    server_flush();
    run_for(20);
    fake_vport_open();
    comport_send_data(server.comport, (const uint8_t *)"got\377", 4);
    server_flush();
    RUN_UNTIL(programs_saw("read 67 6f 74 ff"));
    end();
}

/* A program has the port open, and the loop has not heard of it. */
static void data_right_behind_an_open_are_kept(void)
{
    begin();
    server_agree_and_teach();
    fake_vport.opens = true;
    comport_send_data(server.comport, (const uint8_t *)"got", 3);
    server_flush();
    RUN_UNTIL(programs_saw("read 67 6f 74"));
    RUN_UNTIL(server_saw("RTS on"));
    end();
}

static void a_slow_program_pauses_the_server_and_loses_nothing(void)
{
    static uint8_t block[8192];
    size_t sent = 0, got = 0;

    begin();
    server_agree_and_teach();
    fake_vport_open();
    fake_vport.room = 0;
    run_for(10);
    for (int idle = 0; idle < 100;) {
        ssize_t n = send(fd, block, sizeof block, MSG_NOSIGNAL | MSG_DONTWAIT);

        sent += n > 0 ? (size_t)n : 0;
        idle = n > 0 ? 0 : idle + 1;
        event_base_loop(base, EVLOOP_NONBLOCK);
        CHECK(sent < 64 * 1024 * 1024);
    }
    uint64_t limit = patience_ms() + 5000; /* without any */
    while (got < sent && patience_ms() < limit) {
        journal_clear(&fake_vport.journal);
        fake_vport_make_room(5000);
        event_base_loop(base, EVLOOP_NONBLOCK);
        got += 5000 - fake_vport.room;
        if (fake_vport.room < 5000)
            limit = patience_ms() + 5000;
    }
    CHECK(got == sent);
    end();
}

/* Sends data, which nobody reads, and then that CTS is on. */
static void server_talks(size_t len)
{
    static uint8_t block[4096];

    for (size_t sent = 0; sent < len; sent += sizeof block) {
        CHECK(comport_send_data(server.comport, block, sizeof block) == 0);
        while (comport_output(server.comport)->len > 0) {
            struct buf *out = comport_output(server.comport);
            ssize_t n = send(fd, buf_head(out), out->len, MSG_NOSIGNAL | MSG_DONTWAIT);

            buf_drain(out, n > 0 ? (size_t)n : 0);
            turn();
        }
    }
    comport_send_value(server.comport, RFC2217_NOTIFY_MODEMSTATE, 0x11);
    server_flush();
}

static size_t read_all(void)
{
    size_t got = 0;

    while (fake_vport.room == 0) {
        journal_clear(&fake_vport.journal);
        fake_vport_make_room(5000);
        got += 5000 - fake_vport.room;
    }
    return got;
}

static void lines_and_drains_do_not_wait_for_what_nobody_reads(void)
{
    const struct ioctl_port *port = &pty_ioctl_port;
    struct ioctl_counts counts;

    begin();
    server_agree_and_teach();
    fake_vport_open();
    fake_vport_set("8N1", 115200);
    for (int pause = 1; pause <= 2; pause++) {
        fake_vport.room = 0;
        server_talks(300 * 1024);
        RUN_UNTIL(port->lines(pty_session_ioctl(session)) & LINE_CTS);
        unsigned drain = port->begin_drain(pty_session_ioctl(session));
        for (int i = 0; i < 2; i++) /* to the setting before, and to this */
            server_tell(RFC2217_SET_STOPSIZE, 1);
        RUN_UNTIL(port->is_drained(pty_session_ioctl(session), drain));
        CHECK(times_logged("does not read") == (size_t)pause);

        size_t got = read_all();
        port->counts(pty_session_ioctl(session), &counts);
        CHECK(got <= 64 * 1024);
        CHECK(got * (size_t)pause + counts.buf_overrun == (size_t)pause * 300 * 1024);
        CHECK(counts.rx == (unsigned)pause * 300 * 1024);
        server_tell(RFC2217_NOTIFY_MODEMSTATE, 0x01);
        RUN_UNTIL(!(port->lines(pty_session_ioctl(session)) & LINE_CTS));
    }
    end();
}

static void with_flow_control_com2net_is_told_to_hold_back_and_nothing_is_lost(void)
{
    const struct ioctl_port *port = &pty_ioctl_port;
    struct ioctl_counts counts;

    begin();
    server_agree_and_teach(); /* rtscts */
    fake_vport_open();
    fake_vport.room = 0;
    server_talks(32 * 1024);
    RUN_UNTIL(server_saw("FLOWCONTROL-SUSPEND"));
    RUN_UNTIL(port->lines(pty_session_ioctl(session)) & LINE_CTS);
    CHECK(!server_saw("FLOWCONTROL-RESUME"));
    CHECK(read_all() == 32 * 1024);
    RUN_UNTIL(server_saw("FLOWCONTROL-RESUME"));
    port->counts(pty_session_ioctl(session), &counts);
    CHECK(counts.buf_overrun == 0);

    fake_vport.room = 0; /* the program goes and leaves it */
    journal_clear(&server.journal);
    server_talks(8 * 1024);
    RUN_UNTIL(server_saw("FLOWCONTROL-SUSPEND"));
    fake_vport_close();
    RUN_UNTIL(server_saw("FLOWCONTROL-RESUME"));
    end();
}

/* Others may hold answers back, too, when they are told: their connection is held. */
static void with_flow_control_others_are_held(void)
{
    char report[PTY_REPORT_MAX];

    begin();
    server_accept(true);
    fake_vport_open();
    fake_vport_set("8N1", 9600);
    fake_vport.line.flow_in = LINE_FLOW_HARDWARE;
    fake_vport.line.flow_out = LINE_FLOW_HARDWARE;
    RUN_UNTIL(pty_session_is_connected(session));
    fake_vport.room = 0;
    comport_send_data(server.comport, (const uint8_t *)"abc", 3);
    server_flush();
    run_for(1100); /* longer than it takes to find that nobody reads */
    comport_send_data(server.comport, (const uint8_t *)"def", 3);
    server_flush();
    run_for(50);
    CHECK(!server_saw("SUSPEND"));
    pty_session_report(session, report);
    CHECK(strstr(report, "received: 3 bytes\n"));
    fake_vport_make_room(6);
    RUN_UNTIL(programs_saw("read 61 62 63 64 65 66"));
    end();
}

/* What the server's system has acknowledged it may still read; the rest is lost, and said. */
static void what_a_lost_connection_takes_with_it_is_counted(void)
{
    const struct ioctl_port *port = &pty_ioctl_port;
    static char block[16 * 1024];
    char report[PTY_REPORT_MAX], line[100];
    struct ioctl_counts counts;
    size_t written = 0;
    int held = 0;

    begin();
    server_agree_and_teach();
    fake_vport_open();
    RUN_UNTIL(server_saw("SET-LINES"));
    memset(block, 'x', sizeof block - 1);
    while (fake_vport.reading) { /* the server reads nothing */
        fake_vport_write(block);
        written += sizeof block - 1;
        event_base_loop(base, EVLOOP_NONBLOCK);
    }
    for (uint64_t end_ms = os_now_ms() + 200; os_now_ms() < end_ms;) /* it may acknowledge late */
        event_base_loop(base, EVLOOP_NONBLOCK);
    CHECK(ioctl(fd, FIONREAD, &held) == 0 && held > 0);
    server_close(); /* a reset, as it has not read that */
    RUN_UNTIL(strstr(logged, "are lost with the connection"));
    snprintf(line, sizeof line, "%zu bytes that programs had written are lost",
             written - (size_t)held);
    CHECK(strstr(logged, line));
    port->counts(pty_session_ioctl(session), &counts);
    CHECK(counts.overrun == written - (size_t)held && counts.buf_overrun == counts.overrun);
    pty_session_report(session, report);
    snprintf(line, sizeof line, "lost: %zu bytes", written - (size_t)held);
    CHECK(strstr(report, line));
    CHECK(times_logged("are lost") == 1);
    end();
}

static void a_connection_without_anything_under_way_takes_nothing_with_it(void)
{
    begin();
    server_agree_and_teach();
    fake_vport_open();
    fake_vport_write("a\377b");
    RUN_UNTIL(server_saw("data 61 ff 62"));
    server_close();
    RUN_UNTIL(strstr(logged, "trying again"));
    CHECK(times_logged("are lost") == 0);
    end();
}

/* What a poll has shown is told again by a notification, of several of which each has its own. */
static void edges_that_a_poll_has_shown_count_once(void)
{
    const struct ioctl_port *port = &pty_ioctl_port;
    struct ioctl_counts counts;

    begin();
    server_agree_and_teach();
    fake_vport_open();
    for (unsigned i = 1; i <= 2; i++) {
        CHECK(!pty_ioctl_knows_lines(pty_session_ioctl(session)));
        RUN_UNTIL(server_saw("NOTIFY-MODEMSTATE") && server_saw("SET-STOPSIZE ?"));
        journal_clear(&server.journal);
        server_tell(RFC2217_NOTIFY_MODEMSTATE, i == 1 ? LINE_CTS : LINE_CTS | LINE_DSR);
        server_tell(RFC2217_SET_STOPSIZE, 1);
        RUN_UNTIL(pty_ioctl_knows_lines(pty_session_ioctl(session)));
        port->set_lines(pty_session_ioctl(session), LINE_DTR, LINE_DTR);
    }
    server_tell(RFC2217_NOTIFY_MODEMSTATE, LINE_CTS | LINE_DSR | 1);
    server_tell(RFC2217_NOTIFY_MODEMSTATE, LINE_CTS | LINE_DSR | 2);
    run_for(20);
    port->counts(pty_session_ioctl(session), &counts);
    CHECK(counts.cts == 1 && counts.dsr == 1);
    end();
}

static void a_suspending_server_gets_nothing(void)
{
    begin();
    server_agree_and_teach();
    fake_vport_open();
    comport_send(server.comport, (struct rfc2217_message){.command = RFC2217_FLOWCONTROL_SUSPEND});
    server_flush();
    RUN_UNTIL(!fake_vport.reading);
    comport_send(server.comport, (struct rfc2217_message){.command = RFC2217_FLOWCONTROL_RESUME});
    server_flush();
    RUN_UNTIL(fake_vport.reading);
    end();
}

static void what_is_older_than_a_purge_is_dropped(void)
{
    begin();
    server_agree_and_teach();
    fake_vport_open();
    fake_vport_flush(true, false);
    comport_send_data(server.comport, (const uint8_t *)"old", 3);
    server_flush();
    RUN_UNTIL(server_saw("PURGE-DATA 1"));
    server_tell(RFC2217_PURGE_DATA, 1);
    comport_send_data(server.comport, (const uint8_t *)"new", 3);
    server_flush();
    RUN_UNTIL(programs_saw("read"));
    CHECK(programs_saw("read 6e 65 77\n"));
    fake_vport_flush(false, true);
    fake_vport_flush(true, true);
    RUN_UNTIL(server_saw("PURGE-DATA 2\nPURGE-DATA 3"));
    end();
}

static void what_is_older_than_the_last_of_several_purges_is_dropped(void)
{
    begin();
    server_agree_and_teach();
    fake_vport_open();
    RUN_UNTIL(server_saw("SET-LINES"));
    fake_vport_flush(true, false);
    fake_vport_flush(true, false);
    server_tell(RFC2217_PURGE_DATA, 1);
    comport_send_data(server.comport, (const uint8_t *)"old", 3);
    server_tell(RFC2217_PURGE_DATA, 1);
    comport_send_data(server.comport, (const uint8_t *)"new", 3);
    server_flush();
    RUN_UNTIL(programs_saw("read"));
    CHECK_TEXT(strstr(fake_vport.journal.text, "read"), "read 6e 65 77\n");
    end();
}

static void a_purge_that_a_stranger_never_answers_drops_nothing(void)
{
    begin();
    server_accept(true);
    RUN_UNTIL(server_saw("RTS off"));
    comport_send_text(server.comport, "ser2net");
    server_flush();
    run_for(20);
    fake_vport_open();
    fake_vport_flush(true, false);
    comport_send_data(server.comport, (const uint8_t *)"data", 4);
    server_flush();
    RUN_UNTIL(programs_saw("read 64 61 74 61"));
    end();
}

/* --- connections ------------------------------------------------------------------------------ */

static void a_reconnect_tells_everything_anew(void)
{
    begin();
    server_agree_and_teach();
    fake_vport_open();
    fake_vport_set("7O1", 4800);
    RUN_UNTIL(server_saw("SET-BAUDRATE 4800"));
    server_close();
    RUN_UNTIL(!fake_vport.reading);
    server_accept(true);
    server_tell(RFC2217_SET_BAUDRATE, 9600); /* to the greeting: no reason to complain */
    RUN_UNTIL(server_saw("RTS on"));
    run_for(20);
    CHECK(!strstr(logged, "does not do"));
    CHECK_TEXT(server.journal.text,
               "option agreed\nSIGNATURE ?\nSET-BAUDRATE 0\nSET-BAUDRATE 4800\nSET-DATASIZE "
               "7\nSET-PARITY odd\n"
               "SET-STOPSIZE 1\nSET-CONTROL flow none\nSET-CONTROL DTR on\nSET-CONTROL RTS on\n");
    CHECK(connections == 1); /* told once */
    end();
}

static void with_hangup_programs_are_hung_up(void)
{
    options.hangup = true;
    begin();
    server_agree_and_teach();
    fake_vport_open();
    server_close();
    RUN_UNTIL(programs_saw("hung up"));
    end();
}

static size_t waits_for_the_server(void)
{
    char report[PTY_REPORT_MAX];

    pty_session_report(session, report);
    const char *p = strstr(report, "bytes for programs, ");
    CHECK(p);
    return (size_t)strtoul(p + strlen("bytes for programs, "), NULL, 10);
}

static void flush_at_take(void)
{
    fake_vport_flush(false, true);
}

/* The connection cannot be kept while a request of another process is carried out, which sends. */
static void a_connection_that_fails_within_a_request_ends_later(void)
{
    enum { QUEUE_MAX = 512 * 1024, NEARLY = 64 };
    static char block[16 * 1024];
    struct vport_identity identity;
    struct ioctl_wire_question q = {.kind = IOCTL_WIRE_CALL, .id = 7, .request = TIOCGSERIAL};
    uint8_t frame[IOCTL_WIRE_QUESTION_MAX];

    options.hangup = true;
    begin();
    calls = calls_new(base);
    CHECK(calls && calls_add(calls, session) == 0);
    server_agree_and_teach();
    fake_vport_open();
    RUN_UNTIL(server_saw("SET-LINES"));
    memset(block, 'x', sizeof block - 1);
    while (fake_vport.reading) /* the server reads no more */
        fake_vport_write(block);
    while (waits_for_the_server() < QUEUE_MAX - NEARLY)
        fake_vport_flush(false, true);

    evutil_socket_t visitor = fake_vport_ask();
    vport_identity(pty_session_port(session), &identity);
    q.device = identity.device;
    q.inode = identity.inode;
    q.special = identity.special;
    size_t len = ioctl_wire_put_question(&q, frame);
    CHECK(send(visitor, IOCTL_WIRE_OPENING, strlen(IOCTL_WIRE_OPENING), MSG_NOSIGNAL) > 0);
    for (int i = 0; i < 100; i++)
        CHECK(send(visitor, frame, len, MSG_NOSIGNAL) == (ssize_t)len);
    logged[0] = '\0'; /* that was a lot */
    fake_vport.taking = flush_at_take;
    for (uint64_t limit = patience_ms() + 6000; !programs_saw("hung up");) {
        CHECK(patience_ms() < limit);
        event_base_loop(base, EVLOOP_NONBLOCK);
    }
    CHECK(strstr(logged, "does not take what it is told"));
    fake_vport.taking = NULL;
    RUN_UNTIL(recv(visitor, block, sizeof block, MSG_DONTWAIT) == 0 || errno != EAGAIN);
    evutil_closesocket(visitor);
    pty_session_withdraw(session);
    calls_free(calls);
    calls = NULL;
    end();
}

static void a_server_that_is_not_there_yet_is_waited_for(void)
{
    begin();
    close(listener);
    RUN_UNTIL(strstr(logged, "Connection refused; trying again"));
    CHECK(!pty_session_is_connected(session));
    CHECK(strstr(pty_session_trouble(session), "refused"));
    listen_again();
    server_accept(true);
    RUN_UNTIL(pty_session_is_connected(session));
    CHECK_TEXT(pty_session_trouble(session), "");
    end();
}

static void a_busy_server_is_said_and_tried_again(void)
{
    begin();
    for (int i = 0; i < 2; i++) {
        server_accept(false);
        telnet = true;
        greeted = true;
        end_begin(&server, COMPORT_SERVER);
        comport_start_bare(server.comport);
        RUN_UNTIL(comport_agreed(server.comport));
        comport_send_text(server.comport, "busy");
        server_flush();
        server_close();
        RUN_UNTIL(strstr(logged, "in use by another client"));
        CHECK(!pty_session_is_connected(session) && connections == 0);
    }
    server_accept(true);
    RUN_UNTIL(pty_session_is_connected(session));
    end();
}

static void text_before_the_option_is_a_reason_and_no_data(void)
{
    static const char text[] = "Port already in use\r\n";

    begin();
    fake_vport_open();
    server_accept(false);
    server_send(text, strlen(text));
    server_close();
    RUN_UNTIL(strstr(logged, "Port already in use; trying again"));
    CHECK_TEXT(fake_vport.journal.text, "");
    end();
}

static void text_of_a_server_that_agrees_and_goes_is_a_reason_too(void)
{
    /* ser2net 4.3.11 in one segment: all its offers, DO COM-PORT among them, then the text */
    static const char bytes[] = "\377\373\003\377\375\003\377\373\001\377\376\001\377\375\000"
                                "\377\373\000\377\375\054Port already in use\r\n";

    begin();
    fake_vport_open();
    server_accept(false);
    server_send(bytes, sizeof bytes - 1);
    run_for(20);
    server_close();
    RUN_UNTIL(strstr(logged, "Port already in use; trying again"));
    CHECK_TEXT(fake_vport.journal.text, "");
    CHECK(connections == 0);
    end();
}

static void data_right_behind_the_agreement_is_kept(void)
{
    begin();
    fake_vport_open();
    server_accept(true);
    comport_send_data(server.comport, (const uint8_t *)"early", 5);
    server_flush();
    RUN_UNTIL(programs_saw("read"));
    CHECK_TEXT(fake_vport.journal.text, "read 65 61 72 6c 79\n");
    end();
}

static void a_server_that_refuses_the_option_is_said(void)
{
    static const uint8_t refuses[] = {255, 254, 44};

    begin();
    server_accept(false);
    server_send(refuses, sizeof refuses);
    RUN_UNTIL(strstr(logged, "refuses the COM-PORT option"));
    RUN_UNTIL(ended);
    end();
}

static void a_silent_server_is_given_up(void)
{
    begin();
    server_accept(false);
    RUN_UNTIL(strstr(logged, "no answer to the COM-PORT option"));
    RUN_UNTIL(ended);
    end();
}

static void a_server_that_is_silent_about_binary_is_served(void)
{
    static const uint8_t agrees[] = {255, 253, 44};

    begin();
    fake_vport_open();
    server_accept(false);
    server_send(agrees, sizeof agrees);
    RUN_UNTIL(pty_session_is_connected(session));
    end();
}

static void a_raw_server_gets_bytes_only(void)
{
    options.raw = true;
    begin();
    fake_vport_open();
    server_accept(false);
    RUN_UNTIL(pty_session_is_connected(session));
    fake_vport_set("8N1", 300);
    fake_vport_write("a\377b");
    RUN_UNTIL(raw.len > 0);
    CHECK_TEXT(raw.text, "raw 61 ff 62\n");
    server_send("\377\373,", 3);
    RUN_UNTIL(programs_saw("read ff fb 2c"));
    end();
}

static const struct test tests[] = {
    TEST(the_first_session_learns_the_settings),
    TEST(settings_of_a_program_stand),
    TEST(a_session_is_agreed_when_the_greeting_is_answered),
    TEST(a_program_that_sets_nothing_changes_nothing),
    TEST(a_signature_cannot_move_a_terminal),
    TEST(changes_are_told_ahead_of_the_data),
    TEST(a_drain_is_not_ended_by_the_answer_to_a_setting),
    TEST(after_a_drain_nothing_is_unsent),
    TEST(a_program_that_is_quicker_decides),
    TEST(a_given_speed_is_told),
    TEST(a_given_format_is_told_over_what_was_learnt),
    TEST(what_the_server_does_not_do_is_said_once),
    TEST(an_answer_is_compared_with_what_was_asked),
    TEST(the_answers_to_questions_are_no_refusals),
    TEST(a_line_is_as_the_last_question_is_answered),
    TEST(open_and_close_move_the_lines),
    TEST(com2net_is_told_when_the_lines_moved),
    TEST(strangers_are_told_lines_as_the_rfc_has_them),
    TEST(with_no_touch_lines_open_and_close_leave_them_alone),
    TEST(with_no_touch_lines_speed_zero_still_hangs_up),
    TEST(speed_zero_hangs_up),
    TEST(a_reset_is_asked_for_and_told),
    TEST(why_there_was_no_reset_is_told),
    TEST(a_reset_waits_until_the_server_has_said_what_it_is),
    TEST(a_reset_that_is_never_answered_is_given_up),
    TEST(several_that_want_a_reset_get_one),
    TEST(who_wanted_a_reset_may_go),
    TEST(data_for_nobody_is_dropped),
    TEST(data_right_behind_an_open_are_kept),
    TEST(a_slow_program_pauses_the_server_and_loses_nothing),
    TEST(lines_and_drains_do_not_wait_for_what_nobody_reads),
    TEST(with_flow_control_com2net_is_told_to_hold_back_and_nothing_is_lost),
    TEST(with_flow_control_others_are_held),
    TEST(what_a_lost_connection_takes_with_it_is_counted),
    TEST(a_connection_without_anything_under_way_takes_nothing_with_it),
    TEST(edges_that_a_poll_has_shown_count_once),
    TEST(a_suspending_server_gets_nothing),
    TEST(what_is_older_than_a_purge_is_dropped),
    TEST(what_is_older_than_the_last_of_several_purges_is_dropped),
    TEST(a_purge_that_a_stranger_never_answers_drops_nothing),
    TEST(a_reconnect_tells_everything_anew),
    TEST(with_hangup_programs_are_hung_up),
    TEST(a_connection_that_fails_within_a_request_ends_later),
    TEST(a_server_that_is_not_there_yet_is_waited_for),
    TEST(a_busy_server_is_said_and_tried_again),
    TEST(text_before_the_option_is_a_reason_and_no_data),
    TEST(text_of_a_server_that_agrees_and_goes_is_a_reason_too),
    TEST(data_right_behind_the_agreement_is_kept),
    TEST(a_server_that_refuses_the_option_is_said),
    TEST(a_silent_server_is_given_up),
    TEST(a_server_that_is_silent_about_binary_is_served),
    TEST(a_raw_server_gets_bytes_only),
};

TEST_MAIN(tests)
