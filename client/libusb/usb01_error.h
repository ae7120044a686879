/*
 * The error of a call of libusb-0.1, where programs look for it: in its result, in errno, and in
 * usb_strerror.
 */
#ifndef CLIENT_LIBUSB_USB01_ERROR_H
#define CLIENT_LIBUSB_USB01_ERROR_H

/* Returns `error`, a negative errno, which usb_strerror then says. */
int usb01_fail(int error);

/* The same; says what was tried, too. */
int usb01_fail_saying(int error, const char *what);

/* The error of usbfs for one of libusb-1.0: a negative errno. */
int usb01_error_of(int r);

/* The end of a call that says only whether it worked: `r` is of libusb-1.0. */
int usb01_done(int r, const char *what);

#endif
