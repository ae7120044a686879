#include "tty_cdi.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "addr.h"
#include "cdi_spec.h"
#include "link_options.h"
#include "proto/address.h"
#include "log.h"
#include "program_file.h"
#include "supervise.h"
#include "tty_hook.h"

enum { PORTS_MAX = 64, PREFIX_MAX = 60, LINK_MAX = 400 };

static const char kind[] = "com2net.dev/tty";
static const char program_there[] = "/opt/com2net/bin/net2pty";
static const char library_there[] = "/opt/com2net/lib/net2pty/" SUPERVISE_PRELOAD_NAME;

struct port {
    char name[CDI_SPEC_NAME_MAX];
    char link[CLI_ERROR_MAX]; /* the name with its options, as the hook takes it */
    const char *server;
};

struct cdi {
    const struct tty_cdi_options *o;
    struct port ports[PORTS_MAX];
    int count;
    char program[PATH_MAX], library[PATH_MAX];
};

/* --- the command line ------------------------------------------------------------------------- */

/* A name that nobody has given: of the server's port. */
static void name_by_port(const char *server, char name[static CDI_SPEC_NAME_MAX])
{
    const char *colon = strrchr(server, ':');

    snprintf(name, CDI_SPEC_NAME_MAX, "tty%.10s", colon ? colon + 1 : server);
}

static int check_name(const struct cdi *c, const struct port *p)
{
    if (!cdi_spec_name_is_valid(p->name) || strcmp(p->name, "all") == 0)
        return cli_usage_error("%s: container engines take letters, digits and _-.: in a NAME, "
                               "a letter or a digit at both ends, and `all` is for all",
                               p->name);
    if (strlen(p->name) > TTY_HOOK_NAME_MAX)
        return cli_usage_error("%s: a NAME has up to %d characters", p->name, TTY_HOOK_NAME_MAX);
    for (int i = 0; i < c->count; i++)
        if (strcmp(c->ports[i].name, p->name) == 0)
            return cli_usage_error("%s is the NAME of two; give each its own: uno=HOST:PORT",
                                   p->name);
    return CLI_EXIT_OK;
}

/* Reads [NAME=]HOST:PORT[,OPTION]..., which is cut into pieces. */
static int take_port(struct cdi *c, char *word)
{
    struct pty_session_options defaults = {.port.mode = -1}, link;
    struct port *p = &c->ports[c->count];
    char error[CLI_ERROR_MAX], name[CDI_SPEC_NAME_MAX], text[CLI_ERROR_MAX];
    char *comma = strchr(word, ','), *equals = strchr(word, '=');
    const char *options = comma ? comma + 1 : "";

    if (comma)
        *comma = '\0';
    p->server = word;
    if (equals && (!comma || equals < comma)) {
        *equals = '\0';
        p->server = equals + 1;
        snprintf(name, sizeof name, "%.100s", word);
    } else {
        name_by_port(word, name);
    }
    memcpy(p->name, name, sizeof name);
    int status = check_name(c, p);
    if (status != CLI_EXIT_OK)
        return status;
    if (snprintf(p->link, sizeof p->link, "%s%s%s", name, *options ? "," : "", options) >= LINK_MAX)
        return cli_usage_error("%s: its options are too long", name);
    snprintf(text, sizeof text, TTY_HOOK_FOLDER "/%.400s", p->link);
    if (link_options_parse(text, p->server, &defaults, &link, error) < 0)
        return cli_usage_error("%s", error);
    c->count++;
    return CLI_EXIT_OK;
}

static int take_ports(struct cdi *c, const struct cli_arguments *a)
{
    char name[CDI_SPEC_NAME_MAX];

    if (a->count == 0)
        return cli_usage_error("cdi takes servers: net2pty cdi [NAME=]HOST:PORT...");
    if (a->count > PORTS_MAX)
        return cli_usage_error("more than %d ports", PORTS_MAX);
    snprintf(name, sizeof name, "%.100sall", c->o->prefix ? c->o->prefix : "");
    if (!cdi_spec_name_is_valid(name) || strlen(name) > PREFIX_MAX + 3)
        return cli_usage_error("--prefix %s: container engines take letters, digits and _-.: in "
                               "names, which begin with a letter or a digit; and up to 60 of them",
                               c->o->prefix);
    for (int i = 0; i < a->count; i++) {
        const int status = take_port(c, a->words[i]);

        if (status != CLI_EXIT_OK)
            return status;
    }
    return CLI_EXIT_OK;
}

/* --- the file --------------------------------------------------------------------------------- */

/* This program and its library, which have to run where nothing else of this machine is. */
static bool find_programs(struct cdi *c)
{
    char found[SUPERVISE_PATH_MAX];

    if (program_file_find(c->program, sizeof c->program) < 0) {
        log_error("cannot find out where this program is: /proc is needed");
        return false;
    }
    if (!program_file_is_static(c->program)) {
        log_error("%s is a dynamic program, which an image may have no libraries for: use the "
                  "static one (cmake --preset static, or the tarball)",
                  c->program);
        return false;
    }
    if (supervise_find_preload(found) < 0 || !realpath(found, c->library)) {
        log_error("%s is not there: without it programs have no modem lines; copy lib/net2pty "
                  "there, too",
                  found);
        return false;
    }
    return true;
}

static void add_hook(const struct cdi *c, struct cdi_spec *s, const struct port *p)
{
    const char *arguments[] = {"net2pty", "hook", "--wait", c->o->wait, p->link, p->server, NULL};

    if (!c->o->wait) { /* without the two words of it */
        arguments[2] = p->link;
        arguments[3] = p->server;
        arguments[4] = NULL;
    }
    cdi_spec_add_hook(s, "startContainer", program_there, arguments);
}

/* A device of one port, or of all. */
static void add_device(const struct cdi *c, struct cdi_spec *s, const char *name, int first,
                       int count)
{
    char whole[CDI_SPEC_NAME_MAX + PREFIX_MAX];

    snprintf(whole, sizeof whole, "%.60s%.100s", c->o->prefix ? c->o->prefix : "", name);
    cdi_spec_begin_device(s, whole);
    cdi_spec_add_variable(s, SUPERVISE_LINKS, TTY_HOOK_FOLDER);
    cdi_spec_add_variable(s, "LD_PRELOAD", library_there);
    cdi_spec_add_variable(s, "ASAN_OPTIONS", "verify_asan_link_order=0");
    cdi_spec_add_mount(s, c->program, program_there);
    cdi_spec_add_mount(s, c->library, library_there);
    cdi_spec_add_tmpfs(s, TTY_HOOK_FOLDER);
    for (int i = first; i < first + count; i++)
        add_hook(c, s, &c->ports[i]);
    cdi_spec_end_device(s);
}

static int make(const struct cdi *c, char **text)
{
    struct cdi_spec s;

    cdi_spec_begin(&s, kind);
    for (int i = 0; i < c->count; i++)
        add_device(c, &s, c->ports[i].name, i, 1);
    add_device(c, &s, "all", 0, c->count);
    const int r = cdi_spec_end(&s);
    *text = s.text;
    return r;
}

static void warn_of_loopback(const struct cdi *c)
{
    char why[ADDRESS_WHY_MAX];
    struct addr addr;
    bool raw;

    for (int i = 0; i < c->count; i++)
        if (addr_parse_connect(c->ports[i].server, &addr, &raw, why) == 0 &&
            address_is_loopback(addr.host))
            log_warn("in a container, unless it has this machine's network, %s is the container: "
                     "give the address by which it reaches this machine",
                     addr.host);
}

int tty_cdi_run(const struct tty_cdi_options *o, const struct cli_arguments *a)
{
    static struct cdi c;
    char error[CDI_SPEC_ERROR_MAX], *text;

    c = (struct cdi){.o = o};
    int status = take_ports(&c, a);
    if (status != CLI_EXIT_OK)
        return status;
    if (!find_programs(&c))
        return CLI_EXIT_FAILED;
    warn_of_loopback(&c);
    if (make(&c, &text) < 0) {
        log_error("out of memory");
        return CLI_EXIT_FAILED;
    }
    if (!o->output)
        fputs(text, stdout);
    else if (cdi_spec_write(o->output, text, error) < 0) {
        log_error("%s", error);
        status = CLI_EXIT_FAILED;
    }
    free(text);
    return status;
}
