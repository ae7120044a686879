#include "net2pty_hints.h"

static const char usb[] = "that is net2usb's, which is for USB devices: see `net2usb help`";

static const char no_verb[] = "it does so without a verb: net2pty LINK HOST:PORT";
static const char ending[] = "Ctrl-C, or SIGTERM, ends the net2pty that serves a LINK";
static const char a_speed[] = "a speed or format comes after the LINK and a comma: net2pty "
                              "/dev/ttyS5,115200,8e1 HOST:PORT";
static const char a_command[] = "a COMMAND comes after --: net2pty LINK HOST:PORT -- COMMAND";
static const char a_scheme[] = "RFC 2217 is what it speaks anyway; bytes only are --raw, or "
                               "tcp://HOST:PORT";
static const char retrying[] = "it tries again by itself, for ever or for --wait SECONDS";
static const char logging[] = "the log goes to standard error, or to --log-file FILE; -v says more";

const struct cli_hint net2pty_hints[] = {
    {"connect", no_verb},
    {"open", no_verb},
    {"link", no_verb},
    {"create", no_verb},
    {"add", no_verb},
    {"start", no_verb},
    {"mount", no_verb},
    {"daemon", no_verb},
    {"stop", ending},
    {"kill", ending},
    {"close", ending},
    {"rm", ending},
    {"remove", ending},
    {"delete", ending},
    {"disconnect", ending},
    {"--stop", ending},
    {"ls", "`net2pty status` shows the links that are served"},
    {"ps", "`net2pty status` shows the links that are served"},
    {"info", "that is net2pty status LINK"},
    {"show", "that is net2pty status LINK"},
    {"terminal", "a terminal is a COMMAND: net2pty LINK HOST:PORT -- picocom LINK"},
    {"monitor", "a terminal is a COMMAND: net2pty LINK HOST:PORT -- picocom LINK"},
    {"screen", "a terminal is a COMMAND: net2pty LINK HOST:PORT -- picocom LINK"},
    {"log", logging},
    {"logs", logging},
    {"--log", logging},
    {"--debug", logging},
    {"--speed", a_speed},
    {"--parity", a_speed},
    {"--format", a_speed},
    {"-e", a_command},
    {"--command", a_command},
    {"--telnet", a_scheme},
    {"--rfc2217", a_scheme},
    {"--tcp", a_scheme},
    {"--retry", retrying},
    {"--reconnect", retrying},
    {"-i", "a COMMAND has the terminal without it: net2pty exec LINK -- COMMAND"},
    {"-it", "a COMMAND has the terminal without it: net2pty exec LINK -- COMMAND"},
    {"--server", "the server comes after the LINK: net2pty LINK HOST:PORT"},
    {"list", "com2net lists its ports where it runs: `com2net list` there; USB devices of a server "
             "are listed from here by `net2usb list HOST`"},
    {"--list", "com2net lists its ports where it runs: `com2net list` there"},
    {"-p", "the port comes after the host: net2pty LINK HOST:PORT"},
    {"--port", "the port comes after the host: net2pty LINK HOST:PORT"},
    {"--json", "it is reserved; there is no JSON yet"},
    {"-d", "it stays in the foreground: add & to the line, or use a systemd unit"},
    {"--daemon", "it stays in the foreground: add & to the line, or use a systemd unit"},
    {"--timeout", "that is --wait SECONDS"},
    {"--host", "the server comes after the LINK: net2pty LINK HOST:PORT"},
    {"--link", "the LINK comes before its server: net2pty LINK HOST:PORT"},
    {"-c", a_command},
    {"--exec", a_command},
    {"--run", a_command},
    {"--usb", usb},
    {"run", usb},
    {"env", usb},
    {"doctor", usb},
    {"attach", usb},
    {"detach", usb},
    {"ports", usb},
    {"bind", "that is com2net's, which publishes: com2net usb:BUSID 3240"},
    {"service", "that is com2net's, which publishes: see `com2net help service`"},
    {0},
};
