/*
 * The stage of tests in virtual time: a loop, a log that says nothing, clients on socket pairs.
 */
#ifndef TESTS_VIRTUAL_STAGE_H
#define TESTS_VIRTUAL_STAGE_H

#include <sys/socket.h>

#include <event2/event.h>

#include "log.h"
#include "loop.h"
#include "virtual_time.h"

static struct event_base *base;

static inline void on_log(enum log_level level, const char *line)
{
    (void)level;
    (void)line;
}

static inline void pass(unsigned ms)
{
    const struct timeval delay = {ms / 1000, ms % 1000 * 1000};

    event_base_loopexit(base, &delay);
    loop_run(base);
}

static inline void say(int fd, const void *data, size_t len)
{
    (void)!send(fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT); /* it may have been ended */
}

#endif
