/* Why a server was not reached, and what to look at: the same words for serial ports and USB. */
#ifndef COMMON_PROTO_REACH_H
#define COMMON_PROTO_REACH_H

/* Of a connect's -errno. NULL: an error that says enough by itself. */
const char *reach_text(int error);

#endif
