#include "published.h"

#include <string.h>

#include "proto/buf.h"
#include "serial_ports.h"
#include "text.h"

enum { FIELD_MAX = 600 };

static const char kind[] = "device\t";
static const char no_key[] = "-";
static const char usb[] = "usb:";

static int add_field(struct buf *b, const char *text, const char *after)
{
    char clean[FIELD_MAX];

    text_clean(clean, sizeof clean, text);
    int r = buf_add(b, clean, strlen(clean));
    return r < 0 ? r : buf_add(b, after, strlen(after));
}

int published_add(struct buf *b, const struct published *p)
{
    int r = buf_add(b, kind, strlen(kind));

    if (r == 0)
        r = add_field(b, p->key[0] ? p->key : no_key, "\t");
    if (r == 0)
        r = add_field(b, p->address, "\t");
    return r < 0 ? r : add_field(b, p->name, "\n");
}

/* Whether three fields and the line's end follow. */
static bool is_whole(const char *at)
{
    static const char ends[] = {'\t', '\t', '\n'};

    for (size_t i = 0; i < sizeof ends; i++) {
        at += strcspn(at, "\t\n");
        if (*at++ != ends[i])
            return false;
    }
    return true;
}

/* Ends the field at `*at`, and moves on. */
static const char *take_field(char **at)
{
    char *field = *at;
    const size_t len = strcspn(field, "\t\n");

    field[len] = '\0';
    *at = field + len + 1;
    text_clean(field, len + 1, field);
    return field;
}

bool published_take(char **text, struct published *p)
{
    char *at = *text + strlen(kind);

    if (strncmp(*text, kind, strlen(kind)) != 0 || !is_whole(at)) {
        *text += **text == '\n';
        return false;
    }
    p->key = take_field(&at);
    p->address = take_field(&at);
    p->name = take_field(&at);
    if (strcmp(p->key, no_key) == 0)
        p->key = "";
    *text = at;
    return true;
}

bool published_is_same(const char *key, const char *other)
{
    const size_t len = strlen(usb);

    if (!key[0] || !other[0])
        return false;
    if (strncmp(key, usb, len) == 0 || strncmp(other, usb, len) == 0)
        return strcmp(key, other) == 0;
    return serial_ports_are_same(key, other);
}
