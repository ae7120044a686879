/*
 * Texts of servers and devices, made fit for a terminal: what they send is theirs, and may be
 * anything.
 */
#ifndef COMMON_USB_TEXT_H
#define COMMON_USB_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* Copies UTF-8, with '?' for what is none and for control characters; what does not fit is cut. The
 * copy is never longer, so `to` may be `from`. */
void usb_text_clean(char *to, size_t size, const char *from);

/* Likewise a string descriptor (UTF-16LE behind two bytes). */
void usb_text_of_descriptor(char *to, size_t size, const uint8_t *data, size_t len);

#endif
