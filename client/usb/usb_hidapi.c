#include "usb_hidapi.h"

#include <errno.h>
#include <stdio.h>

#include "usb_program.h"

int usb_hidapi_find(const struct usb_program *p, const char *folder, char path[static PATH_MAX])
{
    char front[3 * PATH_MAX];

    if (snprintf(path, PATH_MAX, "%s/hidraw", folder) >= PATH_MAX)
        return -ENOENT;
    snprintf(front, sizeof front, "%s:%s%s", path, folder, p->loader.is_musl ? "/musl" : "");
    return usb_program_finds(p, front, USB_HIDAPI_HIDRAW) ? 0 : -ENOENT;
}
