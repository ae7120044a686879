#include "demo.h"

#include <stdio.h>
#include <string.h>

#include "usb_ftdi.h"
#include "usb_loop.h"

const char demo_names[] = "loop (loop:full, loop:super), ftdi";

static const struct {
    const char *text;
    enum usbip_speed speed;
} speeds[] = {
    {"", USBIP_SPEED_HIGH},
    {":full", USBIP_SPEED_FULL},
    {":high", USBIP_SPEED_HIGH},
    {":super", USBIP_SPEED_SUPER},
};

struct usb_device *demo_new(struct event_base *base, const char *selector, const char *name,
                            unsigned number, char error[static DEMO_ERROR_MAX])
{
    struct usb_device *d = NULL;
    bool found = false;

    if (strncmp(selector, "loop", 4) == 0) {
        for (size_t i = 0; i < sizeof speeds / sizeof *speeds && !found; i++) {
            found = strcmp(selector + 4, speeds[i].text) == 0;
            if (found)
                d = usb_loop_new(base, speeds[i].speed, name, number);
        }
    }
    if (strcmp(selector, "ftdi") == 0) {
        found = true;
        d = usb_ftdi_new(base, name, number);
    }
    if (!found)
        snprintf(error, DEMO_ERROR_MAX,
                 "usb:demo-%.100s: there is no such built-in device; there are: %s", selector,
                 demo_names);
    else if (!d)
        snprintf(error, DEMO_ERROR_MAX, "out of memory");
    return d;
}
