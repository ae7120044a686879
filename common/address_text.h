/* Tells people the fault of an address that somebody has typed. */
#ifndef COMMON_ADDRESS_TEXT_H
#define COMMON_ADDRESS_TEXT_H

#include <stddef.h>

#include "proto/address.h"

enum { ADDRESS_WHY_MAX = 512 };

/* Writes the fault and what to type instead, a phrase that follows the `text` itself. */
void address_text_fault(enum address_fault fault, const char *text,
                        char why[static ADDRESS_WHY_MAX]);

/* The same for one whose port is missing; a PORT such as `example` is needed there. */
void address_text_no_port(const struct address *a, const char *example,
                          char why[static ADDRESS_WHY_MAX]);

/* The same for a scheme that is none of `spoken`, a text such as "rfc2217:// and tcp://". */
void address_text_scheme(const struct address *a, const char *spoken,
                         char why[static ADDRESS_WHY_MAX]);

#endif
