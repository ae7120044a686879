/*
 * In place of libusb's windows_usbdk.c: UsbDk is never taken. Its driver can keep Windows 11 from
 * starting (daynix/UsbDk#134), libusb's own wiki advises against it, and looking for it loads a
 * DLL.
 */
#include "libusbi.h"
#include "os/windows_common.h"

static int init(struct libusb_context *ctx)
{
    (void)ctx;
    return LIBUSB_ERROR_NOT_SUPPORTED; /* the others are not called then (windows_init) */
}

const struct windows_backend usbdk_backend = {.init = init};
