/*
 * The library for USB devices, where they are not published yet: what it says when it is started.
 * Implemented in win32/usb_library.c, where it is linked already, and posix/usb_library.c.
 */
#ifndef COMMON_USB_LIBRARY_H
#define COMMON_USB_LIBRARY_H

enum { USB_LIBRARY_TEXT_MAX = 128 };

/* Starts the library, and ends it again: its version and the devices it sees, in words, or why it
 * does not start; empty where it is not linked. */
void usb_library_describe(char text[static USB_LIBRARY_TEXT_MAX]);

#endif
