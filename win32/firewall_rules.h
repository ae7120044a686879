/*
 * The rules of Windows's firewall, as the registry has them, which every user may read: texts such
 * as "v2.33|Action=Block|Active=TRUE|Dir=In|Protocol=6|App=C:\...\com2net.exe|Name=...|" ([MS-FASP]
 * 2.2.19 has the fields). A rule that blocks wins over those that allow ([MS-FASP] 2.2.34).
 */
#ifndef WIN32_FIREWALL_RULES_H
#define WIN32_FIREWALL_RULES_H

#include <stdbool.h>
#include <stdint.h>

enum firewall_rules_verdict {
    FIREWALL_RULES_NONE,  /* no rule is about it: the firewall lets nobody in */
    FIREWALL_RULES_ALLOW, /* `whom` says whom */
    FIREWALL_RULES_BLOCK,
    FIREWALL_RULES_OFF, /* the firewall is off, in all kinds of networks */
};

enum { FIREWALL_RULES_TEXT_MAX = 128 };

struct firewall_rules_found {
    char name[FIREWALL_RULES_TEXT_MAX]; /* of the rule */
    char whom[FIREWALL_RULES_TEXT_MAX]; /* "LocalSubnet", addresses; "" is everybody */
};

/* What the rules make of connections over TCP to a port that the program at `path` listens on. */
enum firewall_rules_verdict firewall_rules_look(const char *path, uint16_t port,
                                                struct firewall_rules_found *found);

#endif
