#include "requests.h"

#include <errno.h>
#include <stdbool.h>

#include <winsock2.h>
#include <windows.h>

#include <event2/event.h>

#include "service_requests.h"
#include "wake.h"

enum { STOP = 1, REPORT = 2 };

static struct {
    SRWLOCK lock; /* of the first two */
    unsigned asked;
    struct wake *wake;
    bool service;
    void (*stop)(void *ctx);
    void (*report)(void *ctx);
    void *ctx;
} requests = {.lock = SRWLOCK_INIT};

static void ask(unsigned what)
{
    AcquireSRWLockExclusive(&requests.lock);
    requests.asked |= what;
    if (requests.wake)
        wake_up(requests.wake);
    ReleaseSRWLockExclusive(&requests.lock);
}

void requests_stop(void)
{
    ask(STOP);
}

void requests_report(void)
{
    ask(REPORT);
}

void requests_come_from_service(void)
{
    requests.service = true;
}

/*
 * On a thread of the console's, which stays until the process ends, and main comes to that. After a
 * close, logoff or shutdown Windows ends the process as soon as this returns, and after 5 s in any
 * case. Under Wine the thread's own end, beside main's, can leave glibc's loader locked. (It loads
 * libgcc_s for it, and is killed there.) Then the process has to be killed.
 */
static BOOL WINAPI on_console(DWORD event)
{
    (void)event;
    requests_stop();
    Sleep(INFINITE);
    return TRUE;
}

static void on_woken(void *ctx)
{
    (void)ctx;
    AcquireSRWLockExclusive(&requests.lock);
    unsigned asked = requests.asked;
    requests.asked = 0;
    ReleaseSRWLockExclusive(&requests.lock);

    if ((asked & REPORT) && requests.report)
        requests.report(requests.ctx);
    if (asked & STOP)
        requests.stop(requests.ctx);
}

int requests_watch(struct event_base *base, void (*stop)(void *ctx), void (*report)(void *ctx),
                   void *ctx)
{
    requests.stop = stop;
    requests.report = report;
    requests.ctx = ctx;
    struct wake *wake = wake_new(base, on_woken, NULL);
    if (!wake)
        return -ENOMEM;
    AcquireSRWLockExclusive(&requests.lock);
    requests.wake = wake;
    if (requests.asked)
        wake_up(wake);
    ReleaseSRWLockExclusive(&requests.lock);
    if (!requests.service && !SetConsoleCtrlHandler(on_console, TRUE)) {
        requests_unwatch();
        return -EIO;
    }
    return 0;
}

void requests_unwatch(void)
{
    AcquireSRWLockExclusive(&requests.lock);
    struct wake *wake = requests.wake;
    requests.wake = NULL;
    ReleaseSRWLockExclusive(&requests.lock);
    if (!wake)
        return;
    /* the handler stays: a second Ctrl-C does not interrupt the end */
    wake_free(wake);
}
