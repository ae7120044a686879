/*
 * Theory of operation. URBs are in `first` until the connection has taken them whole, in order;
 * data are sent from where they are. They are in `urbs` from their first byte until they are
 * answered. Most are sent at once, in one call of the system: header and data are one segment. A
 * URB's next steps depend on its state, which usbip_link_urb_move alone changes.
 *
 * Programs post byte by byte. Not each byte may be a segment that wakes the server. So Nagle's
 * algorithm is on from a posted URB to the next one that is not. The first URB goes at once, those
 * after it when the server has acknowledged the first. Its answer does that. A URB that somebody
 * waits for takes all with it.
 *
 * A posted URB is reported as done when it is sent. From then on `urbs` has a stand-in without
 * data, which the answer frees.
 *
 * Replies are read through `in`, so that a small one costs one call; data of more than DIRECT_MIN
 * go where they belong without a copy.
 */
#include "usbip_link.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "usbip_clock.h"
#include "usbip_wire.h"

enum {
    DIRECT_MIN = 16 * 1024,
    READS_MAX = 16, /* of a step: others wait for it, and timeouts */
    STRAYS_MAX = 256,
};

int usbip_link_init(struct usbip_link *l, int fd, uint32_t devid)
{
    *l = (struct usbip_link){.fd = fd, .devid = devid};
    l->in = malloc(USBIP_LINK_IN_MAX);
    if (!l->in)
        return -ENOMEM;
    usbip_reader_init(&l->reader);
    usbip_reader_begin_urbs(&l->reader);
    return 0;
}

/* --- done ------------------------------------------------------------------------------------- */

static void done(struct usbip_link *l, struct usbip_link_urb *u, int status)
{
    usbip_link_urb_done(&l->urbs, u, status);
}

struct usbip_link_urb *usbip_link_take(struct usbip_link *l)
{
    struct usbip_link_urb *u = l->urbs.done;

    if (u)
        usbip_link_urb_take_done(&l->urbs, u);
    return u;
}

/* Takes one that is not done out of the list that holds it. */
static void take_out(struct usbip_link *l, struct usbip_link_urb *u)
{
    usbip_link_urb_take_out(&l->urbs, u);
    if (l->reading == u)
        l->reading = NULL;
}

/* The connection is of no use any more: all is done. */
static void end(struct usbip_link *l, int error)
{
    if (l->fd < 0)
        return;
    close(l->fd);
    l->fd = -1;
    l->error = error;
    l->offset = 0;
    if (l->reading) /* not to its end */
        l->reading->actual = 0;
    for (struct usbip_link_urb *u; (u = usbip_link_urb_any(&l->urbs));) {
        take_out(l, u);
        done(l, u, USBIP_ESHUTDOWN);
    }
}

void usbip_link_free(struct usbip_link *l)
{
    end(l, -ECANCELED);
    usbip_link_urb_free_all(&l->urbs);
    free(l->in);
    l->in = NULL;
}

void usbip_link_abandon(struct usbip_link *l)
{
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
    l->error = -ECHILD;
    l->offset = 0;
}

/* --- sending ---------------------------------------------------------------------------------- */

/* Sends what is left of a URB. Returns whether it is sent whole; `*error` is set when the
 * connection has ended. */
static bool send_urb(struct usbip_link *l, const struct usbip_link_urb *u, int *error)
{
    struct usbip_wire w;

    *error = usbip_wire_init(&w, u, l->devid);
    usbip_wire_skip(&w, l->offset);
    while (*error == 0 && l->offset < w.size) {
        const struct msghdr m = {.msg_iov = w.parts, .msg_iovlen = (size_t)w.count};
        ssize_t n = sendmsg(l->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            *error = errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -errno;
            break;
        }
        l->offset += (size_t)n;
        usbip_wire_skip(&w, (size_t)n);
    }
    usbip_wire_free(&w);
    return *error == 0 && l->offset == w.size;
}

/* The stand-in that can wait for the answer of a URB in place of it; nobody's stays itself. NULL
 * without memory. */
static struct usbip_link_urb *stand_in_for(struct usbip_link_urb *u)
{
    return u->owner ? usbip_link_urb_new(0) : u;
}

/* Has that, in that state, wait for the answer of a URB that is sent and not wanted any more. Such
 * a URB is done with this, or nobody's. Without any the connection ends. */
static void stand_in(struct usbip_link *l, struct usbip_link_urb *s, struct usbip_link_urb *u,
                     int status, enum usbip_link_state state)
{
    if (!s) {
        end(l, -ENOMEM);
        return;
    }
    if (s != u) {
        s->entry.seqnum = u->entry.seqnum;
        s->address = u->address;
        s->length = u->length;
        s->packet_count = u->packet_count;
        s->unlink_seqnum = u->unlink_seqnum;
        usbip_urbs_remove(&l->urbs.numbered, &u->entry);
        if (usbip_urbs_add(&l->urbs.numbered, &s->entry) <
            0) { /* there is room for it: another left */
            usbip_link_urb_free(s);
            s = NULL;
        }
        if (l->reading == u) {
            usbip_reader_drop(&l->reader);
            l->reading = s;
        }
        done(l, u, status);
    }
    if (s)
        usbip_link_urb_move(&l->urbs, s, state);
    else
        end(l, -ENOMEM);
}

/* The connection has taken a posted one. Without memory for its stand-in it is not posted, and done
 * when it is answered. */
static void tell_posted(struct usbip_link *l, struct usbip_link_urb *u)
{
    struct usbip_link_urb *s = stand_in_for(u);

    if (!s)
        return;
    u->actual = u->length;
    stand_in(l, s, u, 0, USBIP_LINK_POSTED);
}

/* Whether small segments are joined until the ones before are acknowledged. Turning it off sends
 * what was held back. Does nothing where the connection is no TCP. */
static void set_joins(struct usbip_link *l, bool on)
{
    const int no_delay = !on;

    if (l->joins != on && l->fd >= 0)
        setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, sizeof no_delay);
    l->joins = on;
}

void usbip_link_push(struct usbip_link *l)
{
    set_joins(l, false);
}

/* Whether so much more may not be posted now. */
static bool is_full(const struct usbip_link *l, size_t len)
{
    return l->urbs.posted_count >= USBIP_LINK_POSTED_COUNT ||
           l->urbs.posted_bytes + len > USBIP_LINK_POSTED_MAX;
}

static bool has_to_wait(const struct usbip_link *l, const struct usbip_link_urb *u)
{
    if (u->barrier)
        return l->urbs.posted_count > 0;
    return u->post && is_full(l, u->length);
}

/* Sends one unlink. Returns false when the connection does not take it now. */
static bool send_unlink(struct usbip_link *l, struct usbip_link_urb *u)
{
    const struct usbip_urb unlink = {.command = USBIP_CMD_UNLINK,
                                     .devid = l->devid,
                                     .seqnum = l->seqnum + 1,
                                     .unlink = u->entry.seqnum};
    uint8_t bytes[USBIP_URB_SIZE];

    usbip_put_urb(&unlink, bytes);
    ssize_t n = send(l->fd, bytes, sizeof bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return false;
    if (n < USBIP_URB_SIZE) { /* the stream cannot continue after half a record */
        end(l, n < 0 ? -errno : -EPIPE);
        return false;
    }
    u->unlink_seqnum = ++l->seqnum;
    l->unlinks_sent++;
    usbip_link_urb_move(&l->urbs, u,
                        u->state == USBIP_LINK_GIVEN_UP ? USBIP_LINK_DROPPED : USBIP_LINK_UNLINKED);
    return true;
}

/* Sends unlinks that are due, where a record ends. */
static void send_due(struct usbip_link *l)
{
    if (l->urbs.due == 0 || l->offset > 0 || l->fd < 0)
        return;
    set_joins(l, false);
    for (struct usbip_urbs_entry *e = l->urbs.numbered.oldest; l->urbs.due > 0 && e;
         e = e->younger) {
        struct usbip_link_urb *u = usbip_link_urb_of(e);

        if ((u->state == USBIP_LINK_CANCELLED || u->state == USBIP_LINK_GIVEN_UP) &&
            !send_unlink(l, u))
            return;
    }
}

/* There is no memory to send the first of the queue, of which nothing has gone. */
static void refuse_first(struct usbip_link *l)
{
    struct usbip_link_urb *u = l->urbs.first;

    l->seqnum--;
    usbip_link_urb_unqueue(&l->urbs, u);
    if (!u->owner && l->posted_error == 0)
        l->posted_error = USBIP_ENOMEM;
    done(l, u, USBIP_ENOMEM);
}

/* Sends the first of the queue, or what is left of it. Returns whether it is sent whole. */
static bool send_first(struct usbip_link *l)
{
    struct usbip_link_urb *u = l->urbs.first;
    int error = 0;

    if (u->state == USBIP_LINK_QUEUED) {
        u->entry.seqnum = ++l->seqnum;
        if (usbip_urbs_add(&l->urbs.numbered, &u->entry) < 0) {
            refuse_first(l);
            return false;
        }
        usbip_link_urb_move(&l->urbs, u, USBIP_LINK_SENDING);
    }
    if (u->post)
        set_joins(l, true);
    bool whole = send_urb(l, u, &error);
    if (!u->post)
        set_joins(l, false);
    if (error == -ENOMEM && l->offset == 0) {
        usbip_urbs_remove(&l->urbs.numbered, &u->entry);
        refuse_first(l);
    } else if (error < 0) {
        end(l, error);
    } else if (l->offset == 0) { /* nothing of it has gone */
        usbip_urbs_remove(&l->urbs.numbered, &u->entry);
        l->seqnum--;
        usbip_link_urb_move(&l->urbs, u, USBIP_LINK_QUEUED);
    }
    return whole;
}

/* Sends what the connection takes. */
static void send_all(struct usbip_link *l)
{
    send_due(l);
    while (l->fd >= 0 && l->urbs.first) {
        struct usbip_link_urb *u = l->urbs.first;

        if (l->offset == 0 && l->urbs.due > 0) /* the connection is full */
            return;
        if (l->offset == 0 && has_to_wait(l, u)) {
            set_joins(l, false); /* somebody waits for the answers */
            return;
        }
        if (!send_first(l))
            return;
        l->offset = 0;
        usbip_link_urb_unqueue(&l->urbs, u);
        u->next = NULL;
        usbip_link_urb_move(
            &l->urbs, u, u->state == USBIP_LINK_LEAVING ? USBIP_LINK_CANCELLED : USBIP_LINK_SENT);
        if (u->post)
            tell_posted(l, u);
        send_due(l);
    }
}

int usbip_link_submit(struct usbip_link *l, struct usbip_link_urb *u)
{
    const bool owned = u->owner; /* or it may be freed */

    u->post = u->post && u->length <= USBIP_LINK_POSTED_MAX;
    u->actual = 0;
    u->unlink_seqnum = 0;
    if (l->fd < 0) {
        done(l, u, USBIP_ESHUTDOWN);
        return 0;
    }
    bool idle = !l->urbs.first;
    usbip_link_urb_queue(&l->urbs, u);
    if (!idle)
        return 0;
    send_all(l);
    if (!owned || u->state != USBIP_LINK_DONE || u->status != USBIP_ENOMEM)
        return 0;
    usbip_link_urb_take_done(&l->urbs, u);
    return -ENOMEM;
}

bool usbip_link_post(struct usbip_link *l, uint8_t address, const uint8_t *data, size_t len)
{
    if (l->fd < 0 || l->urbs.first || l->posted_error || is_full(l, len))
        return false;
    struct usbip_link_urb *u = calloc(1, sizeof *u + len);
    if (!u)
        return false;
    u->address = address;
    u->post = true;
    u->length = len;
    u->data = (uint8_t *)(u + 1);
    if (len > 0)
        memcpy(u->data, data, len);
    usbip_link_submit(l, u);
    return true;
}

bool usbip_link_wants_to_send(const struct usbip_link *l)
{
    return l->fd >= 0 && (l->urbs.due > 0 ||
                          (l->urbs.first && (l->offset > 0 || !has_to_wait(l, l->urbs.first))));
}

/* --- unlinking -------------------------------------------------------------------------------- */

bool usbip_link_unlink(struct usbip_link *l, struct usbip_link_urb *u)
{
    switch (u->state) {
    case USBIP_LINK_SENDING:
    case USBIP_LINK_SENT:
        if (l->fd < 0)
            break; /* abandoned: no answer comes */
        u->give_up = usbip_clock_ms() + USBIP_LINK_UNLINK_MS;
        usbip_link_urb_move(&l->urbs, u,
                            u->state == USBIP_LINK_SENDING ? USBIP_LINK_LEAVING
                                                           : USBIP_LINK_CANCELLED);
        send_due(l);
        return true;
    case USBIP_LINK_LEAVING:
    case USBIP_LINK_CANCELLED:
    case USBIP_LINK_UNLINKED:
        if (l->fd < 0)
            break;
        return true;
    case USBIP_LINK_QUEUED:
        break;
    default: /* there is nothing to cancel */
        return false;
    }
    take_out(l, u);
    done(l, u, USBIP_ECONNRESET);
    return true;
}

void usbip_link_forget(struct usbip_link *l, struct usbip_link_urb *u)
{
    u->owner = NULL;
    if (u->state == USBIP_LINK_DONE) {
        usbip_link_urb_take_done(&l->urbs, u);
        usbip_link_urb_free(u);
    } else if (usbip_link_urb_is_in_part(u) && l->fd >= 0) { /* its data are to be sent, and go */
        end(l, -ECANCELED);
    } else {
        if (l->reading == u)
            usbip_reader_drop(&l->reader);
        u->data = NULL;
        usbip_link_unlink(l, u);
    }
}

struct usbip_link_urb *usbip_link_find(struct usbip_link *l,
                                       bool (*matches)(const struct usbip_link_urb *u))
{
    return usbip_link_urb_find(&l->urbs, matches);
}

/* Unlinks that are not answered (Renode's server has none) are taken for done. The data of one that
 * is sent in part are its owner's, and the connection cannot continue without them: it ends. */
static void on_time(struct usbip_link *l)
{
    const long long now = usbip_clock_ms();
    struct usbip_urbs_entry *e = l->urbs.numbered.oldest;

    while (l->urbs.unlinked > 0 && e) {
        struct usbip_link_urb *u = usbip_link_urb_of(e);

        e = e->younger;
        if (!usbip_link_urb_is_timed(u) || u->give_up > now)
            continue;
        if (u->state == USBIP_LINK_LEAVING) {
            end(l, -ETIMEDOUT);
            return;
        }
        stand_in(l, stand_in_for(u), u, USBIP_ECONNRESET,
                 u->state == USBIP_LINK_CANCELLED ? USBIP_LINK_GIVEN_UP : USBIP_LINK_DROPPED);
    }
}

int usbip_link_timeout(const struct usbip_link *l)
{
    long long first = -1, now = usbip_clock_ms();

    for (struct usbip_urbs_entry *e = l->urbs.numbered.oldest; l->urbs.unlinked > 0 && e;
         e = e->younger)
        if (usbip_link_urb_is_timed(usbip_link_urb_of(e)) &&
            (first < 0 || usbip_link_urb_of(e)->give_up < first))
            first = usbip_link_urb_of(e)->give_up;
    return first < 0 ? -1 : first > now ? (int)(first - now) : 0;
}

/* --- receiving -------------------------------------------------------------------------------- */

static void take_submit(struct usbip_link *l)
{
    const struct usbip_urb *head = &l->reader.urb;
    struct usbip_link_urb *u = usbip_link_urb_of(usbip_urbs_find(&l->urbs.numbered, head->seqnum));
    struct usbip_body body;

    if (!u || usbip_link_urb_is_in_part(u)) { /* nothing that was asked, or before it was */
        end(l, -EPROTO);
        return;
    }
    const size_t excess = u->packet_count > 0 ? 0 : USBIP_LINK_EXCESS_MAX;
    if (usbip_urb_body(head, usbip_link_urb_is_in(u), u->length + excess, &body) < 0 ||
        (u->packet_count > 0 && body.packets != u->packet_count)) {
        end(l, -EPROTO);
        return;
    }
    body.packets = u->packet_count; /* others echo what they like */
    u->status = head->status;
    u->actual = usbip_link_urb_is_in(u) ? body.payload
                : head->actual > 0      ? (size_t)head->actual
                                        : 0;
    if (u->actual > u->length)
        u->actual = u->length;
    l->reading = u;
    usbip_reader_body(&l->reader, u->data, u->told, &body);
    usbip_reader_cut(&l->reader,
                     u->length); /* small servers send whole strings, whatever is asked */
}

static void take_body(struct usbip_link *l)
{
    struct usbip_link_urb *u = l->reading;

    if (!u) /* of an unlink: there is none */
        return;
    if (!usbip_link_urb_take_packets(u)) {
        end(l, -EPROTO);
        return;
    }
    if (u->state == USBIP_LINK_POSTED && u->status != 0 && l->posted_error == 0)
        l->posted_error = u->status;
    take_out(l, u);
    done(l, u, u->status);
}

/* It is the answer, whatever its status, unless RET_SUBMIT has come before. Some servers use the
 * status 0 for a URB that was done and never reported. */
static void take_unlink(struct usbip_link *l)
{
    const struct usbip_urb *head = &l->reader.urb;
    const struct usbip_body none = {0};
    struct usbip_urbs_entry *e = l->urbs.numbered.oldest;

    /* one that was given up without asking has no such number: 0 is nobody's */
    while (e && (usbip_link_urb_of(e)->unlink_seqnum == 0 ||
                 usbip_link_urb_of(e)->unlink_seqnum != head->seqnum))
        e = e->younger;
    if (e) {
        struct usbip_link_urb *u = usbip_link_urb_of(e);

        take_out(l, u);
        done(l, u, USBIP_ECONNRESET);
    }
    if (l->unlinks_sent > 0)
        l->unlinks_sent--;
    else if (++l->strays > STRAYS_MAX) {
        end(l, -EPROTO);
        return;
    }
    usbip_reader_body(&l->reader, NULL, NULL, &none);
}

static void take_bytes(struct usbip_link *l)
{
    const uint8_t *data = l->in + l->in_start;

    while (l->fd >= 0) {
        switch (usbip_reader_next(&l->reader, &data, &l->in_len)) {
        case USBIP_READ_NOTHING:
            l->in_start = 0;
            return;
        case USBIP_READ_URB:
            if (l->reader.urb.command == USBIP_RET_SUBMIT)
                take_submit(l);
            else if (l->reader.urb.command == USBIP_RET_UNLINK)
                take_unlink(l);
            else
                end(l, -EPROTO);
            break;
        case USBIP_READ_BODY:
            take_body(l);
            break;
        default:
            end(l, -EPROTO);
            break;
        }
    }
}

/* Receives all that has come, or a good part of it. */
static void receive(struct usbip_link *l)
{
    for (int i = 0; i < READS_MAX && l->fd >= 0; i++) {
        uint8_t *into;
        size_t room = usbip_reader_room(&l->reader, &into);
        const bool direct = room >= DIRECT_MIN;
        ssize_t n =
            recv(l->fd, direct ? into : l->in, direct ? room : USBIP_LINK_IN_MAX, MSG_DONTWAIT);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (n <= 0) {
            end(l, n < 0 ? -errno : -ECONNRESET);
            return;
        }
        if (direct)
            usbip_reader_filled(&l->reader, (size_t)n);
        l->in_start = 0;
        l->in_len = direct ? 0 : (size_t)n;
        take_bytes(l);
        if (!direct && n < USBIP_LINK_IN_MAX) /* that was all */
            return;
    }
}

void usbip_link_step(struct usbip_link *l)
{
    receive(l);
    send_all(l);
    if (l->urbs.unlinked > 0)
        on_time(l);
}
