/* The names in a table of hosts, as in /etc/hosts. */
#ifndef COMMON_HOSTS_H
#define COMMON_HOSTS_H

#include <stdbool.h>

enum { HOSTS_ADDRESS_MAX = 64 };

/* The first address of a name, in the table's own words. Returns whether the table has it. Lines
 * are ADDRESS NAME..., after # is a comment, and letters may be small or not (hosts(5)). */
bool hosts_find(const char *table, const char *name, char address[static HOSTS_ADDRESS_MAX]);

#endif
