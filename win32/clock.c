/*
 * Windows's clock; see common/seam/clock.h.
 */
#include "clock.h"

#include <windows.h>

#include "system_dll.h"

enum { PERIOD_MS = 1 };

uint64_t clock_now_us(void)
{
    LARGE_INTEGER count, frequency;

    QueryPerformanceCounter(&count);
    QueryPerformanceFrequency(&frequency);
    /* divided in two steps: the product would overflow after some days */
    uint64_t seconds = (uint64_t)(count.QuadPart / frequency.QuadPart);
    uint64_t rest = (uint64_t)(count.QuadPart % frequency.QuadPart);
    return seconds * 1000000 + rest * 1000000 / (uint64_t)frequency.QuadPart;
}

uint64_t clock_now_ms(void)
{
    return clock_now_us() / 1000;
}

void clock_sleep_ms(unsigned ms)
{
    Sleep(ms);
}

/* Windows's timers have steps of 15.6 ms unless one says so: too coarse for gaps between line
 * changes. */
void clock_be_precise(bool on)
{
    typedef UINT WINAPI set_period(UINT ms);
    set_period *set =
        (set_period *)system_dll_find(L"winmm.dll", on ? "timeBeginPeriod" : "timeEndPeriod");

    if (set)
        set(PERIOD_MS);
}
