/*
 * Fuzzes the decoder: what it accepts is said in words and encodes to a body that decodes to the
 * same message. So does what is behind the codes of our own messages.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "proto/rfc2217.h"
#include "proto/serial_ext.h"
#include "rfc2217_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static bool same(struct serial_ext_text a, struct serial_ext_text b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.bytes, b.bytes, a.len) == 0);
}

static void go_there_and_back(const struct rfc2217_message *m)
{
    uint8_t bytes[SERIAL_EXT_MAX];
    struct serial_ext_port_state s, s2;
    struct serial_ext_entry e, e2;
    struct serial_ext_identity i, i2;
    struct serial_ext_resume r, r2;

    if (m->text_len > 0)
        serial_ext_version(m->text, m->text_len);
    if (serial_ext_get_state(m->text, m->text_len, &s) == 0) {
        must(serial_ext_get_state(bytes, serial_ext_put_state(&s, bytes), &s2) == 0);
        must(s2.state == s.state && s2.place == s.place && same(s2.text, s.text));
    }
    if (serial_ext_get_entry(m->text, m->text_len, &e) == 0) {
        must(serial_ext_get_entry(bytes, serial_ext_put_entry(&e, bytes), &e2) == 0);
        must(e2.state == e.state && e2.since_s == e.since_s && same(e2.name, e.name) &&
             same(e2.kind, e.kind) && same(e2.owner, e.owner));
    }
    if (serial_ext_get_identity(m->text, m->text_len, &i) == 0) {
        must(serial_ext_get_identity(bytes, serial_ext_put_identity(&i, bytes), &i2) == 0);
        must(i2.vid == i.vid && i2.pid == i.pid && i2.interface == i.interface &&
             same(i2.serial, i.serial) && same(i2.product, i.product) &&
             same(i2.manufacturer, i.manufacturer) && same(i2.place, i.place));
    }
    if (serial_ext_get_resume(m->text, m->text_len, &r) == 0) {
        must(serial_ext_get_resume(bytes, serial_ext_put_resume(&r, bytes), &r2) == 0);
        must(r2.kind == r.kind && r2.received == r.received && r2.grace_s == r.grace_s &&
             memcmp(r2.token, r.token, sizeof r.token) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct rfc2217_message m, back;
    char text[RFC2217_DESCRIPTION_MAX];
    uint8_t body[RFC2217_BODY_MAX];

    if (rfc2217_decode(data, len, &m) < 0)
        return 0;
    rfc2217_describe(&m, text);
    if (m.command >= RFC2217_SELECT)
        go_there_and_back(&m);
    if (strlen(text) >= sizeof text)
        abort();
    size_t n = rfc2217_encode(&m, body);
    if (rfc2217_decode(body, n, &back) < 0 || back.command != m.command || back.value != m.value ||
        back.from_server != m.from_server || back.draft_baud != m.draft_baud ||
        back.text_len != m.text_len || back.mask != m.mask || back.lines != m.lines)
        abort();
    return 0;
}
