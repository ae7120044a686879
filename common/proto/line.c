#include "line.h"

#include <errno.h>
#include <string.h>

const struct line_settings line_default = {
    .baud = 9600,
    .data_bits = 8,
    .parity = LINE_PARITY_NONE,
    .stop = LINE_STOP_1,
    .flow_out = LINE_FLOW_NONE,
    .flow_in = LINE_FLOW_NONE,
};

static const char parity_letters[] = "?NOEMS";
static const char *const stop_names[] = {"?", "1", "2", "1.5"};
bool line_settings_equal(const struct line_settings *a, const struct line_settings *b)
{
    return a->baud == b->baud && a->data_bits == b->data_bits && a->parity == b->parity &&
           a->stop == b->stop && a->flow_out == b->flow_out && a->flow_in == b->flow_in;
}

int line_parse_format(const char *text, struct line_settings *to)
{
    if (text[0] < '5' || text[0] > '8' || !text[1])
        return -EINVAL;

    char letter = text[1] >= 'a' && text[1] <= 'z' ? (char)(text[1] - 'a' + 'A') : text[1];
    const char *parity = strchr(parity_letters + 1, letter);
    if (!parity)
        return -EINVAL;

    for (uint8_t stop = LINE_STOP_1; stop <= LINE_STOP_1_5; stop++) {
        if (strcmp(text + 2, stop_names[stop]) == 0) {
            to->data_bits = (uint8_t)(text[0] - '0');
            to->parity = (uint8_t)(parity - parity_letters);
            to->stop = stop;
            return 0;
        }
    }
    return -EINVAL;
}

int line_parse_baud(const char *text, uint32_t *baud)
{
    uint64_t value = 0;

    for (const char *p = text; *p; p++) {
        if (*p < '0' || *p > '9')
            return -EINVAL;
        value = value * 10 + (uint64_t)(*p - '0');
        if (value > UINT32_MAX)
            return -EINVAL;
    }
    if (value == 0)
        return -EINVAL;
    *baud = (uint32_t)value;
    return 0;
}

uint64_t line_wire_time_us(const struct line_settings *line, size_t bytes)
{
    /* in half bits, because of one and a half stop bits */
    uint64_t half_bits = 2 + 2 * (uint64_t)line->data_bits;

    half_bits += line->parity == LINE_PARITY_NONE ? 0 : 2;
    half_bits += line->stop == LINE_STOP_1 ? 2 : line->stop == LINE_STOP_2 ? 4 : 3;
    if (bytes > 1u << 30)
        bytes = 1u << 30;
    uint64_t baud = line->baud ? line->baud : 1;
    return (half_bits * bytes * 500000 + baud - 1) / baud;
}

unsigned line_edges(unsigned before, unsigned now)
{
    const unsigned changed = (before ^ now) & LINE_INPUTS;

    return (changed & ~(unsigned)LINE_RI) | (changed & before & LINE_RI);
}

uint8_t line_modem_state(unsigned inputs, unsigned edges)
{
    return (uint8_t)((inputs & LINE_INPUTS) | (edges & LINE_INPUTS) >> 4);
}

uint8_t line_modem_delta(unsigned before, unsigned now)
{
    return line_modem_state(now, line_edges(before, now));
}

bool line_baud_near(uint32_t asked, uint32_t real)
{
    uint64_t difference = asked > real ? asked - real : real - asked;

    return difference * 40 <= asked;
}
