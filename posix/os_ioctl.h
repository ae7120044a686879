/*
 * ioctl(2) for requests with an address, and the kernel's numbers of them, of which musl has not
 * all. C libraries differ in a request's type: musl has POSIX's int, into which those that read do
 * not fit.
 */
#ifndef POSIX_OS_IOCTL_H
#define POSIX_OS_IOCTL_H

#include <sys/ioctl.h>

#include <asm/ioctls.h>

static inline int os_ioctl(int fd, unsigned long request, void *address)
{
#ifdef __GLIBC__
    return ioctl(fd, request, address);
#else
    return ioctl(fd, (int)request, address); /* the kernel looks at 32 bits */
#endif
}

#endif
