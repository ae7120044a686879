/*
 * The time that limits and deadlines are in: milliseconds of a clock that nobody sets. Any thread.
 */
#ifndef CLIENT_LIBUSB_USBIP_CLOCK_H
#define CLIENT_LIBUSB_USBIP_CLOCK_H

long long usbip_clock_ms(void);

#endif
