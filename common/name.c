#include "name.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define DIGITS "0123456789"
#define FIRST DIGITS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static const char letters[] = FIRST "._-";

/* Digits, "-", digits, and further digits after dots. */
static bool is_busid(const char *name)
{
    size_t n = strspn(name, DIGITS);

    if (n == 0 || name[n] != '-')
        return false;
    do {
        name += n + 1;
        n = strspn(name, DIGITS);
    } while (n > 0 && name[n] == '.');
    return n > 0 && name[n] == '\0';
}

/* Writes a name that would do: others than letters and digits become "-". */
static void propose(const char *name, char proposed[static NAME_MAX_LEN + 1])
{
    size_t n = 0;

    if (is_busid(name))
        n = (size_t)snprintf(proposed, NAME_MAX_LEN + 1, "usb-");
    for (; *name && n < NAME_MAX_LEN; name++) {
        const bool good = strchr(letters, *name);

        if (n == 0 && !(good && strchr(FIRST, *name)))
            continue;
        if (good || proposed[n - 1] != '-')
            proposed[n++] = good ? *name : '-';
    }
    while (n > 0 && proposed[n - 1] == '-')
        n--;
    proposed[n] = '\0';
    if (n == 0)
        snprintf(proposed, NAME_MAX_LEN + 1, "board");
}

int name_check(const char *name, char why[static NAME_WHY_MAX])
{
    char proposed[NAME_MAX_LEN + 1];
    const size_t len = strlen(name);

    if (len > 0 && len <= NAME_MAX_LEN && strchr(FIRST, *name) && !name[strspn(name, letters)] &&
        !is_busid(name))
        return 0;
    propose(name, proposed);
    snprintf(why, NAME_WHY_MAX,
             is_busid(name)
                 ? "it would be taken for a BUSID; %s would do"
                 : "a name has 1 to 63 letters, digits, dots, - and _, and begins with a letter or "
                   "digit; %s would do",
             proposed);
    return -EINVAL;
}
