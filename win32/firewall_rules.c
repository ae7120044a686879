#include "firewall_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

#include "utf8.h"

enum { RULE_MAX = 4096, NAME_MAX_LEN = 512, PATH_TEXT_MAX = 1024, PROTOCOL_TCP = 6 };

#define POLICY L"SYSTEM\\CurrentControlSet\\Services\\SharedAccess\\Parameters\\FirewallPolicy"

/* Of this machine, and of a domain's group policy. */
static const WCHAR *const places[] = {
    POLICY L"\\FirewallRules", L"SOFTWARE\\Policies\\Microsoft\\WindowsFirewall\\FirewallRules"};

struct asked {
    const char *path;
    uint16_t port;
    enum firewall_rules_verdict verdict;
    struct firewall_rules_found *found;
};

/* A rule, as far as it matters here; of what may be there more than once, whether one of them
 * is about what is asked. */
struct rule {
    bool blocks, is_active, is_inbound, is_foreign;
    bool has_ports, has_port;
    bool has_program, is_program;
    int protocol; /* -1: any */
    struct firewall_rules_found text;
};

/* Whether the path of a rule, which may have variables in it, is that of the program. */
static bool is_path(const char *value, const char *path)
{
    WCHAR whole[PATH_TEXT_MAX];
    char text[PATH_TEXT_MAX];
    WCHAR *wide = utf8_new_wide(value);
    const DWORD len = wide ? ExpandEnvironmentStringsW(wide, whole, PATH_TEXT_MAX) : 0;

    free(wide);
    if (len == 0 || len > PATH_TEXT_MAX)
        return false;
    utf8_from_wide(whole, text, sizeof text);
    return _stricmp(text, path) == 0;
}

/* Of LPort, one port, and LPort2_10, "7000-7010". */
static bool is_port(const char *value, uint16_t port)
{
    unsigned first, last;
    const int n = sscanf(value, "%u-%u", &first, &last);

    if (n < 1)
        return false;
    return n == 1 ? first == port : first <= port && port <= last;
}

static void add_whom(struct rule *r, const char *value)
{
    const size_t len = strlen(r->text.whom);

    snprintf(r->text.whom + len, sizeof r->text.whom - len, "%s%s", len ? ", " : "", value);
}

static void take_field(struct rule *r, const char *key, const char *value, const struct asked *a)
{
    /* they restrict a rule to something that com2net is not */
    static const char *const foreign[] = {"AppPkgId", "Svc", "Security", "LUAuth", "LUOwn", "PFN"};

    if (strcmp(key, "Action") == 0)
        r->blocks = _stricmp(value, "Block") == 0;
    else if (strcmp(key, "Active") == 0)
        r->is_active = _stricmp(value, "TRUE") == 0;
    else if (strcmp(key, "Dir") == 0)
        r->is_inbound = _stricmp(value, "In") == 0;
    else if (strcmp(key, "Protocol") == 0)
        r->protocol = atoi(value);
    else if (strncmp(key, "LPort", 5) == 0) {
        r->has_ports = true;
        r->has_port = r->has_port || is_port(value, a->port);
    } else if (strcmp(key, "App") == 0) {
        r->has_program = true;
        r->is_program = is_path(value, a->path);
    } else if (strncmp(key, "RA4", 3) == 0)
        add_whom(r, value);
    else if (strcmp(key, "Name") == 0)
        snprintf(r->text.name, sizeof r->text.name, "%s", value);
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        r->is_foreign = r->is_foreign || strcmp(key, foreign[i]) == 0;
}

/* Changes `text`. */
static struct rule read_rule(char *text, const struct asked *a)
{
    struct rule r = {.protocol = -1};

    text += strcspn(text, "|"); /* the version */
    while (*text == '|') {
        char *field = ++text;
        text += strcspn(text, "|");
        const bool is_last = !*text;
        *text = '\0';
        char *equals = strchr(field, '=');
        if (equals) {
            *equals = '\0';
            take_field(&r, field, equals + 1, a);
        } else if (*field) {
            r.is_foreign = true; /* nobody knows what it restricts */
        }
        if (!is_last)
            *text = '|';
    }
    return r;
}

static bool is_about(const struct rule *r)
{
    return r->is_active && r->is_inbound && !r->is_foreign &&
           (r->protocol < 0 || r->protocol == PROTOCOL_TCP) && (!r->has_ports || r->has_port) &&
           (!r->has_program || r->is_program);
}

static void judge(struct asked *a, char *text)
{
    const struct rule r = read_rule(text, a);

    if (!is_about(&r) || a->verdict == FIREWALL_RULES_BLOCK)
        return;
    if (!r.blocks && a->verdict == FIREWALL_RULES_ALLOW && a->found->whom[0] == '\0')
        return; /* everybody is let in already */
    a->verdict = r.blocks ? FIREWALL_RULES_BLOCK : FIREWALL_RULES_ALLOW;
    *a->found = r.text;
}

static void read_place(const WCHAR *place, struct asked *a)
{
    static WCHAR name[NAME_MAX_LEN], wide[RULE_MAX];
    static char text[RULE_MAX * 3];
    HKEY key;

    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, place, 0, KEY_QUERY_VALUE, &key) != ERROR_SUCCESS)
        return;
    for (DWORD i = 0;; i++) {
        DWORD name_len = NAME_MAX_LEN, size = sizeof wide - sizeof *wide, type = 0;
        const LSTATUS r = RegEnumValueW(key, i, name, &name_len, NULL, &type, (BYTE *)wide, &size);

        if (r != ERROR_SUCCESS && r != ERROR_MORE_DATA)
            break;
        if (r == ERROR_MORE_DATA || type != REG_SZ)
            continue;
        wide[size / sizeof *wide] = L'\0';
        utf8_from_wide(wide, text, sizeof text);
        judge(a, text);
    }
    RegCloseKey(key);
}

/* Whether it is off for a kind of networks. */
static bool is_off(const WCHAR *profile)
{
    WCHAR place[NAME_MAX_LEN];
    DWORD on = 1, size = sizeof on;

    swprintf(place, NAME_MAX_LEN, L"%ls\\%ls", POLICY, profile);
    return RegGetValueW(HKEY_LOCAL_MACHINE, place, L"EnableFirewall", RRF_RT_REG_DWORD, NULL, &on,
                        &size) == ERROR_SUCCESS &&
           on == 0;
}

enum firewall_rules_verdict firewall_rules_look(const char *path, uint16_t port,
                                                struct firewall_rules_found *found)
{
    struct asked a = {path, port, FIREWALL_RULES_NONE, found};

    *found = (struct firewall_rules_found){.name = ""};
    if (is_off(L"DomainProfile") && is_off(L"StandardProfile") && is_off(L"PublicProfile"))
        return FIREWALL_RULES_OFF;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        read_place(places[i], &a);
    return a.verdict;
}
