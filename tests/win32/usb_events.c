/*
 * win32/usb_events.c with a libusb of which the test is the thread's side: ends of transfers that
 * come on it are told on the loop thread, each once and in order; a context ends while its thread
 * waits.
 */
#include "usb_events.h"

#include <winsock2.h>

#include <windows.h>

#include <libusb.h>

#include "loop.h"
#include "startup.h"
#include "test.h"

enum { COUNT = 2000, CONTEXTS = 2, AT_ONCE = 7 };

struct libusb_context {
    HANDLE wake;
    int first, last; /* transfers that it ends */
    volatile LONG waits, threads;
};

static struct event_base *base;
static struct libusb_transfer transfers[CONTEXTS * COUNT];
static struct usb_end ends[CONTEXTS * COUNT];
static struct libusb_context contexts[CONTEXTS];
static int next[CONTEXTS], told;
static DWORD loop_thread;

/* --- libusb -------------------------------------------------------------------------------------
 */

int LIBUSB_CALL libusb_handle_events(struct libusb_context *c)
{
    InterlockedExchange(&c->threads, (LONG)GetCurrentThreadId());
    if (c->first == c->last) {
        InterlockedIncrement(&c->waits);
        WaitForSingleObject(c->wake, INFINITE);
        return c->waits % 2 ? LIBUSB_ERROR_INTERRUPTED : 0;
    }
    for (int i = 0; i < AT_ONCE && c->first < c->last; i++, c->first++)
        transfers[c->first].callback(&transfers[c->first]);
    return 0;
}

void LIBUSB_CALL libusb_interrupt_event_handler(struct libusb_context *c)
{
    SetEvent(c->wake);
}

/* --- tests --------------------------------------------------------------------------------------
 */

static void on_ended(struct libusb_transfer *l)
{
    const int number = (int)(l - transfers), context = number / COUNT;

    CHECK(GetCurrentThreadId() == loop_thread);
    CHECK(l->user_data == &ends[number]);
    CHECK(number % COUNT == next[context]);
    next[context]++;
    told++;
}

static bool all_are_told(void *ctx)
{
    (void)ctx;
    return told == CONTEXTS * COUNT;
}

static bool all_wait(void *ctx)
{
    (void)ctx;
    for (int i = 0; i < CONTEXTS; i++)
        if (contexts[i].waits == 0)
            return false;
    return true;
}

static void ends_are_told_on_the_loop_thread(void)
{
    struct usb_events *events[CONTEXTS];

    loop_thread = GetCurrentThreadId();
    base = loop_new(false);
    for (int i = 0; i < CONTEXTS * COUNT; i++) {
        ends[i].ended = on_ended;
        usb_events_route(&transfers[i], &ends[i]);
    }
    for (int round = 0; round < 2; round++) { /* the second finds nothing of the first */
        told = 0;
        for (int i = 0; i < CONTEXTS; i++) {
            next[i] = 0;
            contexts[i] = (struct libusb_context){.wake = CreateEventW(NULL, FALSE, FALSE, NULL),
                                                  .first = i * COUNT,
                                                  .last = (i + 1) * COUNT};
            events[i] = usb_events_new(base, &contexts[i]);
            CHECK(events[i]);
        }
        CHECK(loop_run_until(base, all_are_told, NULL, 20000));
        CHECK(loop_run_until(base, all_wait, NULL, 20000));
        for (int i = 0; i < CONTEXTS; i++) {
            CHECK((DWORD)contexts[i].threads != loop_thread);
            usb_events_free(events[i]);
            CloseHandle(contexts[i].wake);
        }
    }
    CHECK(told == CONTEXTS * COUNT);
    usb_events_free(NULL);
    loop_free(base);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {TEST(ends_are_told_on_the_loop_thread)};

    CHECK(startup_init(&argc, &argv) == 0);
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
