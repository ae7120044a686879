#include "hosts.h"

#include <stdio.h>
#include <string.h>

#include <event2/util.h>

/* Takes a word off a line. Returns its length; 0 at the line's end. */
static size_t take_word(const char **at, const char **word)
{
    *word = *at + strspn(*at, " \t\r");
    const size_t len = strcspn(*word, " \t\r\n#");

    *at = *word + len;
    return len;
}

static bool line_has(const char *at, const char *name)
{
    const char *word;

    for (size_t len = take_word(&at, &word); len > 0; len = take_word(&at, &word))
        if (strlen(name) == len && evutil_ascii_strncasecmp(word, name, len) == 0)
            return true;
    return false;
}

bool hosts_find(const char *table, const char *name, char address[static HOSTS_ADDRESS_MAX])
{
    while (*table) {
        const char *at = table, *word;
        const size_t len = take_word(&at, &word);

        if (len > 0 && len < HOSTS_ADDRESS_MAX && line_has(at, name)) {
            snprintf(address, HOSTS_ADDRESS_MAX, "%.*s", (int)len, word);
            return true;
        }
        table += strcspn(table, "\n");
        table += *table == '\n';
    }
    return false;
}
