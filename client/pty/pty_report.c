#include "pty_report.h"

#include <stdio.h>

#include "line_text.h"

void pty_report_text(const struct pty_report *r, char text[static PTY_REPORT_MAX])
{
    char line[LINE_TEXT_MAX], lines[LINE_TEXT_MAX];

    line_text(&r->line, line);
    line_modem_text(r->lines, lines);
    snprintf(text, PTY_REPORT_MAX,
             "link: %s\n"
             "device: %s\n"
             "server: %s\n"
             "state: %s%s%s\n"
             "speaks: %s%s%s%s\n"
             "line: %s\n"
             "lines: %s\n"
             "program: %s\n"
             "received: %llu bytes\n"
             "sent: %llu bytes\n"
             "waiting: %zu bytes for programs, %zu bytes for the server\n"
             "dropped: %llu bytes that no program read\n"
             "lost: %llu bytes that the server did not acknowledge\n"
             "connections: %u\n",
             r->link, r->device, r->server, r->state,
             !r->trouble[0]    ? ""
             : r->is_connected ? ", "
                               : ": ",
             r->trouble, r->raw ? "raw" : "RFC 2217", r->signature[0] ? " (" : "", r->signature,
             r->signature[0] ? ")" : "", line, lines, r->is_open ? "has it open" : "none",
             (unsigned long long)r->received, (unsigned long long)r->sent, r->waiting_for_programs,
             r->waiting_for_server, (unsigned long long)r->dropped, (unsigned long long)r->lost,
             r->connections);
}
