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
#include "net2usb_options.h"
#include "startup.h"

static struct net2usb_options options;

/* --- options ---------------------------------------------------------------------------------- */

#define TAKE(name, statement)                                                                      \
    static int take_##name(void *ctx, const char *value, char error[static CLI_ERROR_MAX])         \
    {                                                                                              \
        struct net2usb_options *o = ctx;                                                           \
                                                                                                   \
        (void)error;                                                                               \
        (void)value;                                                                               \
        statement;                                                                                 \
        return 0;                                                                                  \
    }

TAKE(busid, o->busid = value)
TAKE(port, o->port = value)
TAKE(strict, o->strict = true)
TAKE(persist, o->persist = true)
TAKE(docker, o->docker = true)
TAKE(watch, o->watch = true)
TAKE(output, o->output = value)
TAKE(prefix, o->prefix = value)

static int take_post(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    struct net2usb_options *o = ctx;
    size_t len = strlen(o->post);

    for (int i = 0; i < 10; i++) {
        if (i == 4 ? value[i] == ':' : i == 9 ? !value[i] : isxdigit((unsigned char)value[i]) != 0)
            continue;
        snprintf(error, CLI_ERROR_MAX, "it is VID:PID, such as 0403:6010");
        return -EINVAL;
    }
    if (len + 11 > sizeof o->post) {
        snprintf(error, CLI_ERROR_MAX, "that is one too many");
        return -EINVAL;
    }
    snprintf(o->post + len, sizeof o->post - len, "%s%s", len ? "," : "", value);
    return 0;
}

static const struct cli_option wait_options[] = {
    CLI_HEADING("Options of list, run, cdi and attach:"),
    {"wait", 'w', "SECONDS|forever", net2usb_take_wait,
     "wait for the server, and for the device where it is away or in use; exit status 3 when that "
     "takes longer"},
    {0},
};

static const struct cli_option library_options[] = {
    CLI_HEADING("Options of run, env and cdi:"),
    {"strict", 0, NULL, take_strict,
     "wait for every write to reach the device (default: do not wait for FTDI chips)"},
    {"post", 0, "VID:PID", take_post, "do not wait for these devices either; may be repeated"},
    {0},
};

static const struct cli_option env_options[] = {
    CLI_HEADING("Options of env:"),
    {"docker", 0, NULL, take_docker, "print lines for a Dockerfile"},
    {0},
};

static const struct cli_option cdi_options[] = {
    CLI_HEADING("Options of cdi:"),
    {"output", 'o', "FILE", take_output,
     "write FILE, such as /etc/cdi/com2net-usb.json, instead of standard output"},
    {"watch", 0, NULL, take_watch,
     "stay, and write it again when the list changes; at the end it is deleted"},
    {"prefix", 0, "TEXT", take_prefix,
     "begin each device's name with TEXT, as two servers may have the same names"},
    {0},
};

static const struct cli_option attach_options[] = {
    CLI_HEADING("Options of attach:"),
    {"persist", 0, NULL, take_persist,
     "stay, and attach the device again after an unplug, a restart of the server or a loss of the "
     "network"},
    {0},
};

static const struct cli_option server_options[] = {
    CLI_HEADING("Options of list and attach, as usbip has them:"),
    {"remote", 'r', "HOST", net2usb_take_remote, "the server"},
    {0},
};

static const struct cli_option device_options[] = {
    CLI_HEADING("Options of attach, as usbip has them:"),
    {"busid", 'b', "SELECTOR", take_busid, "the device"},
    {"device", 'd', "SELECTOR", take_busid, "the same"},
    {0},
};

static const struct cli_option detach_options[] = {
    CLI_HEADING("Options of detach, as usbip has them:"),
    {"port", 'p', "PORT", take_port, "the port"},
    {0},
};

/* --- verbs ------------------------------------------------------------------------------------ */

static const struct cli_option *const list_tables[] = {wait_options, server_options, NULL};
static const struct cli_option *const run_tables[] = {wait_options, library_options, NULL};
static const struct cli_option *const env_tables[] = {library_options, env_options, NULL};
static const struct cli_option *const cdi_tables[] = {wait_options, library_options, cdi_options,
                                                      NULL};
static const struct cli_option *const attach_tables[] = {wait_options, attach_options,
                                                         server_options, device_options, NULL};
static const struct cli_option *const detach_tables[] = {detach_options, NULL};

static const struct cli_example list_examples[] = {
    {"net2usb list raspberry", "com2net, or usbipd, at port 3240"},
    {"net2usb list raspberry:7842", "at another port"},
    {0},
};

static const struct cli_example run_examples[] = {
    {"net2usb run raspberry -- iceprog -t", "with all that are free"},
    {"net2usb run raspberry 0403:6010 -- iceprog image.bin", "with this one"},
    {"net2usb run --wait 60 raspberry -- iceprog -t", "when it is free"},
    {0},
};

static const struct cli_example env_examples[] = {
    {"eval \"$(net2usb env raspberry)\"", "for all that this shell starts"},
    {"net2usb env --docker raspberry", "for an image"},
    {0},
};

static const struct cli_example cdi_examples[] = {
    {"net2usb cdi -o /etc/cdi/com2net-usb.json 192.0.2.7", "as root"},
    {"docker run --device com2net.dev/usb=ice IMAGE iceprog -t", "any image then"},
    {0},
};

static const struct cli_example doctor_examples[] = {
    {"net2usb doctor raspberry", "can the server be used?"},
    {"net2usb doctor raspberry -- iceprog", "and for this program?"},
    {0},
};

static const struct cli_example attach_examples[] = {
    {"net2usb attach raspberry 1-1.2", "by its place"},
    {"net2usb attach --persist raspberry 0403:6010", "again and again"},
    {0},
};

static const struct cli_example detach_examples[] = {
    {"net2usb detach 0", "the device at port 0"},
    {"net2usb detach all", "all devices"},
    {0},
};

static const struct cli_example ports_examples[] = {
    {"net2usb ports", "port, server and files of each device"},
    {0},
};

static const struct cli_verb verbs[] = {
    {
        .name = "list",
        .arguments = "[OPTION]... HOST[:PORT]",
        .help = "show the devices of a server, and what to type for each",
        .summary = "Shows the devices of a server: BUSID, ids, texts, who uses each, and what to "
                   "type for it. Servers other than com2net do not tell who uses one.",
        .examples = list_examples,
        .options = list_tables,
        .run = usb_list,
    },
    {
        .name = "run",
        .arguments = "[OPTION]... HOST[:PORT] [SELECTOR]... -- COMMAND...",
        .help = "run COMMAND with devices of a server, if it uses libusb: no kernel module, no "
                "privileges",
        .summary = "Runs COMMAND with the devices of a server that the SELECTORs name, or with "
                   "all. COMMAND, or what it starts, has to use libusb. It takes no kernel module "
                   "and no privileges.",
        .examples = run_examples,
        .options = run_tables,
        .dashes = CLI_DASHES_COMMAND,
        .run = usb_run,
    },
    {
        .name = "env",
        .arguments = "[OPTION]... HOST[:PORT] [SELECTOR]...",
        .help = "print the variables that run sets",
        .summary = "Prints the variables that run sets, as lines for a shell. The server is not "
                   "asked.",
        .examples = env_examples,
        .options = env_tables,
        .run = usb_env,
    },
    {
        .name = "cdi",
        .arguments = "[OPTION]... HOST[:PORT] [SELECTOR]...",
        .help = "write a file by which docker run --device gives boards to any image",
        .summary = "Writes a CDI file: container engines then know a device com2net.dev/usb=NAME "
                   "for each board, and com2net.dev/usb=all. Images need nothing of ours. Those "
                   "with musl, as Alpine's, take NAME-musl.",
        .examples = cdi_examples,
        .options = cdi_tables,
        .run = usb_cdi,
    },
    {
        .name = "doctor",
        .arguments = "HOST[:PORT] [-- COMMAND]",
        .help = "find out why it does not work",
        .summary =
            "Finds out why it does not work: looks at the server, and at COMMAND. Lines about "
            "faults begin with BAD, and the exit status is 1 then.",
        .examples = doctor_examples,
        .dashes = CLI_DASHES_COMMAND,
        .run = usb_doctor,
    },
    {
        .name = "attach",
        .arguments = "[OPTION]... HOST[:PORT] SELECTOR",
        .help = "have the kernel use a device, with its own drivers (as root, with vhci_hcd)",
        .summary = "Has the kernel use a device, with its own drivers, for all programs. This "
                   "takes root and the module vhci_hcd. It ends when the device is there, and "
                   "prints its files in /dev.",
        .examples = attach_examples,
        .options = attach_tables,
        .run = usb_attach,
    },
    {
        .name = "detach",
        .arguments = "PORT | all",
        .help = "take a device off the kernel",
        .summary = "Takes a device off the kernel, by its port, or all of them.",
        .examples = detach_examples,
        .options = detach_tables,
        .run = usb_detach,
    },
    {
        .name = "ports",
        .arguments = "",
        .help = "show what is attached",
        .summary = "Shows what is attached, by net2usb or by usbip.",
        .examples = ports_examples,
        .run = usb_ports,
    },
    {0},
};

static const struct cli_alias aliases[] = {
    {"port", "ports"}, /* usbip's word */
    {"status", "ports"},
    {0},
};

/* --- the program ------------------------------------------------------------------------------ */

static const struct cli_example program_examples[] = {
    {"net2usb list raspberry", "what it has"},
    {"net2usb run raspberry -- iceprog -t", "with all that are free"},
    {"net2usb run raspberry 0403:6010 -- iceprog image.bin", "with this one"},
    {"net2usb attach raspberry 1-1.2", "for the kernel (root)"},
    {0},
};

static const char *const selectors[] = {
    "SELECTOR is a BUSID (1-1.2), VID:PID (0403:6010), VID:PID:SERIAL or a name that the server "
    "gives. HOST is a machine; PORT is 3240 unless another one is given.",
    NULL,
};

static const char *const statuses[] = {
    "Exit status 0: done. 1: it could not be done. 2: the command line is wrong. 3: not within the "
    "time of --wait. Of run: COMMAND's own, or 125: net2usb failed. 126: COMMAND cannot be run. "
    "127: it is not found.",
    NULL,
};

static const struct cli_topic topics[] = {
    {.name = "selector", .paragraphs = selectors},
    {.name = "exit", .paragraphs = statuses},
    {0},
};

static const char publishing[] =
    "devices are published by com2net, where they are plugged in: com2net list, then com2net "
    "usb:BUSID 3240";
static const char serial[] = "that is net2pty's, which is for serial ports: see `net2pty help`";

static const struct cli_hint hints[] = {
    {"-l", "local devices are com2net's: com2net list"},
    {"--local", "local devices are com2net's: com2net list"},
    {"bind", publishing},
    {"unbind", "a device is given back when the com2net that publishes it ends"},
    {"service", publishing},
    {"exec", serial},
    {"reset", serial},
    {"--list", "it is a verb: net2usb list HOST"},
    {"--run", "it is a verb: net2usb run HOST -- COMMAND"},
    {"--env", "it is a verb: net2usb env HOST"},
    {"--attach", "it is a verb: net2usb attach HOST SELECTOR"},
    {"--status", "it is a verb: net2usb ports"},
    {"--host", "the server comes after the verb: net2usb list HOST"},
    {"-s", "a serial number is part of the SELECTOR: VID:PID:SERIAL"},
    {"--serial", "a serial number is part of the SELECTOR: VID:PID:SERIAL"},
    {"--timeout", "that is --wait SECONDS"},
    {"--all", "without a SELECTOR run has all devices; detach all frees all of them"},
    {"share", publishing},
    {"publish", publishing},
    {"connect", "run gives a device to a program, attach to the kernel: net2usb run HOST -- "
                "COMMAND"},
    {"use", "run gives a device to a program, attach to the kernel: net2usb run HOST -- COMMAND"},
    {"disconnect", "that is detach: net2usb detach PORT"},
    {"devices", "that is list: net2usb list HOST"},
    {"ls", "that is list: net2usb list HOST"},
    {"lsusb", "that is list: net2usb list HOST"},
    {"scan", "that is list: net2usb list HOST"},
    {"show", "that is list: net2usb list HOST"},
    {"info", "that is list: net2usb list HOST"},
    {"open", "run gives a device to a program, attach to the kernel: net2usb run HOST -- COMMAND"},
    {"start", "run gives a device to a program, attach to the kernel: net2usb run HOST -- COMMAND"},
    {"mount", "run gives a device to a program, attach to the kernel: net2usb run HOST -- COMMAND"},
    {"stop", "a device is given back when its COMMAND ends, or by net2usb detach PORT"},
    {"--server", "the server comes after the verb: net2usb list HOST"},
    {"--tcp-port", "the port comes after the server and a colon: net2usb list HOST:PORT"},
    {"--wsl", "WSL has com2net on Windows as a server: net2usb attach windows SELECTOR"},
    {"-i", "a COMMAND has the terminal without it: net2usb run HOST -- COMMAND"},
    {"--json", "it is reserved; there is no JSON yet"},
    {0},
};

static const struct cli_program program = {
    .name = "net2usb",
    .summary = "Uses USB devices that com2net, or another USB/IP server, publishes.",
    .examples = program_examples,
    .verbs = verbs,
    .aliases = aliases,
    .topics = topics,
    .hints = hints,
    .ctx = &options,
};

int main(int argc, char **argv)
{
    if (startup_init(&argc, &argv) < 0)
        return CLI_EXIT_FAILED;
    return cli_main(&program, argc, argv);
}
