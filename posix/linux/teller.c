/*
 * What com2nets tell each other on Linux, see common/seam/teller.h: each listens under a name in
 * the abstract name space, and the kernel's table of sockets has those names.
 *
 * A text is one write into a connection that is closed at once. What its reader leaves unread is
 * the kernel's, and the reader's descriptor holds it.
 */
#define _GNU_SOURCE
#include "teller.h"

#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "clock.h"
#include "log.h"
#include "named_socket.h"
#include "timer.h"

enum {
    BACKLOG = 64,
    REST_MS = 5,    /* between two askers, */
    REST_TIMES = 4, /* and so many times what the last one took: they get a fifth of the time */
    NO_DESCRIPTOR_REST_MS = 500,
    CONNECT_AGAIN_MS = 20,
};

static const char prefix[] = "com2net";

/* --- telling ---------------------------------------------------------------------------------- */

struct teller {
    int fd;
    struct event *readable;
    struct timer rest;
    char *(*tell)(void *ctx);
    void *ctx;
};

static void tell_to(const struct teller *t, int fd)
{
    char *text = t->tell(t->ctx);

    if (text)
        (void)send(fd, text, strnlen(text, TELLER_TEXT_MAX), MSG_NOSIGNAL | MSG_DONTWAIT);
    free(text);
}

static void on_asked(evutil_socket_t listener, short what, void *ctx)
{
    struct teller *t = ctx;
    const uint64_t begin = clock_now_ms();
    int fd = accept4((int)listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    (void)what;
    if (fd >= 0) {
        tell_to(t, fd);
        close(fd);
    } else if (errno == EAGAIN || errno == ECONNABORTED || errno == EINTR) {
        return;
    } else {
        log_debug("cannot tell a program of this machine: %s", strerror(errno));
    }
    event_del(t->readable);
    timer_in_ms(&t->rest,
                fd >= 0 ? REST_MS + REST_TIMES * (clock_now_ms() - begin) : NO_DESCRIPTOR_REST_MS);
}

static void on_rested(void *ctx)
{
    struct teller *t = ctx;

    event_add(t->readable, NULL);
}

struct teller *teller_new(struct event_base *base, char *(*tell)(void *ctx), void *ctx,
                          char error[static TELLER_ERROR_MAX])
{
    struct teller *t = calloc(1, sizeof *t);
    char name[NAMED_SOCKET_MAX];

    snprintf(error, TELLER_ERROR_MAX, "out of memory");
    if (!t)
        return NULL;
    t->tell = tell;
    t->ctx = ctx;
    timer_make(&t->rest, base, on_rested, t);
    t->fd = named_socket_new(prefix, name);
    if (t->fd < 0 || listen(t->fd, BACKLOG) < 0) {
        snprintf(error, TELLER_ERROR_MAX, "%s", strerror(t->fd < 0 ? -t->fd : errno));
        goto fail;
    }
    t->readable = event_new(base, t->fd, EV_READ | EV_PERSIST, on_asked, t);
    if (!t->readable || event_add(t->readable, NULL) < 0)
        goto fail;
    return t;

fail:
    teller_free(t);
    return NULL;
}

void teller_free(struct teller *t)
{
    if (!t)
        return;
    timer_stop(&t->rest);
    if (t->readable)
        event_free(t->readable);
    if (t->fd >= 0)
        close(t->fd);
    free(t);
}

/* --- asking ----------------------------------------------------------------------------------- */

enum other_state {
    OTHER_CONNECTS,
    OTHER_TELLS,
    OTHER_HAS_TOLD,
    OTHER_IS_GONE,
};

/* One that is asked. */
struct other {
    char name[NAMED_SOCKET_MAX];
    int fd; /* -1: not connected yet, or not any more */
    enum other_state state;
    struct teller_answer answer;
    size_t len; /* of the text so far */
};

struct others {
    struct other *list;
    unsigned count;
};

static bool add(void *ctx, const char *name)
{
    struct others *others = ctx;
    struct other *o = &others->list[others->count++];

    *o = (struct other){.fd = -1, .state = OTHER_CONNECTS};
    snprintf(o->name, sizeof o->name, "%s", name);
    return others->count < TELLER_OTHERS_MAX;
}

static void name_user(uid_t uid, char user[static TELLER_USER_MAX])
{
    const struct passwd *found = uid == geteuid() ? NULL : getpwuid(uid);

    user[0] = '\0';
    if (found)
        snprintf(user, TELLER_USER_MAX, "%s", found->pw_name);
    else if (uid != geteuid())
        snprintf(user, TELLER_USER_MAX, "%u", (unsigned)uid);
}

static void leave(struct other *o, enum other_state state)
{
    if (o->fd >= 0)
        close(o->fd);
    o->fd = -1;
    o->state = state;
}

/* Its queue may be full, as of one that is stopped: then it is tried again. */
static void connect_to(struct other *o)
{
    struct ucred peer;
    socklen_t size = sizeof peer;

    o->fd = named_socket_connect(o->name);
    if (o->fd == -EAGAIN) {
        o->fd = -1;
        return;
    }
    o->answer.text = malloc(TELLER_TEXT_MAX + 1);
    if (o->fd < 0 || !o->answer.text ||
        getsockopt(o->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 || peer.pid == getpid()) {
        leave(o, OTHER_IS_GONE);
        return;
    }
    o->answer.pid = (unsigned long)peer.pid;
    name_user(peer.uid, o->answer.user);
    o->state = OTHER_TELLS;
}

static void listen_to(struct other *o)
{
    ssize_t n = recv(o->fd, o->answer.text + o->len, TELLER_TEXT_MAX - o->len, MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n > 0)
        o->len += (size_t)n;
    if (n < 0)
        leave(o, OTHER_IS_GONE);
    else if (n == 0 || o->len == TELLER_TEXT_MAX)
        leave(o, o->len > 0 ? OTHER_HAS_TOLD : OTHER_IS_GONE);
}

/* One turn with all of them, which waits for `limit_ms` at most. Returns whether something is to
 * come yet. */
static bool turn(struct others *others, int limit_ms)
{
    struct pollfd fds[TELLER_OTHERS_MAX];
    bool more = false;

    for (unsigned i = 0; i < others->count; i++) {
        struct other *o = &others->list[i];

        if (o->state == OTHER_CONNECTS)
            connect_to(o);
        if (o->state == OTHER_CONNECTS && limit_ms > CONNECT_AGAIN_MS)
            limit_ms = CONNECT_AGAIN_MS;
        more = more || o->state == OTHER_CONNECTS || o->state == OTHER_TELLS;
        fds[i] = (struct pollfd){.fd = o->state == OTHER_TELLS ? o->fd : -1, .events = POLLIN};
    }
    if (more && poll(fds, others->count, limit_ms) > 0) {
        for (unsigned i = 0; i < others->count; i++)
            if (fds[i].revents)
                listen_to(&others->list[i]);
    }
    return more;
}

/* The answer of one, if there is one. */
static bool take_answer(struct other *o, struct teller_answer *answer)
{
    const bool there = o->state != OTHER_IS_GONE;

    if (o->state == OTHER_HAS_TOLD) {
        o->answer.text[o->len] = '\0';
    } else {
        free(o->answer.text);
        o->answer.text = NULL;
    }
    leave(o, OTHER_IS_GONE);
    if (there)
        *answer = o->answer;
    return there;
}

unsigned teller_ask(struct teller_answer answers[static TELLER_OTHERS_MAX])
{
    struct others others = {.list = calloc(TELLER_OTHERS_MAX, sizeof *others.list)};
    const uint64_t end = clock_now_us() + TELLER_ASK_LIMIT_MS * 1000;
    unsigned count = 0;
    uint64_t now;

    if (!others.list)
        return 0;
    named_socket_each(prefix, add, &others);
    do {
        now = clock_now_us();
    } while (now < end && turn(&others, (int)((end - now) / 1000) + 1));
    for (unsigned i = 0; i < others.count; i++)
        count += take_answer(&others.list[i], &answers[count]);
    free(others.list);
    return count;
}

void teller_how_to_end(unsigned long pid, char text[static TELLER_END_MAX])
{
    snprintf(text, TELLER_END_MAX, "`kill %lu`", pid);
}
