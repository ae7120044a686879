/*
 * Fuzzes the reader of USB/IP, in either phase: in one piece and in pieces it reads the same, and
 * what it reads is within what was said to follow. The first byte chooses the phase and the pieces.
 */
#include "proto/usbip_reader.h"

#include <stdlib.h>
#include <string.h>

enum { PAYLOAD_MAX = 4096, LOG_MAX = 65536 };

struct outcome {
    uint8_t log[LOG_MAX];
    size_t len;
};

static struct outcome whole, pieces;

static void note(struct outcome *o, const void *data, size_t len)
{
    if (len > LOG_MAX - o->len)
        len = LOG_MAX - o->len;
    memcpy(o->log + o->len, data, len);
    o->len += len;
}

static void note_urb(struct outcome *o, const struct usbip_urb *u)
{
    uint8_t bytes[USBIP_URB_SIZE];

    usbip_put_urb(u, bytes);
    note(o, bytes, sizeof bytes);
}

/* What descriptors are told of lies within the bytes. */
static void walk(const uint8_t *data, size_t len)
{
    const uint8_t *end = data + len;
    struct usbip_ext_descriptor d;

    while (usbip_ext_next_descriptor(&data, &len, &d))
        if (d.data + d.len != data || data + len != end)
            abort();
}

static void run(struct outcome *o, const uint8_t *data, size_t len, bool urbs, size_t piece)
{
    static struct usbip_packet packets[USBIP_PACKETS_MAX];
    struct usbip_reader r;
    struct usbip_body body = {0};
    uint8_t *payload = malloc(PAYLOAD_MAX);

    o->len = 0;
    usbip_reader_init(&r);
    if (urbs)
        usbip_reader_begin_urbs(&r);
    while (len > 0) {
        const uint8_t *at = data;
        size_t part = len < piece ? len : piece, left = part;
        enum usbip_read read;

        do {
            read = usbip_reader_next(&r, &at, &left);
            uint8_t kind = (uint8_t)read;
            if (read != USBIP_READ_NOTHING)
                note(o, &kind, 1);
            if (read == USBIP_READ_DEVICE) {
                note(o, r.device.busid, strlen(r.device.busid));
                note(o, r.entry.name, strlen(r.entry.name));
                note(o, r.entry.user, strlen(r.entry.user));
            }
            if (read == USBIP_READ_OP && r.op.code == USBIP_OP_REP_EXT_DESCRIPTORS &&
                r.op.status == USBIP_ST_OK) {
                if (r.count > PAYLOAD_MAX)
                    goto out;
                body = (struct usbip_body){.payload = r.count};
                free(payload);
                payload = malloc(r.count ? r.count : 1);
                usbip_reader_body(&r, payload, NULL, &body);
            }
            if (read == USBIP_READ_URB) {
                note_urb(o, &r.urb);
                if (usbip_urb_body(&r.urb, r.urb.seqnum & 1, PAYLOAD_MAX, &body) < 0)
                    goto out;
                free(payload); /* exactly as long as it has to be */
                payload = malloc(body.payload ? body.payload : 1);
                usbip_reader_body(&r, payload, packets, &body);
            }
            if (read == USBIP_READ_BODY)
                note(o, payload, body.payload);
            if (read == USBIP_READ_BODY && !urbs)
                walk(payload, body.payload);
        } while (read != USBIP_READ_NOTHING && read != USBIP_READ_BAD);
        if (read == USBIP_READ_BAD)
            goto out;
        if (left > 0)
            abort();
        data += part;
        len -= part;
    }
out:
    free(payload);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len < 1)
        return 0;
    run(&whole, data + 1, len - 1, data[0] & 1, len);
    run(&pieces, data + 1, len - 1, data[0] & 1, 1 + (data[0] >> 1) % 64);
    if (whole.len != pieces.len || memcmp(whole.log, pieces.log, whole.len) != 0)
        abort();
    return 0;
}
