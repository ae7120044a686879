#include "link_options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli_commas.h"

int link_options_take_baud(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    struct pty_session_options *link = ctx;

    if (line_parse_baud(value, &link->baud) == 0)
        return 0;
    snprintf(error, CLI_ERROR_MAX, "a speed is a number such as 115200");
    return -EINVAL;
}

int link_options_take_line(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    struct pty_session_options *link = ctx;

    link->port.format = line_default;
    if (line_parse_format(value, &link->port.format) == 0 &&
        (link->port.format.stop != LINE_STOP_1_5 || link->port.format.data_bits == 5)) {
        link->port.has_format = true;
        return 0;
    }
    snprintf(error, CLI_ERROR_MAX, "a format is one such as 8N1, 7E1 or 8E2");
    return -EINVAL;
}

int link_options_take_raw(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)value;
    (void)error;
    ((struct pty_session_options *)ctx)->raw = true;
    return 0;
}

static int take_hangup(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)value;
    (void)error;
    ((struct pty_session_options *)ctx)->hangup = true;
    return 0;
}

int link_options_take_no_touch_lines(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)value;
    (void)error;
    ((struct pty_session_options *)ctx)->no_touch_lines = true;
    return 0;
}

int link_options_take_replace(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)value;
    (void)error;
    ((struct pty_session_options *)ctx)->port.replace = true;
    return 0;
}

static int take_owner(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)error;
    ((struct pty_session_options *)ctx)->port.owner = value;
    return 0;
}

static int take_group(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)error;
    ((struct pty_session_options *)ctx)->port.group = value;
    return 0;
}

static int take_mode(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    char *end;
    long mode = strtol(value, &end, 8);

    if (end == value || *end || mode < 0 || mode > 0777) {
        snprintf(error, CLI_ERROR_MAX, "a mode is octal, such as 660 or 666");
        return -EINVAL;
    }
    ((struct pty_session_options *)ctx)->port.mode = (int)mode;
    return 0;
}

const struct cli_option link_options[] = {
    CLI_HEADING("Options of a LINK, after commas, together with a speed and a format "
                "(/dev/ttyS5,115200,8E1,mode=666):"),
    {"raw", 0, NULL, link_options_take_raw, "the server speaks raw TCP, not RFC 2217: bytes only"},
    {"hangup", 0, NULL, take_hangup,
     "hang up the programs that have the link open when the\nconnection is lost"},
    {"no-touch-lines", 0, NULL, link_options_take_no_touch_lines,
     "opening and closing the link leave DTR and RTS alone"},
    {"replace", 0, NULL, link_options_take_replace,
     "LINK may replace a symbolic link that leads nowhere"},
    {"owner", 0, "USER", take_owner, "who owns the port"},
    {"group", 0, "GROUP", take_group, "its group"},
    {"mode", 0, "MODE", take_mode, "its permissions, octal: mode=666 is for everybody"},
    {0},
};

/* Whether an item between commas is one that com2net's SOURCE takes. */
static bool is_of_server(const char *item)
{
    static const char *const names[] = {"dtr",       "rts",    "hupcl", "reset",     "rtscts",
                                        "xonxoff",   "noflow", "hold",  "hotplug",   "takeover",
                                        "observers", "if",     "idle",  "linedelay", "lowlatency",
                                        "paced",     "name"};
    const size_t len = strcspn(item, "=");

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == len && strncmp(item, names[i], len) == 0)
            return true;
    return false;
}

/* A speed or a format, which have no name in front. */
static int take_settings(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    if (link_options_take_baud(ctx, value, error) == 0 ||
        link_options_take_line(ctx, value, error) == 0)
        return 0;
    if (is_of_server(value))
        snprintf(error, CLI_ERROR_MAX,
                 "that is an option of the server's: com2net /dev/ttyUSB0,%.100s 7000, where it "
                 "runs",
                 value);
    else
        snprintf(error, CLI_ERROR_MAX,
                 "is no option; there are a speed (115200), a format (8E1) and those of `net2pty "
                 "help link`");
    return -EINVAL;
}

/* Whether a word is "tty" or "COM" with more after it: the name of a port, and no path. */
static bool is_bare_port(const char *link)
{
    const bool is_com = strncmp(link, "COM", 3) == 0 && strspn(link + 3, "0123456789") > 0;

    return !strchr(link, '/') && (is_com || (strncmp(link, "tty", 3) == 0 && link[3]));
}

/* A bare name is a file of the folder that one happens to be in, which is hardly meant. */
static void tell_bare_port(const char *link, char error[static CLI_ERROR_MAX])
{
    if (link[0] == 'C')
        snprintf(error, CLI_ERROR_MAX,
                 "%.100s is a name of Windows's; a LINK is a path, such as /tmp/%.100s or "
                 "/dev/ttyS5; ./%.100s is one in this folder",
                 link, link, link);
    else
        snprintf(error, CLI_ERROR_MAX,
                 "%.100s is in no folder: /dev/%.100s is what programs expect, ./%.100s is one in "
                 "this folder",
                 link, link, link);
}

/* Whether it may be meant as a verb. */
static bool is_word(const char *text)
{
    return !text[strspn(text, "abcdefghijklmnopqrstuvwxyz-")];
}

static bool is_setting(const char *text)
{
    struct line_settings line = line_default;

    return line_parse_baud(text, &line.baud) == 0 || line_parse_format(text, &line) == 0;
}

/* A word without a server after it may be another one's speed, or a server without a LINK. */
static bool tell_no_server(const char *text, char error[static CLI_ERROR_MAX])
{
    char why[ADDRESS_WHY_MAX];
    struct addr addr;
    bool raw;

    if (is_setting(text))
        snprintf(error, CLI_ERROR_MAX,
                 "%.100s: a speed or format comes after the LINK and a comma: `net2pty "
                 "/dev/ttyS5,%.100s HOST:PORT`",
                 text, text);
    else if (!strchr(text, '/') && addr_parse_connect(text, &addr, &raw, why) == 0)
        snprintf(error, CLI_ERROR_MAX,
                 "%.200s: the LINK is missing before it, as in `net2pty /dev/ttyS5 %.200s`", text,
                 text);
    else
        return false;
    return true;
}

static bool is_server(const char *text)
{
    char why[ADDRESS_WHY_MAX];
    struct addr addr;
    bool raw;

    return addr_parse_connect(text, &addr, &raw, why) == 0;
}

/* Options after the server are the link's. */
static bool tell_setting(const char *link, const char *server, char error[static CLI_ERROR_MAX])
{
    const size_t len = strcspn(server, ",");
    char before[ADDR_TEXT_MAX];

    snprintf(before, sizeof before, "%.*s", (int)len, server);
    if (!server[len] || !is_server(before))
        return false;
    snprintf(error, CLI_ERROR_MAX,
             "%.100s: options come after the LINK: `net2pty %.100s%.100s %.*s`", server, link,
             server + len, (int)len, server);
    return true;
}

int link_options_parse(char *text, const char *server, const struct pty_session_options *defaults,
                       struct pty_session_options *link, char error[static CLI_ERROR_MAX])
{
    char *commas = strchr(text, ',');
    char why[CLI_ERROR_MAX];
    char reason[ADDRESS_WHY_MAX];
    bool raw;

    if (commas)
        *commas++ = '\0';
    *link = *defaults;
    link->link = text;
    if (!*text) {
        snprintf(error, CLI_ERROR_MAX, "a LINK is empty");
        return -EINVAL;
    }
    if (commas && cli_parse_commas(link_options, take_settings, link, commas, why) < 0) {
        snprintf(error, CLI_ERROR_MAX, "%.100s: %.380s", text, why);
        return -EINVAL;
    }
    if (is_bare_port(text)) {
        tell_bare_port(text, error);
        return -EINVAL;
    }
    if (!server && tell_no_server(text, error))
        return -EINVAL;
    if (server && tell_setting(text, server, error))
        return -EINVAL;
    if (server && *server == '/' && !is_word(text)) {
        snprintf(
            error, CLI_ERROR_MAX,
            "%.100s (the server of %.100s): a path is no server; it is HOST:PORT, where com2net "
            "runs, as in localhost:7000",
            server, text);
        return -EINVAL;
    }
    if (server && !*server) {
        snprintf(error, CLI_ERROR_MAX, "the HOST:PORT of %.200s is empty", text);
        return -EINVAL;
    }
    if (!server) {
        snprintf(error, CLI_ERROR_MAX, "%s: its HOST:PORT is missing, as in `net2pty %s host:7000`",
                 text, text);
        return -EINVAL;
    }
    if (addr_parse_connect(server, &link->server, &raw, reason) < 0 && is_word(text)) {
        snprintf(
            error, CLI_ERROR_MAX,
            "%.100s is no verb, and %.100s no HOST:PORT for a LINK of that name: it is net2pty "
            "LINK HOST:PORT",
            text, server);
        return -EINVAL;
    }
    if (addr_parse_connect(server, &link->server, &raw, reason) < 0) {
        snprintf(error, CLI_ERROR_MAX, "%.100s (the server of %.100s): %.270s", server, text,
                 reason);
        return -EINVAL;
    }
    link->raw = link->raw || raw;
    return 0;
}
