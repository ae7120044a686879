/*
 * The USB devices of this machine, for people.
 */
#ifndef SERVER_USB_USB_LIST_H
#define SERVER_USB_USB_LIST_H

#include <stdbool.h>
#include <stddef.h>

/* Prints those that can be exported, with the words to type for each, or the reason why not and the
 * remedy. Nothing where this system's cannot be exported at all. `published` is asked about each,
 * as "usb:BUSID": it prints by whom, in place of that, and returns true; or false. */
void usb_list_print(bool (*published)(void *ctx, const char *device), void *ctx);

/* Tells of each whether it can be published, with what to type or what is in the way, and of its
 * interfaces. `published` is asked about each as above; those are left out. */
void usb_list_check(bool (*published)(void *published_ctx, const char *device), void *published_ctx,
                    void (*tell)(void *ctx, bool fine, const char *sentence), void *ctx);

/* Names them in part of a sentence: "there are usb:1-1 (0403:6001), usb:1-2 (...)". */
void usb_list_text(char *text, size_t size);

#endif
