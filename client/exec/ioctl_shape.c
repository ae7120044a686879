#include "ioctl_shape.h"

#include <stddef.h>

#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <asm/termios.h>
#include <linux/serial.h>

enum { SERIAL_STRUCT_32 = 60 }; /* struct serial_struct with addresses of 4 bytes */

/* The kernel's struct termios; that of <asm/termbits.h>, but a C library may have another one. */
enum { TERMIOS = offsetof(struct termios2, c_ispeed) };

static const struct {
    uint32_t request;
    struct ioctl_shape shape;
} shapes[] = {
    {TCGETS, {0, TERMIOS, false}},
    {TCSETS, {TERMIOS, 0, false}},
    {TCSETSW, {TERMIOS, 0, false}},
    {TCSETSF, {TERMIOS, 0, false}},
    {(uint32_t)TCGETS2, {0, sizeof(struct termios2), false}},
    {(uint32_t)TCSETS2, {sizeof(struct termios2), 0, false}},
    {(uint32_t)TCSETSW2, {sizeof(struct termios2), 0, false}},
    {(uint32_t)TCSETSF2, {sizeof(struct termios2), 0, false}},
    {TCGETA, {0, sizeof(struct termio), false}},
    {TCSETA, {sizeof(struct termio), 0, false}},
    {TCSETAW, {sizeof(struct termio), 0, false}},
    {TCSETAF, {sizeof(struct termio), 0, false}},
    {TIOCMGET, {0, sizeof(int), false}},
    {TIOCMSET, {sizeof(int), 0, false}},
    {TIOCMBIS, {sizeof(int), 0, false}},
    {TIOCMBIC, {sizeof(int), 0, false}},
    {TIOCMIWAIT, {0, 0, true}},
    {TIOCGICOUNT, {0, sizeof(struct serial_icounter_struct), false}},
    {TIOCGSERIAL, {0, sizeof(struct serial_struct), false}},
    {TIOCSSERIAL, {sizeof(struct serial_struct), 0, false}},
    {TIOCSBRK, {0, 0, false}},
    {TIOCCBRK, {0, 0, false}},
    {TCSBRK, {0, 0, true}},
    {TCSBRKP, {0, 0, true}},
    {TIOCOUTQ, {0, sizeof(int), false}},
    {TIOCSERGETLSR, {0, sizeof(int), false}},
    {(uint32_t)TIOCGRS485, {0, 0, false}}, /* refused, whatever is there */
    {(uint32_t)TIOCSRS485, {0, 0, false}},
};

_Static_assert(sizeof(struct serial_struct) <= IOCTL_SHAPE_MAX &&
                   sizeof(struct serial_icounter_struct) <= IOCTL_SHAPE_MAX &&
                   sizeof(struct termios2) <= IOCTL_SHAPE_MAX,
               "IOCTL_SHAPE_MAX is too small");

bool ioctl_shape_find(unsigned request, bool compat, struct ioctl_shape *shape)
{
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        if (shapes[i].request != request)
            continue;
        *shape = shapes[i].shape;
        if (compat && request == TIOCGSERIAL)
            shape->out = SERIAL_STRUCT_32;
        if (compat && request == TIOCSSERIAL)
            shape->in = SERIAL_STRUCT_32;
        return true;
    }
    return false;
}
