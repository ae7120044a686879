#include "fakes/fake_serial.h"
#include "clock.h"
#include "line_text.h"
#include "serial_arrivals.h"

#include <errno.h>
#include <stdlib.h>

struct fake_serial fake_serial;

void fake_serial_reset(void)
{
    fake_serial = (struct fake_serial){.room = SIZE_MAX, .line = line_default};
}

/* The promise of the loop thread. */
static void check_not_held(const struct serial *s)
{
    (void)s;
    if (!fake_serial.held && !fake_serial.stopped)
        return;
    fprintf(stderr, "the driver is asked while the port is held, or stopped\n");
    abort();
}

/* What the thread does that makes a call of the driver. */
static void enter_driver(void)
{
    if (fake_serial.calling)
        fake_serial.calling();
}

static void ask_driver(void)
{
    if (fake_serial.asking)
        fake_serial.asking();
}

static void fake_stop(struct serial *s)
{
    (void)s;
    fake_serial.stopped = true;
}

static void fake_hold(struct serial *s, bool on)
{
    (void)s;
    fake_serial.held = on;
}

static void fake_close(struct serial *s)
{
    (void)s;
    enter_driver();
    fake_serial.open = false;
    fake_serial.line = fake_serial.found;
    journal_line(&fake_serial.journal, "close");
}

static void fake_read(struct serial *s, bool on)
{
    (void)s;
    fake_serial.reading = on;
}

static int fake_write(struct serial *s, const uint8_t *data, size_t len)
{
    size_t n = len < fake_serial.room ? len : fake_serial.room;

    check_not_held(s);
    if (n > 0 && fake_serial.wrote)
        fake_serial.wrote(data, n);
    else if (n > 0)
        journal_bytes(&fake_serial.journal, "write", data, n);
    if (fake_serial.room != SIZE_MAX)
        fake_serial.room -= n;
    return (int)n;
}

static int fake_configure(struct serial *s, const struct line_settings *want,
                          struct line_settings *got)
{
    char text[LINE_TEXT_MAX];

    (void)s;
    enter_driver();
    *got = fake_serial.line;
    if (fake_serial.configure_error)
        return fake_serial.configure_error;
    if (!line_settings_equal(want, &fake_serial.line)) {
        line_text(want, text);
        journal_line(&fake_serial.journal, "configure %s", text);
    }
    fake_serial.line = *want;
    *got = *want;
    return 0;
}

static int fake_set_outputs(struct serial *s, unsigned mask, unsigned values)
{
    enter_driver();
    unsigned now = (fake_serial.outputs & ~mask) | (values & mask);
    char text[LINE_TEXT_MAX];

    (void)s;
    if (now != fake_serial.outputs) {
        line_modem_text(now, text);
        journal_line(&fake_serial.journal, "outputs %s", text);
        fake_serial.outputs_us = clock_now_us();
    }
    fake_serial.outputs = now;
    return 0;
}

static unsigned fake_lines(struct serial *s)
{
    (void)s;
    ask_driver();
    return fake_serial.outputs | fake_serial.inputs;
}

static int fake_set_break(struct serial *s, bool on)
{
    (void)s;
    enter_driver();
    journal_line(&fake_serial.journal, "break %s", on ? "on" : "off");
    return 0;
}

static int fake_purge(struct serial *s, bool rx, bool tx)
{
    (void)s;
    enter_driver();
    if (tx && fake_serial.purged)
        fake_serial.purged();
    journal_line(&fake_serial.journal, "purge%s%s", rx ? " rx" : "", tx ? " tx" : "");
    return 0;
}

static size_t fake_untransmitted(struct serial *s)
{
    (void)s;
    ask_driver();
    fake_serial.asked++;
    return fake_serial.untransmitted;
}

static void fake_watch_errors(struct serial *s, bool on)
{
    check_not_held(s);
    fake_serial.watches_errors = on;
}

static const struct serial_ops fake_ops = {
    .stop = fake_stop,
    .close = fake_close,
    .hold = fake_hold,
    .read = fake_read,
    .write = fake_write,
    .configure = fake_configure,
    .set_outputs = fake_set_outputs,
    .lines = fake_lines,
    .set_break = fake_set_break,
    .purge = fake_purge,
    .untransmitted = fake_untransmitted,
    .watch_errors = fake_watch_errors,
};

struct serial_file {
    char nothing;
};

static struct serial_file file; /* of the one port */

void serial_io_open(struct serial_opening *o)
{
    if (fake_serial.opening)
        fake_serial.opening();
    o->file = NULL;
    o->error = fake_serial.open_error;
    snprintf(fake_serial.path, sizeof fake_serial.path, "%s", o->path);
    if (o->error < 0) {
        snprintf(o->text, sizeof o->text, "%.200s: cannot be opened", o->path);
        return;
    }
    fake_serial.open = true;
    fake_serial.hupcl = o->options.hupcl;
    fake_serial.reading = fake_serial.held = fake_serial.stopped = false;
    fake_serial.outputs = LINE_OUTPUTS; /* as systems do */
    o->settings = fake_serial.found = fake_serial.line;
    o->lines = fake_serial.outputs | fake_serial.inputs;
    o->file = &file;
    journal_line(&fake_serial.journal, "open");
}

struct serial *serial_io_begin(struct serial_opening *o, struct event_base *event_base,
                               const struct serial_callbacks *callbacks, void *ctx)
{
    (void)event_base;
    o->file = NULL;
    fake_serial.base = (struct serial){
        .ops = &fake_ops, .callbacks = callbacks, .ctx = ctx, .blocks = fake_serial.blocks};
    return &fake_serial.base;
}

void serial_io_discard(struct serial_opening *o)
{
    if (o->file)
        fake_close(&fake_serial.base);
    o->file = NULL;
}

int serial_io_check(const char *path, char text[static SERIAL_ERROR_MAX])
{
    (void)path;
    (void)text;
    return 0;
}

struct serial_identity {
    char nothing;
};

struct serial_identity *serial_identity_new(const char *path)
{
    (void)path;
    return calloc(1, sizeof(struct serial_identity));
}

void serial_identity_free(struct serial_identity *id)
{
    free(id);
}

enum serial_match serial_identity_match(const struct serial_identity *id, const char *path,
                                        char text[static SERIAL_ERROR_MAX])
{
    (void)id;
    snprintf(text, SERIAL_ERROR_MAX, "%s: is not what it was", path);
    return fake_serial.match;
}

const char *serial_ports_prefix(void)
{
    return "/dev/";
}

void serial_ports_tidy(char *name)
{
    (void)name;
}

bool serial_ports_are_same(const char *a, const char *b)
{
    const size_t len = strlen(serial_ports_prefix());

    return strcmp(strncmp(a, serial_ports_prefix(), len) == 0 ? a + len : a,
                  strncmp(b, serial_ports_prefix(), len) == 0 ? b + len : b) == 0;
}

void serial_ports_resolve(const char *path, char real[static SERIAL_PATH_MAX])
{
    snprintf(real, SERIAL_PATH_MAX, "%s", strcmp(path, "/dev/link") == 0 ? "/dev/two" : path);
}

int serial_ports_list(struct serial_info **list, size_t *count)
{
    if (fake_serial.listing)
        fake_serial.listing();
    fake_serial.listed++;
    *list = NULL;
    *count = 0;
    if (fake_serial.list_error)
        return fake_serial.list_error;
    *count = fake_serial.port_count;
    *list = malloc((*count + 1) * sizeof **list);
    if (*list && *count > 0)
        memcpy(*list, fake_serial.ports, *count * sizeof **list);
    return *list ? 0 : -ENOMEM;
}

int serial_ports_describe(const char *path, struct serial_info *info)
{
    fake_serial.described++;
    *info = (struct serial_info){.vid = -1, .pid = -1, .interface = -1};
    snprintf(info->path, sizeof info->path, "%s", path);
    return 0;
}

struct serial_arrivals {
    void (*came)(void *ctx);
    void *ctx;
};

static struct serial_arrivals arrivals;

struct serial_arrivals *serial_arrivals_new(struct event_base *base, void (*came)(void *ctx),
                                            void *ctx)
{
    (void)base;
    arrivals = (struct serial_arrivals){came, ctx};
    return &arrivals;
}

void serial_arrivals_free(struct serial_arrivals *a)
{
    if (a)
        *a = (struct serial_arrivals){0};
}

void fake_serial_arrive(void)
{
    if (arrivals.came)
        arrivals.came(arrivals.ctx);
}

void fake_serial_send(const char *text)
{
    fake_serial.base.callbacks->received(fake_serial.base.ctx, (const uint8_t *)text, strlen(text));
}

void fake_serial_set_inputs(unsigned inputs, unsigned edges)
{
    fake_serial.inputs = inputs;
    fake_serial.base.callbacks->lines(fake_serial.base.ctx, inputs, edges);
}

void fake_serial_report_errors(unsigned state)
{
    fake_serial.base.callbacks->errors(fake_serial.base.ctx, state);
}

void fake_serial_make_room(size_t room)
{
    fake_serial.room = room;
    fake_serial.base.callbacks->writable(fake_serial.base.ctx);
}

void fake_serial_unplug(void)
{
    fake_serial.base.callbacks->gone(fake_serial.base.ctx, -EIO);
}
