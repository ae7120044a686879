#include "usbip_clock.h"

#include "clock.h"

long long usbip_clock_ms(void)
{
    return (long long)clock_now_ms();
}
