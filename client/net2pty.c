/*
 * net2pty: links serial ports that servers publish to local names. Command line, start and end; the
 * work in between is pty_session.c's.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calls.h"
#include "cli.h"
#include "control.h"
#include "error_text.h"
#include "exec.h"
#include "link_options.h"
#include "local_socket.h"
#include "log.h"
#include "log_peer.h"
#include "loop.h"
#include "net2pty_hints.h"
#include "pty_session.h"
#include "requests.h"
#include "startup.h"
#include "supervise.h"
#include "tty_cdi.h"
#include "tty_hook.h"
#include "timer.h"
#include "visitor.h"
#include "waiting_line.h"

enum { LINKS_MAX = 256 };

enum { EXIT_NOT_CONNECTED = 3 };

static struct {
    const char *status;
    int wait_ms;
    bool has_wait;
    enum exec_lines lines;
    struct tty_cdi_options cdi;
    struct pty_session_options single; /* of --line, --baud, --raw and --no-touch-lines */
    bool has_single;
} options;

static struct {
    struct event_base *loop;
    char **command; /* after "--", or NULL */
    bool joins;     /* the links are other net2ptys': `net2pty exec` */
    struct calls *calls;
    struct exec *exec;
    struct exec_options exec_options;
    const char *names[LINKS_MAX];
    struct pty_session_options links[LINKS_MAX];
    struct pty_session *sessions[LINKS_MAX];
    int count;
    int unconnected; /* sessions that have not worked yet */
    struct timer deadline;
    struct waiting_line waiting;
    int status;
} net2pty = {.status = CLI_EXIT_OK};

/* --- options of the program ------------------------------------------------------------------- */

static int take_single_baud(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)ctx;
    options.has_single = true;
    return link_options_take_baud(&options.single, value, error);
}

static int take_single_line(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)ctx;
    options.has_single = true;
    return link_options_take_line(&options.single, value, error);
}

static int take_single_raw(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)ctx;
    options.has_single = true;
    return link_options_take_raw(&options.single, value, error);
}

static int take_every_no_touch(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)ctx;
    return link_options_take_no_touch_lines(&options.single, value, error);
}

static int take_every_replace(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)ctx;
    return link_options_take_replace(&options.single, value, error);
}

static int take_wait(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)ctx;
    options.has_wait = true;
    return cli_wait(value, &options.wait_ms, error);
}

static int take_lines(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    static const char *const names[] = {"auto", "seccomp", "preload", "plain"};

    (void)ctx;
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(value, names[i]) == 0) {
            options.lines = (enum exec_lines)i;
            return 0;
        }
    }
    snprintf(error, CLI_ERROR_MAX, "it is auto, seccomp, preload or plain");
    return -EINVAL;
}

static int take_output(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)ctx;
    (void)error;
    options.cdi.output = value;
    return 0;
}

static int take_prefix(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)ctx;
    (void)error;
    options.cdi.prefix = value;
    return 0;
}

/* Of a hook: kept as it is given, for the file. */
static int take_hook_wait(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    options.cdi.wait = value;
    return take_wait(ctx, value, error);
}

static int take_status(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)ctx;
    (void)error;
    options.status = value;
    return 0;
}

static const struct cli_option single_options[] = {
    CLI_HEADING("Options of a single link; with several, write them after commas:"),
    {"baud", 'b', "SPEED", take_single_baud, "speed to begin with (what the server's port has)"},
    {"line", 'l', "FORMAT", take_single_line,
     "format of the line, such as 8E1: what a pseudo-terminal cannot carry, parity and size, "
     "is then as given here"},
    {"raw", 'r', NULL, take_single_raw, "the server speaks raw TCP, not RFC 2217: bytes only"},
    {0},
};

static const struct cli_option link_wide_options[] = {
    CLI_HEADING("Options of links:"),
    {"no-touch-lines", 0, NULL, take_every_no_touch,
     "opening and closing links leave DTR and RTS alone"},
    {"replace", 0, NULL, take_every_replace,
     "links may replace symbolic links that lead nowhere, whoever has made them"},
    {0},
};

static const struct cli_option status_options[] = {
    CLI_HEADING("Instead of making links:"),
    {"status", 's', "LINK", take_status, "the same as the verb status"},
    {0},
};

static const struct cli_option command_options[] = {
    CLI_HEADING("Options of waiting, and of COMMAND:"),
    {"wait", 'w', "SECONDS|forever", take_wait,
     "give up, with exit status 3, unless every link is connected within that time"},
    {"lines", 0, "MODE", take_lines,
     "how COMMAND gets modem lines, break and parity: seccomp; preload: dynamically linked "
     "programs only; plain: not at all; auto: the first that works (the default)"},
    {0},
};

static const struct cli_option cdi_options[] = {
    CLI_HEADING("Options of cdi:"),
    {"output", 'o', "FILE", take_output,
     "write FILE, such as /etc/cdi/com2net-tty.json, instead of standard output"},
    {"prefix", 0, "TEXT", take_prefix, "begin each device's name with TEXT"},
    {0},
};

static const struct cli_option hook_options[] = {
    CLI_HEADING("Options of cdi and hook:"),
    {"wait", 'w', "SECONDS|forever", take_hook_wait,
     "a container starts only once its ports are connected, and fails after that time (default: it "
     "starts at once)"},
    {0},
};

/* --- links ------------------------------------------------------------------------------------ */

/* After the error of a link that is not the first: it may be none. */
static void hint_at_dashes(char error[static CLI_ERROR_MAX])
{
    size_t len = strlen(error);

    snprintf(error + len, CLI_ERROR_MAX - len, "; a COMMAND comes after --");
}

static bool is_server(const char *text)
{
    char why[ADDRESS_WHY_MAX];
    struct addr addr;
    bool raw;

    return !strchr(text, '/') && addr_parse_connect(text, &addr, &raw, why) == 0;
}

/* HOST:PORT and LINK may be swapped: then their meaning is certain all the same. */
static void put_link_first(char **words)
{
    char *first = words[0];

    const bool is_link = strchr(words[1], '/') || strncmp(words[1], "tty", 3) == 0 ||
                         strncmp(words[1], "COM", 3) == 0;

    if (!is_server(first) || !is_link || strchr(words[1], ':'))
        return;
    words[0] = words[1];
    words[1] = first;
    log_info("the LINK comes first: net2pty %s %s", words[0], words[1]);
}

/* Returns 0, or -EINVAL with the reason in `error`. */
static int check_is_new(const char *link, char error[static CLI_ERROR_MAX])
{
    for (int i = 0; i < net2pty.count; i++) {
        if (strcmp(net2pty.names[i], link) == 0) {
            snprintf(error, CLI_ERROR_MAX, "%.200s is the LINK of two; each server has its own",
                     link);
            return -EINVAL;
        }
    }
    return 0;
}

static int parse_links(const struct cli_arguments *a, char error[static CLI_ERROR_MAX])
{
    net2pty.command = a->command;
    if (a->command && !*a->command) {
        snprintf(error, CLI_ERROR_MAX, "a COMMAND is missing after --");
        return -EINVAL;
    }
    for (int i = 0; i < a->count; i += 2) {
        struct pty_session_options *link = &net2pty.links[net2pty.count];

        if (net2pty.count == LINKS_MAX) {
            snprintf(error, CLI_ERROR_MAX, "more than %d links", LINKS_MAX);
            return -EINVAL;
        }
        if (i + 1 < a->count)
            put_link_first(a->words + i);
        int r = link_options_parse(a->words[i], i + 1 < a->count ? a->words[i + 1] : NULL,
                                   &options.single, link, error);
        if (r < 0 && i > 0)
            hint_at_dashes(error);
        if (r == 0)
            r = check_is_new(link->link, error);
        if (r < 0)
            return r;
        link->counts = net2pty.command != NULL;
        net2pty.names[net2pty.count++] = link->link;
    }
    if (net2pty.count == 0) {
        snprintf(error, CLI_ERROR_MAX, "no LINK is given%s",
                 a->command ? "; it comes before --: net2pty LINK HOST:PORT -- COMMAND" : "");
        return -EINVAL;
    }
    if (net2pty.count > 1 && options.has_single) {
        snprintf(error, CLI_ERROR_MAX,
                 "--baud, --line and --raw are for a single link; with "
                 "several, write them after each: LINK,115200,8E1,raw");
        return -EINVAL;
    }
    return 0;
}

/* Whether a LINK to be joined is what only the net2pty that serves it takes. */
static bool is_no_name(const char *text, char error[static CLI_ERROR_MAX])
{
    if (strchr(text, ',')) {
        snprintf(error, CLI_ERROR_MAX,
                 "%.200s: options of a link are for the net2pty that serves it", text);
        return true;
    }
    if (is_server(text)) {
        snprintf(error, CLI_ERROR_MAX,
                 "%.200s: exec takes links only; the net2pty that serves one has its server", text);
        return true;
    }
    return false;
}

/* Of `net2pty exec LINK... -- COMMAND...`. */
static int parse_joins(const struct cli_arguments *a, char error[static CLI_ERROR_MAX])
{
    net2pty.joins = true;
    net2pty.command = a->command;
    if (a->count == 0 || !a->command || !*a->command) {
        snprintf(error, CLI_ERROR_MAX,
                 "exec takes the LINKs of other net2ptys and a command, as in `net2pty exec "
                 "/dev/ttyS5 -- COMMAND`");
        return -EINVAL;
    }
    if (a->count > LINKS_MAX) {
        snprintf(error, CLI_ERROR_MAX, "more than %d links", LINKS_MAX);
        return -EINVAL;
    }
    for (int i = 0; i < a->count; i++) {
        if (is_no_name(a->words[i], error))
            return -EINVAL;
        net2pty.names[net2pty.count++] = a->words[i];
    }
    return 0;
}

/* --- running ---------------------------------------------------------------------------------- */

static void on_report(void *ctx)
{
    char text[CONTROL_REPORT_MAX];

    (void)ctx;
    for (int i = 0; i < net2pty.count; i++) {
        pty_session_report(net2pty.sessions[i], text);
        for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
            log_info("%s", line);
    }
}

static void end_with(int status)
{
    net2pty.status = status;
    loop_stop(net2pty.loop);
}

static void on_finished(void *ctx, int status)
{
    (void)ctx;
    end_with(status);
}

static void start_command(void)
{
    net2pty.exec_options = (struct exec_options){.argv = net2pty.command,
                                                 .lines = options.lines,
                                                 .links = net2pty.names,
                                                 .count = net2pty.count};
    net2pty.exec =
        exec_start(net2pty.loop, &net2pty.exec_options, net2pty.calls, on_finished, NULL);
    if (!net2pty.exec) {
        log_error("out of memory");
        end_with(SUPERVISE_EXIT_FAILED);
    }
}

static void on_connected(void *ctx)
{
    (void)ctx;
    net2pty.unconnected--;
    if (net2pty.unconnected > 0)
        return;
    timer_stop(&net2pty.deadline);
    waiting_line_end(&net2pty.waiting);
    if (net2pty.command)
        start_command();
}

static struct control_visit *on_visit(void *ctx, struct pty_session *s, struct stream *stream)
{
    (void)ctx;
    return visitor_new(net2pty.calls, s, stream);
}

static const struct pty_session_callbacks session_callbacks = {
    .connected = on_connected,
    .visit = on_visit,
};

static void on_joined(void *ctx, const char *link, const char *why_not)
{
    if (!why_not) {
        on_connected(ctx);
        return;
    }
    log_error("%s: %s", link, why_not);
    end_with(SUPERVISE_EXIT_FAILED);
}

static void on_deadline(void *ctx)
{
    (void)ctx;
    if (net2pty.joins)
        log_error("not every link was served, and connected, within %g s",
                  options.wait_ms / 1000.0);
    for (int i = 0; i < net2pty.count && !net2pty.joins; i++) {
        const struct pty_session *s = net2pty.sessions[i];

        char trouble[PTY_SESSION_TROUBLE_MAX];

        if (pty_session_has_device(s))
            continue;
        pty_session_trouble(s, trouble);
        log_error("%s: not connected within %g s: %s", net2pty.links[i].link,
                  options.wait_ms / 1000.0, trouble);
    }
    end_with(EXIT_NOT_CONNECTED);
}

/* The supervisor is asked to end: before COMMAND has started, in its place, or together with it.
 * The last happens where every process is asked, as systemd does. COMMAND may want its links until
 * it has ended. */
static void on_stop(void *ctx)
{
    (void)ctx;
    if (net2pty.exec && exec_stop(net2pty.exec))
        return;
    end_with(net2pty.command ? 128 + 15 : CLI_EXIT_OK);
}

static void begin_waiting(void)
{
    if (!options.has_wait || options.wait_ms == CLI_FOREVER)
        return;
    timer_make(&net2pty.deadline, net2pty.loop, on_deadline, NULL);
    timer_in_ms(&net2pty.deadline, (uint64_t)options.wait_ms);
}

static void join_links(void)
{
    for (int i = 0; i < net2pty.count; i++)
        calls_join(net2pty.calls, net2pty.names[i],
                   options.has_wait ? CALLS_JOIN_PATIENTLY : CALLS_JOIN_NOW, on_joined, NULL);
}

static int make_links(void)
{
    char error[VPORT_ERROR_MAX];

    net2pty.unconnected = net2pty.count;
    net2pty.calls = calls_new(net2pty.loop);
    if (!net2pty.calls)
        return -1;
    begin_waiting();
    if (net2pty.joins) {
        join_links();
        return 0;
    }
    for (int i = 0; i < net2pty.count; i++) {
        net2pty.sessions[i] =
            pty_session_new(net2pty.loop, &net2pty.links[i], &session_callbacks, NULL, error);
        if (!net2pty.sessions[i]) {
            log_error("%s", error);
            return -1;
        }
        if (calls_add(net2pty.calls, net2pty.sessions[i]) < 0)
            return -1;
    }
    waiting_line_begin(&net2pty.waiting, net2pty.loop, net2pty.sessions, net2pty.count);
    return 0;
}

static int serve(void)
{
    net2pty.loop = loop_new(false);
    if (!net2pty.loop)
        return CLI_EXIT_FAILED;
    log_peer_begin(net2pty.loop);
    if (requests_watch(net2pty.loop, on_stop, net2pty.command ? NULL : on_report, NULL) < 0) {
        log_error("cannot watch for signals");
        net2pty.status = CLI_EXIT_FAILED;
    } else if (make_links() < 0 || loop_run(net2pty.loop) < 0) {
        net2pty.status = net2pty.command ? SUPERVISE_EXIT_FAILED : CLI_EXIT_FAILED;
    }
    waiting_line_end(&net2pty.waiting);
    for (int i = 0; i < net2pty.count; i++)
        pty_session_withdraw(net2pty.sessions[i]);
    if (net2pty.command) { /* the same links can be made again as soon as the front has ended */
        loop_settle(net2pty.loop);
        supervise_end(net2pty.status);
    }
    calls_free(net2pty.calls);
    exec_free(net2pty.exec);
    for (int i = 0; i < net2pty.count; i++)
        pty_session_free(net2pty.sessions[i]);
    timer_stop(&net2pty.deadline);
    requests_unwatch();
    log_peer_end();
    loop_free(net2pty.loop);
    return net2pty.status;
}

/* With COMMAND: the rest of this program runs in the supervisor, a child of the process that the
 * user sees. */
static int serve_command(void)
{
    int r = supervise_split();

    if (r < 0) {
        log_error("cannot make a process: %s", error_text(-r));
        return SUPERVISE_EXIT_FAILED;
    }
    return serve();
}

/* The requests to a net2pty that runs already. Returns the exit status. */
static int ask(int (*print)(const char *link, char error[static CONTROL_ERROR_MAX]),
               const char *link)
{
    char error[CONTROL_ERROR_MAX];

    if (print(link, error) == 0)
        return CLI_EXIT_OK;
    log_error("%s", error);
    return CLI_EXIT_FAILED;
}

/* --- verbs ------------------------------------------------------------------------------------ */

static int run_links(void *ctx, const struct cli_arguments *a)
{
    char error[CLI_ERROR_MAX];

    (void)ctx;
    if (options.status)
        return a->total > 0 ? cli_usage_error("--status takes one LINK: net2pty status /dev/ttyS5")
                            : ask(control_print_status, options.status);
    if (parse_links(a, error) < 0)
        return cli_usage_error("%s", error);
    return net2pty.command ? serve_command() : serve();
}

static int run_exec(void *ctx, const struct cli_arguments *a)
{
    char error[CLI_ERROR_MAX];

    (void)ctx;
    if (parse_joins(a, error) < 0)
        return cli_usage_error("%s", error);
    return serve_command();
}

/* Prints the state of a link that is found in a folder; a socket may be left over there. */
static void print_found(void *ctx, const char *link)
{
    char error[CONTROL_ERROR_MAX];
    unsigned *count = ctx;
    int r = control_print_status(link, error);

    if (r == 0)
        ++*count;
    else if (r != -ENOENT && r != -ECONNREFUSED)
        log_warn("%s", error);
}

/* Without a LINK: those in the usual folders, and in this one. */
static int print_all(void)
{
    static const char *const folders[] = {"/dev", "/dev/shm", "/tmp"};
    char here[PATH_MAX];
    bool is_other = realpath(".", here) != NULL;
    unsigned count = 0;

    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        is_other = is_other && strcmp(here, folders[i]) != 0;
        local_socket_each(folders[i], print_found, &count);
    }
    if (is_other)
        local_socket_each(".", print_found, &count);
    if (count > 0)
        return CLI_EXIT_OK;
    log_error("no net2pty serves a link in /dev, /dev/shm, /tmp or this folder; `net2pty LINK "
              "HOST:PORT` makes one");
    return CLI_EXIT_FAILED;
}

static int run_status(void *ctx, const struct cli_arguments *a)
{
    (void)ctx;
    if (a->count > 1)
        return cli_usage_error("status takes one LINK, or none: net2pty status /dev/ttyS5");
    return a->count == 1 ? ask(control_print_status, a->words[0]) : print_all();
}

static int run_reset(void *ctx, const struct cli_arguments *a)
{
    (void)ctx;
    if (a->count != 1)
        return cli_usage_error(
            "reset takes one LINK: net2pty reset /dev/ttyS5; a link of that name is ./reset");
    return ask(control_print_reset, a->words[0]);
}

static int run_cdi(void *ctx, const struct cli_arguments *a)
{
    (void)ctx;
    return tty_cdi_run(&options.cdi, a);
}

static int run_hook(void *ctx, const struct cli_arguments *a)
{
    (void)ctx;
    if (a->count != 2 || strchr(a->words[0], '/'))
        return cli_usage_error("hook takes a NAME and a server; it is for engines, in the files of "
                               "`net2pty cdi`");
    return tty_hook_run(a->words[0], a->words[1], options.has_wait ? options.wait_ms : 0);
}

static const struct cli_option *const link_tables[] = {single_options, link_wide_options,
                                                       command_options, status_options, NULL};
static const struct cli_option *const exec_tables[] = {command_options, NULL};

static const struct cli_option *const cdi_tables[] = {cdi_options, hook_options, NULL};
static const struct cli_option *const hook_tables[] = {hook_options, NULL};

static const struct cli_example cdi_examples[] = {
    {"net2pty cdi -o /etc/cdi/com2net-tty.json uno=192.0.2.7:7000", "as root"},
    {"docker run --device com2net.dev/tty=uno IMAGE COMMAND", "any image then"},
    {0},
};

static const struct cli_example hook_examples[] = {
    {"net2pty hook uno 192.0.2.7:7000", "as an engine does"},
    {0},
};

static const struct cli_example status_examples[] = {
    {"net2pty status /dev/ttyS5", "is it connected?"},
    {"net2pty status", "all that there are"},
    {0},
};

static const struct cli_example exec_examples[] = {
    {"net2pty exec /dev/ttyS5 -- esptool chip_id", "one that another net2pty serves"},
    {0},
};

static const struct cli_example reset_examples[] = {
    {"net2pty reset /dev/ttyS5", "the board at its port"},
    {0},
};

static const struct cli_verb verbs[] = {
    {
        .arguments = "[OPTION]... LINK[,OPTION]... HOST:PORT [LINK HOST:PORT]... [-- COMMAND...]",
        .options = link_tables,
        .dashes = CLI_DASHES_COMMAND,
        .run = run_links,
    },
    {
        .name = "exec",
        .arguments = "[OPTION]... LINK... -- COMMAND...",
        .help = "run COMMAND with links that other net2ptys serve already",
        .summary = "Runs COMMAND with links that other net2ptys serve already. For COMMAND, and "
                   "all that it starts, they are serial ports in full: modem lines, break, parity, "
                   "drain.",
        .examples = exec_examples,
        .options = exec_tables,
        .dashes = CLI_DASHES_COMMAND,
        .run = run_exec,
    },
    {
        .name = "status",
        .arguments = "[LINK]",
        .help = "print the state of a link, or of all",
        .summary = "Prints the state of the net2pty that serves LINK: server, settings, lines, "
                   "counters. Without LINK, of those in /dev, /dev/shm, /tmp and this folder.",
        .examples = status_examples,
        .run = run_status,
    },
    {
        .name = "reset",
        .arguments = "LINK",
        .help = "have com2net reset the board of a link, as its option reset= says",
        .summary = "Has the net2pty that serves LINK ask com2net to reset the board, as com2net's "
                   "option reset= says. Exit status 0 means that it is done.",
        .examples = reset_examples,
        .run = run_reset,
    },
    {
        .name = "cdi",
        .arguments = "[OPTION]... [NAME=]HOST:PORT[,OPTION]...",
        .help = "write a file by which docker run --device gives ports to any image",
        .summary = "Writes a CDI file: container engines then know a device com2net.dev/tty=NAME "
                   "for each server, and com2net.dev/tty=all. In the container the port is "
                   "/run/com2net/NAME, and for root /dev/NAME, too. Images need nothing of ours.",
        .examples = cdi_examples,
        .options = cdi_tables,
        .run = run_cdi,
    },
    {
        .name = "hook",
        .arguments = "[OPTION]... NAME[,OPTION]... HOST:PORT",
        .help = "what the files of cdi start in a container",
        .summary = "Starts a net2pty for /run/com2net/NAME in the background, until the process "
                   "that has started it ends. It is a hook of the kind startContainer.",
        .examples = hook_examples,
        .options = hook_tables,
        .run = run_hook,
    },
    {0},
};

/* --- the program ------------------------------------------------------------------------------ */

static const struct cli_example examples[] = {
    {"net2pty /dev/ttyS5 raspberry:7000", "for all programs"},
    {"net2pty /tmp/ttyS5 raspberry:7000 -- stm32flash /tmp/ttyS5", "for one program"},
    {"net2pty --wait=60 /tmp/ttyS5 raspberry:7000 -- pytest", "within a minute"},
    {"net2pty status /dev/ttyS5", "is it connected?"},
    {0},
};

static const char *const commands[] = {
    "With -- COMMAND it runs COMMAND once the links are connected, and ends with its exit status. "
    "For COMMAND and all that it starts the links are serial ports in full: modem lines, break, "
    "parity, drain. That takes no privilege.",
    NULL,
};

static const struct cli_option *const comma_tables[] = {link_options, NULL};

static const char *const statuses[] = {
    "Signals: SIGUSR1 logs the state of each link; with -- COMMAND all go to COMMAND.",
    "Exit status 0: ended by a signal. 1: a link could not be made. 2: the command line is wrong. "
    "3: not connected within the time of --wait. With -- COMMAND its own, or 125: net2pty failed. "
    "126: COMMAND cannot be run. 127: it is not found.",
    NULL,
};

static const struct cli_topic topics[] = {
    {.name = "command", .paragraphs = commands},
    {.name = "link", .commas = comma_tables},
    {.name = "exit", .paragraphs = statuses},
    {0},
};

static const struct cli_program program = {
    .name = "net2pty",
    .summary = "Makes a serial port that com2net, or another RFC 2217 server, publishes at "
               "HOST:PORT appear as LINK. Programs that open LINK get the port with its speed, "
               "format, flow control and flushes.",
    .examples = examples,
    .verbs = verbs,
    .topics = topics,
    .hints = net2pty_hints,
};

int main(int argc, char **argv)
{
    if (startup_init(&argc, &argv) < 0)
        return CLI_EXIT_FAILED;
    options.single.port.mode = -1;
    return cli_main(&program, argc, argv);
}
