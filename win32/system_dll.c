#include "system_dll.h"

#include <windows.h>

system_dll_function *system_dll_find(const wchar_t *dll, const char *name)
{
    HMODULE module = LoadLibraryExW(dll, NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);

    return module ? (system_dll_function *)(void *)GetProcAddress(module, name) : NULL;
}
