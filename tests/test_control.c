/*
 * The control socket and who visits it: a visit is ended from the loop, whoever wants its end.
 */
#include "control.h"

#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "fakes/fake_vport.h"
#include "log.h"
#include "loop.h"
#include "test.h"

static struct event_base *base;
static struct control *control;
static char got[64];
static bool within, freed;
static bool ends;  /* what is received ends all visits */
static int result; /* of receiving */

static int receive(struct control_visit *v, const uint8_t *data, size_t len)
{
    size_t n = strlen(got);

    (void)v;
    within = true;
    CHECK(!freed && len > 0 && n + len < sizeof got);
    memcpy(got + n, data, len);
    got[n + len] = '\0';
    if (ends)
        control_end_visits(control);
    within = false;
    return result;
}

static void free_visit(struct control_visit *v)
{
    (void)v;
    CHECK(!within && !freed);
    freed = true;
}

static const struct control_visit_ops ops = {.receive = receive, .free = free_visit};
static struct control_visit visit = {&ops};

static struct control_visit *on_visit(void *ctx, struct stream *stream)
{
    (void)ctx;
    (void)stream;
    return &visit;
}

static const struct control_callbacks callbacks = {.visit = on_visit};

static void run(void)
{
    for (int i = 0; i < 20; i++)
        event_base_loop(base, EVLOOP_NONBLOCK);
}

/* Returns a connection whose first bytes are `text`. */
static evutil_socket_t begin(const char *text)
{
    char error[CONTROL_ERROR_MAX];
    bool stale;

    log_init("test", LOG_LEVEL_ERROR);
    fake_vport_reset();
    base = loop_new(false);
    control = control_new(base, "/tmp/fake", &callbacks, NULL, &stale, error);
    CHECK(control);
    got[0] = '\0';
    freed = ends = false;
    result = 0;
    evutil_socket_t fd = fake_vport_ask();
    CHECK(send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text));
    return fd;
}

static void end(evutil_socket_t fd)
{
    evutil_closesocket(fd);
    control_free(control);
    CHECK(freed);
    loop_free(base);
}

static bool is_closed(evutil_socket_t fd)
{
    char byte;

    return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

static void what_follows_the_request_is_the_visits(void)
{
    evutil_socket_t fd = begin("ioctl\nabc");

    run();
    CHECK_TEXT(got, "abc");
    CHECK(send(fd, "def", 3, MSG_NOSIGNAL) == 3);
    run();
    CHECK_TEXT(got, "abcdef");
    CHECK(!freed && !is_closed(fd));
    end(fd);
}

static void a_visit_that_fails_is_closed(void)
{
    evutil_socket_t fd = begin("ioctl\nabc");

    result = -1;
    run();
    CHECK(freed && is_closed(fd));
    end(fd);
}

static void visits_are_ended_from_the_loop(void)
{
    evutil_socket_t fd = begin("ioctl\nabc");

    ends = true;
    run();
    CHECK_TEXT(got, "abc");
    CHECK(freed && is_closed(fd));
    end(fd);
}

static void a_visit_that_ends_gets_nothing_more(void)
{
    evutil_socket_t fd = begin("ioctl\nabc");

    run();
    control_end_visits(control);
    CHECK(!freed);
    CHECK(send(fd, "def", 3, MSG_NOSIGNAL) == 3);
    run();
    CHECK_TEXT(got, "abc");
    CHECK(freed);
    end(fd);
}

static void a_socket_may_go_before_its_visits_have_ended(void)
{
    evutil_socket_t fd = begin("ioctl\n");

    run();
    control_end_visits(control);
    end(fd);
}

static const struct test tests[] = {
    TEST(what_follows_the_request_is_the_visits),
    TEST(a_visit_that_fails_is_closed),
    TEST(visits_are_ended_from_the_loop),
    TEST(a_visit_that_ends_gets_nothing_more),
    TEST(a_socket_may_go_before_its_visits_have_ended),
};

TEST_MAIN(tests)
