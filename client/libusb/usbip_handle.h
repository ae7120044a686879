/*
 * The backend's work on devices and handles, but for their transfers. That is the import, made when
 * it is needed first; claims, settings, resets, descriptors. Functions named as members of libusb's
 * struct usbi_os_backend keep the promises of libusbi.h, and take the backend's lock. The first two
 * want it to be held.
 */
#ifndef CLIENT_LIBUSB_USBIP_HANDLE_H
#define CLIENT_LIBUSB_USBIP_HANDLE_H

#include "usbip_state.h"

/* Makes sure of the import. Returns 0 or an error of libusb's. */
int usbip_handle_import(struct device_priv *p);

/* Ends connections to foreign servers that have stayed long enough. */
void usbip_handle_tidy(void);

int usbip_handle_open(struct libusb_device_handle *h);
void usbip_handle_close(struct libusb_device_handle *h);
int usbip_handle_get_configuration(struct libusb_device_handle *h, uint8_t *value);
int usbip_handle_set_configuration(struct libusb_device_handle *h, int value);
int usbip_handle_claim(struct libusb_device_handle *h, uint8_t number);
int usbip_handle_set_alternate(struct libusb_device_handle *h, uint8_t number, uint8_t setting);
int usbip_handle_release(struct libusb_device_handle *h, uint8_t number);
int usbip_handle_clear_halt(struct libusb_device_handle *h, unsigned char endpoint);
int usbip_handle_reset(struct libusb_device_handle *h);
int usbip_handle_kernel_driver_active(struct libusb_device_handle *h, uint8_t number);
int usbip_handle_change_kernel_driver(struct libusb_device_handle *h, uint8_t number);
int usbip_handle_get_config(struct libusb_device *dev, uint8_t index, void *buffer, size_t len);
int usbip_handle_get_active_config(struct libusb_device *dev, void *buffer, size_t len);
int usbip_handle_get_config_by_value(struct libusb_device *dev, uint8_t value, void **buffer);

#endif
