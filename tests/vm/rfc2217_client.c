/*
 * rfc2217_client - an RFC 2217 client for tests, as a list of actions.
 *
 *   rfc2217_client ACTION...
 *
 * Knows nothing of the project's own code, on purpose, and does nothing by itself but agree to
 * what it asked for and to BINARY, SGA and the server's ECHO.  "rfc2217_client" alone lists the
 * actions; actions.h tells how to give them.  A trace of what passes goes to standard error.
 */
#include "actions.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rfc2217_peer.h"

enum { NOTIFY_LINESTATE = 106, NOTIFY_MODEMSTATE = 107 };
enum { ANSWER_MS = 15000 };

/* What a setting is called here, its code (the answer's is 100 more), and its size. */
static const struct setting {
    const char *name;
    int code;
    int bytes;
} settings[] = {
    {"baud", 1, 4},    {"size", 2, 1},      {"parity", 3, 1},     {"stop", 4, 1},
    {"control", 5, 1}, {"linemask", 10, 1}, {"modemmask", 11, 1}, {"purge", 12, 1},
};

/* --- actions: the connection --------------------------------------------------------- */

static int do_connect(char **words)
{
    char *port = strrchr(words[0], ':');

    if (!port)
        return action_failed("connect HOST:PORT");
    *port++ = '\0';
    return peer_connect(words[0], port);
}

static int do_negotiate(char **words)
{
    static const int both[] = {OPT_BINARY, OPT_SGA};
    double until = now_ms() + atof(words[0]);

    peer_hold();
    peer_offer(OPT_COMPORT);
    for (size_t i = 0; i < 2; i++) {
        peer_offer(both[i]);
        peer_ask_for(both[i]);
    }
    if (peer_go())
        return 1;
    while (!peer_has(OPT_COMPORT)) {
        if (peer_has_refused(OPT_COMPORT))
            return action_failed("negotiate: refused");
        if (!peer_receive(until))
            return action_failed("negotiate: no answer");
    }
    return 0;
}

static int do_close(char **words)
{
    (void)words;
    peer_close();
    return 0;
}

static int do_abort(char **words)
{
    (void)words;
    peer_abort();
    return 0;
}

static int do_closed(char **words)
{
    double until = now_ms() + atof(words[0]);

    while (peer_receive(until))
        ;
    return peer_has_ended() ? 0 : action_failed("closed: no");
}

static int still_there(void)
{
    return peer_is_there() ? 0 : action_failed("the connection has ended");
}

static int do_hold(char **words)
{
    (void)words;
    peer_hold();
    return 0;
}

static int do_go(char **words)
{
    (void)words;
    return peer_go();
}

/* --- actions: settings ---------------------------------------------------------------- */

static const struct setting *setting_named(const char *name)
{
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        if (!strcmp(settings[i].name, name))
            return &settings[i];
    return NULL;
}

static int await_answer(const char *name, uint32_t value, double ms)
{
    const struct setting *s = setting_named(name);
    const struct peer_message *m = s ? peer_message(100 + s->code, now_ms() + ms) : NULL;

    if (!m)
        return action_failed("%s: no answer", name);
    if (m->value != value)
        return action_failed("%s: answered %u, not %u", name, m->value, value);
    return 0;
}

static int do_send(char **words)
{
    const struct setting *s = setting_named(words[0]);

    if (!s)
        return action_failed("no setting %s", words[0]);
    const uint32_t value = (uint32_t)strtoul(words[1], NULL, 10);
    peer_trace("> %s %u", s->name, value);
    return peer_put_number(s->code, value, s->bytes);
}

static int do_ask(char **words)
{
    return do_send(words) ||
           await_answer(words[0], (uint32_t)strtoul(words[2], NULL, 10), ANSWER_MS);
}

static int do_set(char **words)
{
    char *twice[] = {words[0], words[1], words[1]};

    return do_ask(twice);
}

static int do_answer(char **words)
{
    return await_answer(words[0], (uint32_t)strtoul(words[1], NULL, 10), atof(words[2]));
}

static int do_flow(char **words)
{
    int code = atoi(words[0]) ? 9 : 8;

    peer_trace("> %s", code == 9 ? "resume" : "suspend");
    return peer_put_command(code, NULL, 0);
}

static int do_signature(char **words)
{
    double until = now_ms() + ANSWER_MS;

    (void)words;
    if (peer_put_command(0, NULL, 0))
        return 1;
    if (!peer_message(100, until))
        return action_failed("signature: no answer");
    printf("signature: %s\n", peer_signature());
    return 0;
}

/* --- actions: notices ------------------------------------------------------------------- */

static int notice_code(const char *name)
{
    return !strcmp(name, "line") ? NOTIFY_LINESTATE : NOTIFY_MODEMSTATE;
}

static int do_notify(char **words)
{
    int code = notice_code(words[0]), seen = 0;
    uint32_t mask = (uint32_t)strtoul(words[1], NULL, 10);
    uint32_t value = (uint32_t)strtoul(words[2], NULL, 10), last = 0;
    double from = now_ms(), until = from + atof(words[3]);

    for (;;) {
        const struct peer_message *m = peer_message(code, until);

        if (!m)
            return action_failed("notify: not in time; %d others, last %u", seen, last);
        if ((m->value & mask) == value) {
            printf("notify: %u after %.0f ms\n", m->value, now_ms() - from);
            return 0;
        }
        last = m->value;
        seen++;
    }
}

static int do_no_notify(char **words)
{
    const struct peer_message *m = peer_message(notice_code(words[0]), now_ms() + atof(words[1]));

    if (m)
        return action_failed("no-notify: %u", m->value);
    return still_there();
}

static int do_forget(char **words)
{
    (void)words;
    while (peer_receive(now_ms()))
        ;
    peer_forget();
    return 0;
}

/* --- actions: data ----------------------------------------------------------------------- */

static int do_write(char **words)
{
    size_t len = action_text(words[0]);

    peer_trace("> %zu bytes of data", len);
    return peer_put_data((unsigned char *)words[0], len);
}

static int do_raw(char **words)
{
    return peer_put(words[0], action_text(words[0]));
}

static int do_writen(char **words)
{
    size_t n = strtoul(words[0], NULL, 10);
    unsigned char block[4096];

    for (size_t done = 0; done < n;) {
        size_t len = n - done < sizeof block ? n - done : sizeof block;

        for (size_t i = 0; i < len; i++)
            block[i] = pattern_byte(done + i);
        if (peer_put_data(block, len))
            return 1;
        done += len;
    }
    return 0;
}

static int do_quiet(char **words)
{
    return action_quiet(words) || still_there();
}

static int do_sleep(char **words)
{
    double until = now_ms() + atof(words[0]);

    while (now_ms() < until && !peer_has_ended())
        peer_receive(until);
    return 0;
}

static const struct action table[] = {
    {"connect", 1, do_connect, "HOST:PORT"},
    {"negotiate", 1, do_negotiate, "MS: agrees on COM-PORT, BINARY and SGA"},
    {"close", 0, do_close, "the connection"},
    {"abort", 0, do_abort, "the connection, with a reset"},
    {"closed", 1, do_closed, "MS: waits until the server closes it"},
    {"hold", 0, do_hold, "gathers what follows"},
    {"go", 0, do_go, "and sends it as one segment"},
    {"set", 2, do_set, "NAME N: sends a setting, waits for the same as the answer"},
    {"ask", 3, do_ask, "NAME N ANSWER: sends a setting, waits for this answer"},
    {"send", 2, do_send,
     "NAME N: sends a setting (baud size parity stop control linemask modemmask purge)"},
    {"answer", 3, do_answer, "NAME ANSWER MS: waits for the next answer, which is this"},
    {"flow", 1, do_flow, "0|1: suspends and resumes the server"},
    {"signature", 0, do_signature, "asks for the server's"},
    {"notify", 4, do_notify, "line|modem MASK VALUE MS: waits for a notice with VALUE under MASK"},
    {"no-notify", 2, do_no_notify, "line|modem MS: none comes for so long"},
    {"forget", 0, do_forget, "what has come and not been asked for"},
    {"write", 1, do_write, "TEXT"},
    {"writen", 1, do_writen, "N: that many bytes of a pattern"},
    {"raw", 1, do_raw, "TEXT: the bytes as they are, 255 not doubled"},
    {"expect", 2, action_expect, "TEXT MS: waits for it, dropping what comes before"},
    {"quiet", 1, do_quiet, "MS: no data comes for so long"},
    {"pattern", 2, action_pattern, "N MS: waits for what \"writen N\" writes"},
    {"sleep", 1, do_sleep, "MS"},
    {0},
};

int main(int argc, char **argv)
{
    if (argc < 2) {
        fputs("usage: rfc2217_client ACTION... | rfc2217_client -\nactions:\n", stderr);
        actions_help(table);
        return 2;
    }
    inbox_receive = peer_receive;
    return actions_run(table, argc - 1, argv + 1);
}
