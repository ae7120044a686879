/*
 * com2net: publishes serial ports over TCP by RFC 2217. Command line, start and end; what it does
 * in between is port.c's and serial_session.c's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "cli.h"
#include "log.h"
#include "loop.h"
#include "os.h"
#include "port.h"
#include "serial_list.h"
#include "source.h"

enum { SOURCES_MAX = 256 };

static struct {
    int verbose; /* -1 quiet, 1 debug, 2 trace */
    bool list;
} options;

static struct {
    struct event_base *loop;
    struct source sources[SOURCES_MAX];
    struct port *ports[SOURCES_MAX];
    int count;
} com2net;

/* --- command line ----------------------------------------------------------------------------- */

static int take_verbose(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)ctx;
    (void)value;
    (void)error;
    options.verbose = options.verbose < 1 ? 1 : options.verbose + 1;
    return 0;
}

static int take_quiet(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)ctx;
    (void)value;
    (void)error;
    options.verbose = -1;
    return 0;
}

static int take_list(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)ctx;
    (void)value;
    (void)error;
    options.list = true;
    return 0;
}

static const struct cli_option program_options[] = {
    {"list", 'l', NULL, take_list, "list the serial ports, with what to type for each"},
    {"verbose", 'v', NULL, take_verbose, "say more: each RFC 2217 message; twice: bytes in hex"},
    {"quiet", 'q', NULL, take_quiet, "say only what went wrong"},
    {0},
};

static const struct cli_program program = {
    .name = "com2net",
    .usage = "[OPTION]... SOURCE[,OPTION]... [ADDRESS:]PORT [SOURCE PORT]...\n--list",
    .summary =
        "Publishes serial ports over TCP, as RFC 2217 endpoints that raw TCP clients can use too.\n"
        "\n"
        "SOURCE is a path (/dev/ttyUSB0, /dev/serial/by-id/...), a name (ttyUSB0),\n"
        "serial=SERIALNUMBER, VID:PID, or loop: for a built-in loopback port.\n"
        "Without an ADDRESS only this machine can connect; 0.0.0.0:PORT and [::]:PORT\n"
        "are for everybody. PORT 0 lets the system choose.",
    .options = program_options,
    .more = "Options of a SOURCE, behind commas, together with a speed and a format\n"
            "(/dev/ttyUSB0,115200,8n1,dtr=off):\n",
    .commas = source_options,
    .end = "Signals: SIGUSR1 logs the state of each port. Exit status: 0 ended by a signal,\n"
           "1 a port could not be published, 2 the command line is wrong.\n",
};

/* --- the list --------------------------------------------------------------------------------- */

static void print_port(const struct serial_info *port)
{
    printf("%s\n", port->path);
    if (port->description[0])
        printf("  description  %s\n", port->description);
    if (port->vid >= 0)
        printf("  USB          %04x:%04x%s%s", (unsigned)port->vid, (unsigned)port->pid,
               port->serial[0] ? ", serial number " : "", port->serial);
    if (port->vid >= 0 && port->interface >= 0)
        printf(", interface %d", port->interface);
    if (port->vid >= 0)
        putchar('\n');
    if (port->stable[0])
        printf("  stable path  %s\n", port->stable);
    printf("  publish it   com2net %s 7000\n", port->stable[0] ? port->stable : port->path);
}

static int list_ports(void)
{
    struct serial_info *list;
    size_t count;
    int r = serial_list(&list, &count);

    if (r < 0) {
        fprintf(stderr, "com2net: cannot list the serial ports: %s\n", os_error_text(-r));
        return CLI_EXIT_FAILED;
    }
    for (size_t i = 0; i < count; i++)
        print_port(&list[i]);
    if (count == 0)
        printf("No serial ports found.\n");
    printf("Without hardware: com2net loop: 7000\n");
    free(list);
    return CLI_EXIT_OK;
}

/* --- running ---------------------------------------------------------------------------------- */

static void on_stop(void *ctx)
{
    (void)ctx;
    loop_stop(com2net.loop);
}

static void on_report(void *ctx)
{
    (void)ctx;
    for (int i = 0; i < com2net.count; i++)
        port_report(com2net.ports[i]);
}

static int publish_all(void)
{
    char error[CLI_ERROR_MAX];

    for (int i = 0; i < com2net.count; i++) {
        com2net.ports[i] = port_new(com2net.loop, &com2net.sources[i], error);
        if (!com2net.ports[i]) {
            log_error("%s", error);
            return -1;
        }
    }
    return 0;
}

static int serve(void)
{
    int status = CLI_EXIT_FAILED;

    com2net.loop = loop_new(true); /* gaps between line changes are kept */
    if (!com2net.loop)
        return status;
    if (os_watch_requests(com2net.loop, on_stop, on_report, NULL) < 0)
        log_error("cannot watch for signals");
    else if (publish_all() == 0 && loop_run(com2net.loop) == 0)
        status = CLI_EXIT_OK;
    for (int i = 0; i < com2net.count; i++)
        port_free(com2net.ports[i]);
    os_unwatch_requests();
    loop_free(com2net.loop);
    return status;
}

int main(int argc, char **argv)
{
    char error[CLI_ERROR_MAX];

    if (os_init(&argc, &argv) < 0)
        return CLI_EXIT_FAILED;
    if (cli_parse(&program, &argc, argv) < 0)
        return CLI_EXIT_USAGE;
    log_init(program.name, options.verbose < 0    ? LOG_LEVEL_WARN
                           : options.verbose == 0 ? LOG_LEVEL_INFO
                           : options.verbose == 1 ? LOG_LEVEL_DEBUG
                                                  : LOG_LEVEL_TRACE);
    if (options.list)
        return list_ports();
    if (argc == 1)
        return cli_usage_error("no SOURCE is given; `com2net --list` shows the ports there are");
    /* net2pty gives what follows a "--" to its program; here it only ends the options */
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--") == 0) {
            memmove(argv + i, argv + i + 1, (size_t)(argc - i) * sizeof *argv);
            argc--;
            break;
        }
    }
    com2net.count = source_parse_all(argc - 1, argv + 1, com2net.sources, SOURCES_MAX, error);
    if (com2net.count < 0)
        return cli_usage_error("%s", error);
    return serve();
}
