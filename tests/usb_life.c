#include "usb_life.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/buf.h"
#include "usbip_clock.h"
#include "usbip_link.h"
#include "usbip_sync.h"

enum { SLOTS = 24, RECEIVED_MAX = 4096, LARGE = 300 * 1024, SOCKET_BYTES = 8 * 1024 };

/* A URB of the program's. */
struct flying {
    struct usbip_link_urb *urb; /* NULL: the slot is free */
    bool cancelled;             /* a cancel was taken */
    bool posted;
    bool answered; /* the server has said this: */
    int status;
    size_t actual;
};

/* What the server has got, and not answered. */
struct received {
    uint32_t seqnum, length;
    uint32_t unlink; /* 0: it is a URB */
    uint32_t packets;
    bool in;
};

static struct usbip_link l;
static struct flying flying[SLOTS];
static struct received received[RECEIVED_MAX];
static size_t received_count;
static struct received coming;     /* whose data are read */
static struct usbip_reader reader; /* the server's */
static struct buf answers;         /* its bytes to be sent */
static int server;                 /* -1: it has closed */
static bool may_end;               /* the server has lied, or gone */
static long long now = 1000;
static const uint8_t *input;
static size_t left;

long long usbip_clock_ms(void)
{
    return now;
}

__attribute__((noreturn, format(printf, 1, 2))) static void fail(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\n");
    abort();
}

static unsigned choose(unsigned below)
{
    if (left == 0 || below == 0)
        return 0;
    left--;
    return *input++ % below;
}

/* --- invariants ------------------------------------------------------------------------------- */

static void check_counters(void)
{
    size_t posted = 0, bytes = 0, timed = 0, due = 0, queued = 0;

    for (struct usbip_urbs_entry *e = l.urbs.numbered.oldest; e; e = e->younger) {
        const struct usbip_link_urb *u = (struct usbip_link_urb *)(void *)e;
        const enum usbip_link_state s = u->state;

        if (s == USBIP_LINK_OWNED || s == USBIP_LINK_QUEUED || s == USBIP_LINK_DONE)
            fail("state %d has a number", s);
        if (usbip_link_urb_is_in_part(u) && l.urbs.first != u)
            fail("state %d is not the first", s);
        posted += s == USBIP_LINK_POSTED;
        bytes += s == USBIP_LINK_POSTED ? u->length : 0;
        timed += s == USBIP_LINK_LEAVING || s == USBIP_LINK_CANCELLED || s == USBIP_LINK_UNLINKED;
        due += s == USBIP_LINK_LEAVING || s == USBIP_LINK_CANCELLED || s == USBIP_LINK_GIVEN_UP;
    }
    for (const struct usbip_link_urb *u = l.urbs.first; u; u = u->next, queued++)
        if (u->state != USBIP_LINK_QUEUED && (u != l.urbs.first || !usbip_link_urb_is_in_part(u)))
            fail("state %d in the queue", u->state);
        else if (!u->next && l.urbs.last != u)
            fail("the queue has another end");
    for (const struct usbip_link_urb *u = l.urbs.done; u; u = u->next)
        if (u->state != USBIP_LINK_DONE || (!u->next && l.urbs.newest != u))
            fail("state %d among those that are done", u->state);
    if (posted != l.urbs.posted_count || bytes != l.urbs.posted_bytes || timed != l.urbs.unlinked ||
        due != l.urbs.due)
        fail("counters: posted %zu %zu, unlinked %u, due %u, not %zu %zu, %zu, %zu",
             l.urbs.posted_count, l.urbs.posted_bytes, l.urbs.unlinked, l.urbs.due, posted, bytes,
             timed, due);
    if (l.urbs.posted_count > USBIP_LINK_POSTED_COUNT ||
        l.urbs.posted_bytes > USBIP_LINK_POSTED_MAX)
        fail("the window is %zu URBs, %zu bytes", l.urbs.posted_count, l.urbs.posted_bytes);
    if ((usbip_link_timeout(&l) >= 0) != (timed > 0))
        fail("a time to wait for: %d, with %zu that have one", usbip_link_timeout(&l), timed);
    if (l.fd < 0 && !may_end)
        fail("the connection has ended by itself: %s", strerror(-l.error));
    if (l.fd < 0 && l.error != -ECHILD && (l.urbs.numbered.count || l.urbs.first))
        fail("the connection has ended, and something waits for it");
}

static bool is_to_be_taken(const struct usbip_link_urb *u)
{
    const struct usbip_link_urb *d = l.urbs.done;

    while (d && d != u)
        d = d->next;
    return d != NULL;
}

/* --- the program ------------------------------------------------------------------------------ */

static struct flying *free_slot(void)
{
    for (size_t i = 0; i < SLOTS; i++)
        if (!flying[i].urb)
            return &flying[i];
    return NULL;
}

static struct flying *any(void)
{
    struct flying *f = &flying[choose(SLOTS)];

    return f->urb ? f : NULL;
}

static void submit(void)
{
    static const size_t lengths[] = {0, 1, 64, 512, 5000, LARGE};
    const unsigned kind = choose(6);
    struct flying *f = free_slot();

    if (!f)
        return;
    struct usbip_link_urb *u = usbip_link_urb_new(kind == 4 ? 2 : 0);
    if (!u)
        fail("no memory");
    u->owner = f;
    u->length = kind == 4 ? 32 : lengths[choose(6)];
    u->data = malloc(u->length + 1); /* one more, which nobody touches */
    if (!u->data)
        fail("no memory");
    memset(u->data, 0, u->length);
    u->data[u->length] = 0xa5;
    u->address = (uint8_t)(kind == 0 || kind == 4 ? 0x81 : kind == 3 ? 0x80 : 2);
    u->barrier = kind == 3;
    u->post = kind == 2;
    for (size_t i = 0; i < u->packet_count; i++)
        u->packets[i] = (struct usbip_packet){.offset = 16 * (uint32_t)i, .length = 16};
    *f = (struct flying){.urb = u, .posted = u->post && u->length <= USBIP_LINK_POSTED_MAX};
    usbip_link_submit(&l, u);
}

static void post(void)
{
    static const uint8_t bytes[USBIP_LINK_POSTED_MAX + 1];
    static const size_t lengths[] = {0, 1, 100, 4000, USBIP_LINK_POSTED_MAX, sizeof bytes};
    const size_t len = lengths[choose(6)];

    if (usbip_link_post(&l, 2, bytes, len) && len > USBIP_LINK_POSTED_MAX)
        fail("%zu bytes are posted", len);
}

static void cancel(struct flying *f)
{
    if (!f)
        return;
    const bool is_done = is_to_be_taken(f->urb);
    const bool taken = usbip_link_unlink(&l, f->urb);
    if (is_done == taken)
        fail("a cancel of one that is%s done is%s taken", is_done ? "" : " not",
             taken ? "" : " not");
    f->cancelled |= taken;
}

static void free_slot_of(struct flying *f)
{
    if (f->urb->data[f->urb->length] != 0xa5)
        fail("more than %zu bytes are written", f->urb->length);
    free(f->urb->data);
    f->urb = NULL;
}

static void forget(struct flying *f)
{
    if (!f)
        return;
    struct usbip_link_urb *u = f->urb;
    uint8_t *data = u->data;

    if (usbip_link_urb_is_in_part(u))
        may_end = true;
    usbip_link_forget(&l, u);
    free(data);
    f->urb = NULL;
}

/* Takes one that is done; a program's callback may do anything with the others. */
static bool take(void)
{
    struct usbip_link_urb *u = usbip_link_take(&l);

    if (!u)
        return false;
    struct flying *f = u->owner;
    if (!f || f->urb != u)
        fail("one is done twice, or nobody's");
    const int s = u->status;
    if (u->actual > u->length)
        fail("%zu of %zu bytes", u->actual, u->length);
    if (s == USBIP_ECONNRESET && !f->cancelled)
        fail("one is cancelled that nobody has cancelled");
    if (s == USBIP_ESHUTDOWN && l.fd >= 0)
        fail("the connection has not ended");
    if (f->posted && s == 0 && u->actual != u->length)
        fail("posted in part");
    if (s != USBIP_ECONNRESET && s != USBIP_ESHUTDOWN && !f->posted &&
        (!f->answered || s != f->status || u->actual != f->actual))
        fail("status %d, %zu bytes, where the server has said %d, %d, %zu", s, u->actual,
             f->answered, f->status, f->actual);
    free_slot_of(f);
    usbip_link_urb_free(u);
    return true;
}

/* --- the server ------------------------------------------------------------------------------- */

static void take_command(void)
{
    const struct usbip_urb *u = &reader.urb;
    struct usbip_body body;

    if (usbip_urb_body(u, 0, LARGE, &body) < 0)
        fail("no record: %u", u->command);
    coming = (struct received){.seqnum = u->seqnum,
                               .length = (uint32_t)u->length,
                               .unlink = u->unlink,
                               .packets = (uint32_t)u->packets,
                               .in = u->direction == USBIP_DIR_IN};
    usbip_reader_skip(&reader, &body);
}

static void take_bytes(const uint8_t *at, size_t len)
{
    for (;;) {
        switch (usbip_reader_next(&reader, &at, &len)) {
        case USBIP_READ_NOTHING:
            return;
        case USBIP_READ_URB:
            take_command();
            break;
        case USBIP_READ_BODY:
            if (received_count == RECEIVED_MAX)
                fail("too many");
            received[received_count++] = coming; /* all of it is here */
            break;
        default:
            fail("no record of this protocol is sent");
        }
    }
}

static void server_reads(size_t max)
{
    static uint8_t bytes[64 * 1024];

    while (server >= 0 && max > 0) {
        ssize_t n = recv(server, bytes, max < sizeof bytes ? max : sizeof bytes, MSG_DONTWAIT);

        if (n <= 0)
            return;
        max -= (size_t)n;
        take_bytes(bytes, (size_t)n);
    }
}

static void put(const struct usbip_urb *u)
{
    uint8_t bytes[USBIP_URB_SIZE];

    usbip_put_urb(u, bytes);
    buf_add(&answers, bytes, sizeof bytes);
}

/* What the program is to be told of it. */
static void note_answer(uint32_t seqnum, int status, size_t actual)
{
    for (size_t i = 0; i < SLOTS; i++) {
        const struct usbip_link_urb *u = flying[i].urb;

        if (!u || u->state == USBIP_LINK_QUEUED || u->state == USBIP_LINK_DONE ||
            u->entry.seqnum != seqnum)
            continue;
        flying[i].answered = true;
        flying[i].status = status;
        flying[i].actual = actual < u->length ? actual : u->length;
    }
}

static void put_answer(const struct received *r, unsigned how)
{
    static const uint8_t data[LARGE + USBIP_LINK_EXCESS_MAX];
    uint32_t actual = how == 1 ? r->length / 2 : how == 2 ? 0 : r->length;
    const int status = how == 2 ? USBIP_EPIPE : how == 4 ? USBIP_ECONNRESET : 0;

    if (how == 3 && r->packets == 0)
        actual += 1 + choose(200);
    if (r->packets > 0)
        actual = how == 2 ? 0 : 32;
    note_answer(r->seqnum, status, actual);
    put(&(struct usbip_urb){.command = USBIP_RET_SUBMIT,
                            .seqnum = r->seqnum,
                            .status = status,
                            .actual = (int32_t)actual,
                            .packets = (int32_t)r->packets});
    if (r->in && actual > 0)
        buf_add(&answers, data, actual);
    for (uint32_t i = 0; i < r->packets; i++) {
        uint8_t bytes[USBIP_PACKET_SIZE];

        usbip_put_packet(
            &(struct usbip_packet){.offset = 16 * i, .length = 16, .actual = actual / 2}, bytes);
        buf_add(&answers, bytes, sizeof bytes);
    }
}

static void remove_received(size_t i)
{
    received[i] = received[--received_count];
}

/* Answers an unlink as servers do: the URB is not answered any more, if it was not yet. */
static void answer_unlink(size_t i, bool quiet)
{
    const struct received unlink = received[i];
    int status = 0;

    remove_received(i);
    for (size_t k = 0; k < received_count; k++) {
        if (received[k].unlink == 0 && received[k].seqnum == unlink.unlink) {
            if (quiet) /* it stays, and is answered late, as one that was never unlinked */
                return;
            remove_received(k);
            status = USBIP_ECONNRESET;
            break;
        }
    }
    if (!quiet)
        put(&(struct usbip_urb){
            .command = USBIP_RET_UNLINK, .seqnum = unlink.seqnum, .status = status});
}

static void server_answers(void)
{
    if (received_count == 0)
        return;
    const size_t i = (choose(256) | choose(256) << 8) % received_count;
    if (received[i].unlink != 0) {
        answer_unlink(i, choose(3) == 0);
    } else {
        const struct received r = received[i];

        remove_received(i);
        put_answer(&r, choose(4));
    }
}

static void server_sends(size_t max)
{
    size_t len = answers.len < max ? answers.len : max;

    if (server < 0 || len == 0)
        return;
    ssize_t n = send(server, buf_head(&answers), len, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0)
        buf_drain(&answers, (size_t)n);
}

static void server_closes(void)
{
    if (server >= 0)
        close(server);
    server = -1;
    may_end = true;
}

/* --- a life ----------------------------------------------------------------------------------- */

static void do_one(void)
{
    switch (choose(20)) {
    case 0:
    case 1:
    case 2:
        submit();
        break;
    case 3:
        post();
        break;
    case 4:
    case 5:
        cancel(any());
        break;
    case 6:
        forget(any());
        break;
    case 7:
    case 8:
        server_reads(1 + choose(256) * 40u);
        break;
    case 9:
    case 10:
    case 11:
        server_answers();
        break;
    case 12:
    case 13:
        server_sends(1 + choose(256) * 100u);
        break;
    case 14:
    case 15:
        usbip_link_step(&l);
        break;
    case 16:
        take();
        break;
    case 17: /* of two that are done in one step the first one's callback cancels others */
        while (take())
            cancel(any());
        break;
    case 18:
        now += choose(4) * 400;
        if (l.urbs.first && l.urbs.first->state == USBIP_LINK_LEAVING)
            may_end = true; /* its server reads no more */
        usbip_link_step(&l);
        break;
    default:
        if (choose(16) == 0)
            server_closes();
        else
            usbip_sync_flush(&l, 0);
        break;
    }
    check_counters();
}

/* Whatever has happened, all that is under way is done when the server answers all, or goes. */
static void live_to_the_end(void)
{
    bool flies = true;

    if (l.error == -ECHILD) /* abandoned: only what is cancelled is done */
        for (size_t i = 0; i < SLOTS; i++)
            if (flying[i].urb)
                cancel(&flying[i]);
    for (int i = 0; i < 20000 && flies; i++) {
        server_reads(SIZE_MAX);
        while (received_count > 0)
            if (received[0].unlink != 0)
                answer_unlink(0, false);
            else {
                const struct received r = received[0];

                remove_received(0);
                put_answer(&r, 0);
            }
        server_sends(SIZE_MAX);
        usbip_link_step(&l);
        check_counters();
        while (take())
            ;
        flies = false;
        for (size_t k = 0; k < SLOTS; k++)
            flies = flies || flying[k].urb;
        if (l.fd >= 0 && (server < 0 || l.urbs.unlinked != 0 || l.urbs.due != 0))
            flies = true; /* its loop has something to wait for */
    }
    if (flies)
        fail("something is under way for ever: %u unlinked, %u due", l.urbs.unlinked, l.urbs.due);
}

void usb_life_run(const uint8_t *bytes, size_t len)
{
    const int small = SOCKET_BYTES;
    int pair[2];

    input = bytes;
    left = len;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 || usbip_link_init(&l, pair[0], 1) < 0)
        fail("cannot begin");
    setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    server = pair[1];
    may_end = false;
    received_count = 0;
    memset(flying, 0, sizeof flying);
    usbip_reader_init(&reader);
    usbip_reader_begin_urbs(&reader);
    buf_init(&answers, SIZE_MAX);
    while (left > 0)
        do_one();
    if (len > 0 && bytes[0] % 8 == 0) { /* a fork; this is the child */
        may_end = true;
        usbip_link_abandon(&l);
        check_counters();
    }
    live_to_the_end();
    usbip_link_free(&l);
    server_closes();
    buf_free(&answers);
}
