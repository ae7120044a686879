#include "node.h"

#include <errno.h>
#include <stdio.h>

#include "log.h"
#include "loop_port.h"
#include "port_options.h"
#include "serial_identity.h"
#include "serial_io.h"
#include "serial_list.h"

void node_init(struct node *n, struct event_base *base, const struct port_options *options,
               const struct serial_callbacks *callbacks, const struct search_callbacks *searching,
               void *ctx)
{
    *n = (struct node){.base = base, .options = options, .callbacks = callbacks, .ctx = ctx};
    n->is_searched = !options->loop && !serial_is_path(options->selector);
    if (n->is_searched)
        search_init(&n->search, base, options->selector, options->interface, searching, ctx);
}

void node_free(struct node *n)
{
    node_close(n);
    if (n->is_searched)
        search_free(&n->search);
    serial_identity_free(n->identity);
    n->identity = NULL;
}

/* Notes the device that is under the path now. */
static void identify(struct node *n, const char *path)
{
    serial_identity_free(n->identity);
    n->identity = serial_identity_new(path);
    snprintf(n->path, sizeof n->path, "%s", path);
    n->has_info = false;
}

int node_check(struct node *n, char error[static SERIAL_ERROR_MAX])
{
    const struct port_options *o = n->options;
    char path[SERIAL_PATH_MAX];

    if (o->loop)
        return 0;
    int r = serial_find(o->selector, o->interface, path, error);
    if (r == 0)
        r = serial_io_check(path, error);
    if (r == 0)
        identify(n, path);
    if (r == 0 || !o->hotplug || r == -ENOTTY || r == -EEXIST)
        return r;
    /* it, or its rights, may come later; but a file of another kind never becomes a port */
    log_info("%s; waiting for it", error);
    return 0;
}

bool node_search(struct node *n)
{
    if (node_is_found(n))
        return false;
    search_begin(&n->search);
    return true;
}

bool node_is_found(const struct node *n)
{
    return !n->is_searched || n->search.state == SEARCH_OVER;
}

void node_forget(struct node *n)
{
    search_stop(&n->search);
}

void node_accept_any(struct node *n)
{
    n->strict = n->told_other = false;
}

/* Whether the device under the name may be opened. Those who have the port already may open only
 * the same device, a new client any. Nobody may open another program's pseudo-terminal. */
static int check_identity(struct node *n, const char *path, bool again,
                          char error[static SERIAL_ERROR_MAX])
{
    if (!n->identity)
        return 0;
    enum serial_match match = serial_identity_match(n->identity, path, error);
    if (match == SERIAL_SAME || (match == SERIAL_OTHER && !n->strict))
        return 0;
    if (again && !n->told_other)
        log_warn("%s", error);
    n->told_other = true;
    return -ENODEV;
}

static int open_loop(struct node *n, struct line_settings *found,
                     char error[static SERIAL_ERROR_MAX])
{
    n->serial = loop_port_open(n->base, n->options->paced, n->callbacks, n->ctx, found);
    snprintf(error, SERIAL_ERROR_MAX, "out of memory");
    return n->serial ? 0 : -ENOMEM;
}

/* Returns 0, or -errno with the reason in `error`. */
static int find_path(const struct node *n, char path[static SERIAL_PATH_MAX],
                     char error[static SERIAL_ERROR_MAX])
{
    if (n->search.state != SEARCH_OVER)
        return serial_find(n->options->selector, n->options->interface, path, error);
    snprintf(path, SERIAL_PATH_MAX, "%s", n->search.info.path);
    snprintf(error, SERIAL_ERROR_MAX, "%s", n->search.text);
    return n->search.error;
}

static int open_real(struct node *n, bool again, struct line_settings *found,
                     char error[static SERIAL_ERROR_MAX])
{
    const struct port_options *o = n->options;
    const struct serial_options how = {.low_latency = !o->no_low_latency, .hupcl = !o->no_hupcl};
    char path[SERIAL_PATH_MAX];
    int r = find_path(n, path, error);

    if (r == 0)
        r = check_identity(n, path, again, error);
    if (r < 0)
        return r;
    n->serial = serial_io_open(n->base, path, &how, n->callbacks, n->ctx, found, &r, error);
    if (!n->serial)
        return r;
    identify(n, path);
    n->has_info = n->search.state == SEARCH_OVER;
    if (n->has_info)
        n->info = n->search.info;
    return r;
}

int node_open(struct node *n, bool again, struct line_settings *found,
              char error[static SERIAL_ERROR_MAX])
{
    const int r = n->options->loop ? open_loop(n, found, error) : open_real(n, again, found, error);

    snprintf(n->trouble, sizeof n->trouble, "%s", r < 0 ? error : "");
    if (r == 0)
        n->told_other = n->reading = false;
    return r;
}

void node_read(struct node *n, bool on)
{
    if (!n->serial || on == n->reading)
        return;
    n->reading = on;
    serial_read(n->serial, on);
}

const struct serial_info *node_info(struct node *n)
{
    if (n->has_info)
        return &n->info;
    n->has_info = true;
    if (!n->path[0] || serial_ports_describe(n->path, &n->info) < 0)
        n->info = (struct serial_info){.vid = -1, .pid = -1, .interface = -1};
    return &n->info;
}

void node_close(struct node *n)
{
    serial_close(n->serial);
    n->serial = NULL;
}

void node_lose(struct node *n)
{
    node_close(n);
    n->strict = true;
    snprintf(n->trouble, sizeof n->trouble, "%s: the device is unplugged", n->options->name);
}
