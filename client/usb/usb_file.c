#define _GNU_SOURCE /* memmem */
#include "usb_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int usb_file_map(const char *path, struct usb_file *f)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int r = 0;

    *f = (struct usb_file){NULL, 0};
    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0)
        r = -ENOEXEC;
    if (r == 0) {
        void *data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (data == MAP_FAILED)
            r = -errno;
        else
            *f = (struct usb_file){data, (size_t)st.st_size};
    }
    close(fd);
    return r;
}

void usb_file_unmap(struct usb_file *f)
{
    if (f->data)
        munmap(f->data, f->len);
}

bool usb_file_contains(const struct usb_file *f, const char *text)
{
    return memmem(f->data, f->len, text, strlen(text)) != NULL;
}
