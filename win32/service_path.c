#include "service_path.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <windows.h>

#include "service.h"
#include "utf8.h"

enum { PATH_TEXT_MAX = 1024 };

static bool is_slash(char c)
{
    return c == '/' || c == '\\';
}

/* One that does not depend on the working folder, of which each drive has its own. */
static bool is_whole(const char *path)
{
    if (is_slash(path[0]) && is_slash(path[1]))
        return true;
    return isalpha((unsigned char)path[0]) && path[1] == ':' && is_slash(path[2]);
}

/* The path as it is meant here and now. */
static void complete(const char *path, char whole[static PATH_TEXT_MAX])
{
    WCHAR wide_path[PATH_TEXT_MAX], wide[PATH_TEXT_MAX];

    snprintf(whole, PATH_TEXT_MAX, "%s", path);
    if (!MultiByteToWideChar(CP_UTF8, 0, path, -1, wide_path, PATH_TEXT_MAX))
        return;
    const DWORD len = GetFullPathNameW(wide_path, PATH_TEXT_MAX, wide, NULL);
    if (len > 0 && len < PATH_TEXT_MAX)
        utf8_from_wide(wide, whole, PATH_TEXT_MAX);
}

/* Whether a path is in a folder, letters of any case. */
static bool is_in(const char *path, const char *folder)
{
    const size_t len = strlen(folder);

    return len > 0 && _strnicmp(path, folder, len) == 0 && is_slash(path[len]);
}

/* In a user's profile, but not in the one that is everybody's. */
static bool is_of_a_user(const char *path)
{
    WCHAR wide[PATH_TEXT_MAX];
    char folder[PATH_TEXT_MAX], everybodys[PATH_TEXT_MAX + 8];
    DWORD size = sizeof wide;

    /* not of userenv.dll, which a file beside the program may stand for */
    if (RegGetValueW(HKEY_LOCAL_MACHINE,
                     L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\ProfileList",
                     L"ProfilesDirectory", RRF_RT_REG_SZ, NULL, wide, &size) != ERROR_SUCCESS)
        return false;
    utf8_from_wide(wide, folder, sizeof folder);
    snprintf(everybodys, sizeof everybodys, "%s\\Public", folder);
    return is_in(path, folder) && !is_in(path, everybodys);
}

static bool is_on_the_network(const char *path)
{
    const WCHAR root[] = {(WCHAR)(unsigned char)path[0], L':', L'\\', L'\0'};

    return is_slash(path[0]) || GetDriveTypeW(root) == DRIVE_REMOTE;
}

const char *service_path_fault(const char *path)
{
    char whole[PATH_TEXT_MAX];

    complete(path, whole);
    if (is_of_a_user(whole))
        return "a service runs as LocalService, which may not read a user's folders";
    if (is_on_the_network(whole))
        return "a service runs as LocalService, which has no rights in the network, nor your "
               "drives";
    return NULL;
}

int service_check_path(const char *path, char *why, size_t size)
{
    char whole[PATH_TEXT_MAX];
    const char *fault = service_path_fault(path);

    if (is_whole(path) && !fault)
        return 0;
    complete(path, whole);
    if (fault)
        snprintf(why, size, "%s: choose a folder such as C:\\ProgramData\\com2net", fault);
    else
        snprintf(why, size, "a service begins in another folder: write the whole path, %.300s",
                 whole);
    return -EINVAL;
}
