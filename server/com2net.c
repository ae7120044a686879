/*
 * com2net: publishes serial ports over TCP by RFC 2217. Command line, start and end; the work in
 * between is endpoint.c's.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "cli.h"
#include "clock.h"
#include "crowd.h"
#include "doctor.h"
#include "endpoint.h"
#include "list.h"
#include "log.h"
#include "log_peer.h"
#include "loop.h"
#include "others.h"
#include "report.h"
#include "requests.h"
#include "rivals.h"
#include "service.h"
#include "source.h"
#include "startup.h"
#include "teller.h"
#include "usb_pcap.h"
#include "virtual_kinds.h"

/* Descriptors besides connections. */
enum {
    DESCRIPTORS_OWN = 32,   /* standard ones, loop, signals, log, libusb, streams that finish */
    DESCRIPTORS_SOURCE = 6, /* device, its watch, its sockets that listen */
    CONNECTIONS_MIN = 8,
};

static struct {
    enum service_firewall firewall;
    bool list;
    bool status;
    const char *pcap;
} options;

static struct {
    struct event_base *loop;
    struct crowd *crowd;
    struct source *sources;
    struct endpoint **endpoints; /* at its first source's place */
    struct usb_pcap *pcap;
    struct teller *teller; /* NULL: nobody can ask */
    int count;
} com2net;

static const struct cli_program command_line; /* below, with its verbs */

/* --- options ---------------------------------------------------------------------------------- */

static int take_list(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)ctx;
    (void)value;
    (void)error;
    options.list = true;
    return 0;
}

static int take_status(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)ctx;
    (void)value;
    (void)error;
    options.status = true;
    return 0;
}

static int take_firewall(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    static const struct {
        const char *name;
        enum service_firewall who;
    } all[] = {{"wsl", SERVICE_FIREWALL_WSL},
               {"subnet", SERVICE_FIREWALL_SUBNET},
               {"any", SERVICE_FIREWALL_ANY}};

    (void)ctx;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (strcmp(value ? value : "subnet", all[i].name) != 0)
            continue;
        options.firewall = all[i].who;
        return 0;
    }
    snprintf(error, CLI_ERROR_MAX, "it is wsl, subnet or any");
    return -EINVAL;
}

static int take_pcap(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)ctx;
    (void)error;
    options.pcap = value;
    return 0;
}

/* --- running ---------------------------------------------------------------------------------- */

static void on_stop(void *ctx)
{
    (void)ctx;
    loop_stop(com2net.loop);
}

static void on_report(void *ctx)
{
    struct report report;

    (void)ctx;
    if (report_fill(&report, com2net.endpoints, (size_t)com2net.count) == 0)
        report_log(&report);
    else
        log_error("out of memory for a report");
    report_free(&report);
}

/* The text for a program of this machine. */
static char *on_asked(void *ctx)
{
    struct report report;
    char *text = NULL;

    (void)ctx;
    if (report_fill(&report, com2net.endpoints, (size_t)com2net.count) == 0)
        text = report_tell(&report);
    report_free(&report);
    return text;
}

static void begin_to_tell(void)
{
    char error[TELLER_ERROR_MAX];

    com2net.teller = teller_new(com2net.loop, on_asked, NULL, error);
    if (!com2net.teller)
        log_info("`com2net status` does not know this one: %s", error);
}

static int open_record(void)
{
    char error[USB_PCAP_ERROR_MAX];

    if (!options.pcap)
        return 0;
    com2net.pcap = usb_pcap_open(options.pcap, error);
    if (com2net.pcap)
        return 0;
    log_error("%s", error);
    return -1;
}

static int publish_all(void)
{
    char error[CLI_ERROR_MAX];

    for (int i = 0; i < com2net.count; i++) {
        if (!source_is_first(com2net.sources, i))
            continue;
        com2net.endpoints[i] =
            endpoint_new(com2net.loop, com2net.crowd, &com2net.sources[i], com2net.pcap, error);
        if (!com2net.endpoints[i]) {
            log_error("%s", error);
            rivals_warn_of(&com2net.sources[i]);
            return -1;
        }
    }
    return 0;
}

static void warn_of_rivals(void)
{
    struct report report;

    if (report_fill(&report, com2net.endpoints, (size_t)com2net.count) == 0)
        rivals_warn(&report);
    report_free(&report);
}

/* USB devices may need turns of the loop for it, in which a report can be asked for. */
static void end_all(void)
{
    for (int i = 0; i < com2net.count; i++) {
        struct endpoint *e = com2net.endpoints[i];

        com2net.endpoints[i] = NULL;
        endpoint_free(e);
    }
}

/* Whether something has to be on time: gaps between line changes are kept, and built-in devices
 * have frames. A real USB device has its own clock, and is spared two system calls for each
 * transfer. */
static bool needs_precision(void)
{
    bool needed = false;

    for (int i = 0; i < com2net.count; i++)
        needed = needed || !com2net.sources[i].is_usb || !com2net.sources[i].usb.real;
    return needed;
}

/* As many connections as there are descriptors, but those that devices need. */
static int limit_connections(void)
{
    const size_t limit = startup_raise_descriptor_limit();
    const size_t others = DESCRIPTORS_OWN + DESCRIPTORS_SOURCE * (size_t)com2net.count;

    if (limit < others + CONNECTIONS_MIN) {
        log_error(
            "%d ports need %zu descriptors, and the system allows %zu; raise the limit (`ulimit "
            "-n`, or LimitNOFILE= of a service), or publish fewer",
            com2net.count, others + CONNECTIONS_MIN, limit);
        return -1;
    }
    com2net.crowd = crowd_new(limit - others);
    if (!com2net.crowd)
        return -1;
    crowd_watch(com2net.crowd, clock_be_precise);
    return 0;
}

static void on_crash(const char *sentence)
{
    log_error("%s", sentence);
}

static int serve(void)
{
    int status = CLI_EXIT_FAILED;

    startup_tell_crash(on_crash);

    if (limit_connections() < 0)
        return status;
    com2net.loop = loop_new(needs_precision());
    if (!com2net.loop)
        return status;
    /* before the watch: a FIFO waits for its reader, which a signal is to end */
    log_peer_begin(com2net.loop);
    const bool good = open_record() == 0;
    if (good && requests_watch(com2net.loop, on_stop, on_report, NULL) < 0)
        log_error("cannot watch for signals");
    else if (good && publish_all() == 0) {
        warn_of_rivals(); /* before: two that start would wait for each other */
        begin_to_tell();
        service_ready();
        status = loop_run(com2net.loop) == 0 ? CLI_EXIT_OK : CLI_EXIT_FAILED;
    }
    end_all();
    teller_free(com2net.teller);
    requests_unwatch();
    log_peer_end();
    loop_free(com2net.loop);
    usb_pcap_close(com2net.pcap); /* a device that has not let go may have come to it only now */
    crowd_free(com2net.crowd);
    return status;
}

static bool has_usb(void)
{
    bool has = false;

    for (int i = 0; i < com2net.count; i++)
        has = has || com2net.sources[i].is_usb;
    return has;
}

/* Takes what is to be published. Returns an exit status, after an error that has been printed. */
static int take_sources(int count, char **words)
{
    char error[CLI_ERROR_MAX];

    source_free_all(com2net.sources, com2net.count); /* of a service: checked before it runs */
    free(com2net.sources);
    free(com2net.endpoints);
    com2net.count = 0;
    com2net.sources = calloc((size_t)count + 1, sizeof *com2net.sources);
    com2net.endpoints = calloc((size_t)count + 1, sizeof *com2net.endpoints);
    if (!com2net.sources || !com2net.endpoints)
        return cli_usage_error("out of memory");
    int parsed = source_parse_all(count, words, com2net.sources, count + 1, error);
    if (parsed < 0)
        return cli_usage_error("%s", error);
    com2net.count = parsed;
    if (options.pcap && !has_usb())
        return cli_usage_error("--pcap records usb: sources, and there is none");
    return CLI_EXIT_OK;
}

/* Takes the command line of publishing apart. Returns as take_sources. */
static int take_arguments(const struct cli_arguments *a)
{
    int count = a->total;

    if (options.list || options.status)
        return count == 0
                   ? CLI_EXIT_OK
                   : cli_usage_error("--%s takes no SOURCE", options.list ? "list" : "status");
    /* net2pty gives what follows a "--" to its program; here it only ends the options */
    if (a->command) {
        char **dashes = a->words + a->count;

        memmove(dashes, dashes + 1, (size_t)(count - a->count) * sizeof *dashes);
        count--;
    }
    if (count == 0)
        return cli_usage_error("no SOURCE is given; `com2net list` shows the ports there are");
    return take_sources(count, a->words);
}

static int list_all(void)
{
    return list_print() < 0 ? CLI_EXIT_FAILED : CLI_EXIT_OK;
}

static int print_status(void)
{
    return others_print() ? CLI_EXIT_OK : CLI_EXIT_FAILED;
}

static int publish(void *ctx, const struct cli_arguments *a)
{
    int status = take_arguments(a);

    (void)ctx;
    if (status != CLI_EXIT_OK)
        return status;
    if (options.list)
        return list_all();
    if (options.status)
        return print_status();
    return serve();
}

static int list(void *ctx, const struct cli_arguments *a)
{
    (void)ctx;
    return a->count == 0 ? list_all()
                         : cli_usage_error("list shows this machine's; it takes no %s; those of "
                                           "another machine are listed there",
                                           a->words[0]);
}

static int status(void *ctx, const struct cli_arguments *a)
{
    (void)ctx;
    return a->count == 0 ? print_status()
                         : cli_usage_error("status tells of all com2nets of this machine; it takes "
                                           "no %s",
                                           a->words[0]);
}

static int doctor(void *ctx, const struct cli_arguments *a)
{
    (void)ctx;
    return doctor_run(a->count, a->words);
}

/* --- the service ------------------------------------------------------------------------------ */

static int check_path(const char *path, char error[static CLI_ERROR_MAX])
{
    return service_check_path(path, error, CLI_ERROR_MAX);
}

/* The arguments of a service. */
static int check_service(int argc, char **argv)
{
    struct cli_arguments a;

    cli_check_paths(check_path);
    if (cli_parse(&command_line, argc, argv, &a) < 0)
        return CLI_EXIT_USAGE;
    if (a.verb->name)
        return cli_usage_error("a service publishes; it does not %s", a.verb->name);
    int status = take_arguments(&a);
    if (status == CLI_EXIT_OK && (options.list || options.status))
        return cli_usage_error("a service cannot --%s", options.list ? "list" : "status");
    return status;
}

static int run_service(int argc, char **argv)
{
    return cli_main(&command_line, argc, argv);
}

static int service(void *ctx, const struct cli_arguments *a)
{
    const struct service_program program = {
        .firewall = options.firewall, .check = check_service, .run = run_service};

    (void)ctx;
    if (options.firewall != SERVICE_FIREWALL_UNCHANGED &&
        !(a->count > 0 && strcmp(a->words[0], "install") == 0))
        return cli_usage_error("--firewall is for service install: com2net service install "
                               "--firewall -- COM3 0.0.0.0:7000");
    return service_main(a->total, a->words, &program);
}

/* --- the command line ------------------------------------------------------------------------- */

static const struct cli_option publish_options[] = {
    CLI_HEADING("Options:"),
    {"list", 'l', NULL, take_list, "the same as the verb list"},
    {"status", 's', NULL, take_status, "the same as the verb status"},
    {"pcap", 0, "FILE", take_pcap, "record the transfers of USB devices, for Wireshark"},
    {0},
};

static const struct cli_option *const publish_tables[] = {publish_options, NULL};

static const struct cli_option service_options[] = {
    CLI_HEADING("Options:"),
    {"firewall", 0, "[WHO]", take_firewall,
     "with install: let others through Windows's firewall. WHO is wsl, subnet (so is none) or any"},
    {0},
};

static const struct cli_option *const service_tables[] = {service_options, NULL};

static const struct cli_example list_examples[] = {
    {"com2net list", "and what to type for each"},
    {0},
};

static const struct cli_example status_examples[] = {
    {"com2net status", "who is connected, which settings, how many bytes"},
    {0},
};

static const struct cli_example doctor_examples[] = {
    {"com2net doctor", "devices, and how others reach what is there"},
    {"com2net doctor 0.0.0.0:7000", "is it free, and who would reach it?"},
    {0},
};

static const struct cli_example service_examples[] = {
    {"com2net service install -- COM3,hotplug 7000", "from now on"},
    {"com2net service start", "at once, too"},
    {"com2net service install --firewall -- COM3 0.0.0.0:7000", "for others, too"},
    {0},
};

static const struct cli_verb verbs[] = {
    {
        .arguments = "[OPTION]... SOURCE[,OPTION]... [ADDRESS:]PORT [SOURCE PORT]...",
        .options = publish_tables,
        .dashes = CLI_DASHES_END_OPTIONS,
        .run = publish,
    },
    {
        .name = "list",
        .arguments = "",
        .help = "list serial ports and USB devices, with what to type for each",
        .summary = "Lists the serial ports and USB devices of this machine, with what to type to "
                   "publish each.",
        .examples = list_examples,
        .run = list,
    },
    {
        .name = "status",
        .arguments = "",
        .help = "tell what each com2net of this machine publishes, and who is connected",
        .summary = "Tells what each com2net that runs on this machine publishes, and who is "
                   "connected. Exit status 1 means that none runs.",
        .examples = status_examples,
        .run = status,
    },
    {
        .name = "doctor",
        .arguments = "[[ADDRESS:]PORT]...",
        .help = "tell what is in the way: of devices, of a port, of those who are to reach it",
        .summary = "Tells which devices can be published, and how others reach what is published, "
                   "and each PORT: the firewall, WSL, containers. BAD is what is in the way. "
                   "Nothing is opened for it. Exit status 1 means that something is BAD.",
        .examples = doctor_examples,
        .run = doctor,
    },
    {
        .name = "service",
        .arguments = "install [OPTION] -- ARGUMENT... | uninstall | start | stop | status",
        .options = service_tables,
        .help = "on Windows: install, remove and control a service",
        .summary = "On Windows, installs, removes and controls a service that runs with the "
                   "ARGUMENTs after \"--\".",
        .examples = service_examples,
        .dashes = CLI_DASHES_END_OPTIONS,
        .run = service,
    },
    {0},
};

static const struct cli_example examples[] = {
    {"com2net list", "what can be published"},
    {"com2net /dev/ttyUSB0 7000", "for this machine only"},
    {"com2net /dev/ttyUSB0,hotplug 0.0.0.0:7000", "for all, unplugged or not"},
    {"com2net usb:0403:6010,name=board 0.0.0.0:3240", "a USB device, for net2usb"},
    {"com2net loop: 7000", "without hardware"},
    {"com2net status", "who is connected?"},
    {0},
};

static const char *const sources[] = {
    "SOURCE is a path (/dev/ttyUSB0, /dev/serial/by-id/...), a name (ttyUSB0, COM3), "
    "serial=SERIALNUMBER, VID:PID, or loop: for a built-in loopback port.",
    "usb:VID:PID, usb:VID:PID:SERIAL or usb:BUS-PORT is a USB device, published over USB/IP. On "
    "Windows it needs the driver WinUSB or libusbK. Write / between the ids of a board that "
    "returns as another device. usb:demo-NAME is a built-in device, see below. Several usb: "
    "sources may share a PORT.",
    "Without an ADDRESS only this machine can connect. 0.0.0.0:PORT is for everybody, over IPv4; "
    "*:PORT over IPv6, too. PORT 0 lets the system choose.",
    NULL,
};

static const struct cli_option *const comma_tables[] = {port_options_table, NULL};

static void print_usb_options(void)
{
    usb_options_print(virtual_kinds);
}

static const char *const statuses[] = {
    "Signals: SIGUSR1 logs the state of each port.",
    "Exit status 0: ended by a signal, by Ctrl-C or as a service. 1: a port could not be "
    "published. "
    "2: the command line is wrong.",
    NULL,
};

static const struct cli_topic topics[] = {
    {.name = "source", .paragraphs = sources},
    {.name = "serial", .commas = comma_tables},
    {.name = "usb", .more = print_usb_options},
    {.name = "exit", .paragraphs = statuses},
    {0},
};

static const char a_speed[] =
    "a speed comes after the SOURCE and a comma: com2net /dev/ttyUSB0,115200 7000";
static const char a_port[] = "the PORT comes after the SOURCE: com2net /dev/ttyUSB0 7000";
static const char of_net2usb[] = "that is done where the device is used: net2usb there, see "
                                 "`net2usb help`; here it is published: com2net usb:VID:PID 3240";
static const char of_net2pty[] = "that is done where the port is used: net2pty there, see "
                                 "`net2pty help`; here it is published: com2net /dev/ttyUSB0 7000";

static const char an_address[] = "the address comes after the SOURCE, with the PORT: com2net "
                                 "/dev/ttyUSB0 0.0.0.0:7000";
static const char a_source[] = "the SOURCE is a word without an option: com2net /dev/ttyUSB0 7000";
static const char a_format[] = "a format comes after the SOURCE and a comma: com2net "
                               "/dev/ttyUSB0,115200,8e1 7000";
static const char a_mode[] = "how clients are served is an option of the SOURCE: com2net "
                             "/dev/ttyUSB0,mode=raw 7000, or mode=telnet, mode=rfc2217";
static const char no_verb[] = "it does so without a verb: com2net SOURCE PORT";
static const char in_front[] = "it stays in the foreground: use a systemd unit, or add & to the "
                               "line";
static const char no_file[] = "there is no file of settings: they are on the command line, as in "
                              "com2net /dev/ttyUSB0,115200 7000";
static const char no_password[] =
    "there is no password and no encryption: without an ADDRESS only this machine can connect, and "
    "others by `ssh -L 7000:localhost:7000`";
static const char running[] = "`com2net status` tells what runs, `com2net list` what can be "
                              "published";
static const char ending[] =
    "Ctrl-C, or SIGTERM, ends a com2net; on Windows `com2net service stop` the service";
static const char logging[] = "the log goes to standard error, or to --log-file FILE; -v says more";

static const struct cli_hint hints[] = {
    {"-b", a_speed},
    {"--baud", a_speed},
    {"--speed", a_speed},
    {"-p", a_port},
    {"--port", a_port},
    {"-d", in_front},
    {"-D", in_front},
    {"--daemon", in_front},
    {"daemon", in_front},
    {"-c", no_file},
    {"-C", no_file},
    {"--config", no_file},
    {"-H", an_address},
    {"-L", an_address},
    {"--host", an_address},
    {"--bind", an_address},
    {"--listen", an_address},
    {"--address", an_address},
    {"--device", a_source},
    {"--dev", a_source},
    {"--serial", a_source},
    {"--source", a_source},
    {"--parity", a_format},
    {"--format", a_format},
    {"--raw", a_mode},
    {"--telnet", a_mode},
    {"--rfc2217", a_mode},
    {"--password", no_password},
    {"--user", no_password},
    {"--tls", no_password},
    {"--ssl", no_password},
    {"--allow", no_password},
    {"--timeout", "SOURCE,idle=SECONDS ends a client for whom nothing moves"},
    {"--log", logging},
    {"--log-level", logging},
    {"--debug", logging},
    {"log", logging},
    {"logs", logging},
    {"ps", running},
    {"show", running},
    {"info", running},
    {"clients", running},
    {"ls", "that is com2net list"},
    {"scan", "that is com2net list"},
    {"devices", "that is com2net list"},
    {"-w", "a device that may come later is SOURCE,hotplug: com2net /dev/ttyUSB0,hotplug 7000"},
    {"--wait", "a device that may come later is SOURCE,hotplug: com2net /dev/ttyUSB0,hotplug 7000"},
    {"--json", "it is reserved; there is no JSON yet"},
    {"run", of_net2usb},
    {"env", of_net2usb},
    {"attach", of_net2usb},
    {"detach", of_net2usb},
    {"ports", of_net2usb},
    {"exec", of_net2pty},
    {"reset", of_net2pty},
    {"start", "that is `com2net service start`, on Windows"},
    {"stop", ending},
    {"kill", ending},
    {"quit", ending},
    {"close", ending},
    {"restart", ending},
    {"reload", ending},
    {"install", "that is `com2net service install -- SOURCE PORT`"},
    {"uninstall", "that is `com2net service uninstall`"},
    {"publish", no_verb},
    {"serve", no_verb},
    {"server", no_verb},
    {"open", no_verb},
    {"add", no_verb},
    {"share", no_verb},
    {"export", no_verb},
    {"expose", no_verb},
    {"listen", no_verb},
    {"forward", no_verb},
    {"connect", of_net2pty},
    {"monitor", of_net2pty},
    {"--usb", "a USB device is SOURCE with usb: in front: com2net usb:0403:6010 3240"},
    {"bind", "a USB device is published without it: com2net usb:BUSID 3240"},
    {"unbind", "a USB device is given back when com2net ends"},
    {0},
};

static const struct cli_program command_line = {
    .name = "com2net",
    .summary = "Publishes serial ports over TCP, by RFC 2217 and for raw TCP clients, and USB "
               "devices over USB/IP.",
    .examples = examples,
    .verbs = verbs,
    .topics = topics,
    .hints = hints,
};

int main(int argc, char **argv)
{
    if (startup_init(&argc, &argv) < 0)
        return CLI_EXIT_FAILED;
    return cli_main(&command_line, argc, argv);
}
