#include "usb_hidapi.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

#include "log.h"

/* As the loader of COMMAND will, which nobody can tell but it. */
static bool loads(const char *folder, const char *name)
{
    char libusb[PATH_MAX], library[PATH_MAX];

    if (snprintf(libusb, sizeof libusb, "%s/libusb-1.0.so.0", folder) >= PATH_MAX ||
        snprintf(library, sizeof library, "%s/%s", folder, name) >= PATH_MAX)
        return false;
    void *first = dlopen(libusb, RTLD_NOW | RTLD_LOCAL); /* what hidapi's has to be content with */
    void *second = first ? dlopen(library, RTLD_NOW | RTLD_LOCAL) : NULL;
    if (!second)
        log_debug("hidapi on libusb: %s", dlerror());
    if (second)
        dlclose(second);
    if (first)
        dlclose(first);
    return second != NULL;
}

int usb_hidapi_find(const char *folder, char path[static PATH_MAX])
{
    if (snprintf(path, PATH_MAX, "%s/hidraw", folder) >= PATH_MAX)
        return -ENOENT;
    return loads(folder, "hidraw/" USB_HIDAPI_HIDRAW) ? 0 : -ENOENT;
}
