#include "usbip_reader.h"

#include <string.h>

#include "bytes.h"

static void set_state(struct usbip_reader *r, enum usbip_reader_state state)
{
    r->state = state;
    r->have = 0;
}

void usbip_reader_init(struct usbip_reader *r)
{
    memset(r, 0, sizeof *r);
}

void usbip_reader_begin_urbs(struct usbip_reader *r)
{
    r->urbs = true;
    set_state(r, USBIP_READER_URB);
}

/* The body of a request, after its head. */
static size_t request_size(uint16_t code)
{
    switch (code) {
    case USBIP_OP_REQ_IMPORT:
    case USBIP_OP_REQ_EXT_DESCRIPTORS:
        return USBIP_BUSID_SIZE;
    case USBIP_OP_REQ_EXT_LIST:
        return USBIP_EXT_LIST_SIZE;
    case USBIP_OP_REQ_EXT_IMPORT:
        return USBIP_EXT_IMPORT_SIZE;
    default:
        return 0;
    }
}

/* A device's record, with the fields that the extensions add after it. */
static size_t device_size(uint16_t code)
{
    switch (code) {
    case USBIP_OP_REP_EXT_LIST:
        return USBIP_DEVICE_SIZE + USBIP_EXT_ENTRY_SIZE;
    case USBIP_OP_REP_EXT_IMPORT:
        return USBIP_DEVICE_SIZE + USBIP_EXT_GRANT_SIZE;
    default:
        return USBIP_DEVICE_SIZE;
    }
}

/* Bytes of the record that each state collects. */
static size_t record_size(const struct usbip_reader *r)
{
    static const size_t sizes[] = {
        [USBIP_READER_OP] = USBIP_OP_SIZE,
        [USBIP_READER_COUNT] = USBIP_COUNT_SIZE,
        [USBIP_READER_INTERFACE] = USBIP_INTERFACE_SIZE,
        [USBIP_READER_URB] = USBIP_URB_SIZE,
        [USBIP_READER_PACKETS] = USBIP_PACKET_SIZE,
        [USBIP_READER_BAD] = 0,
    };

    if (r->state == USBIP_READER_REQUEST)
        return request_size(r->op.code);
    if (r->state == USBIP_READER_DEVICE)
        return device_size(r->op.code);
    return sizes[r->state];
}

/* Collects the record of this state. Returns it once it is there. */
static const uint8_t *collect(struct usbip_reader *r, const uint8_t **data, size_t *len)
{
    size_t size = record_size(r), part = size - r->have;

    if (r->have == 0 && *len >= size) { /* it is there in one piece */
        const uint8_t *record = *data;

        *data += size;
        *len -= size;
        return record;
    }
    if (part > *len)
        part = *len;
    if (part > 0)
        memcpy(r->record + r->have, *data, part);
    r->have += part;
    *data += part;
    *len -= part;
    if (r->have < size)
        return NULL;
    r->have = 0;
    return r->record;
}

/* The length after the head, and whether it has to be there before the owner hears of it. */
static bool expect(struct usbip_reader *r)
{
    if (request_size(r->op.code) > 0) {
        set_state(r, USBIP_READER_REQUEST);
        return true;
    }
    if (r->op.status != USBIP_ST_OK)
        return false;
    switch (r->op.code) {
    case USBIP_OP_REP_DEVLIST:
    case USBIP_OP_REP_EXT_LIST:
    case USBIP_OP_REP_EXT_DESCRIPTORS:
        set_state(r, USBIP_READER_COUNT);
        return true;
    case USBIP_OP_REP_IMPORT:
    case USBIP_OP_REP_EXT_IMPORT:
        set_state(r, USBIP_READER_DEVICE);
        return false;
    default:
        return false;
    }
}

static enum usbip_read take_op(struct usbip_reader *r, const uint8_t *record)
{
    usbip_get_op(record, &r->op);
    r->list = r->op.code == USBIP_OP_REP_DEVLIST || r->op.code == USBIP_OP_REP_EXT_LIST;
    r->count = 0;
    if (r->op.version != USBIP_VERSION)
        return USBIP_READ_OP; /* the owner has to see to it: the rest is unknown */
    return expect(r) ? USBIP_READ_NOTHING : USBIP_READ_OP;
}

static enum usbip_read take_request(struct usbip_reader *r, const uint8_t *record)
{
    if (r->op.code == USBIP_OP_REQ_EXT_LIST)
        r->flags = get_be32(record);
    else if (r->op.code == USBIP_OP_REQ_EXT_IMPORT)
        usbip_ext_get_import(record, &r->import);
    else
        get_text(r->busid, record, USBIP_BUSID_SIZE);
    set_state(r, USBIP_READER_OP);
    return USBIP_READ_OP;
}

/* After a device, or an interface, of a list. */
static void go_on_with_list(struct usbip_reader *r)
{
    if (r->left > 0)
        set_state(r, USBIP_READER_INTERFACE);
    else
        set_state(r, r->count > 0 ? USBIP_READER_DEVICE : USBIP_READER_OP);
}

static enum usbip_read take_device(struct usbip_reader *r, const uint8_t *record)
{
    usbip_get_device(record, &r->device);
    if (r->op.code == USBIP_OP_REP_EXT_LIST)
        usbip_ext_get_entry(record + USBIP_DEVICE_SIZE, &r->entry);
    if (r->op.code == USBIP_OP_REP_EXT_IMPORT)
        usbip_ext_get_grant(record + USBIP_DEVICE_SIZE, &r->grant);
    r->left = r->list ? r->device.interfaces : 0;
    if (r->list)
        r->count--;
    go_on_with_list(r);
    return USBIP_READ_DEVICE;
}

static enum usbip_read take_record(struct usbip_reader *r, const uint8_t *record)
{
    switch (r->state) {
    case USBIP_READER_OP:
        return take_op(r, record);
    case USBIP_READER_REQUEST:
        return take_request(r, record);
    case USBIP_READER_COUNT:
        r->count = get_be32(record);
        r->left = 0;
        if (r->list)
            go_on_with_list(r);
        else
            set_state(r, USBIP_READER_ASKED);
        return USBIP_READ_OP;
    case USBIP_READER_DEVICE:
        return take_device(r, record);
    case USBIP_READER_INTERFACE:
        usbip_get_interface(record, &r->interface);
        r->left--;
        go_on_with_list(r);
        return USBIP_READ_INTERFACE;
    case USBIP_READER_URB:
        if (usbip_get_urb(record, &r->urb) < 0) {
            set_state(r, USBIP_READER_BAD);
            return USBIP_READ_BAD;
        }
        set_state(r, USBIP_READER_ASKED);
        return USBIP_READ_URB;
    case USBIP_READER_PACKETS:
        if (r->packets)
            usbip_get_packet(record, &r->packets[r->packet]);
        r->packet++;
        return USBIP_READ_NOTHING;
    default:
        return USBIP_READ_BAD;
    }
}

static enum usbip_read end_body(struct usbip_reader *r)
{
    set_state(r, r->urbs ? USBIP_READER_URB : USBIP_READER_OP);
    return USBIP_READ_BODY;
}

static enum usbip_read take_payload(struct usbip_reader *r, const uint8_t **data, size_t *len)
{
    size_t part = r->len - r->have < *len ? r->len - r->have : *len;
    size_t kept = r->have < r->room ? r->room - r->have : 0;

    if (kept > part)
        kept = part;
    if (r->payload && kept > 0)
        memcpy(r->payload + r->have, *data, kept);
    r->have += part;
    *data += part;
    *len -= part;
    if (r->have < r->len)
        return USBIP_READ_NOTHING;
    if (r->packet_count == 0)
        return end_body(r);
    set_state(r, USBIP_READER_PACKETS);
    return USBIP_READ_NOTHING;
}

enum usbip_read usbip_reader_next(struct usbip_reader *r, const uint8_t **data, size_t *len)
{
    static const uint8_t nothing[1];

    if (!*data) /* to which C lets nobody add, not even 0 */
        *data = nothing;
    for (;;) {
        enum usbip_read read = USBIP_READ_NOTHING;

        if (r->state == USBIP_READER_BAD)
            return USBIP_READ_BAD;
        if (r->state == USBIP_READER_ASKED)
            return USBIP_READ_NOTHING;
        if (r->state == USBIP_READER_PAYLOAD) {
            read = take_payload(r, data, len);
            if (read == USBIP_READ_NOTHING && r->state == USBIP_READER_PAYLOAD)
                return read;
        } else {
            const uint8_t *record = collect(r, data, len);

            if (!record)
                return USBIP_READ_NOTHING;
            read = take_record(r, record);
            if (r->state == USBIP_READER_PACKETS && r->packet == r->packet_count)
                read = end_body(r);
        }
        if (read != USBIP_READ_NOTHING)
            return read;
    }
}

void usbip_reader_body(struct usbip_reader *r, uint8_t *payload, struct usbip_packet *packets,
                       const struct usbip_body *body)
{
    set_state(r, USBIP_READER_PAYLOAD);
    r->payload = payload;
    r->len = r->room = body->payload;
    r->packets = packets;
    r->packet = 0;
    r->packet_count = body->packets;
}

void usbip_reader_skip(struct usbip_reader *r, const struct usbip_body *body)
{
    usbip_reader_body(r, NULL, NULL, body);
}

void usbip_reader_cut(struct usbip_reader *r, size_t room)
{
    if (r->room > room)
        r->room = room;
}

void usbip_reader_drop(struct usbip_reader *r)
{
    r->payload = NULL;
    r->packets = NULL;
}

size_t usbip_reader_wants(const struct usbip_reader *r)
{
    size_t size = r->state == USBIP_READER_PAYLOAD ? r->len : record_size(r);

    return size > r->have ? size - r->have : 1;
}

size_t usbip_reader_room(const struct usbip_reader *r, uint8_t **into)
{
    if (r->state != USBIP_READER_PAYLOAD || !r->payload || r->have >= r->room)
        return 0;
    *into = r->payload + r->have;
    return r->room - r->have;
}

void usbip_reader_filled(struct usbip_reader *r, size_t len)
{
    r->have += len;
}
