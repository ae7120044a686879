/* net2usb cdi: a file by which container engines give a server's devices to unchanged images. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cdi_spec.h"
#include "cli.h"
#include "log.h"
#include "net2usb.h"
#include "proto/address.h"
#include "usb_env.h"
#include "usb_server.h"
#include "usb_wait.h"

enum { LOOK_MS = 2000, PREFIX_MAX = 60, VARIABLE_MAX = 512, ENDING_MAX = 32 };
enum { VALUE_MAX = USB_SERVER_NAME_MAX + USBIP_BUSID_SIZE + 128 };

/* what the names of devices for musl images end in */
#define MUSL "-musl"

static const char kind[] = "com2net.dev/usb";
static const char in_container[] = "/opt/com2net/lib/net2usb";

struct cdi {
    const struct net2usb_options *o;
    struct usb_server server;
    char **selectors;
    int count;
    char folder[PATH_MAX]; /* of the libraries, here */
    bool has[2];           /* those for glibc, and for musl */
    char *written;         /* what the file has; NULL: nothing yet */
};

static const char *prefix(const struct cdi *c)
{
    return c->o->prefix ? c->o->prefix : "";
}

/* The name of a variable has letters, digits and "_": another character is its number. */
static void name_variable(char variable[static VARIABLE_MAX], const char *device, int i)
{
    int len = snprintf(variable, VARIABLE_MAX, "NET2USB_BOARD_");

    for (; *device && len < VARIABLE_MAX - ENDING_MAX; device++)
        len += snprintf(variable + len, (size_t)(VARIABLE_MAX - len),
                        strchr("_-.:", *device) ? "_%02X" : "%c", *device);
    if (i > 0)
        snprintf(variable + len, (size_t)(VARIABLE_MAX - len), "_%d", i + 1);
}

static void add_variables(const struct cdi *c, struct cdi_spec *s, bool musl)
{
    static struct usb_env e;
    char seen[sizeof in_container + 8], here[PATH_MAX + 8];

    snprintf(seen, sizeof seen, "%s%s", in_container, musl ? "/musl" : "");
    snprintf(here, sizeof here, "%s%s", c->folder, musl ? "/musl" : "");
    usb_env_make_elsewhere(&e, here, seen, c->o);
    if (musl) /* what is preloaded by its path is not what a program needs by its name, there */
        cdi_spec_add_variable(s, "LD_LIBRARY_PATH", seen);
    for (size_t i = 0; i < e.count; i++)
        if (e.variables[i].value[0])
            cdi_spec_add_variable(s, e.variables[i].name, e.variables[i].value);
}

/* A device, of one or several SELECTORs; for each of the C libraries. */
static void add_device(const struct cdi *c, struct cdi_spec *s, const char *name,
                       const char *const *selectors, int count)
{
    static const char *const endings[] = {"", MUSL};
    char whole[CDI_SPEC_NAME_MAX + 64], variable[VARIABLE_MAX], value[VALUE_MAX];

    for (int musl = 0; musl < 2; musl++) {
        if (!c->has[musl])
            continue;
        snprintf(whole, sizeof whole, "%.60s%.80s%s", prefix(c), name, endings[musl]);
        cdi_spec_begin_device(s, whole);
        for (int i = 0; i < count; i++) {
            snprintf(whole, sizeof whole, "%.60s%.80s", prefix(c), name);
            name_variable(variable, whole, i);
            snprintf(value, sizeof value, "%s%s%s", c->server.name, selectors[i][0] ? " " : "",
                     selectors[i]);
            cdi_spec_add_variable(s, variable, value);
        }
        add_variables(c, s, musl);
        cdi_spec_add_mount(s, c->folder, in_container);
        cdi_spec_end_device(s);
    }
}

static bool ends_with(const char *text, const char *end)
{
    const size_t len = strlen(text), end_len = strlen(end);

    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* Whether it can be that of a device. Engines take nothing from a file with a name twice. */
static bool is_name(const char *name)
{
    return cdi_spec_name_is_valid(name) && strcmp(name, "all") != 0 && !ends_with(name, MUSL);
}

/* The name that a board has for engines: its own, or, where that is none for them, its BUSID. NULL:
 * that is none, either. */
static const char *name_of(const struct usbip_found *f)
{
    if (is_name(f->entry.name))
        return f->entry.name;
    return is_name(f->device.busid) ? f->device.busid : NULL;
}

static bool is_wanted(struct cdi *c, const struct usbip_found *f)
{
    for (int i = 0; i < c->count; i++)
        if (usb_selector_matches(&c->server, f, c->selectors[i]))
            return true;
    return c->count == 0;
}

/* Whether a board before this one has the same name, as com2net's of one name may come and go. */
static bool is_there(struct cdi *c, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        const char *before = name_of(&c->server.list[i]);

        if (before && is_wanted(c, &c->server.list[i]) && strcmp(before, name) == 0)
            return true;
    }
    return false;
}

/* Returns 0 with the text, the caller's to free, or -ENOMEM. */
static int make(struct cdi *c, char **text)
{
    static const char *const everything[] = {""};
    const char *const *all = c->count ? (const char *const *)c->selectors : everything;
    struct cdi_spec s;

    cdi_spec_begin(&s, kind);
    for (size_t i = 0; i < c->server.count; i++) {
        const struct usbip_found *f = &c->server.list[i];
        const char *const selector[] = {f->entry.name[0] ? f->entry.name : f->device.busid};
        const char *name = is_wanted(c, f) ? name_of(f) : NULL;

        if (name && !is_there(c, i, name))
            add_device(c, &s, name, selector, 1);
    }
    add_device(c, &s, "all", all, c->count ? c->count : 1);
    const int r = cdi_spec_end(&s);
    *text = s.text;
    return r;
}

static void tell_names(struct cdi *c)
{
    for (size_t i = 0; i < c->server.count; i++) {
        const struct usbip_found *f = &c->server.list[i];

        const char *name = name_of(f);

        if (!is_wanted(c, f) || name == f->entry.name || (name && !f->entry.name[0]))
            continue;
        if (name)
            log_warn("\"%s\" is no name for a container engine: the device is %s=%s%s",
                     f->entry.name, kind, prefix(c), name);
        else
            log_warn("the server's \"%s\" has no name for a container engine: it is left out",
                     f->device.busid);
    }
}

/* Writes the file, if there is anything new. Returns an exit status. */
static int write_file(struct cdi *c)
{
    char error[CDI_SPEC_ERROR_MAX], *text;

    if (make(c, &text) < 0) {
        log_error("out of memory");
        return CLI_EXIT_FAILED;
    }
    if (c->written && strcmp(c->written, text) == 0) {
        free(text);
        return CLI_EXIT_OK;
    }
    if (cdi_spec_write(c->o->output, text, error) < 0) {
        log_error("%s", error);
        free(text);
        return CLI_EXIT_FAILED;
    }
    if (c->o->watch)
        log_info("%s: %s %zu device%s of %s", c->o->output, c->written ? "has now" : "has",
                 c->server.count, c->server.count == 1 ? "" : "s", c->server.name);
    tell_names(c);
    free(c->written);
    c->written = text;
    return CLI_EXIT_OK;
}

/* Rewrites the file until a signal comes. A server that does not answer may be away for a moment:
 * the file stays as it is, and containers wait or say so. */
static int watch(struct cdi *c)
{
    const struct timespec pause = {.tv_sec = LOOK_MS / 1000};
    char error[USB_SERVER_ERROR_MAX];
    bool was_there = true;
    sigset_t ends;

    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGHUP);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    while (sigtimedwait(&ends, NULL, &pause) < 0) {
        const bool is_there_now = usb_server_list(&c->server, error) == 0;

        if (is_there_now && write_file(c) != CLI_EXIT_OK)
            log_warn("%s stays as it was", c->o->output);
        else if (!is_there_now && was_there)
            log_warn("%s; %s stays as it is meanwhile", error, c->o->output);
        was_there = is_there_now;
    }
    unlink(c->o->output);
    return CLI_EXIT_OK;
}

static int check(const struct net2usb_options *o, const struct cli_arguments *a)
{
    if (a->count < 1)
        return cli_usage_error("cdi takes a server: net2usb cdi HOST[:PORT] [SELECTOR...]");
    for (int i = 1; i < a->count; i++)
        if (!usb_selector_is_valid(a->words[i]))
            return cli_usage_error("%s selects nothing: it is a BUSID, a name, VID:PID or "
                                   "VID:PID:SERIAL",
                                   a->words[i]);
    char name[CDI_SPEC_NAME_MAX];
    snprintf(name, sizeof name, "%.100sall", o->prefix ? o->prefix : "");
    if (!cdi_spec_name_is_valid(name) || strlen(name) > PREFIX_MAX + 3)
        return cli_usage_error("--prefix %s: container engines take letters, digits and _-.: in "
                               "names, which begin with a letter or a digit; and up to 60 of them",
                               o->prefix);
    if (o->watch && !o->output)
        return cli_usage_error("--watch keeps a file true: name it, as in --watch --output "
                               "/etc/cdi/com2net-usb.json");
    return CLI_EXIT_OK;
}

/* Those for either C library. */
static bool find_libraries(struct cdi *c)
{
    if (usb_env_folder(c->folder) < 0) {
        log_error("%s", usb_env_absence(c->folder));
        return false;
    }
    for (int musl = 0; musl < 2; musl++)
        c->has[musl] = usb_env_has(c->folder, musl);
    return true;
}

int usb_cdi(void *ctx, const struct cli_arguments *a)
{
    const struct net2usb_options *o = ctx;
    static struct cdi c;
    char error[USB_SERVER_ERROR_MAX], *text;
    int status = check(o, a);

    if (status != CLI_EXIT_OK)
        return status;
    c = (struct cdi){.o = o, .selectors = a->words + 1, .count = a->count - 1};
    if (usb_server_init(&c.server, a->words[0], error) < 0)
        return cli_usage_error("%s", error);
    if (!find_libraries(&c))
        return CLI_EXIT_FAILED;
    if (address_is_loopback(c.server.address.host))
        log_warn("in a container, unless it has this machine's network, %s is the container: give "
                 "the address by which it reaches this machine",
                 c.server.address.host);
    if (usb_wait(&c.server, &(struct usb_want){.devices = false}, o->wait_ms, error) < 0) {
        log_error("%s", error);
        return o->wait_ms > 0 ? NET2USB_EXIT_NOT_REACHED : CLI_EXIT_FAILED;
    }
    if (o->output) {
        status = write_file(&c);
    } else if (make(&c, &text) == 0) {
        tell_names(&c);
        fputs(text, stdout);
        free(text);
    } else {
        status = CLI_EXIT_FAILED;
    }
    if (status == CLI_EXIT_OK && o->watch)
        status = watch(&c);
    free(c.written);
    usb_server_free(&c.server);
    return status;
}
