#include "rivals.h"

#include <stdio.h>

#include "log.h"
#include "others.h"
#include "report.h"
#include "serial_list.h"
#include "source.h"

/* `kill 0` would end the processes of whoever types it. */
static void how_to_end(unsigned long pid, char text[static TELLER_END_MAX])
{
    if (pid)
        teller_how_to_end(pid, text);
    else
        snprintf(text, TELLER_END_MAX, "where it runs");
}

static void warn_of_device(void *ctx, const struct published *p)
{
    const struct others *others = ctx;
    char name[OTHERS_NAME_MAX], end[TELLER_END_MAX];

    for (const struct others_device *d = others_next(others, p->key, NULL); d;
         d = others_next(others, p->key, d)) {
        others_name(d->who, name);
        how_to_end(d->who->pid, end);
        log_warn("%s: %s publishes it, too, on %s. Only one of the two can have it open at a time: "
                 "let clients connect there, or end that one (%s)",
                 p->name, name, d->published.address, end);
    }
}

void rivals_warn(const struct report *r)
{
    struct others others;

    others_ask(&others);
    report_each_device(r, warn_of_device, &others);
    others_free(&others);
}

void rivals_warn_of(const struct source *s)
{
    char found[SERIAL_PATH_MAX], key[SERIAL_PATH_MAX], error[SERIAL_ERROR_MAX];
    struct others others;

    if (s->is_usb || s->port.loop ||
        serial_find(s->port.selector, s->port.interface, found, error) < 0)
        return;
    serial_ports_resolve(found, key);
    others_ask(&others);
    warn_of_device(&others, &(struct published){.key = key, .name = s->port.name});
    others_free(&others);
}
