/* The way to a port of Windows's; see common/seam/reach.h. */
#include "reach.h"

#include <stdio.h>
#include <string.h>

#include <windows.h>

#include "firewall_rules.h"
#include "listener_program.h"
#include "utf8.h"
#include "wsl.h"

enum { LINE_MAX_LEN = 1536 };

struct way {
    const struct reach_port *port;
    reach_teller *tell;
    void *ctx;
    char line[LINE_MAX_LEN];
};

#define TELL(w, kind, ...)                                                                         \
    (snprintf((w)->line, sizeof(w)->line, __VA_ARGS__), (w)->tell((w)->ctx, kind, (w)->line))

static const char *client(const struct way *w)
{
    return w->port->usb ? "net2usb" : "net2pty";
}

/* The com2net of this folder, which may be ours. */
static void find_com2net(char path[static LISTENER_PATH_MAX])
{
    WCHAR wide[LISTENER_PATH_MAX];
    const DWORD len = GetModuleFileNameW(NULL, wide, LISTENER_PATH_MAX);

    path[0] = '\0';
    if (len == 0 || len >= LISTENER_PATH_MAX)
        return;
    utf8_from_wide(wide, path, LISTENER_PATH_MAX);
    char *name = strrchr(path, '\\');
    if (name && name + sizeof "\\com2net.exe" <= path + LISTENER_PATH_MAX)
        strcpy(name, "\\com2net.exe");
}

/* The program that listens, or may do so. */
static void find_program(uint16_t port, char path[static LISTENER_PATH_MAX])
{
    if (listener_program(port, false, path) == 0 || !path[0])
        find_com2net(path);
}

static void look_at_firewall(struct way *w)
{
    struct firewall_rules_found found;
    char program[LISTENER_PATH_MAX];

    find_program(w->port->port, program);
    switch (firewall_rules_look(program, w->port->port, &found)) {
    case FIREWALL_RULES_OFF:
        TELL(w, REACH_NOTE, "Windows's firewall is off: everybody in the network reaches port %u",
             w->port->port);
        break;
    case FIREWALL_RULES_BLOCK:
        TELL(w, REACH_BAD,
             "Windows's firewall blocks port %u by its rule \"%s\", as Cancel in its box makes "
             "one; as administrator: netsh advfirewall firewall delete rule name=all "
             "program=\"%.900s\", then a rule that allows it",
             w->port->port, found.name, program);
        break;
    case FIREWALL_RULES_ALLOW:
        TELL(w, REACH_FINE, "Windows's firewall lets %s in to port %u, by its rule \"%s\"",
             found.whom[0] ? found.whom : "everybody", w->port->port, found.name);
        break;
    case FIREWALL_RULES_NONE:
        TELL(w, REACH_BAD,
             "Windows's firewall has no rule that lets others in to port %u; as administrator: "
             "com2net service install --firewall, with --firewall=wsl for WSL alone; or: netsh "
             "advfirewall firewall add rule name=com2net dir=in action=allow protocol=TCP "
             "localport=%u program=\"%.800s\"",
             w->port->port, w->port->port, program);
        break;
    }
}

/* The network of WSL 2, as "WSL: Accessing network applications" of Microsoft's has it. */
static void look_at_wsl(struct way *w)
{
    char mode[WSL_MODE_MAX];
    const unsigned port = w->port->port;

    if (!wsl_find(mode))
        return;
    if (strcmp(mode, "mirrored") == 0)
        TELL(w, REACH_FINE, "WSL, whose network is mirrored, types windows:%u to %s", port,
             client(w));
    else if (strcmp(mode, "none") == 0)
        TELL(w, REACH_NOTE, "WSL has no network: networkingMode=none in .wslconfig");
    else if (w->port->loopback)
        TELL(w, REACH_NOTE,
             "WSL, whose network is %s, does not reach port %u; for it listen on 0.0.0.0:%u", mode,
             port, port);
    else
        TELL(w, REACH_FINE,
             "WSL, whose network is %s, types windows:%u to %s, where the firewall lets it in",
             mode, port, client(w));
}

void reach_tell(const struct reach_port *p, reach_teller *tell, void *ctx)
{
    struct way w = {p, tell, ctx, ""};

    if (p->loopback)
        TELL(&w, REACH_NOTE,
             "port %u is for programs of this machine; for others listen on "
             "0.0.0.0:%u",
             p->port, p->port);
    else
        look_at_firewall(&w);
    if (wsl_has_docker_desktop())
        TELL(&w, REACH_FINE, "a container of Docker Desktop types host.docker.internal:%u",
             p->port);
    look_at_wsl(&w);
}
