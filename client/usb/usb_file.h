/*
 * The bytes of a file that is only looked at.
 */
#ifndef CLIENT_USB_USB_FILE_H
#define CLIENT_USB_USB_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct usb_file {
    uint8_t *data;
    size_t len;
};

/* Returns 0 or -errno; -ENOEXEC for one that is empty, or no regular file. */
int usb_file_map(const char *path, struct usb_file *f);
void usb_file_unmap(struct usb_file *f);

bool usb_file_contains(const struct usb_file *f, const char *text);

#endif
