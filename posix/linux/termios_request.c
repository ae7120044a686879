#include "termios_request.h"

#include "line_termios.h"
#include "os_ioctl.h"

#ifndef __GLIBC__
/* the kernel's is in <asm/termios.h>, which cannot be included beside <sys/ioctl.h> */
struct termio {
    unsigned short c_iflag, c_oflag, c_cflag, c_lflag;
    unsigned char c_line, c_cc[8];
};
#endif

size_t termios_request_size(unsigned request)
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

unsigned termios_request_cflag(unsigned request, const void *data)
{
    if (termios_request_size(request) == sizeof(struct termio))
        return ((const struct termio *)data)->c_cflag;
    return ((const struct termios2 *)data)->c_cflag; /* begins as struct termios does */
}

void termios_request_put_cflag(unsigned request, void *data, unsigned cflag)
{
    if (termios_request_size(request) == sizeof(struct termio))
        ((struct termio *)data)->c_cflag = (unsigned short)cflag;
    else
        ((struct termios2 *)data)->c_cflag = cflag;
}

unsigned termios_request_at_once(unsigned request)
{
    const size_t size = termios_request_size(request);

    return size == sizeof(struct termio)     ? TCSETA
           : size == sizeof(struct termios2) ? TCSETS2
                                             : TCSETS;
}
