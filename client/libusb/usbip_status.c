#include "usbip_status.h"

#include <errno.h>

#include "proto/usbip.h"

int usbip_error_of_call(int error)
{
    switch (-error) {
    case 0:
        return LIBUSB_SUCCESS;
    case EBUSY:
        return LIBUSB_ERROR_BUSY;
    case EIO:
        return LIBUSB_ERROR_ACCESS;
    case ENOMEM:
        return LIBUSB_ERROR_NO_MEM;
    case ETIMEDOUT:
    case ETIME:
        return LIBUSB_ERROR_TIMEOUT;
    case EPROTO:
        return LIBUSB_ERROR_IO;
    default: /* there is no such device, nor perhaps a server any more */
        return LIBUSB_ERROR_NO_DEVICE;
    }
}

int usbip_error_of_status(int status)
{
    if (status >= 0)
        return LIBUSB_SUCCESS;
    switch (status) {
    case USBIP_EPIPE:
        return LIBUSB_ERROR_PIPE;
    case USBIP_ENODEV:
    case USBIP_ESHUTDOWN:
        return LIBUSB_ERROR_NO_DEVICE;
    case USBIP_ETIMEDOUT:
        return LIBUSB_ERROR_TIMEOUT;
    case USBIP_ENOMEM:
        return LIBUSB_ERROR_NO_MEM;
    case USBIP_ENOENT:
        return LIBUSB_ERROR_NOT_FOUND;
    default:
        return LIBUSB_ERROR_IO;
    }
}

/* As libusb's own backend for Linux: only what these say is one of its statuses, other numbers, and
 * positive ones of careless servers, are errors. */
enum libusb_transfer_status usbip_status(int status)
{
    switch (status) {
    case 0:
    case USBIP_EREMOTEIO: /* short: the core knows whether that is allowed */
        return LIBUSB_TRANSFER_COMPLETED;
    case USBIP_EPIPE:
        return LIBUSB_TRANSFER_STALL;
    case USBIP_EOVERFLOW:
        return LIBUSB_TRANSFER_OVERFLOW;
    case USBIP_ENOENT:
    case USBIP_ECONNRESET:
        return LIBUSB_TRANSFER_CANCELLED;
    case USBIP_ENODEV:
    case USBIP_ESHUTDOWN:
        return LIBUSB_TRANSFER_NO_DEVICE;
    default:
        return LIBUSB_TRANSFER_ERROR;
    }
}
