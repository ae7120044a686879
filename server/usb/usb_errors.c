#include "usb_errors.h"

#include <errno.h>
#include <stdio.h>

#include "usb_system.h"

int usb_errors_of_call(int error)
{
    switch (error) {
    case LIBUSB_SUCCESS:
        return 0;
    case LIBUSB_ERROR_NO_DEVICE:
        return USBIP_ENODEV;
    case LIBUSB_ERROR_NOT_FOUND: /* as the device itself would answer what it has not */
    case LIBUSB_ERROR_PIPE:
        return USBIP_EPIPE;
    case LIBUSB_ERROR_INVALID_PARAM:
    case LIBUSB_ERROR_NOT_SUPPORTED:
        return USBIP_EINVAL;
    default:
        return USBIP_EPROTO;
    }
}

int usb_errors_of_transfer(enum libusb_transfer_status status)
{
    switch (status) {
    case LIBUSB_TRANSFER_COMPLETED:
        return 0;
    case LIBUSB_TRANSFER_CANCELLED:
        return USBIP_ECONNRESET;
    case LIBUSB_TRANSFER_STALL:
        return USBIP_EPIPE;
    case LIBUSB_TRANSFER_NO_DEVICE:
        return USBIP_ESHUTDOWN;
    case LIBUSB_TRANSFER_OVERFLOW:
        return USBIP_EOVERFLOW;
    case LIBUSB_TRANSFER_TIMED_OUT:
        return USBIP_ETIMEDOUT;
    case LIBUSB_TRANSFER_ERROR:
        break;
    }
    return USBIP_EPROTO;
}

int usb_errors_say(struct libusb_device *real, int r, int interface,
                   char error[static USB_DEVICE_ERROR_MAX])
{
    struct libusb_device_descriptor d = {.idVendor = 0};
    char advice[USB_SYSTEM_ADVICE_MAX] = "";

    libusb_get_device_descriptor(real, &d);
    switch (r) {
    case LIBUSB_ERROR_ACCESS:
        usb_system_access_advice(d.idVendor, d.idProduct, advice);
        snprintf(error, USB_DEVICE_ERROR_MAX, "no permission to open it: %s", advice);
        return -EACCES;
    case LIBUSB_ERROR_BUSY:
        snprintf(error, USB_DEVICE_ERROR_MAX, "another program has it");
        return -EBUSY;
    case LIBUSB_ERROR_NO_DEVICE:
        snprintf(error, USB_DEVICE_ERROR_MAX, "it is unplugged");
        return -ENODEV;
    case LIBUSB_ERROR_NOT_FOUND:
    case LIBUSB_ERROR_NOT_SUPPORTED:
        usb_system_driver_advice(d.idVendor, d.idProduct, interface, advice);
        break;
    default:
        break;
    }
    snprintf(error, USB_DEVICE_ERROR_MAX, "%s", advice[0] ? advice : libusb_strerror(r));
    return -EIO;
}
