#include "rfc2217_peer.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "actions.h"

enum { IAC = 255, DONT = 254, DO = 253, WONT = 252, WILL = 251, SB = 250, SE = 240 };
enum { MESSAGES_MAX = 4096, SB_MAX = 512, TAKEN = -1 };

static int fd = -1;
static bool ended; /* by the server */

/* Telnet: what stands on each side, and what has been asked for. */
static bool us[256], them[256], asked_us[256], asked_them[256], refused_us[256];
static enum { DATA, AFTER_IAC, VERB, SUB, SUB_IAC } state;
static int verb;
static unsigned char sub[SB_MAX];
static size_t sub_len;

static struct peer_message messages[MESSAGES_MAX];
static size_t messages_n;
static char signature[SB_MAX]; /* of the server */

/* What "hold" gathers for one segment. */
static bool held;
static unsigned char out[1 << 16];
static size_t out_len;

void peer_trace(const char *format, ...)
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

int peer_put(const void *bytes, size_t len)
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

    peer_trace("> %d %d", v, option);
    return peer_put(m, sizeof m);
}

int peer_put_data(const unsigned char *bytes, size_t len)
{
    unsigned char m[2 * 4096];

    while (len) {
        size_t n = len < 4096 ? len : 4096, to = 0;

        for (size_t i = 0; i < n; i++) {
            m[to++] = bytes[i];
            if (bytes[i] == IAC)
                m[to++] = IAC;
        }
        if (peer_put(m, to))
            return 1;
        bytes += n;
        len -= n;
    }
    return 0;
}

int peer_put_command(int code, const unsigned char *payload, size_t len)
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
    return peer_put(m, to);
}

int peer_put_number(int code, uint32_t value, int bytes)
{
    unsigned char p[] = {(unsigned char)(value >> 24), (unsigned char)(value >> 16),
                         (unsigned char)(value >> 8), (unsigned char)value};

    return peer_put_command(code, p + 4 - bytes, (size_t)bytes);
}

/* --- in ---------------------------------------------------------------------------- */

static void on_sub(void)
{
    struct peer_message m = {0};

    if (sub_len < 2 || sub[0] != OPT_COMPORT) {
        peer_trace("< a subnegotiation of option %d, %zu bytes", sub_len ? sub[0] : -1, sub_len);
        return;
    }
    m.code = sub[1];
    if (m.code == 100) {
        memcpy(signature, sub + 2, sub_len - 2);
        signature[sub_len - 2] = '\0';
        peer_trace("< signature %s", signature);
    }
    for (size_t i = 2; i < sub_len && i < 6; i++)
        m.value = m.value << 8 | sub[i];
    peer_trace("< %d: %u", m.code, m.value);
    if (messages_n < MESSAGES_MAX)
        messages[messages_n++] = m;
}

static void on_verb(int option)
{
    bool wanted = option == OPT_BINARY || option == OPT_SGA || option == OPT_COMPORT;

    peer_trace("< %d %d", verb, option);
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
            peer_trace("< telnet command %d", c);
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

bool peer_receive(double until)
{
    struct pollfd p = {fd, POLLIN, 0};
    unsigned char buffer[4096];
    double left = until - now_ms();

    if (fd < 0 || ended || poll(&p, 1, left > 0 ? (int)left + 1 : 0) <= 0)
        return false;
    ssize_t n = recv(fd, buffer, sizeof buffer, 0);
    if (n <= 0) {
        peer_trace("< end (%s)", n ? strerror(errno) : "closed");
        ended = true;
        return false;
    }
    size_t before = inbox_len;
    for (ssize_t i = 0; i < n; i++)
        on_byte(buffer[i]);
    if (inbox_len > before)
        peer_trace("< %zu bytes of data", inbox_len - before);
    return true;
}

const struct peer_message *peer_message(int code, double until)
{
    static struct peer_message found;

    for (size_t i = 0;; i++) {
        while (i == messages_n)
            if (!peer_receive(until))
                return NULL;
        if (messages[i].code == code) {
            found = messages[i];
            messages[i].code = TAKEN;
            return &found;
        }
    }
}

/* --- the connection ------------------------------------------------------------------ */

int peer_connect(const char *host, const char *port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
    int one = 1;

    if (getaddrinfo(host, port, &hints, &list))
        return action_failed("no such host: %s", host);
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
    peer_trace("connected");
    return 0;
}

void peer_close(void)
{
    close(fd);
    fd = -1;
    peer_trace("closed");
}

void peer_abort(void)
{
    struct linger linger = {1, 0};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    peer_close();
}

bool peer_is_there(void)
{
    return fd >= 0 && !ended;
}

bool peer_has_ended(void)
{
    return ended;
}

void peer_hold(void)
{
    held = true;
}

int peer_go(void)
{
    held = false;
    return send_held();
}

void peer_offer(int option)
{
    asked_us[option] = true;
    put_verb(WILL, option);
}

void peer_ask_for(int option)
{
    asked_them[option] = true;
    put_verb(DO, option);
}

bool peer_has(int option)
{
    return us[option] || them[option];
}

bool peer_has_refused(int option)
{
    return refused_us[option];
}

void peer_forget(void)
{
    messages_n = 0;
    inbox_len = 0;
}

const char *peer_signature(void)
{
    return signature;
}
