/*
 * Texts of USB devices, made fit for a terminal.
 */
#ifndef COMMON_USB_TEXT_H
#define COMMON_USB_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* A string descriptor (UTF-16LE after two bytes) as UTF-8, as text_clean has it. */
void usb_text_of_descriptor(char *to, size_t size, const uint8_t *data, size_t len);

#endif
