/*
 * The termios family of requests, for programs that are stopped in one.
 */
#define _GNU_SOURCE
#include "vport.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "os_ioctl.h"
#include "vport_state.h"

#ifndef __GLIBC__
/* the kernel's is in <asm/termios.h>, which cannot be included beside <sys/ioctl.h> */
struct termio {
    unsigned short c_iflag, c_oflag, c_cflag, c_lflag;
    unsigned char c_line, c_cc[8];
};
#endif

size_t vport_termios_size(unsigned request)
{
    switch (request) {
    case TCGETS:
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
        return sizeof(struct termios);
    case TCGETS2:
    case TCSETS2:
    case TCSETSW2:
    case TCSETSF2:
        return sizeof(struct termios2);
    case TCGETA:
    case TCSETA:
    case TCSETAW:
    case TCSETAF:
        return sizeof(struct termio);
    default:
        return 0;
    }
}

/* The control flags in the kernel's structure of a request. */
static unsigned get_cflag(unsigned request, const void *data)
{
    if (vport_termios_size(request) == sizeof(struct termio))
        return ((const struct termio *)data)->c_cflag;
    return ((const struct termios2 *)data)->c_cflag; /* begins as struct termios does */
}

static void put_cflag(unsigned request, void *data, unsigned cflag)
{
    if (vport_termios_size(request) == sizeof(struct termio))
        ((struct termio *)data)->c_cflag = (unsigned short)cflag;
    else
        ((struct termios2 *)data)->c_cflag = cflag;
}

/* Drops what programs have not read yet; only the slave side can. */
static void flush_input(struct vport *v)
{
    int slave = open(v->device, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

    if (slave < 0)
        return;
    ioctl(slave, TCFLSH, TCIFLUSH);
    close(slave);
}

int vport_termios(struct vport *v, unsigned request, void *data)
{
    struct termios2 t;

    switch (request) {
    case TCGETS:
    case TCGETS2:
    case TCGETA:
        if (os_ioctl(v->master, request, data) < 0)
            return -errno;
        if (v->has_asked)
            put_cflag(request, data, (get_cflag(request, data) & ~VPORT_DESTROYED) | v->asked);
        return 0;
    case TCSETSF:
    case TCSETSF2:
    case TCSETAF:
        flush_input(v);
        break;
    default:
        if (vport_termios_size(request) == 0)
            return -ENOTTY;
    }
    v->asked = get_cflag(request, data) & VPORT_DESTROYED;
    v->has_asked = true;
    /* "when drained" and "at once" are the same here: what was written before has been taken */
    unsigned at_once = vport_termios_size(request) == sizeof(struct termio)     ? TCSETA
                       : vport_termios_size(request) == sizeof(struct termios2) ? TCSETS2
                                                                                : TCSETS;
    if (os_ioctl(v->master, at_once, data) < 0 || os_ioctl(v->master, TCGETS2, &t) < 0)
        return -errno;
    vport_see_settings(v, &t, true);
    return 0;
}
