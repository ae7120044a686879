/*
 * win32/wake.c: the loop hears of each call, also of those that several threads and the loop itself
 * make at the same time.
 */
#include "wake.h"

#include <winsock2.h>

#include <windows.h>

#include "loop.h"
#include "startup.h"
#include "test.h"

enum { THREADS = 2, CALLS = 4000, LIMIT_MS = 60000 /* of each call, on a busy machine */ };

static struct wake *wake;
static volatile LONG called, heard, ended;
static DWORD loop_thread;

static void on_woken(void *ctx)
{
    LONG now = InterlockedOr(&called, 0);

    CHECK(ctx == &wake);
    CHECK(GetCurrentThreadId() == loop_thread);
    if (now == heard)
        return;
    InterlockedExchange(&heard, now);
    wake_up(wake); /* while the threads do */
}

static DWORD WINAPI call(void *arg)
{
    (void)arg;
    for (int i = 0; i < CALLS; i++) {
        LONG mine = InterlockedIncrement(&called);

        wake_up(wake);
        while (InterlockedOr(&heard, 0) < mine)
            SwitchToThread();
    }
    InterlockedIncrement(&ended);
    wake_up(wake);
    return 0;
}

/* More has been heard since then, or there is no more. */
static bool it_goes_on(void *ctx)
{
    return heard > *(const LONG *)ctx || ended == THREADS;
}

static void each_call_is_heard(void)
{
    struct event_base *base = loop_new(false);
    HANDLE threads[THREADS];

    loop_thread = GetCurrentThreadId();
    wake = wake_new(base, on_woken, &wake);
    CHECK(wake);
    for (int i = 0; i < THREADS; i++) {
        threads[i] = CreateThread(NULL, 0, call, NULL, 0, NULL);
        CHECK(threads[i]);
    }
    while (ended < THREADS) {
        LONG before = heard;

        CHECK(loop_run_until(base, it_goes_on, &before, LIMIT_MS));
    }
    WaitForMultipleObjects(THREADS, threads, TRUE, INFINITE);
    for (int i = 0; i < THREADS; i++)
        CloseHandle(threads[i]);
    CHECK(heard == THREADS * CALLS);
    wake_free(wake);
    loop_free(base);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {TEST(each_call_is_heard)};

    CHECK(startup_init(&argc, &argv) == 0);
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
