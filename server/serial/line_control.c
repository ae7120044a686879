#include "line_control.h"

#include "error_text.h"
#include "line_text.h"
#include "log_peer.h"
#include "node.h"
#include "port_options.h"

void line_control_init(struct line_control *c, const struct port_options *options,
                       const struct node *node)
{
    *c = (struct line_control){.options = options, .node = node};
    c->current = c->idle = port_options_line(options, &line_default);
}

void line_control_begin(struct line_control *c, const struct line_settings *found, unsigned outputs)
{
    c->current = c->idle = port_options_line(c->options, found);
    c->outputs = port_options_outputs(c->options, outputs);
    c->broken = false;
}

/* Applies settings to a device that is there, and tells the log what it does not do. */
static void apply(struct line_control *c, const struct line_settings *want)
{
    const char *name = c->options->name;
    char text[LINE_TEXT_MAX];
    int r = serial_configure(c->node->serial, want, &c->current);

    if (r < 0 || !line_settings_equal(want, &c->current)) {
        line_text(want, text);
        log_peer_warn(name, "%s: the driver does not do %s%s%s", name, text, r < 0 ? ": " : "",
                      r < 0 ? error_text(-r) : "");
    }
}

/* The outputs that an open has to set. A device that returns gets all it had. With no_touch_lines
 * the others stay as the system has opened them. */
static unsigned outputs_to_set(const struct port_options *o, bool again)
{
    if (again || !o->no_touch_lines)
        return LINE_OUTPUTS;
    return (o->dtr != PORT_LEVEL_KEEP ? (unsigned)LINE_DTR : 0) |
           (o->rts != PORT_LEVEL_KEEP ? (unsigned)LINE_RTS : 0);
}

void line_control_restore(struct line_control *c, bool again)
{
    const struct line_settings want = c->current;

    line_control_set_outputs(c, outputs_to_set(c->options, again), c->outputs);
    apply(c, &want);
    if (c->broken)
        serial_set_break(c->node->serial, true);
}

void line_control_put_back(struct line_control *c)
{
    const unsigned down = c->options->no_hupcl ? 0 : (unsigned)LINE_OUTPUTS;

    if (c->broken)
        line_control_set_break(c, false);
    /* under the settings of the client that has gone, as at a program's close */
    line_control_set_outputs(c, down, 0);
    if (c->node->serial)
        apply(c, &c->idle);
    else
        c->current = c->idle;
}

void line_control_raise(struct line_control *c)
{
    if (!c->options->no_hupcl)
        line_control_set_outputs(c, LINE_OUTPUTS, port_options_outputs(c->options, LINE_OUTPUTS));
}

int line_control_configure(struct line_control *c, const struct line_settings *want)
{
    if (c->node->serial)
        return serial_configure(c->node->serial, want, &c->current);
    c->current = *want;
    return 0;
}

unsigned line_control_lines(const struct line_control *c)
{
    return c->node->serial ? serial_lines(c->node->serial) : c->outputs;
}

unsigned line_control_idle_lines(const struct line_control *c)
{
    const unsigned lines = line_control_lines(c);

    if (c->options->no_hupcl)
        return lines;
    return (lines & LINE_INPUTS) | port_options_outputs(c->options, LINE_OUTPUTS);
}

int line_control_set_outputs(struct line_control *c, unsigned mask, unsigned values)
{
    struct serial *serial = c->node->serial;
    const int r = serial && mask ? serial_set_outputs(serial, mask, values) : 0;

    if (r == 0)
        c->outputs = (c->outputs & ~mask) | (values & mask);
    return r;
}

int line_control_set_break(struct line_control *c, bool on)
{
    struct serial *serial = c->node->serial;
    const int r = serial ? serial_set_break(serial, on) : 0;

    if (r == 0)
        c->broken = on;
    return r;
}
