/*
 * Theory of operation. A submitted URB is read into memory of its own and handed to the device at
 * once. Any number may be under way. Each is answered exactly once, in the order in which they are
 * done.
 *
 * An unlinked one that is under way is cancelled. If it was, only RET_UNLINK tells of it; if it was
 * done first, RET_SUBMIT comes before. A cancelled one that has moved data gets both. RET_UNLINK
 * cannot say how many, nor carry them, and the client reads the payload whatever the status says.
 *
 * The memory of URBs is bounded: above the budget they wait in line until some are done. So a URB
 * never fails for want of memory. Those that wait are read all the same, for the unlinks after
 * them: those under way may never end by themselves. An IN one in line keeps no more than its
 * header. When the line keeps too much (data of OUT ones, mostly), no more is read.
 */
#include "usb_import.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>

#include "clock.h"
#include "log_peer.h"
#include "proto/usbip_ext.h"
#include "proto/usbip_reader.h"
#include "usb_device.h"
#include "usb_pcap.h"
#include "usb_replies.h"

/* Bytes of a URB that is above the budget and read past; a larger one ends the session. */
enum { REFUSED_MAX = 1 << 28 };

static void start_waiting(struct usb_import *m);

static void reply_unlink(struct usb_import *m, uint32_t seqnum, int status)
{
    const struct usbip_urb u = {.command = USBIP_RET_UNLINK, .seqnum = seqnum, .status = status};
    uint8_t bytes[USBIP_URB_SIZE];

    usbip_put_urb(&u, bytes);
    usb_replies_add(m->replies, bytes, sizeof bytes);
}

/* --- submit ----------------------------------------------------------------------------------- */

static struct usb_urb *younger(const struct usb_urb *u)
{
    return (struct usb_urb *)(void *)u->entry.younger;
}

static void on_done(struct usb_transfer *t)
{
    struct usb_urb *u = (struct usb_urb *)(void *)((char *)t - offsetof(struct usb_urb, transfer));
    struct usb_import *m = u->import;
    const bool submitted = u->state != USB_URB_READ, unlinked = u->state == USB_URB_UNLINKED;
    const bool cancelled = unlinked && t->status == USBIP_ECONNRESET;
    const bool told = !cancelled || t->actual > 0;

    usb_budget_move(&m->budget, u, USB_URB_ENDED); /* before a reply that may end the session */
    if (submitted)
        usb_pcap_done(m->pcap, m->device, t);
    if (t->status == 0 && (u->head.flags & USBIP_SHORT_NOT_OK) && (t->address & 0x80) &&
        t->packet_count == 0 && t->actual < t->length)
        t->status = USBIP_EREMOTEIO;
    if (told)
        usb_replies_add(m->replies, u->reply, usb_urb_reply(u));
    if (unlinked)
        reply_unlink(m, u->unlink_seqnum, told ? 0 : USBIP_ECONNRESET);
    usb_early_unlinks_note(&m->unlinks, u->entry.seqnum);
    if (m->to_cancel == u)
        m->to_cancel = younger(u);
    usb_budget_remove(&m->budget, u);
    if (m->ended && m->budget.table.count == 0 && !m->ending) {
        timer_stop(&m->early);
        m->callbacks->idle(m->ctx);
    }
    start_waiting(m);
    if (m->parked && !m->gathering && !m->starting)
        m->callbacks->has_room(m->ctx);
}

static void submit(struct usb_import *m, struct usb_urb *u)
{
    int status = usb_urb_prepare(u);

    if (status < 0) {
        for (size_t i = 0; i < u->transfer.packet_count; i++)
            u->transfer.packets[i].actual = 0;
        u->transfer.status = status;
        on_done(&u->transfer);
        return;
    }
    usb_budget_move(&m->budget, u, USB_URB_SUBMITTED);
    u->transfer.done = on_done;
    usb_pcap_submit(m->pcap, m->device, &u->transfer);
    usb_merge_submit(&m->merge, &u->transfer);
    if (!m->gathering)
        usb_merge_start(&m->merge);
}

/* Submits those in line that have room now. */
static void start_waiting(struct usb_import *m)
{
    if (m->starting)
        return;
    m->starting = true; /* what is submitted may be done at once */
    for (;;) {
        struct usb_urb *u;
        int r = usb_budget_next(&m->budget, &u);

        if (r == -ENOMEM)
            m->callbacks->failed(m->ctx, "out of memory");
        if (r < 0)
            break;
        submit(m, u);
    }
    m->starting = false;
}

/* --- unlink ----------------------------------------------------------------------------------- */

/* Those kept long enough are for URBs that nobody knows, unless one is being read, or cannot be. */
static void on_early(void *ctx)
{
    struct usb_import *m = ctx;
    const uint64_t now = clock_now_ms();
    uint32_t seqnum;

    if (m->reading || m->callbacks->is_held_up(m->ctx)) {
        timer_in_ms(&m->early, USB_EARLY_UNLINKS_MS);
        return;
    }
    while (usb_early_unlinks_take_due(&m->unlinks, now, &seqnum))
        reply_unlink(m, seqnum, 0);
    if (m->unlinks.early_count > 0)
        timer_in_ms(&m->early, m->unlinks.early[0].until - now);
}

/* Whether a URB was unlinked before it came; then it is answered, and gone. */
static bool is_unlinked_early(struct usb_import *m, struct usb_urb *u)
{
    uint32_t seqnum;

    if (!usb_early_unlinks_take(&m->unlinks, u->entry.seqnum, &seqnum))
        return false;
    usb_early_unlinks_note(&m->unlinks, u->entry.seqnum);
    usb_budget_remove(&m->budget, u);
    reply_unlink(m, seqnum, USBIP_ECONNRESET);
    return true;
}

static void unlink_urb(struct usb_import *m)
{
    const struct usbip_urb *head = &m->reader->urb;
    struct usb_urb *u = usb_budget_find(&m->budget, head->unlink);

    if (!u && usb_early_unlinks_keep(&m->unlinks, head->seqnum, head->unlink, clock_now_ms())) {
        if (!timer_is_set(&m->early))
            timer_in_ms(&m->early, USB_EARLY_UNLINKS_MS);
        return;
    }
    if (u && u->state == USB_URB_IN_LINE) {
        usb_early_unlinks_note(&m->unlinks, head->unlink);
        usb_budget_remove(&m->budget, u);
        reply_unlink(m, head->seqnum, USBIP_ECONNRESET);
        start_waiting(m); /* there may be room for the next one */
        return;
    }
    if (!u || u->state != USB_URB_SUBMITTED) { /* its answer is on its way, or it never was */
        reply_unlink(m, head->seqnum, 0);
        return;
    }
    usb_budget_move(&m->budget, u, USB_URB_UNLINKED);
    u->unlink_seqnum = head->seqnum;
    usb_merge_cancel(&m->merge, &u->transfer);
}

/* --- reading ---------------------------------------------------------------------------------- */

/* Why Linux's server would end the session at a URB, or NULL. */
static const char *linux_refusal(struct usb_device *d, const struct usb_urb *u)
{
    struct buf descriptors;

    buf_init(&descriptors, USBIP_EXT_DESCRIPTORS_MAX);
    if (d->ops->describe(d, &descriptors) < 0) /* nothing is known, nor checked by it */
        buf_drain(&descriptors, descriptors.len);
    const char *why =
        usb_checks_urb(&d->checks, &d->record, &descriptors, &u->head, u->transfer.packets);
    buf_free(&descriptors);
    return why;
}

/* Ends the session where Linux's server would. Returns whether it has. */
static bool is_refused(struct usb_import *m, struct usb_urb *u)
{
    char text[160];
    const char *why = m->device->checks.on ? linux_refusal(m->device, u) : NULL;

    if (!why)
        return false;
    const unsigned ep = u->head.ep;
    usb_budget_remove(&m->budget, u);
    snprintf(text, sizeof text, "Linux's server would end here: a URB of endpoint %u: %s", ep, why);
    m->callbacks->failed(m->ctx, text);
    return true;
}

void usb_import_take_body(struct usb_import *m)
{
    struct usb_urb *u = m->reading;

    m->reading = NULL;
    if (!u || is_unlinked_early(m, u) || is_refused(m, u))
        return;
    if (u->state == USB_URB_READ) {
        submit(m, u);
        return;
    }
    usb_budget_move(&m->budget, u, USB_URB_IN_LINE);
    start_waiting(m);
}

static const char number_taken[] = "it uses the number of a URB that is under way";

/* Begins to read a URB. Returns false when it has to wait for others before that. */
static bool read_urb(struct usb_import *m, const struct usbip_body *body)
{
    struct usb_urb *u;
    int r = usb_budget_make(&m->budget, &m->reader->urb, body->packets, &u);

    if (r == -EAGAIN)
        return false;
    if (r < 0) {
        m->callbacks->failed(m->ctx, r == -EEXIST ? number_taken : "out of memory");
        return true;
    }
    u->import = m;
    m->reading = u;
    usbip_reader_body(m->reader, u->transfer.data, u->transfer.packets, body);
    return true;
}

/* Answers a URB for which there is no memory, as usbfs does, and reads past it. */
static void refuse_urb(struct usb_import *m, const struct usbip_body *body)
{
    const struct usbip_urb reply = {
        .command = USBIP_RET_SUBMIT, .seqnum = m->reader->urb.seqnum, .status = USBIP_ENOMEM};
    uint8_t bytes[USBIP_URB_SIZE];

    if (usb_budget_find(&m->budget, m->reader->urb.seqnum)) {
        m->callbacks->failed(m->ctx, number_taken);
        return;
    }
    if (!m->refused)
        log_peer_warn(m->peer,
                      "%s: %s: a transfer of %ld bytes is refused; budget= allows for more",
                      m->peer, m->device->name, (long)m->reader->urb.length);
    m->refused = true;
    usbip_reader_skip(m->reader, body);
    usb_early_unlinks_note(&m->unlinks, m->reader->urb.seqnum);
    usbip_put_urb(&reply, bytes);
    usb_replies_add(m->replies, bytes, sizeof bytes);
}

/* Takes the URB whose header is there. Returns false when it has to wait for room. */
static bool begin_urb(struct usb_import *m)
{
    const struct usbip_urb *head = &m->reader->urb;
    struct usbip_body body;
    int r = usbip_urb_body(head, 0, m->budget.limit, &body);

    if (r == -EMSGSIZE && usbip_urb_body(head, 0, REFUSED_MAX, &body) == 0 &&
        head->command == USBIP_CMD_SUBMIT && head->devid == m->devid && body.packets == 0) {
        refuse_urb(m, &body);
        return true;
    }
    if (r < 0 || head->command == USBIP_RET_SUBMIT || head->command == USBIP_RET_UNLINK) {
        m->callbacks->failed(m->ctx, r == -EMSGSIZE ? "it sends a transfer larger than is allowed"
                                                    : "it sends what is no command of USB/IP");
        return true;
    }
    if (head->devid != m->devid) {
        m->callbacks->failed(m->ctx, "it names a device that it has not imported");
        return true;
    }
    if (head->command == USBIP_CMD_UNLINK) {
        usbip_reader_skip(m->reader, &body);
        unlink_urb(m);
        return true;
    }
    return read_urb(m, &body);
}

void usb_import_take_head(struct usb_import *m)
{
    m->parked = !begin_urb(m);
}

void usb_import_retry(struct usb_import *m)
{
    if (m->parked)
        m->parked = !begin_urb(m);
}

void usb_import_start(struct usb_import *m)
{
    usb_merge_start(&m->merge);
}

/* --- beginning and end ------------------------------------------------------------------------ */

void usb_import_init(struct usb_import *m, struct event_base *base, size_t budget)
{
    usb_budget_init(&m->budget, budget);
    timer_make(&m->early, base, on_early, m);
}

void usb_import_free(struct usb_import *m)
{
    usb_budget_free(&m->budget);
    timer_stop(&m->early);
}

void usb_import_begin(struct usb_import *m, struct usb_device *d)
{
    m->device = d;
    m->devid = usbip_devid(&d->record);
    usb_merge_init(&m->merge, d);
    if (d->budget > 0)
        usb_budget_init(&m->budget, d->budget);
}

/* Any of them may be done by the cancel of another one. */
static void cancel_all(struct usb_import *m)
{
    m->ending = true; /* the last one that is done does not say so yet */
    m->to_cancel = (struct usb_urb *)(void *)m->budget.table.oldest;
    while (m->to_cancel) {
        struct usb_urb *u = m->to_cancel;

        m->to_cancel = younger(u);
        if (u->state == USB_URB_ENDED)
            continue;
        usb_budget_move(&m->budget, u, USB_URB_ENDED);
        usb_merge_cancel(&m->merge, &u->transfer);
    }
    m->ending = false;
}

bool usb_import_end(struct usb_import *m)
{
    m->ended = true;
    m->parked = false;
    if (m->reading)
        usb_budget_remove(&m->budget, m->reading);
    m->reading = NULL;
    while (m->budget.first)
        usb_budget_remove(&m->budget, m->budget.first);
    cancel_all(m);
    if (m->budget.table.count > 0)
        return false;
    timer_stop(&m->early);
    return true;
}
