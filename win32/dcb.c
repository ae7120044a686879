#include "dcb.h"

#include <errno.h>

enum { XON = 0x11, XOFF = 0x13 };

static const struct {
    uint8_t line, dcb;
} parities[] = {
    {LINE_PARITY_NONE, NOPARITY},     {LINE_PARITY_ODD, ODDPARITY},
    {LINE_PARITY_EVEN, EVENPARITY},   {LINE_PARITY_MARK, MARKPARITY},
    {LINE_PARITY_SPACE, SPACEPARITY},
};

enum { PARITIES = sizeof parities / sizeof *parities };

static BYTE stop_bits(const struct line_settings *line)
{
    if (line->stop == LINE_STOP_1)
        return ONESTOPBIT;
    /* with 5 data bits a UART's two are one and a half, and Windows refuses two */
    return line->data_bits == 5 ? ONE5STOPBITS : TWOSTOPBITS;
}

static unsigned control(unsigned outputs, unsigned line)
{
    return outputs & line ? 1u : 0u; /* DTR_CONTROL_ENABLE, RTS_CONTROL_ENABLE */
}

int dcb_put(const struct line_settings *line, unsigned outputs, DCB *dcb)
{
    bool hardware = line->flow_out == LINE_FLOW_HARDWARE;

    if (line->stop == LINE_STOP_1_5 && line->data_bits != 5)
        return -EINVAL;
    if (line->flow_out > LINE_FLOW_HARDWARE || line->flow_in > LINE_FLOW_HARDWARE ||
        (line->flow_in == LINE_FLOW_HARDWARE) != hardware)
        return -EINVAL;

    dcb->DCBlength = sizeof *dcb;
    dcb->BaudRate = line->baud;
    dcb->ByteSize = line->data_bits;
    for (int i = 0; i < PARITIES; i++)
        if (parities[i].line == line->parity)
            dcb->Parity = parities[i].dcb;
    dcb->StopBits = stop_bits(line);
    dcb->fBinary = TRUE;
    dcb->fParity = line->parity != LINE_PARITY_NONE;
    dcb->fOutxCtsFlow = hardware;
    dcb->fOutxDsrFlow = FALSE;
    dcb->fDsrSensitivity = FALSE;
    dcb->fDtrControl = control(outputs, LINE_DTR) & 3u;
    dcb->fRtsControl = (hardware ? RTS_CONTROL_HANDSHAKE : control(outputs, LINE_RTS)) & 3u;
    dcb->fOutX = line->flow_out == LINE_FLOW_XONXOFF;
    dcb->fInX = line->flow_in == LINE_FLOW_XONXOFF;
    dcb->fTXContinueOnXoff = TRUE;
    dcb->XonChar = XON;
    dcb->XoffChar = XOFF;
    dcb->fErrorChar = FALSE;
    dcb->fNull = FALSE;
    dcb->fAbortOnError = FALSE; /* TRUE stops all transfer until ClearCommError */
    return 0;
}

void dcb_get(const DCB *dcb, struct line_settings *line)
{
    line->baud = dcb->BaudRate;
    line->data_bits = dcb->ByteSize >= 5 && dcb->ByteSize <= 8 ? dcb->ByteSize : 8;
    line->parity = LINE_PARITY_NONE;
    for (int i = 0; i < PARITIES; i++)
        if (parities[i].dcb == dcb->Parity)
            line->parity = parities[i].line;
    /* a driver may have one and a half with more than 5 data bits, which cannot be set */
    line->stop = dcb->StopBits == TWOSTOPBITS                            ? LINE_STOP_2
                 : dcb->StopBits == ONE5STOPBITS && line->data_bits == 5 ? LINE_STOP_1_5
                                                                         : LINE_STOP_1;
    line->flow_out = dcb->fOutxCtsFlow ? LINE_FLOW_HARDWARE
                     : dcb->fOutX      ? LINE_FLOW_XONXOFF
                                       : LINE_FLOW_NONE;
    line->flow_in = dcb->fOutxCtsFlow ? LINE_FLOW_HARDWARE
                    : dcb->fInX       ? LINE_FLOW_XONXOFF
                                      : LINE_FLOW_NONE;
}
