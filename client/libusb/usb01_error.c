#include "usb01_error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <libusb.h>

#include "usb01.h"

enum { ERROR_NONE, ERROR_STRING, ERROR_ERRNO };

int usb_error_errno;
char usb_error_str[8192];
int usb_error_type;

int usb01_fail(int error)
{
    usb_error_type = ERROR_ERRNO;
    usb_error_errno = error;
    errno = -error;
    return error;
}

int usb01_fail_saying(int error, const char *what)
{
    usb01_fail(error);
    usb_error_type = ERROR_STRING;
    snprintf(usb_error_str, sizeof usb_error_str, "%s: %s", what, strerror(-error));
    errno = -error;
    return error;
}

int usb01_error_of(int r)
{
    switch (r) {
    case LIBUSB_ERROR_INVALID_PARAM:
        return -EINVAL;
    case LIBUSB_ERROR_ACCESS:
        return -EACCES;
    case LIBUSB_ERROR_NO_DEVICE:
        return -ENODEV;
    case LIBUSB_ERROR_NOT_FOUND:
        return -ENOENT;
    case LIBUSB_ERROR_BUSY:
        return -EBUSY;
    case LIBUSB_ERROR_TIMEOUT:
        return -ETIMEDOUT;
    case LIBUSB_ERROR_OVERFLOW:
        return -EOVERFLOW;
    case LIBUSB_ERROR_PIPE:
        return -EPIPE;
    case LIBUSB_ERROR_INTERRUPTED:
        return -EINTR;
    case LIBUSB_ERROR_NO_MEM:
        return -ENOMEM;
    case LIBUSB_ERROR_NOT_SUPPORTED:
        return -ENOSYS;
    default:
        return -EIO;
    }
}

int usb01_done(int r, const char *what)
{
    return r < 0 ? usb01_fail_saying(usb01_error_of(r), what) : 0;
}

char *usb_strerror(void)
{
    static char no_error[] = "No error";

    if (usb_error_type == ERROR_STRING)
        return usb_error_str;
    return usb_error_type == ERROR_ERRNO ? strerror(-usb_error_errno) : no_error;
}
