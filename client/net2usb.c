/*
 * net2usb: USB devices that servers publish, for programs (`run`) or for the kernel (`attach`).
 * The command line; each verb is in a file of its own.
 */
#include "net2usb.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "log.h"
#include "startup.h"

enum { OPT_REMOTE = 1, OPT_BUSID = 2, OPT_PORT = 4, OPT_POST = 8, OPT_STRICT = 16 };
enum { OPT_PERSIST = 32, OPT_DOCKER = 64 };

static struct net2usb_options options;
static unsigned given; /* OPT_... */

/* --- verbs ------------------------------------------------------------------------------------ */

static const struct verb {
    const char *name;
    net2usb_verb *run;
    unsigned takes; /* OPT_... */
    bool command;   /* something may follow "--" */
} verbs[] = {
    {"list", usb_list, OPT_REMOTE, false},
    {"run", usb_run, OPT_POST | OPT_STRICT, true},
    {"env", usb_env, OPT_POST | OPT_STRICT | OPT_DOCKER, false},
    {"doctor", usb_doctor, 0, true},
    {"attach", usb_attach, OPT_REMOTE | OPT_BUSID | OPT_PERSIST, false},
    {"detach", usb_detach, OPT_PORT, false},
    {"ports", usb_ports, 0, false},
    {"port", usb_ports, 0, false}, /* usbip's */
};

static const struct {
    unsigned bit;
    const char *name;
} option_names[] = {{OPT_REMOTE, "--remote"}, {OPT_BUSID, "--busid"},   {OPT_PORT, "--port"},
                    {OPT_POST, "--post"},     {OPT_STRICT, "--strict"}, {OPT_PERSIST, "--persist"},
                    {OPT_DOCKER, "--docker"}};

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    return NULL;
}

/* --- options ---------------------------------------------------------------------------------- */

#define TAKE(name, bit, statement)                                                                 \
    static int take_##name(void *ctx, const char *value, char error[static CLI_ERROR_MAX])         \
    {                                                                                              \
        (void)ctx;                                                                                 \
        (void)error;                                                                               \
        (void)value;                                                                               \
        given |= bit;                                                                              \
        statement;                                                                                 \
        return 0;                                                                                  \
    }

TAKE(remote, OPT_REMOTE, options.remote = value)
TAKE(busid, OPT_BUSID, options.busid = value)
TAKE(port, OPT_PORT, options.port = value)
TAKE(strict, OPT_STRICT, options.strict = true)
TAKE(persist, OPT_PERSIST, options.persist = true)
TAKE(docker, OPT_DOCKER, options.docker = true)

static int take_post(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    size_t len = strlen(options.post);

    (void)ctx;
    given |= OPT_POST;
    for (int i = 0; i < 10; i++) {
        if (i == 4 ? value[i] == ':' : i == 9 ? !value[i] : isxdigit((unsigned char)value[i]) != 0)
            continue;
        snprintf(error, CLI_ERROR_MAX, "it is VID:PID, such as 0403:6010");
        return -EINVAL;
    }
    if (len + 11 > sizeof options.post) {
        snprintf(error, CLI_ERROR_MAX, "that is one too many");
        return -EINVAL;
    }
    snprintf(options.post + len, sizeof options.post - len, "%s%s", len ? "," : "", value);
    return 0;
}

static const struct cli_option program_options[] = {
    {"strict", 0, NULL, take_strict,
     "run, env: what is sent to a device is waited for each\ntime; otherwise FTDI's chips are not "
     "waited for"},
    {"post", 0, "VID:PID", take_post,
     "run, env: do not wait for what is sent to these\ndevices either, as if they were FTDI's"},
    {"docker", 0, NULL, take_docker, "env: print lines for a Dockerfile"},
    {"persist", 0, NULL, take_persist,
     "attach: stay, and attach the device again after an\nunplug, a restart of the server or a "
     "loss of the network"},
    {"remote", 'r', "HOST", take_remote, "list, attach: the server, as usbip has it"},
    {"busid", 'b', "SELECTOR", take_busid, "attach: the device, as usbip has it"},
    {"device", 'd', "SELECTOR", take_busid, "the same"},
    {"port", 'p', "PORT", take_port, "detach: the port, as usbip has it"},
    {"verbose", 'v', NULL, cli_take_verbose, "say more"},
    {"quiet", 'q', NULL, cli_take_quiet, "say only what went wrong"},
    {0},
};

static const struct cli_program program = {
    .name = "net2usb",
    .usage = "list HOST[:PORT]\n"
             "run [OPTION...] HOST[:PORT] [SELECTOR...] -- COMMAND...\n"
             "env [OPTION...] HOST[:PORT] [SELECTOR...]\n"
             "doctor HOST[:PORT] [-- COMMAND]\n"
             "attach [--persist] HOST[:PORT] SELECTOR\n"
             "detach PORT | all\n"
             "ports",
    .summary = "Uses USB devices that com2net, or another USB/IP server, publishes.\n"
               "list shows them. run runs COMMAND with them, if it uses libusb: no kernel module,\n"
               "no privileges. env prints what run sets. doctor looks for what is in the way.\n"
               "attach has the kernel use one (as root, with vhci_hcd), detach ends that, and\n"
               "ports shows what is attached.\n"
               "SELECTOR is a BUSID, VID:PID, VID:PID:SERIAL or a name that the server gives.",
    .options = program_options,
    .end = "Examples:\n"
           "  net2usb list raspberry\n"
           "  net2usb run raspberry -- iceprog -t\n"
           "  net2usb run raspberry 0403:6010 -- iceprog image.bin\n"
           "  net2usb attach raspberry 1-1.2\n",
    .runs_command = true,
};

int main(int argc, char **argv)
{
    char **command = NULL;

    if (startup_init(&argc, &argv) < 0)
        return CLI_EXIT_FAILED;
    if (cli_parse(&program, &argc, argv) < 0)
        return CLI_EXIT_USAGE;
    log_init(program.name, cli_log_level());
    for (int i = 1; i < argc && !command; i++) {
        if (strcmp(argv[i], "--") == 0) {
            command = argv + i + 1;
            argv[i] = NULL;
            argc = i;
        }
    }
    if (argc < 2)
        return cli_usage_error(
            "what is to be done? list, run, env, doctor, attach, detach or ports");
    const struct verb *v = find_verb(argv[1]);
    if (!v)
        return cli_usage_error("there is no %s; there are list, run, env, doctor, attach, detach "
                               "and ports",
                               argv[1]);
    for (size_t i = 0; i < sizeof option_names / sizeof *option_names; i++)
        if (given & ~v->takes & option_names[i].bit)
            return cli_usage_error("%s is not for %s", option_names[i].name, v->name);
    if (command && !v->command)
        return cli_usage_error("%s runs no command", v->name);
    return v->run(argc - 2, argv + 2, command, &options);
}
