/*
 * Names of servers, with a C library in whose place the test answers: a name server may be silent,
 * and who asks goes on; what it says at last is remembered.
 */
#include "usbip_names.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"
#include "usbip_call.h"
#include "usbip_clock.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool silent;
static int asked, error;
static const char *addresses[4]; /* what it answers */
static long long now = 1000;

long long usbip_clock_ms(void)
{
    return now;
}

int __real_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                       struct addrinfo **all);
int __wrap_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                       struct addrinfo **all);

int __wrap_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                       struct addrinfo **all)
{
    struct addrinfo numeric = *hints, **end = all;
    int r = 0;

    if (hints->ai_flags & AI_NUMERICHOST)
        return __real_getaddrinfo(host, port, hints, all);
    pthread_mutex_lock(&lock);
    asked++;
    pthread_cond_broadcast(&changed);
    while (silent)
        pthread_cond_wait(&changed, &lock);
    numeric.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    for (int i = 0; !error && addresses[i]; i++) {
        r = __real_getaddrinfo(addresses[i], port, &numeric, end);
        CHECK(r == 0);
        end = &(*end)->ai_next;
    }
    r = error;
    pthread_mutex_unlock(&lock);
    return r;
}

static void answer(const char *one, const char *two, int with_error)
{
    pthread_mutex_lock(&lock);
    silent = false;
    error = with_error;
    addresses[0] = one;
    addresses[1] = two;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void be_silent(void)
{
    pthread_mutex_lock(&lock);
    silent = true;
    pthread_mutex_unlock(&lock);
}

static struct usbip_server server(const char *name)
{
    struct usbip_server s;

    CHECK(usbip_server_parse(name, &s) == 0);
    return s;
}

/* The first address that is known, as a number; 0: none is. */
static uint32_t first(const struct usbip_server *s)
{
    struct plain_address list[USBIP_NAMES_ADDRESSES];
    struct sockaddr_in a;

    if (usbip_names_get(s, list) <= 0)
        return 0;
    memcpy(&a, &list[0].sockaddr, sizeof a);
    return ntohl(a.sin_addr.s_addr);
}

static void literals_need_no_name_server(void)
{
    static const char *const names[] = {"127.0.0.1", "[::1]:99", "localhost", "LOCALHOST:1"};
    struct plain_address list[USBIP_NAMES_ADDRESSES];

    be_silent();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct usbip_server s = server(names[i]);

        usbip_names_look_up(&s, 100000);
        CHECK(usbip_names_get(&s, list) > 0);
    }
    CHECK(asked == 0);
}

static void silence_is_not_waited_for(void)
{
    struct usbip_server s = server("slow.example:7");
    struct plain_address list[USBIP_NAMES_ADDRESSES];
    struct usbip_found *found;
    size_t count;

    be_silent();
    usbip_names_look_up(&s, 20);
    CHECK(usbip_names_get(&s, list) == -ENODATA);
    s.looked_up = true; /* as the library's are: a call does not wait for it */
    CHECK(usbip_call_list(&s, 100000, false, NULL, &found, &count) == -ENODATA);
    const int before = asked;
    for (int i = 0; i < 5; i++)
        usbip_names_look_up(&s, 0);
    CHECK(asked == before && before <= 1); /* one look-up at a time */
    answer("10.0.0.1", NULL, 0);
    while (first(&s) != 0x0a000001) /* it has gone on, and its result is there */
        usleep(1000);
    CHECK(asked == 1);
}

static void names_are_remembered(void)
{
    const struct usbip_server s = server("known.example");
    const int before = asked;

    answer("10.0.0.2", NULL, 0);
    usbip_names_look_up(&s, 100000);
    CHECK(first(&s) == 0x0a000002 && asked == before + 1);
    be_silent();
    usbip_names_look_up(&s, 100000);
    CHECK(asked == before + 1);
    now += USBIP_NAMES_FRESH_MS; /* it is old: it is asked for, and used meanwhile */
    usbip_names_look_up(&s, 100000);
    CHECK(first(&s) == 0x0a000002);
    answer("10.0.0.3", NULL, 0);
    while (first(&s) != 0x0a000003)
        usleep(1000);
    CHECK(asked == before + 2);
    /* one that leads nowhere is asked for again, and kept while there is no other */
    usbip_names_note(&s, NULL);
    answer(NULL, NULL, EAI_NONAME);
    now += USBIP_NAMES_AGAIN_MS;
    usbip_names_look_up(&s, 100000);
    while (asked < before + 3)
        usleep(1000);
    CHECK(first(&s) == 0x0a000003);
}

static void unknown_names_are_asked_for_again(void)
{
    const struct usbip_server s = server("later.example");
    struct plain_address list[USBIP_NAMES_ADDRESSES];
    const int before = asked;

    answer(NULL, NULL, EAI_NONAME);
    usbip_names_look_up(&s, 100000);
    CHECK(usbip_names_get(&s, list) == -ENOENT);
    usbip_names_look_up(&s, 100000); /* not at once */
    CHECK(asked == before + 1);
    answer("10.0.0.4", NULL, 0);
    now += USBIP_NAMES_AGAIN_MS;
    usbip_names_look_up(&s, 100000);
    CHECK(first(&s) == 0x0a000004);
}

static void the_good_one_comes_first(void)
{
    const struct usbip_server s = server("two.example");
    struct plain_address list[USBIP_NAMES_ADDRESSES];

    answer("10.0.0.5", "10.0.0.6", 0);
    usbip_names_look_up(&s, 100000);
    CHECK(usbip_names_get(&s, list) == 2 && first(&s) == 0x0a000005);
    const struct plain_address second = list[1];
    usbip_names_note(&s, &second);
    CHECK(first(&s) == 0x0a000006 && usbip_names_get(&s, list) == 2);
}

/* In the child of a fork nobody looks up what was begun: it begins anew. */
static void children_look_up_themselves(void)
{
    const struct usbip_server s = server("forked.example");
    int status;

    be_silent();
    usbip_names_look_up(&s, 20);
    const pid_t child = fork();
    if (child == 0) {
        pthread_mutex_init(&lock, NULL);
        pthread_cond_init(&changed, NULL);
        answer("10.0.0.7", NULL, 0);
        alarm(60);
        usbip_names_look_up(&s, 100000);
        _exit(first(&s) == 0x0a000007 ? 0 : 1);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0);
    answer("10.0.0.8", NULL, 0);
    while (first(&s) != 0x0a000008)
        usleep(1000);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(literals_need_no_name_server), TEST(silence_is_not_waited_for),
        TEST(names_are_remembered),         TEST(unknown_names_are_asked_for_again),
        TEST(the_good_one_comes_first),     TEST(children_look_up_themselves),
    };

    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
