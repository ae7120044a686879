/*
 * A FIFO whose last writer has gone is readable for ever, at its end. So this is a writer, too:
 * there is no end.
 */
#include "fifo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <event2/event.h>

#include "error_text.h"
#include "log.h"

struct fifo {
    int fd;
    int own_writer;
    struct event *readable;
    void (*received)(void *ctx, const uint8_t *data, size_t len);
    void *ctx;
};

bool fifo_is_at(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISFIFO(st.st_mode);
}

const char *fifo_advice(void)
{
    return "make a FIFO there with mkfifo, or a file of events, which is played for each client";
}

static void on_readable(evutil_socket_t fd, short what, void *ctx)
{
    struct fifo *f = ctx;
    uint8_t data[FIFO_READ_MAX];

    (void)what;
    ssize_t n = read(fd, data, sizeof data);
    if (n > 0) {
        f->received(f->ctx, data, (size_t)n);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        log_warn("a FIFO cannot be read any more: %s", error_text(n == 0 ? EIO : errno));
        event_del(f->readable);
    }
}

struct fifo *fifo_open(struct event_base *base, const char *path,
                       void (*received)(void *ctx, const uint8_t *data, size_t len), void *ctx,
                       int *error)
{
    const int flags = O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
    struct fifo *f = calloc(1, sizeof *f);

    *error = -ENOMEM;
    if (!f)
        return NULL;
    f->received = received;
    f->ctx = ctx;
    f->own_writer = -1;
    f->fd = open(path, O_RDONLY | flags);
    if (f->fd >= 0)
        f->own_writer = open(path, O_WRONLY | flags);
    if (f->fd < 0 || f->own_writer < 0) {
        *error = -errno;
        fifo_close(f);
        return NULL;
    }
    f->readable = event_new(base, f->fd, EV_READ | EV_PERSIST, on_readable, f);
    if (!f->readable) {
        fifo_close(f);
        return NULL;
    }
    return f;
}

void fifo_read(struct fifo *f, bool on)
{
    if (on)
        event_add(f->readable, NULL);
    else
        event_del(f->readable);
}

void fifo_close(struct fifo *f)
{
    if (!f)
        return;
    if (f->readable)
        event_free(f->readable);
    if (f->own_writer >= 0)
        close(f->own_writer);
    if (f->fd >= 0)
        close(f->fd);
    free(f);
}
