/*
 * win32/serial_arrivals.c: a port that comes is told on the loop's thread. Windows's news are those
 * of usb_parents.c; with "none" Windows tells nothing, as under Wine.
 */
#include "serial_arrivals.h"

#include <string.h>

#include <winsock2.h>

#include <windows.h>
#include <cfgmgr32.h>

#include "loop.h"
#include "startup.h"
#include "test.h"

enum { LIMIT_MS = 60000 };

static unsigned came;
static DWORD loop_thread;

static void on_came(void *ctx)
{
    CHECK(ctx == &came);
    CHECK(GetCurrentThreadId() == loop_thread);
    came++;
}

static bool has_come(void *ctx)
{
    return *(const unsigned *)ctx > 0;
}

int main(int argc, char **argv)
{
    const bool none = argc > 1 && strcmp(argv[1], "none") == 0;
    DEVINST parent;

    CHECK(startup_init(&argc, &argv) == 0);
    /* a call of cfgmgr32.dll's, so that the one beside the program is there */
    CHECK((CM_Get_Parent(&parent, 1, 0) == CR_SUCCESS) == !none);
    loop_thread = GetCurrentThreadId();
    struct event_base *base = loop_new(false);
    struct serial_arrivals *a = serial_arrivals_new(base, on_came, &came);
    CHECK(!a == none);
    if (a)
        CHECK(loop_run_until(base, has_come, &came, LIMIT_MS));
    CHECK((came > 0) == !none);
    serial_arrivals_free(a);
    loop_free(base);
    return 0;
}
