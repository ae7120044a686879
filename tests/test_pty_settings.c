/*
 * What net2pty's session does with settings: those of programs, the server's, and what the server
 * answers to them.
 */
#include "pty_stage.h"

static void the_first_session_learns_the_settings(void)
{
    begin();
    server_accept(true);
    RUN_UNTIL(server_saw("RTS off"));
    CHECK_TEXT(server.journal.text,
               "option agreed\n" INTRODUCTION
               "SIGNATURE ?\nSET-BAUDRATE 0\nSET-DATASIZE 0\nSET-PARITY ?\n"
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

/* B0 hangs up; what is written then would take days, if it were a speed. */
static void without_a_speed_nothing_is_waited_for(void)
{
    const struct ioctl_port *port = &pty_ioctl_port;

    begin();
    server_agree_and_teach();
    fake_vport_open();
    fake_vport_set("8N1", 0);
    for (int i = 0; i < 100; i++)
        fake_vport_write("x");
    RUN_UNTIL(server_saw("data"));
    server_tell(RFC2217_NOTIFY_MODEMSTATE, 0); /* takes the acknowledgement along */
    run_for(500);
    CHECK(port->unsent(pty_session_ioctl(session)) == 0);
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
               "option agreed\n" INTRODUCTION
               "SIGNATURE ?\nSET-BAUDRATE 0\nSET-BAUDRATE 57600\nSET-DATASIZE "
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

static const struct test tests[] = {
    TEST(the_first_session_learns_the_settings),
    TEST(settings_of_a_program_stand),
    TEST(a_session_is_agreed_when_the_greeting_is_answered),
    TEST(a_program_that_sets_nothing_changes_nothing),
    TEST(a_signature_cannot_move_a_terminal),
    TEST(changes_are_told_ahead_of_the_data),
    TEST(a_drain_is_not_ended_by_the_answer_to_a_setting),
    TEST(after_a_drain_nothing_is_unsent),
    TEST(without_a_speed_nothing_is_waited_for),
    TEST(a_program_that_is_quicker_decides),
    TEST(a_given_speed_is_told),
    TEST(a_given_format_is_told_over_what_was_learnt),
    TEST(what_the_server_does_not_do_is_said_once),
    TEST(an_answer_is_compared_with_what_was_asked),
    TEST(the_answers_to_questions_are_no_refusals),
    TEST(a_line_is_as_the_last_question_is_answered),
};

TEST_MAIN(tests)
