/*
 * Modem lines of net2pty's session, and resets of the board behind the port.
 */
#include "pty_stage.h"

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
    uint32_t from = (uint32_t)clock_now_us();
    fake_vport_open();
    run_for(30);
    uint32_t between = (uint32_t)clock_now_us();
    fake_vport_close();
    uint32_t to = (uint32_t)clock_now_us();
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

static const struct test tests[] = {
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
};

TEST_MAIN(tests)
