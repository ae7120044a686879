/*
 * Theory of operation. dfu.c has the state machine. Here are its two sets of descriptors, its file,
 * and the way from one mode to the other. The answer to the request for the other mode is given
 * time to arrive. Then the device is unplugged from its importer and returns as the other one.
 */
#include "usb_dfu.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "dfu.h"
#include "error_text.h"
#include "file.h"
#include "gadget.h"
#include "log.h"
#include "timer.h"

enum { LEAVE_MS = 1000 }; /* wDetachTimeOut; the reset of `dfu-util -R` falls into it */

struct usb_dfu {
    struct gadget gadget;
    struct dfu dfu;
    const char *file; /* or NULL */
    struct timer leave;
};

/* --- descriptors -------------------------------------------------------------------------------
 */

/* 1209:0004 and 0005, pid.codes: for tests. */
#define DEVICE(product)                                                                            \
    {                                                                                              \
        18, USB_DESC_DEVICE, 0x00, 0x02, 0, 0, 0, 64, 0x09, 0x12, product, 0x00, 0x00, 0x01, 1, 2, \
            3, 1                                                                                   \
    }

/* Class FE, subclass 01; only the protocol changes (4.2.1, 4.2.3). */
#define CONFIGURATION(protocol)                                                                    \
    {                                                                                              \
        9, USB_DESC_CONFIGURATION, 27, 0, 1, 1, 0, 0x80, 50, /**/                                  \
            9, USB_DESC_INTERFACE, 0, 0, 0, 0xfe, 0x01, protocol, 4, DFU_FUNCTIONAL_BYTES          \
    }

enum { RUN_TIME = 1, DFU_MODE = 2 };

static const uint8_t run_time_device[] = DEVICE(4), dfu_device[] = DEVICE(5);
static const uint8_t run_time_configuration[] = CONFIGURATION(RUN_TIME);
static const uint8_t dfu_configuration[] = CONFIGURATION(DFU_MODE);
static const uint8_t functional[] = {DFU_FUNCTIONAL_BYTES};

static const struct gadget_descriptors run_time = {
    .device = run_time_device,
    .configuration = run_time_configuration,
    .configuration_len = sizeof run_time_configuration,
    .strings = {NULL, "com2net", "demo DFU, run time", "demo", "firmware"},
    .speed = USBIP_SPEED_FULL,
};

static const struct gadget_descriptors dfu_mode = {
    .device = dfu_device,
    .configuration = dfu_configuration,
    .configuration_len = sizeof dfu_configuration,
    .strings = {NULL, "com2net", "demo DFU, DFU mode", "demo", "firmware"},
    .speed = USBIP_SPEED_FULL,
};

/* --- the file ----------------------------------------------------------------------------------
 */

/* Returns 0 or -errno. */
static int write_file(const char *path, const uint8_t *data, size_t len)
{
    FILE *file = fopen(path, "wb");

    if (!file)
        return -errno;
    int error = len > 0 && fwrite(data, 1, len, file) != len ? errno : 0;
    if (fclose(file) != 0 && error == 0)
        error = errno;
    return -error;
}

/* One that cannot be kept leaves the file as it was, as far as that can be. */
static int keep(void *ctx, const uint8_t *data, size_t len)
{
    const struct usb_dfu *d = ctx;
    int r = write_file(d->file, data, len);

    if (r == 0)
        return 0;
    log_warn("%s: its firmware cannot be kept in %s: %s", d->gadget.device.name, d->file,
             error_text(-r));
    (void)write_file(d->file, d->dfu.firmware, d->dfu.len);
    return r;
}

/* Reads a file, which is made if it does not exist. Returns false with the reason in `error`. */
static bool load(struct usb_dfu *d, char error[static CLI_ERROR_MAX])
{
    FILE *file = file_open_append(d->file); /* it has to be writable, which shows now */
    if (file)
        fclose(file);
    file = file ? fopen(d->file, "rb") : NULL;
    if (!file) {
        snprintf(error, CLI_ERROR_MAX, "usb:demo-dfu: %.200s cannot be opened for writing: %s",
                 d->file, error_text(errno));
        return false;
    }
    int64_t size = file_size(file);
    bool fits = size >= 0 && size <= DFU_FIRMWARE_MAX;
    fits = fits && file_seek(file, 0) == 0;
    if (fits && size > 0) {
        d->dfu.firmware = malloc((size_t)size);
        if (d->dfu.firmware)
            d->dfu.len = fread(d->dfu.firmware, 1, (size_t)size, file);
        fits = d->dfu.len == (size_t)size;
    }
    fclose(file);
    if (!fits)
        snprintf(error, CLI_ERROR_MAX,
                 "usb:demo-dfu: %.200s cannot be read as its firmware: that is a file of %d MiB at "
                 "most",
                 d->file, DFU_FIRMWARE_MAX >> 20);
    return fits;
}

/* --- the device --------------------------------------------------------------------------------
 */

static void change_mode(struct usb_dfu *d)
{
    bool to_run_time = d->dfu.state > DFU_APP_DETACH;

    /* the end of its importer's session interrupts it, which is no reason to stay */
    gadget_leave(&d->gadget);
    dfu_begin(&d->dfu, to_run_time);
    gadget_return(&d->gadget, to_run_time ? &run_time : &dfu_mode);
}

static void on_leave(void *ctx)
{
    struct usb_dfu *d = ctx;

    if (dfu_is_leaving(&d->dfu))
        change_mode(d);
}

/* Counted from the request that asks for it: requests meanwhile do not put it off. */
static void leave_soon(struct usb_dfu *d)
{
    if (!timer_is_set(&d->leave))
        timer_in_ms(&d->leave, LEAVE_MS);
}

static int control(struct gadget *g, const struct usb_setup *s, uint8_t *data)
{
    struct usb_dfu *d = (struct usb_dfu *)g;

    if (s->request == USB_REQUEST_GET_DESCRIPTOR && (s->type == 0x80 || s->type == 0x81))
        return s->value >> 8 == DFU_FUNCTIONAL
                   ? gadget_give(data, s->length, functional, sizeof functional)
                   : USBIP_EPIPE;
    int r = dfu_control(&d->dfu, s, data, clock_now_ms());
    if (dfu_is_leaving(&d->dfu))
        leave_soon(d);
    return r;
}

/* It has endpoint 0 only. */
static int transfer(struct gadget *g, struct usb_transfer *t)
{
    (void)g;
    (void)t;
    return USBIP_EPIPE;
}

static void reset(struct gadget *g)
{
    dfu_interrupt(&((struct usb_dfu *)g)->dfu);
}

static void port_reset(struct gadget *g)
{
    struct usb_dfu *d = (struct usb_dfu *)g;

    dfu_bus_reset(&d->dfu);
    if (dfu_is_leaving(&d->dfu))
        leave_soon(d);
}

static void free_dfu(struct gadget *g)
{
    struct usb_dfu *d = (struct usb_dfu *)g;

    dfu_free(&d->dfu);
    timer_stop(&d->leave);
    free(d);
}

static const struct gadget_kind kind = {
    .control = control,
    .transfer = transfer,
    .reset = reset,
    .port_reset = port_reset,
    .free = free_dfu,
};

/* --- the kind ----------------------------------------------------------------------------------
 */

static int take_file(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)error;
    ((struct usb_dfu_options *)ctx)->file = value;
    return 0;
}

static int take_start(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    if (strcmp(value, "dfu") != 0) {
        snprintf(error, CLI_ERROR_MAX, "it is dfu, or left out");
        return -EINVAL;
    }
    ((struct usb_dfu_options *)ctx)->begins_in_dfu = true;
    return 0;
}

static const struct cli_option options[] = {
    {"file", 0, "PATH", take_file, "where its firmware is kept; without it in memory"},
    {"start", 0, "dfu", take_start, "it begins in DFU mode"},
    {0},
};

static struct usb_device *make(const struct usb_making *m, char error[static CLI_ERROR_MAX])
{
    const struct usb_dfu_options *o = m->options;
    struct usb_dfu *d = calloc(1, sizeof *d);

    if (!d)
        return NULL;
    d->file = o->file;
    d->dfu = (struct dfu){.keep = o->file ? keep : NULL, .ctx = d};
    timer_make(&d->leave, m->base, on_leave, d);
    gadget_init(&d->gadget, m->base, &kind, o->begins_in_dfu ? &dfu_mode : &run_time, m->name,
                m->number);
    dfu_begin(&d->dfu, !o->begins_in_dfu);
    if (o->file && !load(d, error)) {
        free_dfu(&d->gadget);
        return NULL;
    }
    return &d->gadget.device;
}

const struct usb_kind usb_dfu_kind = {
    .name = "dfu",
    .forms = "dfu",
    .options = options,
    .options_size = sizeof(struct usb_dfu_options),
    .make = make,
};
