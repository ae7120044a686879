/*
 * win32/wake.c: the loop hears of each call, also of those that several threads and the loop itself
 * make at the same time.
 */
#include "wake.h"

#include <winsock2.h>

#include <windows.h>

#include "loop.h"
#include "os.h"
#include "test.h"

enum { THREADS = 2, CALLS = 4000 };

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

static bool all_have_ended(void *ctx)
{
    (void)ctx;
    return ended == THREADS;
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
    CHECK(loop_run_until(base, all_have_ended, NULL, 60000));
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

    CHECK(os_init(&argc, &argv) == 0);
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
