#include "cli_option.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool cli_option_is_heading(const struct cli_option *o)
{
    return !o->name[0];
}

const struct cli_option *cli_option_of_name(const struct cli_option *table, const char *name,
                                            size_t len)
{
    for (const struct cli_option *o = table; o->name; o++)
        if (len > 0 && strlen(o->name) == len && strncmp(o->name, name, len) == 0)
            return o;
    return NULL;
}

const struct cli_option *cli_option_of_letter(const struct cli_option *table, char letter)
{
    for (const struct cli_option *o = table; o->name; o++)
        if (o->letter && o->letter == letter)
            return o;
    return NULL;
}

/* --- paths ------------------------------------------------------------------------------------ */

static cli_path_check *path_check;

void cli_check_paths(cli_path_check *check)
{
    path_check = check;
}

int cli_check_path(const char *path, char error[static CLI_ERROR_MAX])
{
    return path_check ? path_check(path, error) : 0;
}

int cli_option_take(const struct cli_option *o, void *ctx, const char *value,
                    char error[static CLI_ERROR_MAX])
{
    const bool is_path =
        o->argument && (strcmp(o->argument, "PATH") == 0 || strcmp(o->argument, "FILE") == 0);

    if (is_path && cli_check_path(value, error) < 0)
        return -EINVAL;
    return o->take(ctx, value, error);
}

/* --- values ----------------------------------------------------------------------------------- */

int cli_on_off(const char *value, bool *out, char error[static CLI_ERROR_MAX])
{
    *out = strcmp(value, "on") == 0;
    if (*out || strcmp(value, "off") == 0)
        return 0;
    snprintf(error, CLI_ERROR_MAX, "it is on or off");
    return -EINVAL;
}

static int cli_seconds(const char *value, unsigned *ms, char error[static CLI_ERROR_MAX])
{
    char *end;
    double seconds = strtod(value, &end);

    if (end == value || *end || !(seconds >= 0) || seconds > 1e6) {
        snprintf(error, CLI_ERROR_MAX, "it is a number of seconds, such as 10 or 0.5");
        return -EINVAL;
    }
    *ms = (unsigned)(seconds * 1000);
    return 0;
}

int cli_wait(const char *value, int *ms, char error[static CLI_ERROR_MAX])
{
    unsigned seconds_ms;

    *ms = CLI_FOREVER;
    if (strcmp(value, "forever") == 0)
        return 0;
    if (cli_seconds(value, &seconds_ms, error) < 0) {
        snprintf(error, CLI_ERROR_MAX, "it is a number of seconds, such as 10 or 0.5, or forever");
        return -EINVAL;
    }
    *ms = (int)seconds_ms;
    return 0;
}
