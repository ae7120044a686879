#include "usb_scan.h"

#include <stdlib.h>

#include <libusb.h>

#include "usb_libusb.h"
#include "worker.h"

struct usb_scanner {
    struct worker *worker;
    void (*done)(void *ctx, struct usb_scan *s);
    void *ctx;
    bool wanted; /* once more */
    bool scans;  /* a scan is under way, */
    bool busy;   /* or one is being freed */
};

struct job {
    struct usb_scan scan;
    bool is_over; /* and to be freed */
};

void usb_scan_make(struct usb_scan *s)
{
    *s = (struct usb_scan){0};
    s->error = usb_libusb_init(&s->usb);
    if (s->error < 0) {
        s->usb = NULL;
        return;
    }
    const long count = (long)libusb_get_device_list(s->usb, &s->list);
    if (count >= 0) {
        s->count = count;
        return;
    }
    s->error = (int)count;
    s->list = NULL;
}

void usb_scan_free(struct usb_scan *s)
{
    if (s->list)
        libusb_free_device_list(s->list, 1);
    if (s->usb)
        libusb_exit(s->usb);
    *s = (struct usb_scan){0};
}

/* --- the worker ------------------------------------------------------------------------------- */

static void drop(void *arg)
{
    struct job *j = arg;

    usb_scan_free(&j->scan);
    free(j);
}

static void run(void *arg)
{
    struct job *j = arg;

    if (j->is_over)
        usb_scan_free(&j->scan);
    else
        usb_scan_make(&j->scan);
}

/* Returns false where the system refuses. */
static bool begin(struct usb_scanner *s)
{
    struct job *j = calloc(1, sizeof *j);

    s->wanted = false;
    s->busy = s->scans = j && worker_start(s->worker, j) == 0;
    if (!s->busy)
        free(j);
    return s->busy;
}

static void on_done(void *ctx, void *arg)
{
    struct usb_scanner *s = ctx;
    struct job *j = arg;

    s->scans = false;
    if (!j->is_over) {
        s->done(s->ctx, &j->scan);
        j->is_over = true;
        if (worker_start(s->worker, j) == 0)
            return;
    }
    drop(j);
    s->busy = false;
    if (s->wanted && !begin(s)) {
        struct usb_scan none = {.error = LIBUSB_ERROR_NO_MEM};

        s->done(s->ctx, &none);
    }
}

static const struct worker_work work = {.run = run, .done = on_done, .drop = drop};

struct usb_scanner *usb_scanner_new(struct event_base *base,
                                    void (*done)(void *ctx, struct usb_scan *s), void *ctx)
{
    struct usb_scanner *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    s->done = done;
    s->ctx = ctx;
    s->worker = worker_new(base, &work, s);
    if (s->worker)
        return s;
    free(s);
    return NULL;
}

bool usb_scanner_start(struct usb_scanner *s)
{
    if (!s->busy)
        return begin(s);
    s->wanted = true;
    return true;
}

bool usb_scanner_is_busy(const struct usb_scanner *s)
{
    return s->scans || s->wanted;
}

void usb_scanner_free(struct usb_scanner *s)
{
    if (!s)
        return;
    worker_free(s->worker);
    free(s);
}
