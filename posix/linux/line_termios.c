#include "line_termios.h"

#include <errno.h>

/* Speeds that have a constant: with it, programs that know no other way read them back too. */
static const struct {
    uint32_t baud;
    unsigned code;
} speeds[] = {
    {50, B50},           {75, B75},           {110, B110},         {134, B134},
    {150, B150},         {200, B200},         {300, B300},         {600, B600},
    {1200, B1200},       {1800, B1800},       {2400, B2400},       {4800, B4800},
    {9600, B9600},       {19200, B19200},     {38400, B38400},     {57600, B57600},
    {115200, B115200},   {230400, B230400},   {460800, B460800},   {500000, B500000},
    {576000, B576000},   {921600, B921600},   {1000000, B1000000}, {1152000, B1152000},
    {1500000, B1500000}, {2000000, B2000000}, {2500000, B2500000}, {3000000, B3000000},
    {3500000, B3500000}, {4000000, B4000000},
};

static unsigned speed_code(uint32_t baud)
{
    for (unsigned i = 0; i < sizeof speeds / sizeof *speeds; i++)
        if (speeds[i].baud == baud)
            return speeds[i].code;
    return BOTHER;
}

void line_termios_raw(struct termios2 *t)
{
    t->c_iflag &= ~(unsigned)(IGNBRK | BRKINT | IGNPAR | PARMRK | INPCK | ISTRIP | INLCR | IGNCR |
                              ICRNL | IUCLC | IXANY | IMAXBEL | IUTF8);
    t->c_oflag &= ~(unsigned)OPOST;
    t->c_lflag &= ~(unsigned)(ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHONL | IEXTEN | TOSTOP);
    t->c_cflag |= CREAD | CLOCAL;
    /* not VMIN 0: there a read without data would look like a hung-up port */
    t->c_cc[VMIN] = 1;
    t->c_cc[VTIME] = 0;
    t->c_cc[VSTART] = 0x11;
    t->c_cc[VSTOP] = 0x13;
}

static unsigned size_flag(unsigned data_bits)
{
    return data_bits == 5 ? CS5 : data_bits == 6 ? CS6 : data_bits == 7 ? CS7 : CS8;
}

static unsigned parity_flags(unsigned parity)
{
    static const unsigned flags[] = {
        [LINE_PARITY_NONE] = 0,
        [LINE_PARITY_ODD] = PARENB | PARODD,
        [LINE_PARITY_EVEN] = PARENB,
        [LINE_PARITY_MARK] = PARENB | PARODD | CMSPAR,
        [LINE_PARITY_SPACE] = PARENB | CMSPAR,
    };

    return flags[parity];
}

int line_termios_put(const struct line_settings *line, struct termios2 *t)
{
    bool hardware = line->flow_out == LINE_FLOW_HARDWARE;

    if (line->stop == LINE_STOP_1_5 && line->data_bits != 5)
        return -EINVAL;
    if (line->flow_out > LINE_FLOW_HARDWARE || line->flow_in > LINE_FLOW_HARDWARE ||
        (line->flow_in == LINE_FLOW_HARDWARE && !hardware))
        return -EINVAL;

    t->c_cflag &=
        ~(unsigned)(CBAUD | CBAUD << IBSHIFT | CSIZE | PARENB | PARODD | CMSPAR | CSTOPB | CRTSCTS);
    t->c_cflag |= speed_code(line->baud) | size_flag(line->data_bits) | parity_flags(line->parity) |
                  (line->stop == LINE_STOP_1 ? 0u : CSTOPB) | (hardware ? CRTSCTS : 0u);
    t->c_ospeed = line->baud;
    t->c_ispeed = line->baud;
    t->c_iflag &= ~(unsigned)(IXON | IXOFF);
    t->c_iflag |= (line->flow_out == LINE_FLOW_XONXOFF ? IXON : 0u) |
                  (line->flow_in == LINE_FLOW_XONXOFF ? IXOFF : 0u);
    return 0;
}

static uint8_t get_parity(unsigned cflag)
{
    if (!(cflag & PARENB))
        return LINE_PARITY_NONE;
    if (cflag & CMSPAR)
        return cflag & PARODD ? LINE_PARITY_MARK : LINE_PARITY_SPACE;
    return cflag & PARODD ? LINE_PARITY_ODD : LINE_PARITY_EVEN;
}

void line_termios_get(const struct termios2 *t, struct line_settings *line)
{
    unsigned size = t->c_cflag & CSIZE;
    bool hardware = t->c_cflag & CRTSCTS;

    line->baud = (t->c_cflag & CBAUD) == B0 ? 0 : t->c_ospeed;
    line->data_bits = size == CS5 ? 5 : size == CS6 ? 6 : size == CS7 ? 7 : 8;
    line->parity = get_parity(t->c_cflag);
    line->stop = t->c_cflag & CSTOPB ? LINE_STOP_2 : LINE_STOP_1;
    line->flow_out = hardware            ? LINE_FLOW_HARDWARE
                     : t->c_iflag & IXON ? LINE_FLOW_XONXOFF
                                         : LINE_FLOW_NONE;
    line->flow_in = hardware             ? LINE_FLOW_HARDWARE
                    : t->c_iflag & IXOFF ? LINE_FLOW_XONXOFF
                                         : LINE_FLOW_NONE;
}
