/*
 * libevent calls it for the zones of IPv6 addresses (evutil.c), and so would import iphlpapi.dll.
 * That is no "known DLL" of Windows: one that somebody has put beside the program would be loaded.
 * Here it is found at run time, in System32 alone.
 */
#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>
#include <iphlpapi.h>

IF_INDEX WINAPI if_nametoindex(PCSTR name)
{
    typedef IF_INDEX WINAPI index_of_name(PCSTR name);
    HMODULE module = LoadLibraryExW(L"iphlpapi.dll", NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
    index_of_name *find =
        module ? (index_of_name *)(void *)GetProcAddress(module, "if_nametoindex") : NULL;

    return find ? find(name) : 0;
}
