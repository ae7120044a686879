#include "absent_command.h"

#include <stdbool.h>
#include <string.h>

/* Words that a shell carries out itself, as it is about itself. */
static bool is_shells(const char *name)
{
    static const char *const words[] = {"alias", "cd",     "eval", "exec",   "export", "set",
                                        "shift", "source", "trap", "ulimit", "umask",  "unset"};
    bool is = false;

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        is = is || strcmp(name, words[i]) == 0;
    return is;
}

const char *absent_command_advice(const char *name)
{
    if (!*name)
        return "the COMMAND is empty";
    if (is_shells(name))
        return "that is the shell's own: sh -c 'cd /src && make'";
    if (strchr(name, '=') && !strchr(name, '/'))
        return "a variable is set by env: env NAME=VALUE COMMAND";
    if (strpbrk(name, " \t"))
        return "COMMAND and each of its arguments are words of their own, without quotes around "
               "them all; a line for the shell is sh -c 'LINE'";
    if (strchr(name, '/'))
        return "is the path right in here, and is what its first line calls (#!) there?";
    return "is it installed here, in a folder of PATH?";
}
