#include "node.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "log.h"
#include "loop_port.h"
#include "port_options.h"
#include "serial_identity.h"
#include "serial_io.h"
#include "serial_list.h"
#include "worker.h"

static void on_searched(void *ctx)
{
    struct node *n = ctx;

    n->prepares->prepared(n->ctx);
}

static void on_arrived(void *ctx)
{
    struct node *n = ctx;

    n->prepares->arrived(n->ctx);
}

static void on_made(void *ctx, const struct call *call)
{
    struct node *n = ctx;

    n->prepares->made(n->ctx, call);
}

static void on_calls_over(void *ctx)
{
    struct node *n = ctx;

    if (n->serial)
        n->prepares->free(n->ctx);
    if (!n->calls.is_busy)
        n->prepares->prepared(n->ctx);
}

void node_init(struct node *n, struct event_base *base, const struct port_options *options,
               const struct serial_callbacks *callbacks, const struct node_callbacks *prepares,
               void *ctx)
{
    static const struct search_callbacks searching = {.over = on_searched, .arrived = on_arrived};
    static const struct calls_callbacks calling = {.made = on_made, .over = on_calls_over};

    *n = (struct node){
        .base = base, .options = options, .callbacks = callbacks, .prepares = prepares, .ctx = ctx};
    calls_init(&n->calls, base, options->name, &calling, n);
    n->is_searched = !options->loop && !serial_is_path(options->selector);
    if (n->is_searched)
        search_init(&n->search, base, options->selector, options->interface, &searching, n);
}

void node_free(struct node *n)
{
    node_close(n);
    calls_free(&n->calls);
    serial_io_discard(&n->opening);
    worker_free(n->opener);
    n->opener = NULL;
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

/* The same for one that may be opened, filled in. */
static int find(struct node *n, bool again, struct serial_opening *o,
                char error[static SERIAL_ERROR_MAX])
{
    const struct port_options *options = n->options;

    *o = (struct serial_opening){
        .options = {.low_latency = !options->no_low_latency, .hupcl = !options->no_hupcl}};
    const int r = find_path(n, o->path, error);
    return r < 0 ? r : check_identity(n, o->path, again, error);
}

/* --- preparing -------------------------------------------------------------------------------- */

/* What the worker is given: to open one, or to close one that nobody wants. */
struct attempt {
    struct serial_opening opening;
    bool closes;
};

static void run_attempt(void *job)
{
    struct attempt *a = job;

    if (a->closes)
        serial_io_discard(&a->opening);
    else
        serial_io_open(&a->opening);
}

static void drop_attempt(void *job)
{
    struct attempt *a = job;

    serial_io_discard(&a->opening);
    free(a);
}

static void on_attempted(void *ctx, void *job)
{
    struct node *n = ctx;
    struct attempt *a = job;

    n->opening = a->opening;
    n->state = a->closes ? NODE_IS_NOT_OPENED : NODE_IS_OPENED;
    free(a);
    if (!n->awaits)
        n->prepares->prepared(n->ctx);
}

static const struct worker_work opening_work = {
    .run = run_attempt,
    .done = on_attempted,
    .drop = drop_attempt,
};

/* Has the worker make an attempt, and waits a little. Returns false where there is none; then it is
 * the caller's. */
static bool begin_attempt(struct node *n, struct attempt *a)
{
    if (!n->opener)
        n->opener = worker_new(n->base, &opening_work, n);
    if (!n->opener || worker_start(n->opener, a) < 0)
        return false;
    n->state = a->closes ? NODE_IS_BEING_CLOSED : NODE_IS_BEING_OPENED;
    n->awaits = true;
    worker_wait(n->opener, CALLS_PATIENCE_MS);
    n->awaits = false;
    return true;
}

/* Where there is nothing to open, or no worker, node_open will see. */
static void begin_opening(struct node *n, bool again)
{
    struct attempt *a = calloc(1, sizeof *a);
    char error[SERIAL_ERROR_MAX];

    if (!a || find(n, again, &a->opening, error) < 0 || !begin_attempt(n, a))
        free(a);
}

/* Closes what was opened for nobody. */
static void begin_closing(struct node *n)
{
    struct attempt *a = calloc(1, sizeof *a);

    if (a)
        *a = (struct attempt){.opening = n->opening, .closes = true};
    if (a && begin_attempt(n, a)) {
        n->opening.file = NULL;
        return;
    }
    free(a);
    serial_io_discard(&n->opening);
    n->state = NODE_IS_NOT_OPENED;
}

static bool worker_has_it(const struct node *n)
{
    return n->state == NODE_IS_BEING_OPENED || n->state == NODE_IS_BEING_CLOSED;
}

bool node_prepare(struct node *n, bool again)
{
    if (n->options->loop || n->given_up)
        return false;
    if (n->calls.is_busy)
        return true;
    if (!node_has_path(n)) {
        search_begin(&n->search);
        return true;
    }
    if (n->state == NODE_IS_NOT_OPENED)
        begin_opening(n, again);
    return worker_has_it(n);
}

bool node_is_being_prepared(const struct node *n)
{
    return !n->given_up &&
           (n->calls.is_busy || search_is_under_way(&n->search) || worker_has_it(n));
}

bool node_has_path(const struct node *n)
{
    return !n->is_searched || n->search.state == SEARCH_OVER;
}

void node_give_up(struct node *n)
{
    if (search_is_under_way(&n->search))
        search_give_up(&n->search);
    n->given_up = true;
}

void node_forget(struct node *n)
{
    search_stop(&n->search);
    n->given_up = false;
    if (n->state == NODE_IS_OPENED && n->opening.file)
        begin_closing(n);
    else if (n->state == NODE_IS_OPENED)
        n->state = NODE_IS_NOT_OPENED;
}

/* --- opening ---------------------------------------------------------------------------------- */

static int open_loop(struct node *n, struct line_settings *found, unsigned *lines,
                     char error[static SERIAL_ERROR_MAX])
{
    n->serial = loop_port_open(n->base, n->options->paced, n->callbacks, n->ctx, found);
    *lines = n->serial ? serial_lines(n->serial) : 0;
    snprintf(error, SERIAL_ERROR_MAX, "out of memory");
    return n->serial ? 0 : -ENOMEM;
}

/* Takes what was opened already, or opens it now. Returns 0, or -errno with the reason in `error`.
 */
static int open_file(struct node *n, bool again, struct serial_opening *o,
                     char error[static SERIAL_ERROR_MAX])
{
    if (n->calls.is_busy || worker_has_it(n)) {
        snprintf(error, SERIAL_ERROR_MAX, "%.200s: the system takes too long to %s it",
                 n->options->name, n->state == NODE_IS_BEING_OPENED ? "open" : "close");
        return -ETIMEDOUT;
    }
    const int r = find(n, again, o, error);
    if (r < 0)
        return r;
    if (n->state == NODE_IS_OPENED) {
        *o = n->opening;
        n->opening.file = NULL;
        n->state = NODE_IS_NOT_OPENED; /* anew when it is opened again, also before node_forget */
    } else {
        serial_io_open(o);
    }
    if (o->error < 0)
        snprintf(error, SERIAL_ERROR_MAX, "%s", o->text);
    return o->error;
}

static int open_real(struct node *n, bool again, struct line_settings *found, unsigned *lines,
                     char error[static SERIAL_ERROR_MAX])
{
    struct serial_opening o;
    const int r = open_file(n, again, &o, error);

    if (r < 0)
        return r;
    n->serial = serial_io_begin(&o, n->base, n->callbacks, n->ctx);
    if (!n->serial) {
        snprintf(error, SERIAL_ERROR_MAX, "%s", o.text);
        return o.error;
    }
    *found = o.settings;
    *lines = o.lines;
    identify(n, o.path);
    n->has_info = n->search.state == SEARCH_OVER;
    if (n->has_info)
        n->info = n->search.info;
    return 0;
}

int node_open(struct node *n, bool again, struct line_settings *found, unsigned *lines,
              char error[static SERIAL_ERROR_MAX])
{
    const int r = n->options->loop ? open_loop(n, found, lines, error)
                                   : open_real(n, again, found, lines, error);

    snprintf(n->trouble, sizeof n->trouble, "%s", r < 0 ? error : "");
    if (r == 0) {
        n->told_other = n->reading = false;
        calls_begin(&n->calls, n->serial);
    }
    return r;
}

bool node_is_busy(const struct node *n)
{
    return n->calls.is_busy;
}

struct serial *node_ask(const struct node *n)
{
    return node_is_busy(n) ? NULL : n->serial;
}

bool node_call(struct node *n, struct call *call)
{
    return calls_make(&n->calls, call);
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

/* Whether the device that was seen last is there still, as far as can be told without a list of all
 * ports, for which the loop has no time while another port works. */
static bool is_there_still(const struct node *n)
{
    char error[SERIAL_ERROR_MAX];

    if (n->serial || !n->is_searched)
        return true;
    return n->identity && serial_io_check(n->path, error) == 0 &&
           serial_identity_match(n->identity, n->path, error) == SERIAL_SAME;
}

void node_path(const struct node *n, char path[static SERIAL_PATH_MAX])
{
    const struct port_options *o = n->options;
    char found[SERIAL_PATH_MAX], error[SERIAL_ERROR_MAX];

    path[0] = '\0';
    if (o->loop)
        return;
    if (n->path[0] && is_there_still(n))
        serial_ports_resolve(n->path, path);
    else if (!n->is_searched && serial_find(o->selector, o->interface, found, error) == 0)
        serial_ports_resolve(found, path);
}

void node_close(struct node *n)
{
    if (n->serial)
        calls_close(&n->calls);
    n->serial = NULL;
}

void node_lose(struct node *n)
{
    node_close(n);
    n->strict = true;
    snprintf(n->trouble, sizeof n->trouble, "%s: the device is unplugged", n->options->name);
}
