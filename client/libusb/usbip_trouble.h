/*
 * The fault of a call that has failed, in words that say what to do.
 */
#ifndef CLIENT_LIBUSB_USBIP_TROUBLE_H
#define CLIENT_LIBUSB_USBIP_TROUBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/unreached.h"
#include "usbip_server.h"

/* Of an import: `error` is usbip_call.h's, `reason` the server's words, or "". The rest of a
 * sentence about the server. */
void usbip_trouble_of_import(const struct usbip_server *s, int error, const char *reason,
                             char text[static UNREACHED_TEXT_MAX]);

/* The same of a call for a list. */
void usbip_trouble_of_list(const struct usbip_server *s, int error,
                           char text[static UNREACHED_TEXT_MAX]);

/* The same for callers that have time: a server that speaks something else is asked again, for a
 * second, and quoted. `outside`: they run in no container, see unreached.h. */
void usbip_trouble_quoted(const struct usbip_server *s, int error, bool outside,
                          char text[static UNREACHED_TEXT_MAX]);

#endif
