/*
 * Lines of the log that a peer can cause as often as it likes: by connecting, by requests that are
 * refused. Of each peer and reason some go out, the rest of a while is counted, and told in one
 * line. A user who follows events closely (--verbose) gets all. Called on the loop thread only.
 */
#ifndef COMMON_LOG_PEER_H
#define COMMON_LOG_PEER_H

#include "log.h"

struct event_base;

/* Begins to count; the loop tells when to say how many. Until then, and after the end, every line
 * goes out. */
void log_peer_begin(struct event_base *base);

/* Says what was counted by now. */
void log_peer_end(void);

/* `peer` names the peer that causes it, at the beginning of the line. Its last part may be a port
 * number, which counting ignores. The format is the reason: a constant. */
void log_peer_info(const char *peer, const char *format, ...)
    __attribute__((format(COM2NET_PRINTF, 2, 3)));
void log_peer_warn(const char *peer, const char *format, ...)
    __attribute__((format(COM2NET_PRINTF, 2, 3)));

/* The same, but `peer` may have more than the peer's name, such as its request, to tell reasons
 * apart. A line that a refused peer causes each time that it tries again. One goes out at once, and
 * then one a minute, with their number. */
void log_peer_refusal(enum log_level level, const char *peer, const char *format, ...)
    __attribute__((format(COM2NET_PRINTF, 3, 4)));

#endif
