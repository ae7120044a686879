/*
 * URBs of a link in any order that an input chooses: submitted, posted, cancelled, forgotten,
 * answered whole or in parts, by a server that answers unlinks or does not; time passes, and the
 * connection ends. A model beside it knows what each may end with. Whatever differs ends the
 * program with a line that says so. Time is the model's own: see usbip_clock_ms.
 */
#ifndef TESTS_USB_LIFE_H
#define TESTS_USB_LIFE_H

#include <stddef.h>
#include <stdint.h>

/* One life of a link, from its beginning to its end. */
void usb_life_run(const uint8_t *input, size_t len);

#endif
