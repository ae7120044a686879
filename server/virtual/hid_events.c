#include "hid_events.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error_text.h"
#include "fifo.h"
#include "file.h"
#include "log.h"

enum {
    QUEUE_MAX = 8192, /* events */
    /* what one read can become, together with the line that it completes: a byte, two events */
    READ_EVENTS = 2 * (FIFO_READ_MAX + HID_LINE_MAX),
};

struct hid_events {
    const char *name, *path;
    void (*arrived)(void *ctx);
    void *ctx;
    struct hid_event *play; /* what is played for each client */
    size_t play_count, played;
    struct fifo *fifo; /* or */
    FILE *file;        /* while it is played */
    bool reads;        /* for a client */
    bool fifo_on;
    bool has_current;
    struct hid_event current;
    struct hid_script script;
    struct hid_event *queue;
    size_t head, count;
};

static void on_wrong(void *ctx, const char *line, const char *error)
{
    const struct hid_events *e = ctx;

    log_warn("%s: %s: \"%s\" is left out: %s", e->name, e->path, line, error);
}

static void on_event(void *ctx, const struct hid_event *event)
{
    struct hid_events *e = ctx;

    e->queue[(e->head + e->count++) % QUEUE_MAX] = *event;
}

static bool has_room(const struct hid_events *e)
{
    return e->count + READ_EVENTS <= QUEUE_MAX;
}

static void update_fifo(struct hid_events *e)
{
    bool on = e->fifo && e->reads && has_room(e);

    if (on != e->fifo_on)
        fifo_read(e->fifo, on);
    e->fifo_on = on;
}

static void on_received(void *ctx, const uint8_t *data, size_t len)
{
    struct hid_events *e = ctx;

    hid_script_take(&e->script, data, len);
    update_fifo(e);
    if (e->count > 0)
        e->arrived(e->ctx);
}

/* --- files -------------------------------------------------------------------------------------
 */

static void close_file(struct hid_events *e)
{
    if (e->file)
        fclose(e->file);
    e->file = NULL;
}

static void open_file(struct hid_events *e)
{
    if (!e->path || e->fifo)
        return;
    e->file = fopen(e->path, "rb");
    if (!e->file)
        log_warn("%s: its events cannot be read from %s: %s", e->name, e->path, error_text(errno));
}

static void read_file(struct hid_events *e)
{
    uint8_t data[FIFO_READ_MAX];

    while (e->file && e->count == 0) {
        size_t n = fread(data, 1, sizeof data, e->file);

        hid_script_take(&e->script, data, n);
        if (n == sizeof data)
            continue;
        hid_script_end(&e->script);
        close_file(e);
    }
}

/* --- events ------------------------------------------------------------------------------------
 */

static void take_current(struct hid_events *e)
{
    e->has_current = true;
    if (e->played < e->play_count) {
        e->current = e->play[e->played++];
        return;
    }
    read_file(e);
    e->has_current = e->count > 0;
    if (!e->has_current)
        return;
    e->current = e->queue[e->head];
    e->head = (e->head + 1) % QUEUE_MAX;
    e->count--;
}

struct hid_event *hid_events_first(struct hid_events *e)
{
    if (!e->reads) {
        e->reads = true;
        e->played = 0;
        open_file(e);
    }
    if (!e->has_current)
        take_current(e);
    update_fifo(e);
    return e->has_current ? &e->current : NULL;
}

void hid_events_drop(struct hid_events *e)
{
    e->has_current = false;
}

void hid_events_stop(struct hid_events *e)
{
    e->reads = false;
    e->has_current = false;
    e->count = 0;
    if (!e->fifo) {
        close_file(e);
        e->script.len = 0;
        e->script.too_long = false;
    }
    update_fifo(e);
}

/* --- beginning and end -------------------------------------------------------------------------
 */

/* Returns false with the reason in `error`. */
static bool read_play(struct hid_events *e, const char *play,
                      char error[static HID_EVENTS_ERROR_MAX])
{
    size_t room = 2 * strlen(play) + HID_EVENTS_MAX;
    char why[HID_SCRIPT_ERROR_MAX];

    e->play = calloc(room, sizeof *e->play);
    if (!e->play)
        return false;
    for (;;) {
        size_t len = strcspn(play, ";");
        int n = -EINVAL;

        snprintf(why, sizeof why, "a statement has %d bytes at most", HID_LINE_MAX);
        if (len <= HID_LINE_MAX)
            n = hid_script_line(e->script.role, play, len, e->play + e->play_count, why);
        if (n < 0) {
            snprintf(error, HID_EVENTS_ERROR_MAX, "%.100s: play=: \"%.*s\": %s", e->name,
                     len < 80 ? (int)len : 80, play, why);
            return false;
        }
        e->play_count += (size_t)n;
        if (!play[len])
            return true;
        play += len + 1;
    }
}

/* The same. */
static bool open_path(struct hid_events *e, struct event_base *base,
                      char error[static HID_EVENTS_ERROR_MAX])
{
    int r = 0;

    if (fifo_is_at(e->path)) {
        e->fifo = fifo_open(base, e->path, on_received, e, &r);
        r = e->fifo ? 0 : r;
    } else {
        e->file = fopen(e->path, "rb"); /* it shows now whether there is one */
        const int64_t size = e->file ? file_size(e->file) : -errno;
        r = size < 0 ? (int)size : 0;
        close_file(e);
    }
    if (r == 0)
        return true;
    snprintf(error, HID_EVENTS_ERROR_MAX, "%.100s: events=%.150s cannot be opened: %.80s; %s",
             e->name, e->path, error_text(-r), fifo_advice());
    return false;
}

struct hid_events *hid_events_new(struct event_base *base, enum hid_role role, const char *path,
                                  const char *play, const char *name, void (*arrived)(void *ctx),
                                  void *ctx, char error[static HID_EVENTS_ERROR_MAX])
{
    struct hid_events *e = calloc(1, sizeof *e);

    snprintf(error, HID_EVENTS_ERROR_MAX, "out of memory");
    if (!e)
        return NULL;
    e->name = name;
    e->path = path;
    e->arrived = arrived;
    e->ctx = ctx;
    e->script.role = role;
    e->script.event = on_event;
    e->script.wrong = on_wrong;
    e->script.ctx = e;
    e->queue = calloc(QUEUE_MAX, sizeof *e->queue);
    if (!e->queue || (play && !read_play(e, play, error)) || (path && !open_path(e, base, error))) {
        hid_events_free(e);
        return NULL;
    }
    return e;
}

void hid_events_free(struct hid_events *e)
{
    if (!e)
        return;
    fifo_close(e->fifo);
    close_file(e);
    free(e->play);
    free(e->queue);
    free(e);
}
