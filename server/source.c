#include "source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/util.h>

#include "playout.h"
#include "reset.h"
#include "serial_io.h"
#include "usb_selector.h"

enum { USB_BUDGET = 16 << 20, IDLE_MAX_S = 1000000 };

/* --- options of one source ----------------------------------------------------------------- */

static int take_mode(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    static const char *const names[] = {"auto", "rfc2217", "telnet", "raw"};
    struct source *s = ctx;

    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(value, names[i]) == 0) {
            s->mode = (enum source_mode)i;
            return 0;
        }
    }
    snprintf(error, CLI_ERROR_MAX, "a mode is auto, rfc2217, telnet or raw");
    return -EINVAL;
}

static int take_level(enum source_level *level, const char *value, char error[static CLI_ERROR_MAX])
{
    bool on;
    int r = cli_on_off(value, &on, error);

    if (r == 0)
        *level = on ? SOURCE_LEVEL_ON : SOURCE_LEVEL_OFF;
    return r;
}

static int take_dtr(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    return take_level(&((struct source *)ctx)->dtr, value, error);
}

static int take_rts(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    return take_level(&((struct source *)ctx)->rts, value, error);
}

static int take_negated(bool *off, const char *value, char error[static CLI_ERROR_MAX])
{
    bool on;
    int r = cli_on_off(value, &on, error);

    if (r == 0)
        *off = !on;
    return r;
}

static int take_hupcl(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    return take_negated(&((struct source *)ctx)->no_hupcl, value, error);
}

static int take_low_latency(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    return take_negated(&((struct source *)ctx)->no_low_latency, value, error);
}

static int take_name(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    struct source *s = ctx;

    if (!*value) {
        snprintf(error, CLI_ERROR_MAX, "a name has at least one letter");
        return -EINVAL;
    }
    s->name = value;
    return 0;
}

static int take_interface(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    struct source *s = ctx;
    char *end;
    long number = strtol(value, &end, 10);

    if (s->kind == SOURCE_LOOP) {
        snprintf(error, CLI_ERROR_MAX, "is not for loop:, which is no USB device");
        return -EINVAL;
    }
    if (end == value || *end || number < 0 || number > 255) {
        snprintf(error, CLI_ERROR_MAX, "a USB interface is a number from 0 to 255");
        return -EINVAL;
    }
    s->interface = (int)number;
    return 0;
}

static int take_line_delay(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    struct source *s = ctx;
    char *end;
    long ms = strtol(value, &end, 10);

    if (end == value || *end || ms < 0 || ms > PLAYOUT_DELAY_MAX_MS) {
        snprintf(error, CLI_ERROR_MAX, "it is a number of milliseconds from 0 to %d",
                 PLAYOUT_DELAY_MAX_MS);
        return -EINVAL;
    }
    s->line_delay_ms = (unsigned)ms;
    return 0;
}

static int take_idle(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    struct source *s = ctx;
    char *end;
    long seconds = strtol(value, &end, 10);

    if (end == value || *end || seconds < 1 || seconds > IDLE_MAX_S) {
        snprintf(error, CLI_ERROR_MAX, "it is a number of seconds from 1 to %d", IDLE_MAX_S);
        return -EINVAL;
    }
    s->idle_s = (unsigned)seconds;
    return 0;
}

static int take_reset(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    struct source *s = ctx;

    s->reset = reset_find(value);
    if (s->reset)
        return 0;
    snprintf(error, CLI_ERROR_MAX, "a reset is esp, esp-usb-jtag, arduino, stm32 or touch1200");
    return -EINVAL;
}

#define TAKE_FLAG(flag)                                                                            \
    static int take_##flag(void *ctx, const char *value, char error[static CLI_ERROR_MAX])         \
    {                                                                                              \
        (void)value;                                                                               \
        (void)error;                                                                               \
        ((struct source *)ctx)->flag = true;                                                       \
        return 0;                                                                                  \
    }

TAKE_FLAG(hold)
TAKE_FLAG(hotplug)
TAKE_FLAG(takeover)
TAKE_FLAG(observers)
TAKE_FLAG(no_touch_lines)

static int take_paced(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    struct source *s = ctx;

    (void)value;
    if (s->kind != SOURCE_LOOP) {
        snprintf(error, CLI_ERROR_MAX, "is for loop: only; a real port has its own pace");
        return -EINVAL;
    }
    s->paced = true;
    return 0;
}

static int take_flow(struct source *s, enum line_flow flow)
{
    s->line.flow_out = (uint8_t)flow;
    s->line.flow_in = (uint8_t)flow;
    s->has_flow = true;
    return 0;
}

static int take_noflow(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)value;
    (void)error;
    return take_flow(ctx, LINE_FLOW_NONE);
}

static int take_rtscts(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)value;
    (void)error;
    return take_flow(ctx, LINE_FLOW_HARDWARE);
}

static int take_xonxoff(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)value;
    (void)error;
    return take_flow(ctx, LINE_FLOW_XONXOFF);
}

const struct cli_option source_options[] = {
    {"rtscts", 0, NULL, take_rtscts, "hardware flow control at open"},
    {"xonxoff", 0, NULL, take_xonxoff, "software flow control at open"},
    {"noflow", 0, NULL, take_noflow, "no flow control at open"},
    {"dtr", 0, "on|off", take_dtr, "DTR right after open (the system raises it)"},
    {"rts", 0, "on|off", take_rts, "RTS right after open (the system raises it)"},
    {"hupcl", 0, "on|off", take_hupcl,
     "whether DTR and RTS go down when the last client\nleaves (on)"},
    {"no-touch-lines", 0, NULL, take_no_touch_lines,
     "no client's coming or going moves DTR or RTS: hold and\nhupcl=off; only com2net's own start "
     "raises them"},
    {"reset", 0, "RECIPE", take_reset,
     "how the board is reset when a client asks\n(`net2pty reset LINK`): esp, esp-usb-jtag, "
     "arduino,\nstm32, touch1200"},
    {"mode", 0, "MODE", take_mode,
     "auto: RFC 2217, or raw for who does not begin with a\nTelnet negotiation (the default); "
     "rfc2217; telnet; raw"},
    {"hold", 0, NULL, take_hold,
     "keep the port open from start to end, not only while\na client is there"},
    {"hotplug", 0, NULL, take_hotplug,
     "the device may be absent at the start, and clients\nstay while it is unplugged"},
    {"takeover", 0, NULL, take_takeover, "a new client replaces the one there is"},
    {"observers", 0, NULL, take_observers, "further clients get what the device sends, read-only"},
    {"if", 0, "N", take_interface, "of several ports of one USB device, that of interface N"},
    {"idle", 0, "SECONDS", take_idle,
     "end an owner for whom no byte and no command has moved for\nso long (never)"},
    {"name", 0, "NAME", take_name, "name of the port in the log"},
    {"linedelay", 0, "MS", take_line_delay,
     "how long changes of DTR and RTS by net2pty wait, so\nthat the gaps between them are kept "
     "(30)"},
    {"lowlatency", 0, "on|off", take_low_latency, "ask the driver to hand bytes on at once (on)"},
    {"paced", 0, NULL, take_paced, "loop: only: bytes take the time their speed says"},
    {0},
};

/* A speed or a format, which have no name in front. */
static int take_settings(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    struct source *s = ctx;

    if (line_parse_baud(value, &s->line.baud) == 0) {
        s->has_baud = true;
        return 0;
    }
    if (line_parse_format(value, &s->line) == 0) {
        s->has_format = true;
        return 0;
    }
    snprintf(error, CLI_ERROR_MAX,
             "is no option; there are a speed (115200), a format (8n1) and those of "
             "`com2net --help`");
    return -EINVAL;
}

static int take_budget(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    struct source *s = ctx;
    char *end;
    unsigned long mib = strtoul(value, &end, 10);

    if (end == value || *end || mib < 1 || mib > 1024) {
        snprintf(error, CLI_ERROR_MAX, "a budget is a number of MiB from 1 to 1024");
        return -EINVAL;
    }
    s->usb_budget = mib << 20;
    return 0;
}

static int take_file(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)error;
    ((struct source *)ctx)->usb_file = value;
    return 0;
}

static int take_read_only(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)value;
    (void)error;
    ((struct source *)ctx)->usb_read_only = true;
    return 0;
}

static int take_usb_reset(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)value;
    (void)error;
    ((struct source *)ctx)->usb_reset = true;
    return 0;
}

static int take_no_merge(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)value;
    (void)error;
    ((struct source *)ctx)->usb_no_merge = true;
    return 0;
}

static int take_kernel_checks(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)value;
    (void)error;
    ((struct source *)ctx)->usb_kernel_checks = true;
    return 0;
}

static int take_times(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    if (strcmp(value, "real") != 0) {
        snprintf(error, CLI_ERROR_MAX, "it is real, or left out");
        return -EINVAL;
    }
    ((struct source *)ctx)->usb_real_times = true;
    return 0;
}

static int take_start(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    if (strcmp(value, "dfu") != 0) {
        snprintf(error, CLI_ERROR_MAX, "it is dfu, or left out");
        return -EINVAL;
    }
    ((struct source *)ctx)->usb_begins_in_dfu = true;
    return 0;
}

static int take_id(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    uint16_t vendor, product;

    if (usb_selector_id(value, &vendor, &product) < 0) {
        snprintf(error, CLI_ERROR_MAX, "it is VID:PID, of four hexadecimal digits each");
        return -EINVAL;
    }
    ((struct source *)ctx)->usb_id = (uint32_t)vendor << 16 | product;
    return 0;
}

static int take_events(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)error;
    ((struct source *)ctx)->usb_events = value;
    return 0;
}

static int take_play(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)error;
    ((struct source *)ctx)->usb_play = value;
    return 0;
}

static int take_usb_name(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    ((struct source *)ctx)->usb_named = true;
    return take_name(ctx, value, error);
}

/* Of a usb: source that is a real device. */
static const struct cli_option usb_options[] = {
    {"name", 0, "NAME", take_usb_name, "name of the device in the log, and for clients"},
    {"hotplug", 0, NULL, take_hotplug, "the device may be absent at the start"},
    {"reset", 0, NULL, take_usb_reset, "reset it each time a client has let go of it"},
    {"no-merge", 0, NULL, take_no_merge, "FTDI's chips get each small transfer by itself"},
    {"budget", 0, "MIB", take_budget, "memory that the transfers of one client may hold (16)"},
    {"kernel-checks", 0, NULL, take_kernel_checks,
     "end a session where Linux's server would: for tests of clients"},
    {0},
};

/* Of one that is built in. */
static const struct cli_option demo_options[] = {
    {"name", 0, "NAME", take_usb_name, "name of the device in the log, and for clients"},
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
             ((struct source *)ctx)->usb_real
                 ? ", hotplug, reset and no-merge"
                 : ", file=, ro, times=, start=, events=, play= and id=");
    return -EINVAL;
}

/* --- sources ------------------------------------------------------------------------------- */

static const char usb[] = "usb:";

static int parse_usb(char *text, char *options, struct source *s, char error[static CLI_ERROR_MAX])
{
    static const char demo[] = "usb:demo-";
    char why[CLI_ERROR_MAX];

    s->kind = SOURCE_USB;
    s->usb_budget = USB_BUDGET;
    s->usb_real = strncmp(text, demo, sizeof demo - 1) != 0;
    s->selector = text + (s->usb_real ? sizeof usb : sizeof demo) - 1;
    if (s->usb_real && !usb_selector_is_valid(s->selector)) {
        snprintf(error, CLI_ERROR_MAX,
                 "%.100s: a USB device is usb:VID:PID, usb:VID:PID:SERIAL, usb:BUS-PORT as in "
                 "`com2net --list`, several of these with / between them, or usb:demo-NAME",
                 text);
        return -EINVAL;
    }
    const struct cli_option *table = s->usb_real ? usb_options : demo_options;
    if (options && cli_parse_commas(table, take_nothing, s, options, why) < 0) {
        snprintf(error, CLI_ERROR_MAX, "%.100s: %.400s", text, why);
        return -EINVAL;
    }
    return 0;
}

static int parse_source(char *text, struct source *s, char error[static CLI_ERROR_MAX])
{
    static const char loop[] = "loop:";
    char *options = strchr(text, ',');
    char why[CLI_ERROR_MAX];

    if (options)
        *options++ = '\0';
    *s = (struct source){.selector = text,
                         .name = text,
                         .interface = -1,
                         .line = line_default,
                         .line_delay_ms = PLAYOUT_DELAY_MS};
    if (strncmp(text, usb, sizeof usb - 1) == 0)
        return parse_usb(text, options, s, error);
    if (strcmp(text, loop) == 0) {
        s->kind = SOURCE_LOOP;
        s->name = "loop";
    } else if (!*text) {
        snprintf(error, CLI_ERROR_MAX, "a SOURCE is empty");
        return -EINVAL;
    } else if (strcmp(text, "loop") == 0) {
        snprintf(error, CLI_ERROR_MAX,
                 "the built-in port is loop: with a colon; a device of that name has its path, "
                 "such as /dev/loop");
        return -EINVAL;
    } else if (evutil_ascii_strncasecmp(text, usb, sizeof usb - 1) == 0) {
        snprintf(error, CLI_ERROR_MAX, "%.100s: usb: is written in small letters", text);
        return -EINVAL;
    }
    if (options && cli_parse_commas(source_options, take_settings, s, options, why) < 0) {
        snprintf(error, CLI_ERROR_MAX, "%.100s: %.400s", text, why);
        return -EINVAL;
    }
    if (s->no_touch_lines)
        s->hold = s->no_hupcl = true;
    if (s->takeover && s->observers) {
        snprintf(error, CLI_ERROR_MAX, "%s: takeover and observers exclude each other", text);
        return -EINVAL;
    }
    return 0;
}

/* Whether two name the same device, as far as their words tell. */
static bool is_same_device(const struct source *a, const struct source *b)
{
    return a->kind == SOURCE_SERIAL && b->kind == SOURCE_SERIAL &&
           serial_io_is_same(a->selector, b->selector) && a->interface == b->interface;
}

static int parse_listen(const struct source *s, char *text, struct addr *listen,
                        char error[static CLI_ERROR_MAX])
{
    const char *why;

    if (!text) {
        const char *typed = s->kind == SOURCE_USB ? s->name : s->selector;

        snprintf(error, CLI_ERROR_MAX, "%s: its PORT is missing, as in `com2net %s 7000`", typed,
                 typed);
        return -EINVAL;
    }
    if (addr_parse_listen(text, listen, &why) == 0)
        return 0;
    snprintf(error, CLI_ERROR_MAX, "%.200s (the PORT of %.100s): %s", text, s->name, why);
    return -EINVAL;
}

/* The loopback has ::1, too. */
static bool is_same_host(const struct addr *a, const struct addr *b)
{
    return strcmp(a->host, b->host) == 0 || (a->loopback && strcmp(b->host, "::1") == 0) ||
           (b->loopback && strcmp(a->host, "::1") == 0);
}

/* Whether one of `count` sources has it; of port 0 there are enough. */
static bool is_taken(const struct addr *listen, const struct source *sources, int count)
{
    bool taken = false;

    for (int i = 0; i < count && listen->port != 0; i++)
        taken = taken || (sources[i].listen.port == listen->port &&
                          is_same_host(&sources[i].listen, listen));
    return taken;
}

/* Reads one SOURCE behind `count` others. Returns 0 or -EINVAL. */
static int take_source(char *text, struct source *sources, int count, int max,
                       char error[static CLI_ERROR_MAX])
{
    if (count == max) {
        snprintf(error, CLI_ERROR_MAX, "more than %d ports", max);
        return -EINVAL;
    }
    int r = parse_source(text, &sources[count], error);
    for (int i = 0; i < count && r == 0; i++) {
        if (is_same_device(&sources[i], &sources[count])) {
            snprintf(error, CLI_ERROR_MAX, "%.200s and %.200s are the same device",
                     sources[i].selector, sources[count].selector);
            r = -EINVAL;
        }
    }
    return r;
}

int source_parse_all(int argc, char **args, struct source *sources, int max,
                     char error[static CLI_ERROR_MAX])
{
    int count = 0;

    for (int i = 0; i < argc; i++) {
        int first = count;

        do { /* only usb: sources may repeat before their PORT */
            int r = take_source(args[i], sources, count, max, error);

            if (r < 0)
                return r;
            sources[count].joined = count > first;
            count++;
            i++;
        } while (i < argc && sources[first].kind == SOURCE_USB &&
                 strncmp(args[i], usb, sizeof usb - 1) == 0);
        struct addr listen;
        if (parse_listen(&sources[count - 1], i < argc ? args[i] : NULL, &listen, error) < 0)
            return -EINVAL;
        if (is_taken(&listen, sources, first)) {
            snprintf(error, CLI_ERROR_MAX,
                     "%.200s is the PORT of two; only usb: sources share one, which stands behind "
                     "the last of them: usb:... usb:... %.200s",
                     args[i], args[i]);
            return -EINVAL;
        }
        for (int j = first; j < count; j++)
            sources[j].listen = listen;
    }
    return count;
}
