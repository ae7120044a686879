#include "pty_settings.h"

#include <errno.h>

#include "os_ioctl.h"
#include "termios_request.h"

/* Control flags that a PTY clears, or that mean nothing without those. */
#define DESTROYED ((unsigned)(CSIZE | PARENB | PARODD | CMSPAR))

int pty_settings_begin(struct pty_settings *s, const struct pty *p)
{
    struct termios2 t;

    if (os_ioctl(p->master, TCGETS2, &t) < 0)
        return -errno;
    line_termios_raw(&t);
    t.c_cflag |= HUPCL;
    line_termios_put(&s->line, &t);
    if (os_ioctl(p->master, TCSETS2, &t) < 0 || os_ioctl(p->master, TCGETS2, &s->seen) < 0)
        return -errno;
    s->has_asked = false;
    return 0;
}

/* A PTY destroys PARENB and CSIZE. Their values come from the request of a stopped program or from
 * the options. Otherwise the flags that stay give them away, as far as they can. */
static void mend_format(const struct pty_settings *s, const struct termios2 *t,
                        struct line_settings *line)
{
    if (s->has_asked) {
        struct termios2 asked = *t;
        struct line_settings format;

        asked.c_cflag = (t->c_cflag & ~DESTROYED) | s->asked;
        line_termios_get(&asked, &format);
        line->data_bits = format.data_bits;
        line->parity = format.parity;
        return;
    }
    if (s->options->has_format) {
        line->data_bits = s->options->format.data_bits;
        line->parity = s->options->format.parity;
        if (line->stop == LINE_STOP_1)
            line->stop = s->options->format.stop;
        return;
    }
    if (t->c_cflag & CMSPAR)
        line->parity = t->c_cflag & PARODD ? LINE_PARITY_MARK : LINE_PARITY_SPACE;
    else if (t->c_cflag & PARODD)
        line->parity = LINE_PARITY_ODD;
}

static bool same_termios(const struct termios2 *a, const struct termios2 *b)
{
    return a->c_cflag == b->c_cflag && a->c_iflag == b->c_iflag && a->c_ospeed == b->c_ospeed;
}

/* Takes `t` for the settings. Returns whether `line` is another one now. */
static bool see(struct pty_settings *s, const struct termios2 *t)
{
    struct line_settings line;

    s->seen = *t;
    line_termios_get(t, &line);
    mend_format(s, t, &line);
    if (line_settings_equal(&line, &s->line))
        return false;
    s->line = line;
    return true;
}

bool pty_settings_look(struct pty_settings *s, const struct pty *p)
{
    struct termios2 t;

    return os_ioctl(p->master, TCGETS2, &t) == 0 && !same_termios(&t, &s->seen) && see(s, &t);
}

bool pty_settings_hide_parity(const struct pty_settings *s)
{
    return s->seen.c_iflag & INPCK && s->line.parity == LINE_PARITY_NONE && !s->has_asked &&
           !s->options->has_format;
}

bool pty_settings_set(struct pty_settings *s, const struct pty *p, const struct line_settings *line)
{
    struct termios2 t;
    bool known = os_ioctl(p->master, TCGETS2, &t) == 0;

    if (known && !same_termios(&t, &s->seen))
        return false;
    s->line = *line;
    if (!known || line_termios_put(line, &t) < 0 || os_ioctl(p->master, TCSETS2, &t) < 0)
        return true;
    if (os_ioctl(p->master, TCGETS2, &t) == 0)
        s->seen = t;
    return true;
}

static int get(const struct pty_settings *s, const struct pty *p, unsigned request, void *data)
{
    if (os_ioctl(p->master, request, data) < 0)
        return -errno;
    if (s->has_asked) {
        const unsigned shown = termios_request_cflag(request, data) & ~DESTROYED;

        termios_request_put_cflag(request, data, shown | s->asked);
    }
    return 0;
}

/* "When drained" and "at once" are the same here: the bytes written before have been taken. */
static int set(struct pty_settings *s, const struct pty *p, unsigned request, void *data,
               bool *changed)
{
    struct termios2 t;

    s->asked = termios_request_cflag(request, data) & DESTROYED;
    s->has_asked = true;
    if (os_ioctl(p->master, termios_request_at_once(request), data) < 0 ||
        os_ioctl(p->master, TCGETS2, &t) < 0)
        return -errno;
    *changed = see(s, &t);
    return 0;
}

int pty_settings_carry_out(struct pty_settings *s, const struct pty *p, unsigned request,
                           void *data, bool *changed)
{
    *changed = false;
    switch (request) {
    case TCGETS:
    case TCGETS2:
    case TCGETA:
        return get(s, p, request, data);
    case TCSETSF:
    case TCSETSF2:
    case TCSETAF:
        pty_flush_input(p);
        break;
    default:
        if (termios_request_size(request) == 0)
            return -ENOTTY;
    }
    return set(s, p, request, data, changed);
}

bool pty_settings_hupcl(const struct pty_settings *s)
{
    return s->seen.c_cflag & HUPCL;
}
