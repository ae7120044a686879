/*
 * Line settings to and from Windows's DCB. Every change of settings on Windows says what DTR and
 * RTS are to be, so here they always say what they are.
 */
#ifndef WIN32_DCB_H
#define WIN32_DCB_H

#include <winsock2.h>
#include <windows.h>

#include "proto/line.h"

/* Puts settings into a DCB with DTR and RTS staying at `outputs`, raw: bytes pass unchanged.
 * Returns 0, or -EINVAL for unsupported settings; then the DCB is unchanged. These are 1.5 stop
 * bits but with 5 data bits, flow control by DCD, DTR or DSR, and hardware flow control of one
 * direction. */
int dcb_put(const struct line_settings *line, unsigned outputs, DCB *dcb);

/* Reads them out. */
void dcb_get(const DCB *dcb, struct line_settings *line);

#endif
