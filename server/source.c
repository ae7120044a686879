#include "source.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <event2/util.h>

#include "cli_commas.h"
#include "log.h"
#include "serial_ports.h"
#include "virtual_kinds.h"

/* Reads one SOURCE with its options. Returns 0 or -EINVAL. */
static int parse_source(char *text, struct source *s, char error[static CLI_ERROR_MAX])
{
    char *commas = strchr(text, ',');

    if (commas)
        *commas++ = '\0';
    *s = (struct source){.is_usb = usb_options_are_meant(text)};
    if (s->is_usb)
        return usb_options_parse(text, commas, virtual_kinds, &s->usb, error);
    if (evutil_ascii_strncasecmp(text, "usb:", 4) == 0) {
        snprintf(error, CLI_ERROR_MAX, "%.100s: usb: is written in small letters", text);
        return -EINVAL;
    }
    serial_ports_tidy(text);
    return port_options_parse(text, commas, &s->port, error);
}

static const char *name_of(const struct source *s)
{
    return s->is_usb ? s->usb.name : s->port.name;
}

static const char *typed_of(const struct source *s)
{
    return s->is_usb ? s->usb.name : s->port.selector;
}

static bool is_listen(const char *text)
{
    char why[ADDRESS_WHY_MAX];
    struct addr addr;

    return addr_parse_listen(text, &addr, why) == 0;
}

/* Whether a source and its port were typed as one word: "/dev/ttyUSB0:7000", "loop::7000". `*len`
 * is that of the source. */
static bool is_joined(const char *typed, size_t *len, uint16_t *port)
{
    const char *colon = strrchr(typed, ':');

    if (!colon || !address_port(colon + 1, port))
        return false;
    *len = (size_t)(colon - typed);
    return typed[0] == '/' || strncmp(typed, "loop:", 5) == 0 || strncmp(typed, "tty", 3) == 0 ||
           strncmp(typed, "COM", 3) == 0;
}

static const char a_source[] = "/dev/ttyUSB0"; /* of an example */

/* Whether it may be meant as a verb: letters only, and not the name of a port. */
static bool is_word(const char *text)
{
    return text[0] && text[0] != '-' && !text[strspn(text, "abcdefghijklmnopqrstuvwxyz-")];
}

/* An option of a source that stands alone, as a word. */
static bool tell_option(const char *source, const char *text, char error[static CLI_ERROR_MAX])
{
    if (!cli_find_comma(port_options_table, text))
        return false;
    snprintf(error, CLI_ERROR_MAX,
             "%.100s: options come after the SOURCE and a comma: `com2net %.100s,%.100s 7000`",
             text, source, text);
    return true;
}

/* The PORT of a source is missing: perhaps it is in the source. */
static void tell_no_port(const char *typed, const char *before, char error[static CLI_ERROR_MAX])
{
    uint16_t port;
    size_t len;

    if (tell_option(before, typed, error))
        return;
    if (is_joined(typed, &len, &port))
        snprintf(error, CLI_ERROR_MAX,
                 "%s: put a blank between SOURCE and PORT: `com2net %.*s%s %u`", typed, (int)len,
                 typed, len == strlen("loop") && typed[0] == 'l' ? ":" : "", port);
    else if (is_listen(typed))
        snprintf(error, CLI_ERROR_MAX,
                 "%s: the SOURCE is missing before it, as in `com2net /dev/ttyUSB0 %s`", typed,
                 typed);
    else if (is_word(typed))
        snprintf(error, CLI_ERROR_MAX,
                 "%.100s is no verb, and as a SOURCE it has no PORT, as in `com2net /dev/%.100s "
                 "7000`",
                 typed, typed);
    else
        snprintf(error, CLI_ERROR_MAX, "%s: its PORT is missing, as in `com2net %s 7000`", typed,
                 typed);
}

/* Whether it is a format, or a speed that ports have: 70000 is rather meant as a port. */
static bool is_setting(const char *text)
{
    struct line_settings line = line_default;

    if (line_parse_baud(text, &line.baud) == 0)
        return line.baud % 75 == 0 || line.baud % 250000 == 0;
    return line_parse_format(text, &line) == 0;
}

/* Whether there is an address to listen on before the comma at `len`, with options after it; not
 * digits as in 7,000. */
static bool has_options(const char *text, size_t len)
{
    const size_t digits = strspn(text + len + 1, "0123456789");
    char listen[64];

    snprintf(listen, sizeof listen, "%.*s", (int)len, text);
    return is_listen(listen) && !(digits == 3 && !text[len + 1 + digits]);
}

/* Whether the word in the place of the PORT belongs to the source. Says where it has its place. */
static bool tell_setting(const char *source, const char *text, char error[static CLI_ERROR_MAX])
{
    const size_t len = strcspn(text, ",");

    if (is_setting(text))
        snprintf(error, CLI_ERROR_MAX,
                 "%.100s: a speed or format comes after the SOURCE and a comma: `com2net "
                 "%.100s,%.100s 7000`",
                 text, source, text);
    else if (text[len] && !has_options(text, len))
        snprintf(
            error, CLI_ERROR_MAX,
            "%.100s: it is PORT or ADDRESS:PORT, such as 7000 or 0.0.0.0:7000, without a comma",
            text);
    else if (text[len])
        snprintf(error, CLI_ERROR_MAX,
                 "%.100s: options come after the SOURCE: `com2net %.100s%.100s %.*s`", text, source,
                 text + len, (int)len, text);
    else if (tell_option(source, text, error))
        return true;
    else if (is_word(source) && strcmp(source, "usb") != 0)
        snprintf(error, CLI_ERROR_MAX,
                 "%.100s is no verb, and %.100s no PORT for it: it is com2net SOURCE PORT, as in "
                 "`com2net /dev/ttyUSB0 7000`",
                 source, text);
    else if (!*text)
        snprintf(error, CLI_ERROR_MAX, "the PORT of %.100s is empty, as in `com2net %.100s 7000`",
                 source, source);
    else if (strcmp(source, "usb") == 0)
        snprintf(error, CLI_ERROR_MAX,
                 "usb: and the device are one word: `com2net usb:%.100s 3240`", text);
    else
        return false;
    return true;
}

static bool is_named(const struct source *s)
{
    return s->is_usb ? s->usb.named : s->port.named;
}

static int parse_listen(const struct source *s, const char *before, char *text, struct addr *listen,
                        char error[static CLI_ERROR_MAX])
{
    char why[ADDRESS_WHY_MAX];

    if (!text) {
        tell_no_port(typed_of(s), before, error);
        return -EINVAL;
    }
    if (addr_parse_listen(text, listen, why) == 0)
        return 0;
    if (tell_setting(typed_of(s), text, error))
        return -EINVAL;
    snprintf(error, CLI_ERROR_MAX, "%.100s (the PORT of %.100s): %.280s", text, name_of(s), why);
    return -EINVAL;
}

/* Whether an address, which is "" where there is none, is among those that `host` stands for. */
static bool is_within(const char *address, const char *host)
{
    const bool ipv6 = strchr(address, ':'), number = ipv6 || strspn(address, "0123456789.");

    if (!address[0] || !number)
        return false; /* of a name nothing is known yet */
    return strcmp(host, ipv6 ? "::" : "0.0.0.0") == 0;
}

static bool are_same(const char *a, const char *b)
{
    return strcmp(a, b) == 0 || is_within(a, b) || is_within(b, a);
}

static bool is_same_host(const struct addr *a, const struct addr *b)
{
    const char *const ipv6_of_a = addr_ipv6_of(a), *const ipv6_of_b = addr_ipv6_of(b);

    return are_same(a->host, b->host) || are_same(ipv6_of_a, b->host) ||
           are_same(a->host, ipv6_of_b) || is_within(ipv6_of_a, ipv6_of_b) ||
           is_within(ipv6_of_b, ipv6_of_a);
}

/* Whether one of `count` sources has it; of port 0 there are enough. */
static bool is_taken(const struct addr *listen, const struct source *sources, int count)
{
    bool taken = false;

    for (int i = 0; i < count && listen->port != 0; i++)
        taken = taken || (sources[i].listen.port == listen->port &&
                          is_same_host(&sources[i].listen, listen));
    return taken;
}

/* Reads one SOURCE after `count` others. Returns 0 or -EINVAL. */
static int take_source(char *text, struct source *sources, int count, int max,
                       char error[static CLI_ERROR_MAX])
{
    if (count == max) {
        snprintf(error, CLI_ERROR_MAX, "more than %d ports", max);
        return -EINVAL;
    }
    int r = parse_source(text, &sources[count], error);
    for (int i = 0; i < count && r == 0; i++) {
        if (!sources[i].is_usb && !sources[count].is_usb &&
            port_options_are_same(&sources[i].port, &sources[count].port)) {
            snprintf(error, CLI_ERROR_MAX, "%.200s and %.200s are the same device",
                     sources[i].port.selector, sources[count].port.selector);
            r = -EINVAL;
        }
    }
    return r;
}

/* A number in the place of a SOURCE. After another source it is a speed, as a rule. */
static int refuse_number(const char *number, const struct source *before, const char *after,
                         char error[static CLI_ERROR_MAX])
{
    if (before)
        snprintf(error, CLI_ERROR_MAX,
                 "%s: a speed comes after the SOURCE and a comma: `com2net %s,%s%s%s %u`", number,
                 typed_of(before), number, after ? "," : "", after ? after : "",
                 before->listen.port);
    else
        tell_no_port(number, a_source, error);
    return -EINVAL;
}

/* PORT and SOURCE may be swapped: then their meaning is certain all the same. */
static void put_source_first(char **args, int argc)
{
    char *first = args[0];

    if (argc < 2 || !is_listen(first) || is_listen(args[1]) || is_setting(args[1]))
        return;
    args[0] = args[1];
    args[1] = first;
    log_info("the SOURCE comes first: com2net %s %s", args[0], args[1]);
}

bool source_is_first(const struct source *sources, int place)
{
    return place == 0 || sources[place - 1].usb.next != &sources[place].usb;
}

/* Reads the sources that share an address, and the address after them. `*used` are the arguments
 * that these are; `*count` sources are there, also after a failure. Returns 0 or -EINVAL. */
static int parse_address(char **args, int argc, int *used, struct source *sources, int *count,
                         int max, char error[static CLI_ERROR_MAX])
{
    const int first = *count;
    struct addr listen;

    *used = 0;
    put_source_first(args, argc);
    if (args[0][0] && !args[0][strspn(args[0], "0123456789")])
        return refuse_number(args[0], first > 0 ? &sources[first - 1] : NULL,
                             argc > 1 ? args[1] : NULL, error);
    do { /* only usb: sources may repeat before their PORT */
        int r = take_source(args[*used], sources, *count, max, error);

        if (r < 0)
            return r;
        if (*count > first)
            sources[*count - 1].usb.next = &sources[*count].usb;
        ++*count;
        ++*used;
    } while (*used < argc && sources[first].is_usb && usb_options_are_meant(args[*used]));
    char *address = *used < argc ? args[(*used)++] : NULL;
    if (parse_listen(&sources[*count - 1], first > 0 ? typed_of(&sources[first - 1]) : a_source,
                     address, &listen, error) < 0)
        return -EINVAL;
    if (is_taken(&listen, sources, first)) {
        snprintf(error, CLI_ERROR_MAX,
                 "%.200s is the PORT of two; only usb: sources share one, which comes after "
                 "the last of them: usb:... usb:... %.200s",
                 address, address);
        return -EINVAL;
    }
    for (int j = first; j < *count; j++)
        sources[j].listen = listen;
    return 0;
}

/* Clients choose a device by its name. */
static int check_names(const struct source *sources, int count, char error[static CLI_ERROR_MAX])
{
    for (int i = 0; i < count; i++) {
        for (int j = 0; j < i; j++) {
            if (!is_named(&sources[i]) || !is_named(&sources[j]) ||
                strcmp(name_of(&sources[i]), name_of(&sources[j])) != 0)
                continue;
            snprintf(error, CLI_ERROR_MAX,
                     "option name=%s: another SOURCE has this name; %.50s-%d would do",
                     name_of(&sources[i]), name_of(&sources[i]), i + 1);
            return -EINVAL;
        }
    }
    return 0;
}

int source_parse_all(int argc, char **args, struct source *sources, int max,
                     char error[static CLI_ERROR_MAX])
{
    int count = 0;

    for (int i = 0, used; i < argc; i += used) {
        int r = parse_address(args + i, argc - i, &used, sources, &count, max, error);

        if (r < 0) {
            source_free_all(sources, count);
            return r;
        }
    }
    if (check_names(sources, count, error) < 0) {
        source_free_all(sources, count);
        return -EINVAL;
    }
    return count;
}

void source_free_all(struct source *sources, int count)
{
    for (int i = 0; i < count; i++)
        if (sources[i].is_usb)
            usb_options_free(&sources[i].usb);
}
