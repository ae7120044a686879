/*
 * Files on Windows; see common/seam/file.h.
 */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdlib.h>
#include <wchar.h>

#include <windows.h>

#include "utf8.h"
#include "win_error.h"

static FILE *open_file(const char *path, const wchar_t *mode)
{
    wchar_t *wide = utf8_new_wide(path);
    FILE *f = NULL;

    if (wide)
        f = _wfopen(wide, mode);
    else
        errno = ENOMEM;
    free(wide);
    return f;
}

/* The C library's own would keep others from renaming and deleting the file: a log could not be
 * rotated. */
static FILE *open_shared(const wchar_t *path)
{
    const DWORD share = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
    HANDLE file = CreateFileW(path, FILE_APPEND_DATA | SYNCHRONIZE, share, NULL, OPEN_ALWAYS,
                              FILE_ATTRIBUTE_NORMAL, NULL);

    if (file == INVALID_HANDLE_VALUE) {
        errno = win_error_errno(GetLastError());
        return NULL;
    }
    const int fd = _open_osfhandle((intptr_t)file, _O_APPEND | _O_TEXT);
    FILE *f = fd >= 0 ? _fdopen(fd, "a") : NULL;
    if (!f && fd >= 0)
        _close(fd);
    else if (fd < 0)
        CloseHandle(file);
    return f;
}

FILE *file_open_append(const char *path)
{
    wchar_t *wide = utf8_new_wide(path);
    FILE *f = NULL;

    if (wide)
        f = open_shared(wide);
    else
        errno = ENOMEM;
    free(wide);
    return f;
}

FILE *file_open_private(const char *path)
{
    return open_file(path, L"wb"); /* its folder says whose it is */
}

int file_write_text(FILE *file, const char *text)
{
    errno = 0;
    if (fputs(text, file) >= 0 && fflush(file) == 0)
        return 0;
    clearerr(file);
    return errno ? -errno : -EIO;
}

bool file_is_terminal(FILE *file)
{
    return _isatty(_fileno(file)) != 0;
}

int file_seek(FILE *file, uint64_t offset)
{
    return _fseeki64(file, (int64_t)offset, SEEK_SET) != 0 ? -errno : 0;
}

int64_t file_size(FILE *file)
{
    if (_fseeki64(file, 0, SEEK_END) != 0)
        return -errno;
    return _ftelli64(file);
}
