/*
 * Files on Windows; see common/seam/file.h.
 */
#include "file.h"

#include <errno.h>
#include <io.h>
#include <stdlib.h>
#include <wchar.h>

#include "utf8.h"

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

FILE *file_open_append(const char *path)
{
    return open_file(path, L"a");
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
