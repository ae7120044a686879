#include "wsl.h"

#include <stdio.h>
#include <string.h>

#include <windows.h>

#include "utf8.h"

enum { PATH_TEXT_MAX = 1024 };

/* Each distribution that is registered has a key here. */
static const WCHAR distributions[] = L"Software\\Microsoft\\Windows\\CurrentVersion\\Lxss";
static const WCHAR docker[] = L"SYSTEM\\CurrentControlSet\\Services\\com.docker.service";

static bool has_distribution(void)
{
    DWORD count = 0;
    HKEY key;

    if (RegOpenKeyExW(HKEY_CURRENT_USER, distributions, 0, KEY_READ, &key) != ERROR_SUCCESS)
        return false;
    RegQueryInfoKeyW(key, NULL, NULL, NULL, &count, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
    RegCloseKey(key);
    return count > 0;
}

/* Reads a setting of %USERPROFILE%\.wslconfig, without what stands behind it. */
static bool read_setting(const WCHAR *section, const WCHAR *name, char text[static WSL_MODE_MAX])
{
    WCHAR path[PATH_TEXT_MAX], wide[WSL_MODE_MAX];

    text[0] = '\0';
    const DWORD len = ExpandEnvironmentStringsW(L"%USERPROFILE%\\.wslconfig", path, PATH_TEXT_MAX);
    if (len == 0 || len > PATH_TEXT_MAX)
        return false;
    GetPrivateProfileStringW(section, name, L"", wide, WSL_MODE_MAX, path);
    utf8_from_wide(wide, text, WSL_MODE_MAX);
    text[strcspn(text, " \t#;")] = '\0';
    _strlwr(text);
    return text[0];
}

bool wsl_find(char mode[static WSL_MODE_MAX])
{
    /* the first versions that had it called it an experiment */
    if (!read_setting(L"wsl2", L"networkingMode", mode) &&
        !read_setting(L"experimental", L"networkingMode", mode))
        snprintf(mode, WSL_MODE_MAX, "nat");
    return has_distribution();
}

bool wsl_has_docker_desktop(void)
{
    HKEY key;

    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, docker, 0, KEY_QUERY_VALUE, &key) != ERROR_SUCCESS)
        return false;
    RegCloseKey(key);
    return true;
}
