/*
 * An empty libhidapi-hidraw.so.0 that needs libhidapi-libusb.so.0. So a program that is linked to
 * the one has the other, which has the same calls. hidapi itself is not ours to bring.
 */
extern const int net2usb_hidraw;
