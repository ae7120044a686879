/*
 * Files on POSIX systems; see common/seam/file.h.
 */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

FILE *file_open_append(const char *path)
{
    return fopen(path, "ae");
}

FILE *file_open_private(const char *path)
{
    struct stat st;
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);

    if (fd < 0)
        return NULL;
    /* one that was there; a pipe or a terminal stays unchanged */
    bool regular = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    if (regular) /* not every file system has modes */
        (void)!fchmod(fd, S_IRUSR | S_IWUSR);
    FILE *file = regular && ftruncate(fd, 0) < 0 ? NULL : fdopen(fd, "w");
    if (!file) {
        int error = errno;

        close(fd);
        errno = error;
    }
    return file;
}

int file_write_text(FILE *file, const char *text)
{
    size_t len = strlen(text);

    fflush(file);
    while (len > 0) {
        ssize_t n = write(fileno(file), text, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        text += n;
        len -= (size_t)n;
    }
    return 0;
}

bool file_is_terminal(FILE *file)
{
    return isatty(fileno(file)) == 1;
}

int file_seek(FILE *file, uint64_t offset)
{
    return fseeko(file, (off_t)offset, SEEK_SET) < 0 ? -errno : 0;
}

int64_t file_size(FILE *file)
{
    struct stat st;

    if (fstat(fileno(file), &st) == 0 && S_ISDIR(st.st_mode)) /* which fopen reads, too */
        return -EISDIR;
    if (fseeko(file, 0, SEEK_END) < 0)
        return -errno;
    return ftello(file);
}
