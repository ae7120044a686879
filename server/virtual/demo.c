#include "demo.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "icestick.h"
#include "usb_dfu.h"
#include "usb_disk.h"
#include "usb_ftdi.h"
#include "usb_hid.h"
#include "usb_loop.h"

const char demo_names[] =
    "loop (loop:full, loop:super), ftdi, icestick, disk:IMAGE, dfu, mouse, keyboard";

/* What a device is made of. */
struct making {
    struct event_base *base;
    const char *variant; /* behind the colon, or NULL */
    const struct demo_options *options;
    const char *name;
    unsigned number;
    char *error; /* DEMO_ERROR_MAX bytes */
};

static struct usb_device *make_loop(const struct making *m)
{
    static const struct {
        const char *text;
        enum usbip_speed speed;
    } speeds[] = {
        {"high", USBIP_SPEED_HIGH},
        {"full", USBIP_SPEED_FULL},
        {"super", USBIP_SPEED_SUPER},
    };

    for (size_t i = 0; i < sizeof speeds / sizeof *speeds; i++)
        if (!m->variant || strcmp(m->variant, speeds[i].text) == 0)
            return usb_loop_new(m->base, speeds[i].speed, m->options->id, m->name, m->number);
    snprintf(m->error, DEMO_ERROR_MAX,
             "usb:demo-loop:%.100s: there are usb:demo-loop (high speed), usb:demo-loop:full and "
             "usb:demo-loop:super",
             m->variant);
    return NULL;
}

static struct usb_device *make_ftdi(const struct making *m)
{
    return usb_ftdi_new(m->base, m->name, m->number);
}

static struct usb_device *make_icestick(const struct making *m)
{
    return icestick_new(m->base, m->options->file, m->options->real_times, m->name, m->number,
                        m->error);
}

static struct usb_device *make_disk(const struct making *m)
{
    const char *image = m->variant && *m->variant ? m->variant : m->options->file;

    if (image && (!m->variant || !m->options->file))
        return usb_disk_new(m->base, image, m->options->read_only, m->name, m->number, m->error);
    snprintf(m->error, DEMO_ERROR_MAX, "usb:demo-disk: it has %s, as in usb:demo-disk:IMAGE",
             image ? "one image" : "an image");
    return NULL;
}

static struct usb_device *make_dfu(const struct making *m)
{
    return usb_dfu_new(m->base, m->options->file, m->options->begins_in_dfu, m->name, m->number,
                       m->error);
}

static struct usb_device *make_mouse(const struct making *m)
{
    return usb_hid_new(m->base, HID_MOUSE, m->options->events, m->options->play, m->name, m->number,
                       m->error);
}

static struct usb_device *make_keyboard(const struct making *m)
{
    return usb_hid_new(m->base, HID_KEYBOARD, m->options->events, m->options->play, m->name,
                       m->number, m->error);
}

enum { FILE_PATH = 1, READ_ONLY = 2, TIMES = 4, START = 8, EVENTS = 16, PLAY = 32, ID = 64 };

static const struct {
    const char *name;
    bool has_variants;
    unsigned options;
    struct usb_device *(*make)(const struct making *m);
} demos[] = {
    {"loop", true, ID, make_loop},
    {"ftdi", false, 0, make_ftdi},
    {"icestick", false, FILE_PATH | TIMES, make_icestick},
    {"disk", true, FILE_PATH | READ_ONLY, make_disk},
    {"dfu", false, FILE_PATH | START, make_dfu},
    {"mouse", false, EVENTS | PLAY, make_mouse},
    {"keyboard", false, EVENTS | PLAY, make_keyboard},
};

/* The first option that is given and not in `allowed`, or NULL. */
static const char *strange_option(const struct demo_options *o, unsigned allowed)
{
    const struct {
        unsigned option;
        bool given;
        const char *name;
    } options[] = {
        {FILE_PATH, o->file != NULL, "file="},
        {READ_ONLY, o->read_only, "ro"},
        {TIMES, o->real_times, "times="},
        {START, o->begins_in_dfu, "start="},
        {EVENTS, o->events != NULL, "events="},
        {PLAY, o->play != NULL, "play="},
        {ID, o->id != 0, "id="},
    };

    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (options[i].given && !(allowed & options[i].option))
            return options[i].name;
    return NULL;
}

struct usb_device *demo_new(struct event_base *base, const char *selector,
                            const struct demo_options *options, const char *name, unsigned number,
                            char error[static DEMO_ERROR_MAX])
{
    const size_t len = strcspn(selector, ":");
    const struct making m = {.base = base,
                             .variant = selector[len] ? selector + len + 1 : NULL,
                             .options = options,
                             .name = name,
                             .number = number,
                             .error = error};

    for (size_t i = 0; i < sizeof demos / sizeof *demos; i++) {
        if (strlen(demos[i].name) != len || memcmp(demos[i].name, selector, len) != 0 ||
            (m.variant && !demos[i].has_variants))
            continue;
        const char *strange = strange_option(options, demos[i].options);
        if (strange) {
            snprintf(error, DEMO_ERROR_MAX,
                     "usb:demo-%s has no option %s; see USB devices in com2net(1)", demos[i].name,
                     strange);
            return NULL;
        }
        snprintf(error, DEMO_ERROR_MAX, "out of memory");
        return demos[i].make(&m);
    }
    snprintf(error, DEMO_ERROR_MAX,
             "usb:demo-%.100s: there is no such built-in device; there are: %s", selector,
             demo_names);
    return NULL;
}
