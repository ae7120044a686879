#include "port_options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/util.h>

#include "cli_commas.h"
#include "name.h"
#include "playout.h"
#include "reset_recipe.h"
#include "serial_ports.h"

enum { IDLE_MAX_S = 1000000 };

static int take_mode(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    static const char *const names[] = {"auto", "rfc2217", "telnet", "raw"};
    struct port_options *s = ctx;

    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(value, names[i]) == 0) {
            s->mode = (enum port_mode)i;
            return 0;
        }
    }
    snprintf(error, CLI_ERROR_MAX, "a mode is auto, rfc2217, telnet or raw");
    return -EINVAL;
}

static int take_level(enum port_level *level, const char *value, char error[static CLI_ERROR_MAX])
{
    bool on;
    int r = cli_on_off(value, &on, error);

    if (r == 0)
        *level = on ? PORT_LEVEL_ON : PORT_LEVEL_OFF;
    return r;
}

static int take_dtr(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    return take_level(&((struct port_options *)ctx)->dtr, value, error);
}

static int take_rts(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    return take_level(&((struct port_options *)ctx)->rts, value, error);
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
    return take_negated(&((struct port_options *)ctx)->no_hupcl, value, error);
}

static int take_low_latency(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    return take_negated(&((struct port_options *)ctx)->no_low_latency, value, error);
}

static int take_name(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    struct port_options *s = ctx;

    if (name_check(value, error) < 0)
        return -EINVAL;
    s->name = value;
    s->named = true;
    return 0;
}

static int take_interface(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    struct port_options *s = ctx;
    char *end;
    long number = strtol(value, &end, 10);

    if (s->loop) {
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
    struct port_options *s = ctx;
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
    struct port_options *s = ctx;
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
    struct port_options *s = ctx;

    s->reset = reset_recipe_find(value);
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
        ((struct port_options *)ctx)->flag = true;                                                 \
        return 0;                                                                                  \
    }

TAKE_FLAG(hold)
TAKE_FLAG(hotplug)
TAKE_FLAG(takeover)
TAKE_FLAG(observers)
TAKE_FLAG(no_touch_lines)

static int take_paced(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    struct port_options *s = ctx;

    (void)value;
    if (!s->loop) {
        snprintf(error, CLI_ERROR_MAX, "is for loop: only; a real port has its own pace");
        return -EINVAL;
    }
    s->paced = true;
    return 0;
}

static int take_flow(struct port_options *s, enum line_flow flow)
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

const struct cli_option port_options_table[] = {
    CLI_HEADING("Options of a SOURCE, after commas, together with a speed and a format "
                "(/dev/ttyUSB0,115200,8n1,dtr=off):"),
    {"rtscts", 0, NULL, take_rtscts, "hardware flow control at open"},
    {"xonxoff", 0, NULL, take_xonxoff, "software flow control at open"},
    {"noflow", 0, NULL, take_noflow, "no flow control at open"},
    {"if", 0, "N", take_interface, "of several ports of one USB device, that of interface N"},
    {"lowlatency", 0, "on|off", take_low_latency, "ask the driver to hand bytes on at once (on)"},
    {"name", 0, "NAME", take_name, "name of the port in the log"},
    {"paced", 0, NULL, take_paced, "loop: only: bytes take the time their speed says"},
    CLI_HEADING("Options of a SOURCE, of its modem lines and resets:"),
    {"dtr", 0, "on|off", take_dtr, "DTR right after open (the system raises it)"},
    {"rts", 0, "on|off", take_rts, "RTS right after open (the system raises it)"},
    {"hupcl", 0, "on|off", take_hupcl,
     "whether DTR and RTS go down when the last client leaves (on)"},
    {"no-touch-lines", 0, NULL, take_no_touch_lines,
     "no client moves DTR or RTS by connecting or leaving: hold and hupcl=off; only com2net's "
     "start "
     "raises them"},
    {"reset", 0, "RECIPE", take_reset,
     "how the board is reset when a client asks (`net2pty reset LINK`): esp, esp-usb-jtag, "
     "arduino, stm32, touch1200"},
    {"linedelay", 0, "MS", take_line_delay,
     "how long changes of DTR and RTS by net2pty wait, so that the gaps between them are kept "
     "(30)"},
    CLI_HEADING("Options of a SOURCE, of a device that is unplugged:"),
    {"hold", 0, NULL, take_hold,
     "keep the port open from start to end, not only while a client is there"},
    {"hotplug", 0, NULL, take_hotplug,
     "the device may be absent at the start, and clients stay while it is unplugged"},
    CLI_HEADING("Options of a SOURCE, of clients:"),
    {"mode", 0, "MODE", take_mode,
     "auto (the default): RFC 2217 for clients that begin with a Telnet negotiation, else raw; "
     "rfc2217; telnet; raw"},
    {"takeover", 0, NULL, take_takeover, "a new client replaces the present one"},
    {"observers", 0, NULL, take_observers, "further clients get what the device sends, read-only"},
    {"idle", 0, "SECONDS", take_idle,
     "end an owner for whom no byte and no command has moved for so long (never)"},
    {0},
};

/* What users of other programs write, and what it is here. */
static const char *say_habit(const char *item)
{
    static const char a_format[] = "data bits, parity and stop bits are one word, such as 8n1, 7e1 "
                                   "or 8n2";
    static const char a_mode[] = "that is mode=raw, mode=telnet or mode=rfc2217";
    static const char a_flow[] = "flow control is rtscts, xonxoff or noflow";
    static const struct {
        const char *word, *say;
    } habits[] = {
        {"parity", a_format},
        {"even", a_format},
        {"odd", a_format},
        {"none", a_format},
        {"parenb", a_format},
        {"parodd", a_format},
        {"cstopb", a_format},
        {"stop", a_format},
        {"stopbits", a_format},
        {"bits", a_format},
        {"databits", a_format},
        {"format", a_format},
        {"raw", a_mode},
        {"telnet", a_mode},
        {"rfc2217", a_mode},
        {"flow", a_flow},
        {"crtscts", a_flow},
        {"hw", a_flow},
        {"sw", a_flow},
        {"ixon", a_flow},
        {"interface", "that is if=N"},
        {"timeout", "that is idle=SECONDS"},
        {"echo", "com2net never echoes, and the port is always raw"},
        {"local", "com2net always ignores CD"},
        {"readonly", "further clients that only read are observers"},
    };
    const size_t len = strcspn(item, "=");

    for (size_t i = 0; i < sizeof habits / sizeof *habits; i++)
        if (strlen(habits[i].word) == len && strncmp(item, habits[i].word, len) == 0)
            return habits[i].say;
    return NULL;
}

/* Whether it is socat's b115200. */
static bool is_b_speed(const char *item)
{
    return (item[0] == 'b' || item[0] == 'B') && item[1] &&
           !item[1 + strspn(item + 1, "0123456789")];
}

/* A speed or a format, which have no name in front. */
static int take_settings(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    struct port_options *s = ctx;

    if (line_parse_baud(value, &s->line.baud) == 0) {
        s->has_baud = true;
        return 0;
    }
    if (line_parse_format(value, &s->line) == 0) {
        s->has_format = true;
        return 0;
    }
    if (strncmp(value, "baud=", 5) == 0 || strncmp(value, "speed=", 6) == 0) {
        snprintf(error, CLI_ERROR_MAX, "a speed has no name: write %.100s", strchr(value, '=') + 1);
        return -EINVAL;
    }
    if (is_b_speed(value)) {
        snprintf(error, CLI_ERROR_MAX, "a speed is digits only: write %.100s", value + 1);
        return -EINVAL;
    }
    const char *habit = say_habit(value);
    if (habit) {
        snprintf(error, CLI_ERROR_MAX, "%s", habit);
        return -EINVAL;
    }
    snprintf(error, CLI_ERROR_MAX,
             value[0] >= '0' && value[0] <= '9'
                 ? "is no speed, such as 115200, and no format, such as 8n1"
                 : "is no option; there are a speed (115200), a format (8n1) and those of `com2net "
                   "help serial`");
    return -EINVAL;
}

/* "COM3", where the names of ports are paths. */
static bool is_of_windows(const char *selector)
{
    const size_t com = strspn(selector, "COMcom");
    const size_t digits = strspn(selector + com, "0123456789");

    return serial_ports_prefix()[0] == '/' && com == strlen("COM") && digits > 0 &&
           (!selector[com + digits] || strcmp(selector + com + digits, ":") == 0);
}

int port_options_parse(const char *selector, char *commas, struct port_options *o,
                       char error[static CLI_ERROR_MAX])
{
    static const char loop[] = "loop:";
    char why[CLI_ERROR_MAX];

    *o = (struct port_options){.selector = selector,
                               .name = selector,
                               .interface = -1,
                               .line = line_default,
                               .line_delay_ms = PLAYOUT_DELAY_MS};
    if (strcmp(selector, loop) == 0) {
        o->loop = true;
        o->name = "loop";
    } else if (!*selector) {
        snprintf(error, CLI_ERROR_MAX, "a SOURCE is empty");
        return -EINVAL;
    } else if (strcmp(selector, "loop") == 0) {
        snprintf(error, CLI_ERROR_MAX,
                 "the built-in port is loop: with a colon; a device of that name has its path, "
                 "such as /dev/loop");
        return -EINVAL;
    }
    if (evutil_ascii_strcasecmp(selector, loop) == 0 && !o->loop) {
        snprintf(error, CLI_ERROR_MAX, "%s: loop: is written in small letters", selector);
        return -EINVAL;
    }
    if (is_of_windows(selector)) {
        snprintf(error, CLI_ERROR_MAX,
                 "%s is a name of Windows's; here a port is such as /dev/ttyUSB0: `com2net list` "
                 "shows them, and a device of that name has its path, /dev/%s",
                 selector, selector);
        return -EINVAL;
    }
    if (commas && cli_parse_commas(port_options_table, take_settings, o, commas, why) < 0) {
        snprintf(error, CLI_ERROR_MAX, "%.100s: %.400s", selector, why);
        return -EINVAL;
    }
    if (o->no_touch_lines)
        o->hold = o->no_hupcl = true;
    if (o->takeover && o->observers) {
        snprintf(error, CLI_ERROR_MAX, "%s: takeover and observers exclude each other", selector);
        return -EINVAL;
    }
    return 0;
}

bool port_options_are_same(const struct port_options *a, const struct port_options *b)
{
    return !a->loop && !b->loop && serial_ports_are_same(a->selector, b->selector) &&
           a->interface == b->interface;
}

struct line_settings port_options_line(const struct port_options *o,
                                       const struct line_settings *found)
{
    struct line_settings line = *found;

    if (o->has_baud)
        line.baud = o->line.baud;
    if (o->has_format) {
        line.data_bits = o->line.data_bits;
        line.parity = o->line.parity;
        line.stop = o->line.stop;
    }
    if (o->has_flow) {
        line.flow_out = o->line.flow_out;
        line.flow_in = o->line.flow_in;
    }
    return line;
}

static unsigned with_level(unsigned lines, unsigned line, enum port_level level)
{
    if (level == PORT_LEVEL_KEEP)
        return lines;
    return level == PORT_LEVEL_ON ? lines | line : lines & ~line;
}

unsigned port_options_outputs(const struct port_options *o, unsigned found)
{
    return with_level(with_level(found & LINE_OUTPUTS, LINE_DTR, o->dtr), LINE_RTS, o->rts);
}
