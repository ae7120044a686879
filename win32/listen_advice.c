/*
 * Advice on listening on Windows; see common/seam/listen_advice.h.
 */
#include "listen_advice.h"

#include <errno.h>
#include <stdio.h>

#include <windows.h>

#include "utf8.h"

enum { PATH_TEXT_MAX = 512 };

const char *listen_advice_of_error(int error)
{
    if (error == EADDRINUSE)
        return "another program has it (`netstat -ano` says which); choose another port, or 0 for "
               "any";
    if (error == EACCES)
        return "Windows keeps it for itself (`netsh interface ipv4 show excludedportrange tcp` "
               "shows what it keeps, mostly for Hyper-V and Docker); choose another port";
    return NULL;
}

/* WSAEACCES where the other one runs under another account, or has the port for all addresses. */
bool listen_advice_is_taken(int error)
{
    return error == EADDRINUSE || error == EACCES;
}

void listen_advice_of_firewall(uint16_t port, char *text, size_t size)
{
    WCHAR path[PATH_TEXT_MAX];
    char program[PATH_TEXT_MAX] = "com2net.exe";

    if (GetModuleFileNameW(NULL, path, PATH_TEXT_MAX) > 0)
        utf8_from_wide(path, program, sizeof program);
    snprintf(
        text, size,
        "other machines reach it only if Windows's firewall lets them; as administrator, once: "
        "netsh advfirewall firewall add rule name=com2net dir=in action=allow protocol=TCP "
        "localport=%u program=\"%s\"",
        port, program);
}
