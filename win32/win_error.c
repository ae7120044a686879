#include "win_error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <winsock2.h>
#include <windows.h>

#include "utf8.h"

static const struct {
    unsigned long code;
    int error;
} numbers[] = {
    {ERROR_SUCCESS, 0},
    {ERROR_FILE_NOT_FOUND, ENOENT},
    {ERROR_PATH_NOT_FOUND, ENOENT},
    {ERROR_INVALID_NAME, ENOENT},
    {ERROR_BAD_PATHNAME, ENOENT},
    {ERROR_ACCESS_DENIED, EACCES},
    {ERROR_PRIVILEGE_NOT_HELD, EACCES},
    {ERROR_SHARING_VIOLATION, EBUSY},
    {ERROR_BUSY, EBUSY},
    {ERROR_DEVICE_IN_USE, EBUSY},
    {ERROR_NOT_ENOUGH_MEMORY, ENOMEM},
    {ERROR_OUTOFMEMORY, ENOMEM},
    {ERROR_NO_SYSTEM_RESOURCES, ENOMEM},
    {ERROR_INVALID_PARAMETER, EINVAL},
    {ERROR_INVALID_FUNCTION, ENOTTY},
    {ERROR_NOT_SUPPORTED, ENOTSUP},
    {ERROR_CALL_NOT_IMPLEMENTED, ENOTSUP},
    {ERROR_ALREADY_EXISTS, EEXIST},
    /* a device that has gone, in the words of different drivers */
    {ERROR_INVALID_HANDLE, ENODEV},
    {ERROR_BAD_UNIT, ENODEV},
    {ERROR_NOT_READY, ENODEV},
    {ERROR_BAD_COMMAND, ENODEV},
    {ERROR_GEN_FAILURE, ENODEV},
    {ERROR_DEV_NOT_EXIST, ENODEV},
    {ERROR_SEM_TIMEOUT, ENODEV},
    {ERROR_BROKEN_PIPE, ENODEV},
    {433, ENODEV}, /* ERROR_NO_SUCH_DEVICE, which the headers lack */
    {ERROR_FILE_INVALID, ENODEV},
    {ERROR_OPERATION_ABORTED, ENODEV},
    {ERROR_DEVICE_NOT_CONNECTED, ENODEV},
    {ERROR_DEVICE_REMOVED, ENODEV},
    {WSAEWOULDBLOCK, EAGAIN},
    {WSAEINTR, EAGAIN},
    {WSAEINPROGRESS, EINPROGRESS},
    {WSAEACCES, EACCES},
    {WSAEINVAL, EINVAL},
    {WSAEMFILE, EMFILE},
    {WSAENOTSOCK, ENOTSOCK},
    {WSAEAFNOSUPPORT, EAFNOSUPPORT},
    {WSAEADDRINUSE, EADDRINUSE},
    {WSAEADDRNOTAVAIL, EADDRNOTAVAIL},
    {WSAENETDOWN, ENETDOWN},
    {WSAENETUNREACH, ENETUNREACH},
    {WSAENETRESET, ENETRESET},
    {WSAECONNABORTED, ECONNABORTED},
    {WSAECONNRESET, ECONNRESET},
    {WSAENOBUFS, ENOBUFS},
    {WSAENOTCONN, ENOTCONN},
    {WSAESHUTDOWN, EPIPE},
    {WSAETIMEDOUT, ETIMEDOUT},
    {WSAECONNREFUSED, ECONNREFUSED},
    {WSAEHOSTUNREACH, EHOSTUNREACH},
    {WSAEHOSTDOWN, EHOSTUNREACH},
};

int win_error_errno(unsigned long code)
{
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (numbers[i].code == code)
            return numbers[i].error;
    return EIO;
}

void win_error_text(unsigned long code, char text[static WIN_ERROR_TEXT_MAX])
{
    WCHAR wide[WIN_ERROR_TEXT_MAX] = L"";
    char words[WIN_ERROR_TEXT_MAX] = "";

    FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS |
                       FORMAT_MESSAGE_MAX_WIDTH_MASK,
                   NULL, code, 0, wide, WIN_ERROR_TEXT_MAX, NULL);
    utf8_from_wide(wide, words, sizeof words);
    size_t len = strlen(words);
    while (len > 0 && strchr(" .\r\n", words[len - 1]))
        words[--len] = '\0';
    snprintf(text, WIN_ERROR_TEXT_MAX, "%.200s%s%lu", words, len > 0 ? ", Windows error " : "",
             code);
}
