#include "fakes/fake_vport.h"
#include "line_text.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "local_socket.h"

struct fake_vport fake_vport;

void fake_vport_reset(void)
{
    memset(&fake_vport, 0, sizeof fake_vport);
    fake_vport.room = SIZE_MAX;
    fake_vport.hupcl = true;
}

struct vport *vport_new(struct event_base *base, const char *link, bool stale,
                        const struct vport_options *options, const struct line_settings *line,
                        const struct vport_callbacks *callbacks, void *ctx,
                        char error[static VPORT_ERROR_MAX])
{
    (void)base;
    (void)link;
    (void)stale;
    (void)options;
    (void)error;
    fake_vport.callbacks = callbacks;
    fake_vport.ctx = ctx;
    fake_vport.line = *line;
    fake_vport.exists = true;
    return (struct vport *)(void *)&fake_vport;
}

void vport_withdraw(struct vport *v)
{
    (void)v;
}

void vport_free(struct vport *v)
{
    (void)v;
    fake_vport.exists = false;
}

int vport_hang_up(struct vport *v, char error[static VPORT_ERROR_MAX])
{
    (void)v;
    (void)error;
    fake_vport.open = false;
    journal_line(&fake_vport.journal, "hung up");
    return 0;
}

void vport_read(struct vport *v, bool on)
{
    (void)v;
    fake_vport.reading = on;
}

size_t vport_write(struct vport *v, const uint8_t *data, size_t len)
{
    size_t n = len < fake_vport.room ? len : fake_vport.room;

    (void)v;
    if (!fake_vport.open)
        return len;
    if (n > 0)
        journal_bytes(&fake_vport.journal, "read", data, n);
    if (fake_vport.room != SIZE_MAX)
        fake_vport.room -= n;
    return n;
}

bool vport_set_line(struct vport *v, const struct line_settings *line)
{
    char text[LINE_TEXT_MAX];

    (void)v;
    if (fake_vport.sets) {
        journal_line(&fake_vport.journal, "keeps its settings");
        return false;
    }
    fake_vport.line = *line;
    line_text(line, text);
    journal_line(&fake_vport.journal, "set %s", text);
    return true;
}

void vport_look(struct vport *v)
{
    (void)v;
    if (fake_vport.opens && !fake_vport.open)
        fake_vport_open();
}

const struct line_settings *vport_line(const struct vport *v)
{
    (void)v;
    return &fake_vport.line;
}

bool vport_hupcl(const struct vport *v)
{
    (void)v;
    return fake_vport.hupcl;
}

bool vport_is_open(const struct vport *v)
{
    (void)v;
    return fake_vport.open;
}

void vport_identity(const struct vport *v, struct vport_identity *identity)
{
    (void)v;
    *identity = (struct vport_identity){1, 2, 0x8800};
}

int vport_find(const char *link, struct vport_identity *identity)
{
    (void)link;
    vport_identity(NULL, identity);
    return 0;
}

bool vport_take(struct vport *v)
{
    if (fake_vport.taking)
        fake_vport.taking();
    return vport_untaken(v) == 0; /* what is written otherwise is told at once */
}

size_t vport_untaken(const struct vport *v)
{
    (void)v;
    return fake_vport.reading ? 0 : fake_vport.untaken;
}

bool vport_is_settled(const struct vport *v)
{
    (void)v;
    return fake_vport.reading;
}

int vport_termios(struct vport *v, unsigned request, void *data)
{
    (void)v;
    (void)request;
    (void)data;
    return -ENOTTY;
}

size_t vport_termios_size(unsigned request)
{
    (void)request;
    return 0;
}

const char *vport_device(const struct vport *v)
{
    (void)v;
    return "/dev/fake";
}

void fake_vport_open(void)
{
    fake_vport.open = true;
    fake_vport.callbacks->opened(fake_vport.ctx);
}

void fake_vport_close(void)
{
    fake_vport.open = false;
    fake_vport.callbacks->closed(fake_vport.ctx);
}

void fake_vport_write(const char *text)
{
    fake_vport.callbacks->received(fake_vport.ctx, (const uint8_t *)text, strlen(text));
}

void fake_vport_set(const char *format, uint32_t baud)
{
    struct line_settings line = line_default;

    if (line_parse_format(format, &line) < 0)
        abort();
    line.baud = baud;
    fake_vport.line = line;
    fake_vport.callbacks->settings(fake_vport.ctx, &fake_vport.line);
}

void fake_vport_flush(bool rx, bool tx)
{
    fake_vport.callbacks->flushed(fake_vport.ctx, rx, tx);
}

void fake_vport_make_room(size_t room)
{
    fake_vport.room = room;
    fake_vport.callbacks->writable(fake_vport.ctx);
}

/* --- the socket beside the link -----------------------------------------------------------------
 */

struct local_socket *local_socket_listen(struct event_base *base, const char *link,
                                         void (*accepted)(void *ctx, evutil_socket_t fd), void *ctx,
                                         bool *stale, int *r,
                                         char error[static LOCAL_SOCKET_ERROR_MAX])
{
    static char socket;

    (void)base;
    (void)link;
    (void)error;
    fake_vport.asked = accepted;
    fake_vport.asked_ctx = ctx;
    *stale = false;
    *r = 0;
    return (struct local_socket *)(void *)&socket;
}

evutil_socket_t fake_vport_ask(void)
{
    evutil_socket_t pair[2];

    if (evutil_socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
        abort();
    evutil_make_socket_nonblocking(pair[0]);
    evutil_make_socket_nonblocking(pair[1]);
    fake_vport.asked(fake_vport.asked_ctx, pair[0]);
    return pair[1];
}

void local_socket_free(struct local_socket *l)
{
    (void)l;
    fake_vport.asked = NULL;
}

const char *local_socket_name(const struct local_socket *l)
{
    (void)l;
    return "@fake";
}

struct local_socket *local_socket_listen_named(struct event_base *base,
                                               void (*accepted)(void *ctx, evutil_socket_t fd),
                                               void *ctx, char error[static LOCAL_SOCKET_ERROR_MAX])
{
    bool stale;
    int r;

    return local_socket_listen(base, "", accepted, ctx, &stale, &r, error);
}

evutil_socket_t local_socket_connect(const char *link)
{
    (void)link;
    return fake_vport.asked ? fake_vport_ask() : -ENOENT;
}

evutil_socket_t local_socket_connect_named(const char *name)
{
    (void)name;
    return -ENOENT;
}

int local_socket_limit(evutil_socket_t fd, unsigned ms)
{
    (void)fd;
    (void)ms;
    return 0;
}
