#include "serial_ext.h"

#include <errno.h>
#include <string.h>

#include "bytes.h"

/* --- reading ---------------------------------------------------------------------------------- */

/* The rest of a payload. */
struct rest {
    const uint8_t *bytes;
    size_t len;
    bool bad; /* there was less than somebody wanted */
};

static const uint8_t *take(struct rest *r, size_t len)
{
    static const uint8_t nothing[SERIAL_EXT_TOKEN_SIZE];
    const uint8_t *at = r->bytes;

    if (len > r->len) {
        r->bad = true;
        return nothing;
    }
    r->bytes += len;
    r->len -= len;
    return at;
}

static uint8_t take_byte(struct rest *r)
{
    return *take(r, 1);
}

static struct serial_ext_text take_text(struct rest *r)
{
    const size_t len = take_byte(r);

    if (len > r->len) {
        r->bad = true;
        return (struct serial_ext_text){0};
    }
    return (struct serial_ext_text){take(r, len), len};
}

/* A newer version adds its fields at the end; they are ignored. */
static int verdict(const struct rest *r)
{
    return r->bad ? -EBADMSG : 0;
}

unsigned serial_ext_version(const uint8_t *signature, size_t len)
{
    static const char word[] = " ext=";
    const size_t size = sizeof word - 1;
    unsigned version = 0;

    for (size_t i = 0; i + size < len; i++) {
        if (memcmp(signature + i, word, size) != 0)
            continue;
        for (i += size; i < len && signature[i] >= '0' && signature[i] <= '9' && version < 1000;
             i++)
            version = version * 10 + (unsigned)(signature[i] - '0');
        return version;
    }
    return 0;
}

int serial_ext_get_name(const uint8_t *payload, size_t len, struct serial_ext_text *name)
{
    *name = (struct serial_ext_text){payload, len};
    return len >= 1 && len <= SERIAL_EXT_NAME_MAX ? 0 : -EBADMSG;
}

int serial_ext_get_state(const uint8_t *payload, size_t len, struct serial_ext_port_state *s)
{
    struct rest r = {payload, len, false};

    s->state = take_byte(&r);
    s->place = get_be32(take(&r, 4));
    s->text = (struct serial_ext_text){r.bytes, r.len};
    return verdict(&r);
}

int serial_ext_get_entry(const uint8_t *payload, size_t len, struct serial_ext_entry *e)
{
    struct rest r = {payload, len, false};

    e->state = take_byte(&r);
    e->since_s = get_be32(take(&r, 4));
    e->name = take_text(&r);
    e->kind = take_text(&r);
    e->owner = take_text(&r);
    return verdict(&r);
}

int serial_ext_get_identity(const uint8_t *payload, size_t len, struct serial_ext_identity *i)
{
    struct rest r = {payload, len, false};

    i->vid = get_be16(take(&r, 2));
    i->pid = get_be16(take(&r, 2));
    i->interface = take_byte(&r);
    i->serial = take_text(&r);
    i->product = take_text(&r);
    i->manufacturer = take_text(&r);
    i->place = take_text(&r);
    return verdict(&r);
}

int serial_ext_get_resume(const uint8_t *payload, size_t len, struct serial_ext_resume *m)
{
    struct rest r = {payload, len, false};

    *m = (struct serial_ext_resume){.kind = take_byte(&r)};
    if (m->kind > SERIAL_EXT_ACK)
        return -EBADMSG;
    if (m->kind == SERIAL_EXT_BEGIN || m->kind == SERIAL_EXT_RESUME)
        memcpy(m->token, take(&r, sizeof m->token), sizeof m->token);
    if (m->kind == SERIAL_EXT_RESUME || m->kind == SERIAL_EXT_GRANT || m->kind == SERIAL_EXT_ACK)
        m->received = get_be64(take(&r, 8));
    if (m->kind == SERIAL_EXT_GRANT)
        m->grace_s = get_be32(take(&r, 4));
    return verdict(&r);
}

/* --- writing ---------------------------------------------------------------------------------- */

/* Writes a text after `n` bytes, as much of it as there is room for. Returns the size then. */
static size_t put_bytes(uint8_t *payload, size_t n, struct serial_ext_text text)
{
    const size_t room = SERIAL_EXT_MAX - n;
    const size_t len = text.len < room ? text.len : room;

    if (len > 0)
        memcpy(payload + n, text.bytes, len);
    return n + len;
}

/* The same with its length before it, and `after` bytes of room left for later fields. */
static size_t put_counted(uint8_t *payload, size_t n, struct serial_ext_text text, size_t after)
{
    const size_t room = SERIAL_EXT_MAX - n - 1 - after;
    const size_t len = text.len < room ? text.len : room;

    payload[n] = (uint8_t)len;
    return put_bytes(payload, n + 1, (struct serial_ext_text){text.bytes, len});
}

size_t serial_ext_put_state(const struct serial_ext_port_state *s,
                            uint8_t payload[static SERIAL_EXT_MAX])
{
    payload[0] = s->state;
    put_be32(payload + 1, s->place);
    return put_bytes(payload, 5, s->text);
}

size_t serial_ext_put_entry(const struct serial_ext_entry *e,
                            uint8_t payload[static SERIAL_EXT_MAX])
{
    payload[0] = e->state;
    put_be32(payload + 1, e->since_s);
    size_t n = put_counted(payload, 5, e->name, 2);
    n = put_counted(payload, n, e->kind, 1);
    return put_counted(payload, n, e->owner, 0);
}

size_t serial_ext_put_identity(const struct serial_ext_identity *i,
                               uint8_t payload[static SERIAL_EXT_MAX])
{
    put_be16(payload, i->vid);
    put_be16(payload + 2, i->pid);
    payload[4] = i->interface;
    size_t n = put_counted(payload, 5, i->serial, 3);
    n = put_counted(payload, n, i->product, 2);
    n = put_counted(payload, n, i->manufacturer, 1);
    return put_counted(payload, n, i->place, 0);
}

size_t serial_ext_put_resume(const struct serial_ext_resume *m,
                             uint8_t payload[static SERIAL_EXT_MAX])
{
    size_t n = 0;

    payload[n++] = m->kind;
    if (m->kind == SERIAL_EXT_BEGIN || m->kind == SERIAL_EXT_RESUME) {
        memcpy(payload + n, m->token, sizeof m->token);
        n += sizeof m->token;
    }
    if (m->kind == SERIAL_EXT_RESUME || m->kind == SERIAL_EXT_GRANT || m->kind == SERIAL_EXT_ACK) {
        put_be64(payload + n, m->received);
        n += 8;
    }
    if (m->kind == SERIAL_EXT_GRANT) {
        put_be32(payload + n, m->grace_s);
        n += 4;
    }
    return n;
}
