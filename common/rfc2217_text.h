/*
 * RFC 2217 messages in words, for traces.
 */
#ifndef COMMON_RFC2217_TEXT_H
#define COMMON_RFC2217_TEXT_H

#include "proto/rfc2217.h"

enum { RFC2217_DESCRIPTION_MAX = 128 };

/* Says a message in words, for traces: "SET-CONTROL DTR on". Always terminated, plain ASCII. */
void rfc2217_describe(const struct rfc2217_message *m, char text[static RFC2217_DESCRIPTION_MAX]);

#endif
