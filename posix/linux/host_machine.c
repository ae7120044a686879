/*
 * The machine around WSL or a container; see common/seam/host_machine.h.
 */
#define _GNU_SOURCE
#include "host_machine.h"

#include <errno.h>
#include <netdb.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "hosts.h"
#include "route.h"

enum { TABLE_MAX = 65536, SILENCE_MS = 60000 };

static const char windows[] = "windows", host[] = "host";

bool host_machine_is_meant(const char *name)
{
    return strcasecmp(name, windows) == 0 || strcasecmp(name, host) == 0;
}

/* Reads a file's beginning. Returns false where that is not possible. */
static bool read_text(const char *path, char *text, size_t size)
{
    FILE *f = fopen(path, "re");

    if (!f)
        return false;
    text[fread(text, 1, size - 1, f)] = '\0';
    fclose(f);
    return true;
}

/* Whether the file of names has this one; that needs no name server. */
static bool is_in_hosts(const char *name, char address[static HOST_MACHINE_ADDRESS_MAX])
{
    char table[TABLE_MAX];

    return read_text("/etc/hosts", table, sizeof table) && hosts_find(table, name, address);
}

/* The first address of a name, as a number. Returns whether it is known. Name servers that are
 * silent cost ten seconds and more: more than one who connects waits for. So they are asked again
 * only after a while. */
static bool look_up(const char *name, char address[static HOST_MACHINE_ADDRESS_MAX])
{
    static _Atomic uint64_t silent_until_ms;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found;

    if (is_in_hosts(name, address))
        return true;
    if (clock_now_ms() < silent_until_ms)
        return false;
    int r = getaddrinfo(name, NULL, &hints, &found);
    if (r == EAI_AGAIN)
        silent_until_ms = clock_now_ms() + SILENCE_MS;
    if (r != 0)
        return false;
    r = getnameinfo(found->ai_addr, found->ai_addrlen, address, HOST_MACHINE_ADDRESS_MAX, NULL, 0,
                    NI_NUMERICHOST);
    freeaddrinfo(found);
    return r == 0;
}

static bool find_gateway(char address[static HOST_MACHINE_ADDRESS_MAX])
{
    char table[TABLE_MAX];

    return read_text("/proc/net/route", table, sizeof table) && route_gateway(table, address);
}

/* Its kernel is called 5.15.153.1-microsoft-standard-WSL2, and this folder has the sockets by which
 * Windows's programs are started. A container in it has the same kernel, but its gateway is WSL,
 * not Windows. */
static bool is_wsl(void)
{
    char release[256];

    return access("/run/WSL", F_OK) == 0 &&
           read_text("/proc/sys/kernel/osrelease", release, sizeof release) &&
           strcasestr(release, "microsoft");
}

/* WSL's network is a mirror of Windows's: then there is this interface, and 127.0.0.1 is Windows's,
 * too (WSL's documentation, "Mirrored mode networking"). */
static bool is_mirrored(void)
{
    return access("/sys/class/net/loopback0", F_OK) == 0;
}

int host_machine_find(const char *name, char address[static HOST_MACHINE_ADDRESS_MAX],
                      const char **of)
{
    static const char *const given[] = {"host.docker.internal", "host.containers.internal"};
    const bool is_windows = strcasecmp(name, windows) == 0;

    if (look_up(name, address))
        return -EEXIST;
    if (is_windows && is_mirrored()) {
        snprintf(address, HOST_MACHINE_ADDRESS_MAX, "127.0.0.1");
        *of = "Windows, whose network WSL mirrors";
        return 0;
    }
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        *of = given[i];
        if (look_up(given[i], address))
            return 0;
    }
    *of = "the default gateway";
    return (!is_windows || is_wsl()) && find_gateway(address) ? 0 : -ENOENT;
}
