/*
 * The USB devices of this machine, for people.
 */
#ifndef SERVER_USB_USB_LIST_H
#define SERVER_USB_USB_LIST_H

#include <stddef.h>

/* Prints those that can be exported, with the words to type for each, or the reason why not and the
 * remedy. Nothing where this system's cannot be exported at all. */
void usb_list_print(void);

/* Names them in part of a sentence: "there are usb:1-1 (0403:6001), usb:1-2 (...)". */
void usb_list_text(char *text, size_t size);

#endif
