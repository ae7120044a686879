#include "line_control.h"

#include "error_text.h"
#include "line_text.h"
#include "log_peer.h"
#include "node.h"
#include "port_options.h"

void line_control_init(struct line_control *c, const struct port_options *options,
                       struct node *node)
{
    *c = (struct line_control){.options = options, .node = node};
    c->current = c->idle = port_options_line(options, &line_default);
}

void line_control_begin(struct line_control *c, const struct line_settings *found, unsigned lines)
{
    c->current = c->idle = port_options_line(c->options, found);
    c->outputs = port_options_outputs(c->options, lines & LINE_OUTPUTS);
    c->inputs = lines & LINE_INPUTS;
    c->broken = false;
}

/* Tells the log what the driver does not do. */
static void tell_difference(const struct line_control *c, const struct call *call)
{
    const char *name = c->options->name;
    const int r = call->error;
    char text[LINE_TEXT_MAX];

    if (r == 0 && line_settings_equal(&call->want, &call->got))
        return;
    line_text(&call->want, text);
    log_peer_warn(name, "%s: the driver does not do %s%s%s", name, text, r < 0 ? ": " : "",
                  r < 0 ? error_text(-r) : "");
}

void line_control_note(struct line_control *c, const struct call *call)
{
    if (call->kind == CALL_CONFIGURE) {
        c->current = call->got;
        if (call->tells)
            tell_difference(c, call);
    }
    if (call->kind == CALL_LINES)
        c->inputs = call->lines & LINE_INPUTS;
    if (call->kind == CALL_SET_BREAK && call->error < 0)
        c->broken = !call->on;
}

/* Applies settings to a device that is there. Returns 0 or -errno. */
static int configure(struct line_control *c, const struct line_settings *want, bool tells)
{
    struct call call = {.kind = CALL_CONFIGURE, .want = *want, .got = c->current, .tells = tells};

    c->current = *want;
    if (node_call(c->node, &call))
        line_control_note(c, &call);
    return call.error;
}

/* The same for what no client asks for. */
static void apply(struct line_control *c, const struct line_settings *want)
{
    configure(c, want, true);
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
        line_control_set_break(c, true);
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
        return configure(c, want, false);
    c->current = *want;
    return 0;
}

unsigned line_control_lines(const struct line_control *c)
{
    struct call call = {.kind = CALL_LINES};

    if (node_ask(c->node) && node_call(c->node, &call))
        return call.lines;
    return c->outputs | (c->node->serial ? c->inputs : 0);
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
    struct call call = {.kind = CALL_SET_OUTPUTS, .mask = mask, .values = values};

    if (c->node->serial && mask)
        node_call(c->node, &call);
    if (call.error == 0)
        c->outputs = (c->outputs & ~mask) | (values & mask);
    return call.error;
}

int line_control_set_break(struct line_control *c, bool on)
{
    struct call call = {.kind = CALL_SET_BREAK, .on = on};

    if (c->node->serial)
        node_call(c->node, &call);
    if (call.error == 0)
        c->broken = on;
    return call.error;
}
