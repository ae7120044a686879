#include "serial.h"

void serial_stop(struct serial *s)
{
    s->ops->stop(s);
}

void serial_close(struct serial *s)
{
    s->ops->close(s);
}

void serial_hold(struct serial *s, bool on)
{
    s->ops->hold(s, on);
}

void serial_read(struct serial *s, bool on)
{
    s->ops->read(s, on);
}

int serial_write(struct serial *s, const uint8_t *data, size_t len)
{
    return s->ops->write(s, data, len);
}

int serial_configure(struct serial *s, const struct line_settings *want, struct line_settings *got)
{
    int r = s->ops->configure(s, want, got);

    if (line_baud_near(want->baud, got->baud))
        got->baud = want->baud;
    return r;
}

int serial_set_outputs(struct serial *s, unsigned mask, unsigned values)
{
    return s->ops->set_outputs(s, mask, values);
}

unsigned serial_lines(struct serial *s)
{
    return s->ops->lines(s);
}

int serial_set_break(struct serial *s, bool on)
{
    return s->ops->set_break(s, on);
}

int serial_purge(struct serial *s, bool rx, bool tx)
{
    return s->ops->purge(s, rx, tx);
}

size_t serial_untransmitted(struct serial *s)
{
    return s->ops->untransmitted(s);
}

void serial_watch_errors(struct serial *s, bool on)
{
    s->ops->watch_errors(s, on);
}
