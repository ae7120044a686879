/*
 * net2usb on Windows, outside of the containers and of WSL: it looks at servers. A COMMAND runs in
 * there, with the net2usb of Linux (net2usb.c).
 */
#include "cli.h"
#include "log.h"
#include "net2usb.h"
#include "net2usb_options.h"
#include "startup.h"

static struct net2usb_options options = {.own = "localhost", .outside = true};

/* --- verbs ------------------------------------------------------------------------------------ */

static const struct cli_option wait_options[] = {
    CLI_HEADING("Options of list:"),
    {"wait", 'w', "SECONDS|forever", net2usb_take_wait,
     "wait for the server; exit status 3 when that takes longer"},
    {"remote", 'r', "HOST", net2usb_take_remote, "the server, as usbip has it"},
    {0},
};

static const struct cli_option *const list_tables[] = {wait_options, NULL};

static const struct cli_example list_examples[] = {
    {"net2usb list", "of this Windows, port 3240"},
    {"net2usb list localhost:7842", "of another port"},
    {"net2usb list raspberry", "of another machine"},
    {0},
};

static const struct cli_example doctor_examples[] = {
    {"net2usb doctor", "can this Windows's server be used?"},
    {"net2usb doctor raspberry", "and that one?"},
    {0},
};

static const struct cli_verb verbs[] = {
    {
        .name = "list",
        .arguments = "[OPTION]... [HOST[:PORT]]",
        .help = "show the devices of a server, and what to type for each",
        .summary = "Shows the devices of a server: BUSID, ids, texts, who uses each, and what to "
                   "type for it in a container or in WSL. Without HOST the server is this Windows.",
        .examples = list_examples,
        .options = list_tables,
        .run = usb_list,
    },
    {
        .name = "doctor",
        .arguments = "[HOST[:PORT]]",
        .help = "find out why it does not work",
        .summary = "Looks whether a server answers, and what it is. It shows the devices, and what "
                   "to type in a container or in WSL. Lines about faults begin with BAD, and the "
                   "exit status is 1 then.",
        .examples = doctor_examples,
        .run = usb_doctor,
    },
    {0},
};

/* --- the program ------------------------------------------------------------------------------ */

static const char *const places[] = {
    "On Windows net2usb looks at servers. In the container, or in WSL, net2usb is a program of "
    "Linux's: net2usb run windows -- COMMAND gives a program the device there. For programs of "
    "Windows usbip-win2 attaches a device of another machine.",
    NULL,
};

static const char *const statuses[] = {
    "Exit status 0: done. 1: it could not be done. 2: the command line is wrong. 3: not within the "
    "time of --wait.",
    NULL,
};

static const struct cli_topic topics[] = {
    {.name = "places", .paragraphs = places},
    {.name = "exit", .paragraphs = statuses},
    {0},
};

static const struct cli_example program_examples[] = {
    {"net2usb list", "what this Windows has"},
    {"net2usb doctor", "can it be used?"},
    {"net2usb list raspberry", "what another machine has"},
    {0},
};

static const char running[] =
    "that is for programs in a container, or in WSL: type it there, as net2usb run windows -- "
    "COMMAND. For programs of Windows usbip-win2 attaches a device of another machine";
static const char attaching[] =
    "on Windows usbip-win2 attaches: usbip attach -r HOST -b BUSID. In WSL net2usb attach does, as "
    "root";
static const char detaching[] =
    "on Windows usbip-win2 has what is attached: usbip port, and usbip detach -p PORT";
static const char publishing[] =
    "devices are published by com2net: com2net list, then com2net usb:VID:PID 3240";
static const char listing[] = "that is list: net2usb list [HOST]";

static const struct cli_hint hints[] = {
    {"run", running},
    {"exec", running},
    {"env", running},
    {"shell", running},
    {"cdi", running},
    {"use", running},
    {"attach", attaching},
    {"connect", attaching},
    {"mount", attaching},
    {"detach", detaching},
    {"disconnect", detaching},
    {"ports", detaching},
    {"port", detaching},
    {"status", detaching},
    {"bind", publishing},
    {"share", publishing},
    {"publish", publishing},
    {"service", "com2net runs as a service, net2usb does not: com2net service install"},
    {"unbind", "a device is given back when the com2net that publishes it ends"},
    {"-l", "local devices are com2net's: com2net list"},
    {"--local", "local devices are com2net's: com2net list"},
    {"--list", listing},
    {"devices", listing},
    {"ls", listing},
    {"lsusb", listing},
    {"scan", listing},
    {"show", listing},
    {"info", listing},
    {"--host", "the server comes after the verb: net2usb list HOST"},
    {"--server", "the server comes after the verb: net2usb list HOST"},
    {"--tcp-port", "the port comes after the server and a colon: net2usb list HOST:PORT"},
    {"--timeout", "that is --wait SECONDS"},
    {"--wsl", "in WSL, Windows is the server named windows: net2usb run windows -- COMMAND"},
    {"--json", "it is reserved; there is no JSON yet"},
    {0},
};

static const struct cli_program program = {
    .name = "net2usb",
    .summary = "Looks at servers that publish USB devices: com2net, usbipd-win and others.",
    .examples = program_examples,
    .verbs = verbs,
    .topics = topics,
    .hints = hints,
    .ctx = &options,
};

static void on_crash(const char *sentence)
{
    log_error("%s", sentence);
}

int main(int argc, char **argv)
{
    if (startup_init(&argc, &argv) < 0)
        return CLI_EXIT_FAILED;
    startup_tell_crash(on_crash);
    return cli_main(&program, argc, argv);
}
