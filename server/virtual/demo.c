#include "demo.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "icestick.h"
#include "usb_disk.h"
#include "usb_ftdi.h"
#include "usb_loop.h"

const char demo_names[] = "loop (loop:full, loop:super), ftdi, icestick, disk";

static const struct {
    const char *text;
    enum usbip_speed speed;
} speeds[] = {
    {"", USBIP_SPEED_HIGH},
    {":full", USBIP_SPEED_FULL},
    {":high", USBIP_SPEED_HIGH},
    {":super", USBIP_SPEED_SUPER},
};

static struct usb_device *new_loop(struct event_base *base, const char *speed, const char *name,
                                   unsigned number, bool *found)
{
    for (size_t i = 0; i < sizeof speeds / sizeof *speeds; i++) {
        *found = strcmp(speed, speeds[i].text) == 0;
        if (*found)
            return usb_loop_new(base, speeds[i].speed, name, number);
    }
    return NULL;
}

struct usb_device *demo_new(struct event_base *base, const char *selector,
                            const struct demo_options *options, const char *name, unsigned number,
                            char error[static DEMO_ERROR_MAX])
{
    struct usb_device *d = NULL;
    bool found = true;

    snprintf(error, DEMO_ERROR_MAX, "out of memory");
    if (strncmp(selector, "loop", 4) == 0)
        d = new_loop(base, selector + 4, name, number, &found);
    else if (strcmp(selector, "ftdi") == 0)
        d = usb_ftdi_new(base, name, number);
    else if (strcmp(selector, "icestick") == 0)
        d = icestick_new(base, options->file, options->real_times, name, number, error);
    else if (strcmp(selector, "disk") == 0 && options->file)
        d = usb_disk_new(base, options->file, options->read_only, name, number, error);
    else if (strcmp(selector, "disk") == 0)
        snprintf(error, DEMO_ERROR_MAX,
                 "usb:demo-disk: its image is missing, as in usb:demo-disk,file=IMAGE");
    else
        found = false;
    if (!found)
        snprintf(error, DEMO_ERROR_MAX,
                 "usb:demo-%.100s: there is no such built-in device; there are: %s", selector,
                 demo_names);
    return d;
}
