#include "line_text.h"

#include <stdio.h>

static const char parity_letters[] = "?NOEMS";
static const char *const stop_names[] = {"?", "1", "2", "1.5"};
static const char *const flow_names[] = {"none", "xonxoff", "rtscts", "dcd", "dtr", "dsr"};

const char *line_flow_name(unsigned flow)
{
    return flow < sizeof flow_names / sizeof *flow_names ? flow_names[flow] : "?";
}

void line_text(const struct line_settings *line, char text[static LINE_TEXT_MAX])
{
    char letter = line->parity <= LINE_PARITY_SPACE ? parity_letters[line->parity] : '?';
    const char *stop = line->stop <= LINE_STOP_1_5 ? stop_names[line->stop] : "?";
    int n = snprintf(text, LINE_TEXT_MAX, "%u %u%c%s", (unsigned)line->baud, line->data_bits,
                     letter, stop);

    if (line->flow_out != LINE_FLOW_NONE)
        n += snprintf(text + n, LINE_TEXT_MAX - (size_t)n, " %s", line_flow_name(line->flow_out));
    if (line->flow_in != line->flow_out)
        snprintf(text + n, LINE_TEXT_MAX - (size_t)n, " in:%s", line_flow_name(line->flow_in));
}

void line_modem_text(unsigned lines, char text[static LINE_TEXT_MAX])
{
    static const struct {
        unsigned bit;
        const char *name;
    } names[] = {{LINE_DTR, "DTR"}, {LINE_RTS, "RTS"}, {LINE_CTS, "CTS"},
                 {LINE_DSR, "DSR"}, {LINE_CD, "CD"},   {LINE_RI, "RI"}};
    size_t n = 0;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (lines & names[i].bit)
            n += (size_t)snprintf(text + n, LINE_TEXT_MAX - n, "%s%s", n ? " " : "", names[i].name);
    if (n == 0)
        snprintf(text, LINE_TEXT_MAX, "none");
}
