/*
 * The rule in Windows's firewall that lets others reach this program.
 */
#ifndef WIN32_FIREWALL_H
#define WIN32_FIREWALL_H

#include <stdbool.h>

#include "service.h"

/* Makes the rule, for the program at `path`, in place of an earlier one. Returns whether that has
 * worked; it says so itself if not. Blocks. Needs an administrator. */
bool firewall_allow(enum service_firewall who, const char *path);

/* Removes the rule, if there is one. Blocks. */
void firewall_forget(void);

#endif
