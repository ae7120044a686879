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

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { IAC = 255, DONT = 254, DO = 253, WONT = 252, WILL = 251, SB = 250, SE = 240 };
enum { OPT_BINARY = 0, OPT_ECHO = 1, OPT_SGA = 3, OPT_COMPORT = 44 };
enum { NOTIFY_LINESTATE = 106, NOTIFY_MODEMSTATE = 107, SUSPEND = 108, RESUME = 109 };
enum { ANSWER_MS = 15000, MESSAGES_MAX = 4096, SB_MAX = 512 };

/* What a setting is called here, its code (the answer's is 100 more), and its size. */
static const struct setting {
    const char *name;
    int code;
    int bytes;
} settings[] = {
    {"baud", 1, 4},    {"size", 2, 1},      {"parity", 3, 1},     {"stop", 4, 1},
    {"control", 5, 1}, {"linemask", 10, 1}, {"modemmask", 11, 1}, {"purge", 12, 1},
};

struct message {
    int code;
    uint32_t value;
    bool taken;
};

static int fd = -1;
static bool ended; /* by the server */

/* Telnet: what stands on each side, and what has been asked for. */
static bool us[256], them[256], asked_us[256], asked_them[256], refused_us[256];
static enum { DATA, AFTER_IAC, VERB, SUB, SUB_IAC } state;
static int verb;
static unsigned char sub[SB_MAX];
static size_t sub_len;

static struct message messages[MESSAGES_MAX];
static size_t messages_n;
static char signature[SB_MAX];

/* What "hold" gathers for one segment. */
static bool held;
static unsigned char out[1 << 16];
static size_t out_len;

static void trace(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void trace(const char *format, ...)
{
    va_list list;

    fprintf(stderr, "%.3f ", now_ms());
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fputc('\n', stderr);
}

/* --- out --------------------------------------------------------------------------- */

static int send_held(void)
{
    size_t done = 0;

    while (done < out_len) {
        ssize_t n = send(fd, out + done, out_len - done, MSG_NOSIGNAL);

        if (n < 0)
            return action_failed("send: %s", strerror(errno));
        done += (size_t)n;
    }
    out_len = 0;
    return 0;
}

static int put(const void *bytes, size_t len)
{
    if (fd < 0)
        return action_failed("not connected");
    if (len > sizeof out - out_len)
        return action_failed("too much for one segment");
    memcpy(out + out_len, bytes, len);
    out_len += len;
    return held ? 0 : send_held();
}

static int put_verb(int v, int option)
{
    unsigned char m[] = {IAC, (unsigned char)v, (unsigned char)option};

    trace("> %d %d", v, option);
    return put(m, sizeof m);
}

/* Puts bytes with every 255 doubled. */
static int put_doubled(const unsigned char *bytes, size_t len)
{
    unsigned char m[2 * 4096];

    while (len) {
        size_t n = len < 4096 ? len : 4096, to = 0;

        for (size_t i = 0; i < n; i++) {
            m[to++] = bytes[i];
            if (bytes[i] == IAC)
                m[to++] = IAC;
        }
        if (put(m, to))
            return 1;
        bytes += n;
        len -= n;
    }
    return 0;
}

static int put_command(int code, const unsigned char *payload, size_t len)
{
    unsigned char m[4 + 2 * SB_MAX] = {IAC, SB, OPT_COMPORT, (unsigned char)code};
    size_t to = 4;

    for (size_t i = 0; i < len; i++) {
        m[to++] = payload[i];
        if (payload[i] == IAC)
            m[to++] = IAC;
    }
    m[to++] = IAC;
    m[to++] = SE;
    return put(m, to);
}

static int put_setting(const struct setting *s, uint32_t value)
{
    unsigned char p[] = {(unsigned char)(value >> 24), (unsigned char)(value >> 16),
                         (unsigned char)(value >> 8), (unsigned char)value};

    trace("> %s %u", s->name, value);
    return put_command(s->code, p + 4 - s->bytes, (size_t)s->bytes);
}

/* --- in ---------------------------------------------------------------------------- */

static void on_sub(void)
{
    struct message m = {0};

    if (sub_len < 2 || sub[0] != OPT_COMPORT) {
        trace("< a subnegotiation of option %d, %zu bytes", sub_len ? sub[0] : -1, sub_len);
        return;
    }
    m.code = sub[1];
    if (m.code == 100) {
        memcpy(signature, sub + 2, sub_len - 2);
        signature[sub_len - 2] = '\0';
        trace("< signature %s", signature);
    }
    for (size_t i = 2; i < sub_len && i < 6; i++)
        m.value = m.value << 8 | sub[i];
    trace("< %d: %u", m.code, m.value);
    if (messages_n < MESSAGES_MAX)
        messages[messages_n++] = m;
}

static void on_verb(int option)
{
    bool wanted = option == OPT_BINARY || option == OPT_SGA || option == OPT_COMPORT;

    trace("< %d %d", verb, option);
    switch (verb) {
    case DO:
        if (!us[option] && !asked_us[option])
            put_verb(wanted ? WILL : WONT, option);
        us[option] = wanted;
        break;
    case DONT:
        if (us[option])
            put_verb(WONT, option);
        us[option] = false;
        refused_us[option] = true;
        break;
    case WILL:
        wanted = wanted || option == OPT_ECHO;
        if (!them[option] && !asked_them[option])
            put_verb(wanted ? DO : DONT, option);
        them[option] = wanted;
        break;
    case WONT:
        if (them[option])
            put_verb(DONT, option);
        them[option] = false;
        break;
    }
}

static void on_byte(unsigned char c)
{
    switch (state) {
    case DATA:
        if (c == IAC)
            state = AFTER_IAC;
        else
            inbox_add(&c, 1);
        break;
    case AFTER_IAC:
        state = DATA;
        if (c == IAC) {
            inbox_add(&c, 1);
        } else if (c == SB) {
            sub_len = 0;
            state = SUB;
        } else if (c >= WILL) {
            verb = c;
            state = VERB;
        } else {
            trace("< telnet command %d", c);
        }
        break;
    case VERB:
        state = DATA;
        on_verb(c);
        break;
    case SUB:
        if (c == IAC)
            state = SUB_IAC;
        else if (sub_len < sizeof sub)
            sub[sub_len++] = c;
        break;
    case SUB_IAC:
        state = c == IAC ? SUB : DATA;
        if (c == IAC && sub_len < sizeof sub)
            sub[sub_len++] = c;
        if (c == SE)
            on_sub();
        break;
    }
}

/* Takes in what comes by @until; false if nothing came. */
static bool receive(double until)
{
    struct pollfd p = {fd, POLLIN, 0};
    unsigned char buffer[4096];
    double left = until - now_ms();

    if (fd < 0 || ended || poll(&p, 1, left > 0 ? (int)left + 1 : 0) <= 0)
        return false;
    ssize_t n = recv(fd, buffer, sizeof buffer, 0);
    if (n <= 0) {
        trace("< end (%s)", n ? strerror(errno) : "closed");
        ended = true;
        return false;
    }
    size_t before = inbox_len;
    for (ssize_t i = 0; i < n; i++)
        on_byte(buffer[i]);
    if (inbox_len > before)
        trace("< %zu bytes of data", inbox_len - before);
    return true;
}

/* The first message with this code that nobody has asked for, waited for until then. */
static struct message *next_message(int code, double until)
{
    static struct message found;

    for (size_t i = 0;; i++) {
        while (i == messages_n)
            if (!receive(until))
                return NULL;
        if (!messages[i].taken && messages[i].code == code) {
            messages[i].taken = true;
            found = messages[i];
            return &found;
        }
    }
}

/* --- actions: the connection --------------------------------------------------------- */

static int do_connect(char **words)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
    char *port = strrchr(words[0], ':');
    int one = 1;

    if (!port)
        return action_failed("connect HOST:PORT");
    *port++ = '\0';
    if (getaddrinfo(words[0], port, &hints, &list))
        return action_failed("no such host: %s", words[0]);
    fd = socket(list->ai_family, list->ai_socktype, 0);
    int failed = connect(fd, list->ai_addr, list->ai_addrlen);
    freeaddrinfo(list);
    if (failed) {
        int error = errno;
        close(fd);
        fd = -1;
        return action_failed("connect: %s", strerror(error));
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    ended = held = false;
    state = DATA;
    inbox_len = out_len = messages_n = 0;
    memset(us, 0, sizeof us);
    memset(them, 0, sizeof them);
    memset(asked_us, 0, sizeof asked_us);
    memset(asked_them, 0, sizeof asked_them);
    memset(refused_us, 0, sizeof refused_us);
    trace("connected");
    return 0;
}

static int do_negotiate(char **words)
{
    static const int both[] = {OPT_BINARY, OPT_SGA};
    double until = now_ms() + atof(words[0]);

    held = true;
    asked_us[OPT_COMPORT] = true;
    put_verb(WILL, OPT_COMPORT);
    for (size_t i = 0; i < 2; i++) {
        asked_us[both[i]] = asked_them[both[i]] = true;
        put_verb(WILL, both[i]);
        put_verb(DO, both[i]);
    }
    held = false;
    if (send_held())
        return 1;
    while (!us[OPT_COMPORT] && !them[OPT_COMPORT]) {
        if (refused_us[OPT_COMPORT])
            return action_failed("negotiate: refused");
        if (!receive(until))
            return action_failed("negotiate: no answer");
    }
    return 0;
}

static int do_close(char **words)
{
    (void)words;
    close(fd);
    fd = -1;
    trace("closed");
    return 0;
}

/* Ends with a reset in place of an orderly close. */
static int do_abort(char **words)
{
    struct linger linger = {1, 0};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    return do_close(words);
}

static int do_closed(char **words)
{
    double until = now_ms() + atof(words[0]);

    while (receive(until))
        ;
    return ended ? 0 : action_failed("closed: no");
}

static int still_there(void)
{
    return fd < 0 || ended ? action_failed("the connection has ended") : 0;
}

static int do_hold(char **words)
{
    (void)words;
    held = true;
    return 0;
}

static int do_go(char **words)
{
    (void)words;
    held = false;
    return send_held();
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
    struct message *m = s ? next_message(100 + s->code, now_ms() + ms) : NULL;

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
    return put_setting(s, (uint32_t)strtoul(words[1], NULL, 10));
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

    trace("> %s", code == 9 ? "resume" : "suspend");
    return put_command(code, NULL, 0);
}

static int do_signature(char **words)
{
    double until = now_ms() + ANSWER_MS;

    (void)words;
    if (put_command(0, NULL, 0))
        return 1;
    if (!next_message(100, until))
        return action_failed("signature: no answer");
    printf("signature: %s\n", signature);
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
        struct message *m = next_message(code, until);

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
    struct message *m = next_message(notice_code(words[0]), now_ms() + atof(words[1]));

    if (m)
        return action_failed("no-notify: %u", m->value);
    return still_there();
}

static int do_forget(char **words)
{
    (void)words;
    while (receive(now_ms()))
        ;
    messages_n = 0;
    inbox_len = 0;
    return 0;
}

/* --- actions: data ----------------------------------------------------------------------- */

static int do_write(char **words)
{
    size_t len = action_text(words[0]);

    trace("> %zu bytes of data", len);
    return put_doubled((unsigned char *)words[0], len);
}

static int do_raw(char **words)
{
    return put(words[0], action_text(words[0]));
}

static int do_writen(char **words)
{
    size_t n = strtoul(words[0], NULL, 10);
    unsigned char block[4096];

    for (size_t done = 0; done < n;) {
        size_t len = n - done < sizeof block ? n - done : sizeof block;

        for (size_t i = 0; i < len; i++)
            block[i] = pattern_byte(done + i);
        if (put_doubled(block, len))
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

    while (now_ms() < until && !ended)
        receive(until);
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
    inbox_receive = receive;
    return actions_run(table, argc - 1, argv + 1);
}
