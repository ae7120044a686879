#include "dfu.h"

#include <stdlib.h>
#include <string.h>

#include "proto/usbip.h"

enum {
    CLASS_OUT = 0x21, /* bmRequestType */
    CLASS_IN = 0xa1,
    STATUS_SIZE = 6,
};

static void drop_incoming(struct dfu *d)
{
    free(d->incoming);
    d->incoming = NULL;
    d->incoming_len = d->incoming_room = 0;
    d->pending = false;
}

static int fail(struct dfu *d, enum dfu_status status)
{
    drop_incoming(d);
    d->state = DFU_ERROR;
    d->status = status;
    return USBIP_EPIPE;
}

/* A request that the state does not have: "any other" of A.2. */
static int refuse(struct dfu *d)
{
    if (d->state == DFU_APP_DETACH)
        d->state = DFU_APP_IDLE;
    if (d->state == DFU_APP_IDLE || d->state == DFU_ERROR)
        return USBIP_EPIPE;
    return fail(d, DFU_ERR_STALLEDPKT);
}

/* Ends the states that end by themselves: the poll timeouts of A.2.5 and A.2.8. */
static void pass_time(struct dfu *d, uint64_t now_ms)
{
    if (now_ms < d->ready_ms)
        return;
    if (d->state == DFU_DNBUSY)
        d->state = DFU_DNLOAD_SYNC;
    else if (d->state == DFU_MANIFEST)
        d->state = DFU_MANIFEST_SYNC;
}

/* --- download ----------------------------------------------------------------------------------
 */

static bool make_room(struct dfu *d, size_t len)
{
    size_t room = d->incoming_room ? d->incoming_room : 64 * 1024;

    while (room < len)
        room *= 2;
    if (room == d->incoming_room)
        return true;
    uint8_t *larger = realloc(d->incoming, room);
    if (!larger)
        return false;
    d->incoming = larger;
    d->incoming_room = room;
    return true;
}

static int take_block(struct dfu *d, const struct usb_setup *s, const uint8_t *data)
{
    if (d->state == DFU_IDLE) {
        drop_incoming(d);
        d->block = 0;
    }
    if (s->length > DFU_BLOCK_MAX)
        return fail(d, DFU_ERR_STALLEDPKT);
    if (s->value != d->block || d->incoming_len + s->length > DFU_FIRMWARE_MAX)
        return fail(d, DFU_ERR_ADDRESS);
    if (!make_room(d, d->incoming_len + s->length))
        return fail(d, DFU_ERR_UNKNOWN);
    memcpy(d->incoming + d->incoming_len, data, s->length);
    d->incoming_len += s->length;
    d->block++; /* it wraps */
    d->pending = true;
    d->state = DFU_DNLOAD_SYNC;
    return s->length;
}

static int download(struct dfu *d, const struct usb_setup *s, const uint8_t *data)
{
    if (s->length > 0 && (d->state == DFU_IDLE || d->state == DFU_DNLOAD_IDLE))
        return take_block(d, s, data);
    if (s->length > 0 || d->state != DFU_DNLOAD_IDLE) /* nothing has come that could end */
        return refuse(d);
    d->pending = true;
    d->state = DFU_MANIFEST_SYNC;
    return 0;
}

static void manifest(struct dfu *d)
{
    if (d->keep && d->keep(d->ctx, d->incoming, d->incoming_len) < 0) {
        fail(d, DFU_ERR_WRITE);
        return;
    }
    free(d->firmware);
    d->firmware = d->incoming;
    d->len = d->incoming_len;
    d->incoming = NULL;
    drop_incoming(d);
    d->is_new = true;
    d->state = DFU_MANIFEST;
}

/* --- upload, and reading the state ------------------------------------------------------------ */

static int upload(struct dfu *d, const struct usb_setup *s, uint8_t *data)
{
    if (d->state != DFU_IDLE && d->state != DFU_UPLOAD_IDLE)
        return refuse(d);
    if (d->state == DFU_IDLE) {
        d->block = 0;
        d->uploaded = 0;
    }
    if (s->length == 0 || s->length > DFU_BLOCK_MAX)
        return fail(d, DFU_ERR_STALLEDPKT);
    if (s->value != d->block)
        return fail(d, DFU_ERR_ADDRESS);
    size_t left = d->len - d->uploaded;
    size_t len = left < s->length ? left : s->length;
    if (len > 0)
        memcpy(data, d->firmware + d->uploaded, len);
    d->uploaded += len;
    d->block++;
    d->state = len < s->length ? DFU_IDLE : DFU_UPLOAD_IDLE; /* a short frame ends it */
    return (int)len;
}

/* Tells the state that the device enters with the answer (6.1.2), and for how long it stays. */
static int get_status(struct dfu *d, const struct usb_setup *s, uint8_t *data, uint64_t now_ms)
{
    unsigned poll_ms = 0;

    if (d->state == DFU_DNLOAD_SYNC) {
        d->state = d->pending ? DFU_DNBUSY : DFU_DNLOAD_IDLE;
        d->pending = false;
        poll_ms = d->state == DFU_DNBUSY ? DFU_BLOCK_MS : 0;
    } else if (d->state == DFU_MANIFEST_SYNC && d->pending) {
        manifest(d);
        poll_ms = d->state == DFU_MANIFEST ? DFU_MANIFEST_MS : 0;
    } else if (d->state == DFU_MANIFEST_SYNC) {
        d->state = DFU_IDLE;
    }
    d->ready_ms = now_ms + poll_ms;
    const uint8_t answer[STATUS_SIZE] = {(uint8_t)d->status, (uint8_t)poll_ms, 0, 0,
                                         (uint8_t)d->state};
    size_t len = s->length < sizeof answer ? s->length : sizeof answer;
    if (len > 0)
        memcpy(data, answer, len);
    return (int)len;
}

static int get_state(const struct dfu *d, const struct usb_setup *s, uint8_t *data)
{
    if (s->length == 0)
        return 0;
    data[0] = (uint8_t)d->state;
    return 1;
}

/* --- requests -----------------------------------------------------------------------------------
 */

static int detach(struct dfu *d)
{
    if (d->state == DFU_IDLE)
        d->leaving = true;
    else if (d->state == DFU_APP_IDLE)
        d->state = DFU_APP_DETACH;
    else
        return refuse(d);
    return 0;
}

static int abort_transfer(struct dfu *d)
{
    if (d->state != DFU_IDLE && d->state != DFU_DNLOAD_IDLE && d->state != DFU_UPLOAD_IDLE)
        return refuse(d);
    drop_incoming(d);
    d->state = DFU_IDLE;
    return 0;
}

static int clear_status(struct dfu *d)
{
    if (d->state != DFU_ERROR)
        return refuse(d);
    d->status = DFU_OK;
    d->state = DFU_IDLE;
    return 0;
}

int dfu_control(struct dfu *d, const struct usb_setup *s, uint8_t *data, uint64_t now_ms)
{
    pass_time(d, now_ms);
    if (d->state == DFU_DNBUSY || d->state == DFU_MANIFEST) /* it has not been waited for */
        return refuse(d);
    const bool in =
        s->request == DFU_UPLOAD || s->request == DFU_GETSTATUS || s->request == DFU_GETSTATE;
    if (s->type != (in ? CLASS_IN : CLASS_OUT) || s->index != 0)
        return refuse(d);
    switch (s->request) {
    case DFU_DETACH:
        return detach(d);
    case DFU_DNLOAD:
        return download(d, s, data);
    case DFU_UPLOAD:
        return upload(d, s, data);
    case DFU_GETSTATUS:
        return get_status(d, s, data, now_ms);
    case DFU_CLRSTATUS:
        return clear_status(d);
    case DFU_GETSTATE:
        return get_state(d, s, data);
    case DFU_ABORT:
        return abort_transfer(d);
    default:
        return refuse(d);
    }
}

/* --- modes --------------------------------------------------------------------------------------
 */

bool dfu_is_leaving(const struct dfu *d)
{
    return d->leaving || d->state == DFU_APP_DETACH;
}

void dfu_begin(struct dfu *d, bool run_time)
{
    drop_incoming(d);
    d->leaving = false;
    d->is_new = false;
    d->status = DFU_OK;
    d->state = run_time ? DFU_APP_IDLE : DFU_IDLE;
}

void dfu_interrupt(struct dfu *d)
{
    drop_incoming(d);
    if (dfu_is_leaving(d))
        return;
    d->status = DFU_OK;
    d->state = d->state == DFU_APP_IDLE ? DFU_APP_IDLE : DFU_IDLE;
}

void dfu_bus_reset(struct dfu *d)
{
    dfu_interrupt(d);
    d->leaving = d->leaving || d->is_new;
}

void dfu_free(struct dfu *d)
{
    drop_incoming(d);
    free(d->firmware);
    d->firmware = NULL;
}
