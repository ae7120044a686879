/*
 * Functions of Windows's DLLs that are no "known DLLs". Where a program imports one of those,
 * Windows looks for the DLL beside the program first, and takes what somebody has put there, as
 * into a folder of downloads. So they are found at run time, in System32 alone.
 */
#ifndef WIN32_SYSTEM_DLL_H
#define WIN32_SYSTEM_DLL_H

#include <wchar.h>

/* A function of another type, to be cast. */
typedef void system_dll_function(void);

/* Finds it in a DLL, which then stays loaded. NULL: this Windows has none. From any thread. */
system_dll_function *system_dll_find(const wchar_t *dll, const char *name);

#endif
