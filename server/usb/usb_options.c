#include "usb_options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "usb_selector.h"

enum { BUDGET = 16 << 20 };

static int take_name(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    struct usb_options *s = ctx;

    if (!*value) {
        snprintf(error, CLI_ERROR_MAX, "a name has at least one letter");
        return -EINVAL;
    }
    s->name = value;
    s->named = true;
    return 0;
}

static int take_hotplug(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)value;
    (void)error;
    ((struct usb_options *)ctx)->hotplug = true;
    return 0;
}

static int take_budget(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    struct usb_options *s = ctx;
    char *end;
    unsigned long mib = strtoul(value, &end, 10);

    if (end == value || *end || mib < 1 || mib > 1024) {
        snprintf(error, CLI_ERROR_MAX, "a budget is a number of MiB from 1 to 1024");
        return -EINVAL;
    }
    s->budget = mib << 20;
    return 0;
}

static int take_file(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)error;
    ((struct usb_options *)ctx)->file = value;
    return 0;
}

static int take_read_only(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)value;
    (void)error;
    ((struct usb_options *)ctx)->read_only = true;
    return 0;
}

static int take_usb_reset(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)value;
    (void)error;
    ((struct usb_options *)ctx)->reset = true;
    return 0;
}

static int take_no_merge(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)value;
    (void)error;
    ((struct usb_options *)ctx)->no_merge = true;
    return 0;
}

static int take_kernel_checks(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)value;
    (void)error;
    ((struct usb_options *)ctx)->kernel_checks = true;
    return 0;
}

static int take_times(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    if (strcmp(value, "real") != 0) {
        snprintf(error, CLI_ERROR_MAX, "it is real, or left out");
        return -EINVAL;
    }
    ((struct usb_options *)ctx)->real_times = true;
    return 0;
}

static int take_start(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    if (strcmp(value, "dfu") != 0) {
        snprintf(error, CLI_ERROR_MAX, "it is dfu, or left out");
        return -EINVAL;
    }
    ((struct usb_options *)ctx)->begins_in_dfu = true;
    return 0;
}

static int take_id(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    uint16_t vendor, product;

    if (usb_selector_id(value, &vendor, &product) < 0) {
        snprintf(error, CLI_ERROR_MAX, "it is VID:PID, of four hexadecimal digits each");
        return -EINVAL;
    }
    ((struct usb_options *)ctx)->id = (uint32_t)vendor << 16 | product;
    return 0;
}

static int take_events(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)error;
    ((struct usb_options *)ctx)->events = value;
    return 0;
}

static int take_play(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)error;
    ((struct usb_options *)ctx)->play = value;
    return 0;
}

/* Of a usb: source that is a real device. */
static const struct cli_option real_table[] = {
    {"name", 0, "NAME", take_name, "name of the device in the log, and for clients"},
    {"hotplug", 0, NULL, take_hotplug, "the device may be absent at the start"},
    {"reset", 0, NULL, take_usb_reset, "reset it each time a client has let go of it"},
    {"no-merge", 0, NULL, take_no_merge, "FTDI's chips get each small transfer by itself"},
    {"budget", 0, "MIB", take_budget, "memory that the transfers of one client may hold (16)"},
    {"kernel-checks", 0, NULL, take_kernel_checks,
     "end a session where Linux's server would: for tests of clients"},
    {0},
};

/* Of one that is built in. */
static const struct cli_option demo_table[] = {
    {"name", 0, "NAME", take_name, "name of the device in the log, and for clients"},
    {"file", 0, "PATH", take_file,
     "demo-disk's image; where demo-icestick's flash memory and demo-dfu's firmware are kept"},
    {"ro", 0, NULL, take_read_only, "demo-disk cannot be written"},
    {"times", 0, "real", take_times,
     "demo-icestick takes as long as a real one to write and erase"},
    {"start", 0, "dfu", take_start, "demo-dfu begins in DFU mode"},
    {"events", 0, "PATH", take_events,
     "a FIFO that says what happens to demo-mouse or demo-keyboard"},
    {"play", 0, "TEXT", take_play, "what happens to them for each client"},
    {"id", 0, "VID:PID", take_id, "demo-loop has this id, of a device whose driver is to take it"},
    {"budget", 0, "MIB", take_budget, "memory that the transfers of one client may hold (16)"},
    {"kernel-checks", 0, NULL, take_kernel_checks,
     "end a session where Linux's server would: for tests of clients"},
    {0},
};

static int take_nothing(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)value;
    snprintf(error, CLI_ERROR_MAX,
             "is no option of a USB device; there are name=, budget=%s; for tests kernel-checks",
             ((struct usb_options *)ctx)->real
                 ? ", hotplug, reset and no-merge"
                 : ", file=, ro, times=, start=, events=, play= and id=");
    return -EINVAL;
}

static const char usb[] = "usb:";

bool usb_options_are_meant(const char *text)
{
    return strncmp(text, usb, sizeof usb - 1) == 0;
}

int usb_options_parse(const char *text, char *commas, struct usb_options *o,
                      char error[static CLI_ERROR_MAX])
{
    static const char demo[] = "usb:demo-";
    char why[CLI_ERROR_MAX];

    *o = (struct usb_options){.name = text, .budget = BUDGET};
    o->real = strncmp(text, demo, sizeof demo - 1) != 0;
    o->selector = text + (o->real ? sizeof usb : sizeof demo) - 1;
    if (o->real && !usb_selector_is_valid(o->selector)) {
        snprintf(error, CLI_ERROR_MAX,
                 "%.100s: a USB device is usb:VID:PID, usb:VID:PID:SERIAL, usb:BUS-PORT as in "
                 "`com2net --list`, several of these with / between them, or usb:demo-NAME",
                 text);
        return -EINVAL;
    }
    const struct cli_option *table = o->real ? real_table : demo_table;
    if (commas && cli_parse_commas(table, take_nothing, o, commas, why) < 0) {
        snprintf(error, CLI_ERROR_MAX, "%.100s: %.400s", text, why);
        return -EINVAL;
    }
    return 0;
}
