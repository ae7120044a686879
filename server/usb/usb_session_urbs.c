/*
 * Theory of operation. A submitted URB is read into memory of its own and handed to the device at
 * once; any number may be under way, and each is answered exactly once, in the order in which they
 * are done.
 *
 * An unlinked one that is under way is cancelled. If it was, only RET_UNLINK tells of it; if it was
 * done first, RET_SUBMIT comes before. A cancelled one that has moved data gets both: RET_UNLINK
 * cannot say how many, nor carry them, and the client reads the payload whatever the status says.
 *
 * What URBs hold is bounded: above the budget they wait in line until some are done, so that a URB
 * is never failed for want of memory. Those that wait are read all the same, for the unlinks behind
 * them: those under way may never end by themselves. An IN one in line keeps no more than its
 * header; when the line keeps too much (data of OUT ones, mostly), no more is read.
 */
#include "usb_session_state.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>

#include <event2/event.h>

#include "log_peer.h"
#include "os.h"
#include "usb_device.h"
#include "usb_export.h"
#include "usb_pcap.h"
#include "usb_urb.h"

/* Bytes of a URB that is above the budget and read past; a larger one ends the session. */
enum { REFUSED_MAX = 1 << 28 };

static void start_waiting(struct usb_session *s);

static void reply_unlink(struct usb_session *s, uint32_t seqnum, int status)
{
    const struct usbip_urb u = {.command = USBIP_RET_UNLINK, .seqnum = seqnum, .status = status};
    uint8_t bytes[USBIP_URB_SIZE];

    usbip_put_urb(&u, bytes);
    usb_session_reply(s, bytes, sizeof bytes);
}

/* --- submit ----------------------------------------------------------------------------------- */

static struct usb_urb *younger(const struct usb_urb *u)
{
    return (struct usb_urb *)(void *)u->entry.younger;
}

static void on_done(struct usb_transfer *t)
{
    struct usb_urb *u = (struct usb_urb *)(void *)((char *)t - offsetof(struct usb_urb, transfer));
    struct usb_session *s = u->session;
    const bool submitted = u->state != USB_URB_READ, unlinked = u->state == USB_URB_UNLINKED;
    const bool cancelled = unlinked && t->status == USBIP_ECONNRESET;
    const bool told = !cancelled || t->actual > 0;

    usb_urbs_move(&s->urbs, u, USB_URB_ENDED); /* before a reply that may end the session */
    if (submitted)
        usb_pcap_done(usb_export_pcap(s->export), s->device, t);
    if (t->status == 0 && (u->head.flags & USBIP_SHORT_NOT_OK) && (t->address & 0x80) &&
        t->packet_count == 0 && t->actual < t->length)
        t->status = USBIP_EREMOTEIO;
    if (told)
        usb_session_reply(s, u->reply, usb_urb_reply(u));
    if (unlinked)
        reply_unlink(s, u->unlink_seqnum, told ? 0 : USBIP_ECONNRESET);
    usb_unlinks_note(&s->unlinks, u->entry.seqnum);
    if (s->to_cancel == u)
        s->to_cancel = younger(u);
    usb_urbs_remove(&s->urbs, u);
    if (s->state == USB_SESSION_OVER && s->urbs.table.count == 0 && !s->ending)
        usb_session_close(s);
    start_waiting(s);
    if (s->parked && !s->processing && !s->starting)
        usb_session_update(s);
}

static void submit(struct usb_session *s, struct usb_urb *u)
{
    int status = usb_urb_prepare(u);

    if (status < 0) {
        for (size_t i = 0; i < u->transfer.packet_count; i++)
            u->transfer.packets[i].actual = 0;
        u->transfer.status = status;
        on_done(&u->transfer);
        return;
    }
    usb_urbs_move(&s->urbs, u, USB_URB_SUBMITTED);
    u->transfer.done = on_done;
    usb_pcap_submit(usb_export_pcap(s->export), s->device, &u->transfer);
    usb_merge_submit(&s->merge, &u->transfer);
    if (!s->processing)
        usb_merge_start(&s->merge);
}

/* Submits those in line that have room now. */
static void start_waiting(struct usb_session *s)
{
    if (s->starting)
        return;
    s->starting = true; /* what is submitted may be done at once */
    for (;;) {
        struct usb_urb *u;
        int r = usb_urbs_next(&s->urbs, &u);

        if (r == -ENOMEM)
            usb_session_end(s, "out of memory");
        if (r < 0)
            break;
        submit(s, u);
    }
    s->starting = false;
}

/* --- unlink ----------------------------------------------------------------------------------- */

/* Waits for the URBs of the unlinks that came before them. */
static void wait_for_early(struct usb_session *s, int ms)
{
    const struct timeval delay = {ms / 1000, ms % 1000 * 1000};

    event_add(s->early, &delay);
}

/* Those kept long enough are for URBs that nobody knows, unless one is being read, or cannot be. */
void usb_session_on_early(evutil_socket_t fd, short what, void *ctx)
{
    struct usb_session *s = ctx;
    const uint64_t now = os_now_ms();
    uint32_t seqnum;

    (void)fd;
    (void)what;
    if (s->stream && (s->reading || usb_session_is_held_up(s))) {
        wait_for_early(s, USB_UNLINKS_EARLY_MS);
        return;
    }
    while (usb_unlinks_take_due(&s->unlinks, now, &seqnum))
        reply_unlink(s, seqnum, 0);
    if (s->unlinks.early_count > 0)
        wait_for_early(s, (int)(s->unlinks.early[0].until - now));
}

/* Whether a URB was unlinked before it came; then it is answered, and gone. */
static bool is_unlinked_early(struct usb_session *s, struct usb_urb *u)
{
    uint32_t seqnum;

    if (!usb_unlinks_take(&s->unlinks, u->entry.seqnum, &seqnum))
        return false;
    usb_unlinks_note(&s->unlinks, u->entry.seqnum);
    usb_urbs_remove(&s->urbs, u);
    reply_unlink(s, seqnum, USBIP_ECONNRESET);
    return true;
}

static void unlink_urb(struct usb_session *s)
{
    const struct usbip_urb *head = &s->reader.urb;
    struct usb_urb *u = usb_urbs_find(&s->urbs, head->unlink);

    if (!u && usb_unlinks_keep(&s->unlinks, head->seqnum, head->unlink, os_now_ms())) {
        if (!event_pending(s->early, EV_TIMEOUT, NULL))
            wait_for_early(s, USB_UNLINKS_EARLY_MS);
        return;
    }
    if (u && u->state == USB_URB_IN_LINE) {
        usb_unlinks_note(&s->unlinks, head->unlink);
        usb_urbs_remove(&s->urbs, u);
        reply_unlink(s, head->seqnum, USBIP_ECONNRESET);
        start_waiting(s); /* there may be room for the next one */
        return;
    }
    if (!u || u->state != USB_URB_SUBMITTED) { /* its answer is on its way, or it never was */
        reply_unlink(s, head->seqnum, 0);
        return;
    }
    usb_urbs_move(&s->urbs, u, USB_URB_UNLINKED);
    u->unlink_seqnum = head->seqnum;
    usb_merge_cancel(&s->merge, &u->transfer);
}

/* --- reading ---------------------------------------------------------------------------------- */

/* Ends the session where Linux's server would. Returns whether it has. */
static bool is_refused(struct usb_session *s, struct usb_urb *u)
{
    char text[160];

    if (!s->device->checks.on)
        return false;
    const char *why = usb_checks_urb(s->device, &u->head, u->transfer.packets);
    if (!why)
        return false;
    usb_urbs_remove(&s->urbs, u);
    snprintf(text, sizeof text, "Linux's server would end here: a URB of endpoint %u: %s",
             (unsigned)u->head.ep, why);
    usb_session_end(s, text);
    return true;
}

void usb_session_take_body(struct usb_session *s)
{
    struct usb_urb *u = s->reading;

    s->reading = NULL;
    if (!u || is_unlinked_early(s, u) || is_refused(s, u))
        return;
    if (u->state == USB_URB_READ) {
        submit(s, u);
        return;
    }
    usb_urbs_move(&s->urbs, u, USB_URB_IN_LINE);
    start_waiting(s);
}

static const char number_taken[] = "it uses the number of a URB that is under way";

/* Begins to read a URB. Returns false when it has to wait for others before that. */
static bool read_urb(struct usb_session *s, const struct usbip_body *body)
{
    struct usb_urb *u;
    int r = usb_urbs_make(&s->urbs, &s->reader.urb, body->packets, &u);

    if (r == -EAGAIN)
        return false;
    if (r < 0) {
        usb_session_end(s, r == -EEXIST ? number_taken : "out of memory");
        return true;
    }
    u->session = s;
    s->reading = u;
    usbip_reader_body(&s->reader, u->transfer.data, u->transfer.packets, body);
    return true;
}

/* Answers a URB for which there is no memory, as usbfs does, and reads past it. */
static void refuse_urb(struct usb_session *s, const struct usbip_body *body)
{
    const struct usbip_urb reply = {
        .command = USBIP_RET_SUBMIT, .seqnum = s->reader.urb.seqnum, .status = USBIP_ENOMEM};
    uint8_t bytes[USBIP_URB_SIZE];

    if (usb_urbs_find(&s->urbs, s->reader.urb.seqnum)) {
        usb_session_end(s, number_taken);
        return;
    }
    if (!s->refused)
        log_peer_warn(s->peer,
                      "%s: %s: a transfer of %ld bytes is refused; budget= allows for more",
                      s->peer, s->device->name, (long)s->reader.urb.length);
    s->refused = true;
    usbip_reader_skip(&s->reader, body);
    usb_unlinks_note(&s->unlinks, s->reader.urb.seqnum);
    usbip_put_urb(&reply, bytes);
    usb_session_reply(s, bytes, sizeof bytes);
}

bool usb_session_begin_urb(struct usb_session *s)
{
    const struct usbip_urb *head = &s->reader.urb;
    struct usbip_body body;
    int r = usbip_urb_body(head, 0, s->urbs.budget, &body);

    if (r == -EMSGSIZE && usbip_urb_body(head, 0, REFUSED_MAX, &body) == 0 &&
        head->command == USBIP_CMD_SUBMIT && head->devid == s->devid && body.packets == 0) {
        refuse_urb(s, &body);
        return true;
    }
    if (r < 0 || head->command == USBIP_RET_SUBMIT || head->command == USBIP_RET_UNLINK) {
        usb_session_end(s, r == -EMSGSIZE ? "it sends a transfer larger than is allowed"
                                          : "it sends what is no command of USB/IP");
        return true;
    }
    if (head->devid != s->devid) {
        usb_session_end(s, "it speaks of a device that it has not imported");
        return true;
    }
    if (head->command == USBIP_CMD_UNLINK) {
        usbip_reader_skip(&s->reader, &body);
        unlink_urb(s);
        return true;
    }
    return read_urb(s, &body);
}

/* Any of them may be done by the cancel of another one. */
void usb_session_cancel_all(struct usb_session *s)
{
    s->to_cancel = (struct usb_urb *)(void *)s->urbs.table.oldest;
    while (s->to_cancel) {
        struct usb_urb *u = s->to_cancel;

        s->to_cancel = younger(u);
        if (u->state == USB_URB_ENDED)
            continue;
        usb_urbs_move(&s->urbs, u, USB_URB_ENDED);
        usb_merge_cancel(&s->merge, &u->transfer);
    }
}
