#include "usbip_recording.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EVENTS_MAX = 4096 };

static void die(const char *path, const char *why)
{
    fprintf(stderr, "%s: %s\n", path, why);
    exit(1);
}

static size_t hex(const char *text, uint8_t *bytes)
{
    size_t len = 0;
    unsigned value;
    int used;

    while (sscanf(text, " %2x%n", &value, &used) == 1) {
        bytes[len++] = (uint8_t)value;
        text += used;
    }
    return len;
}

static struct recording_event *add(struct recording *r, const char *path, enum recording_kind kind,
                                   int connection, const uint8_t *data)
{
    if (r->count == EVENTS_MAX || connection < 1)
        die(path, "it cannot be read");
    struct recording_event *e = &r->events[r->count++];
    *e = (struct recording_event){.kind = kind, .connection = connection, .data = data};
    return e;
}

void recording_read(struct recording *r, const char *path)
{
    char line[512];
    int connection = 0;
    size_t len = 0;
    struct recording_event *message = NULL; /* that the line belongs to */
    FILE *file = fopen(path, "r");

    if (!file)
        die(path, "it cannot be opened");
    fseek(file, 0, SEEK_END);
    *r = (struct recording){.events = calloc(EVENTS_MAX, sizeof *r->events),
                            .bytes = malloc((size_t)ftell(file))}; /* more than there can be */
    if (!r->events || !r->bytes)
        die(path, "out of memory");
    rewind(file);
    while (fgets(line, sizeof line, file)) {
        enum recording_kind kind = line[0] == '>' ? RECORDING_REQUEST : RECORDING_REPLY;

        if (sscanf(line, "connection %d", &connection) == 1) {
            r->connections = connection > r->connections ? connection : r->connections;
        } else if (line[0] == '#' && isdigit((unsigned char)line[2])) { /* a time: the next one */
            message = NULL;
        } else if (line[0] == '>' || line[0] == '<') {
            if (!message)
                message = add(r, path, kind, connection, r->bytes + len);
            size_t more = hex(line + 1, r->bytes + len);
            message->len += more;
            len += more;
        } else if (strncmp(line, "end ", 4) == 0) {
            add(r, path, line[4] == '>' ? RECORDING_CLIENT_END : RECORDING_SERVER_END, connection,
                NULL);
        }
    }
    fclose(file);
}

void recording_free(struct recording *r)
{
    free(r->events);
    free(r->bytes);
}
