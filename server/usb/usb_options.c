#include "usb_options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli_commas.h"
#include "cli_help.h"
#include "name.h"
#include "usb_selector.h"

enum { BUDGET = 16 << 20 };

static int take_name(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    struct usb_options *s = ctx;

    if (name_check(value, error) < 0)
        return -EINVAL;
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

/* Of all. */
static const struct cli_option common_table[] = {
    {"name", 0, "NAME", take_name, "name of the device in the log, and for clients"},
    {"budget", 0, "MIB", take_budget, "memory that the transfers of one client may hold (16)"},
    {0},
};

/* Of real devices. */
static const struct cli_option real_table[] = {
    {"hotplug", 0, NULL, take_hotplug, "the device may be absent at the start"},
    {"reset", 0, NULL, take_usb_reset, "reset it each time a client has released it"},
    {"no-merge", 0, NULL, take_no_merge, "FTDI's chips get each small transfer by itself"},
    {0},
};

/* Of all, for tests. */
static const struct cli_option tests_table[] = {
    {"kernel-checks", 0, NULL, take_kernel_checks,
     "end a session where Linux's server would: for tests of clients"},
    {0},
};

static const struct cli_option none[] = {{0}};

/* Those of the device besides the common ones. */
static const struct cli_option *own_table(const struct usb_options *o)
{
    const struct usb_kind *k = o->built_in.kind;

    return o->real ? real_table : k && k->options ? k->options : none;
}

/* One that is in no table of the device's. That of another kind is refused when it is made. */
static int take_other(void *ctx, const char *item, char error[static CLI_ERROR_MAX])
{
    struct usb_options *o = ctx;
    const struct cli_option *const all[] = {common_table, own_table(o), NULL};
    const struct cli_option *const for_tests[] = {tests_table, NULL};
    char names[256], tests[64];

    if (!o->real && usb_built_in_is_strange(&o->built_in, item))
        return 0;
    cli_names(all, names, sizeof names);
    cli_names(for_tests, tests, sizeof tests);
    snprintf(error, CLI_ERROR_MAX, "is no option of a USB device; there are %s; for tests %s",
             names, tests);
    return -EINVAL;
}

static const char usb[] = "usb:";

bool usb_options_are_meant(const char *text)
{
    return strncmp(text, usb, sizeof usb - 1) == 0;
}

/* The options after commas, of a device whose kind is known. */
static int parse_commas(struct usb_options *o, char *commas, char error[static CLI_ERROR_MAX])
{
    const struct cli_table tables[] = {{common_table, o},
                                       {own_table(o), o->real ? o : o->built_in.options},
                                       {tests_table, o},
                                       {NULL, NULL}};

    return cli_parse_tables(tables, take_other, o, commas, error);
}

/* The selector that is meant by an invalid one. */
static void tell_selector(const char *text, char error[static CLI_ERROR_MAX])
{
    const char *selector = text + sizeof usb - 1;
    const char *hint = "";

    if (strstr(selector, "0x"))
        hint = "; ids are written without 0x: usb:0403:6010";
    else if (strlen(selector) == 7 && strspn(selector, "0123456789:") == 7)
        hint = "; lsusb's bus and device number change each time: take its ID, usb:VID:PID";
    else if (*selector && strspn(selector, "0123456789abcdefABCDEF:") == strlen(selector))
        hint = "; ids have four digits each: usb:0403:6010";
    snprintf(error, CLI_ERROR_MAX,
             "%.100s: a USB device is usb:VID:PID, usb:VID:PID:SERIAL, usb:BUS-PORT as in "
             "`com2net list`, several of these with / between them, or usb:demo-NAME%s",
             text, hint);
}

int usb_options_parse(const char *text, char *commas, const struct usb_kind *const *kinds,
                      struct usb_options *o, char error[static CLI_ERROR_MAX])
{
    static const char demo[] = "usb:demo-";
    char why[CLI_ERROR_MAX];

    *o = (struct usb_options){.name = text, .budget = BUDGET};
    o->real = strncmp(text, demo, sizeof demo - 1) != 0;
    o->selector = text + sizeof usb - 1;
    if (o->real && !usb_selector_is_valid(o->selector)) {
        tell_selector(text, error);
        return -EINVAL;
    }
    if (!o->real && usb_built_in_choose(&o->built_in, kinds, text + sizeof demo - 1, why) < 0) {
        snprintf(error, CLI_ERROR_MAX, "%.100s: %.400s", text, why);
        return -EINVAL;
    }
    if (!commas || parse_commas(o, commas, why) == 0)
        return 0;
    snprintf(error, CLI_ERROR_MAX, "%.100s: %.400s", text, why);
    usb_options_free(o);
    return -EINVAL;
}

void usb_options_free(struct usb_options *o)
{
    usb_built_in_free(&o->built_in);
}

/* Prints the options of a kind, and of those after it that share its table. Returns how many these
 * are. */
static int print_kinds(const struct usb_kind *const *kinds)
{
    const struct cli_option *table = kinds[0]->options;
    char heading[256];
    size_t len =
        (size_t)snprintf(heading, sizeof heading, "Options of usb:demo-%s", kinds[0]->name);
    int n = 1;

    for (; table && kinds[n] && kinds[n]->options == table && len < sizeof heading; n++)
        len += (size_t)snprintf(heading + len, sizeof heading - len, " and usb:demo-%s",
                                kinds[n]->name);
    if (len < sizeof heading)
        snprintf(heading + len, sizeof heading - len, ":");
    if (table)
        cli_help_print_commas(heading, table);
    return n;
}

void usb_options_print(const struct usb_kind *const *kinds)
{
    char text[512], forms[256];

    usb_built_in_forms(kinds, forms, sizeof forms);
    snprintf(text, sizeof text, "The NAMEs of built-in USB devices, usb:demo-NAME: %s.", forms);
    cli_help_print_paragraph(text);
    cli_help_print_commas("Options of usb: sources:", common_table);
    cli_help_print_commas("Options of usb: sources, for tests:", tests_table);
    cli_help_print_commas("Options of real USB devices:", real_table);
    while (*kinds)
        kinds += print_kinds(kinds);
}
