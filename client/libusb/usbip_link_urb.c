#include "usbip_link_urb.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct usbip_link_urb *usbip_link_urb_new(size_t packets)
{
    struct usbip_link_urb *u = calloc(1, sizeof *u + 2 * packets * sizeof *u->packets);

    if (u && packets > 0) {
        u->packets = (struct usbip_packet *)(void *)(u + 1);
        u->packet_count = packets;
        u->told = u->packets + packets;
    }
    return u;
}

void usbip_link_urb_free(struct usbip_link_urb *u)
{
    free(u);
}

/* The count of each state, and the states that it leads to besides DONE, and OWNED: nobody's are
 * freed where others are done. */
static const struct {
    bool posted, timed, due;
    unsigned next; /* bits */
} states[USBIP_LINK_STATES] = {
    [USBIP_LINK_OWNED] = {.next = 1u << USBIP_LINK_QUEUED | 1u << USBIP_LINK_POSTED |
                                  1u << USBIP_LINK_GIVEN_UP | 1u << USBIP_LINK_DROPPED},
    [USBIP_LINK_QUEUED] = {.next = 1u << USBIP_LINK_SENDING},
    [USBIP_LINK_SENDING] = {.next = 1u << USBIP_LINK_LEAVING | 1u << USBIP_LINK_SENT |
                                    1u << USBIP_LINK_QUEUED},
    [USBIP_LINK_LEAVING] = {.timed = true, .due = true, .next = 1u << USBIP_LINK_CANCELLED},
    [USBIP_LINK_SENT] = {.next = 1u << USBIP_LINK_CANCELLED | 1u << USBIP_LINK_POSTED},
    [USBIP_LINK_CANCELLED] = {.timed = true,
                              .due = true,
                              .next = 1u << USBIP_LINK_UNLINKED | 1u << USBIP_LINK_GIVEN_UP},
    [USBIP_LINK_UNLINKED] = {.timed = true, .next = 1u << USBIP_LINK_DROPPED},
    [USBIP_LINK_POSTED] = {.posted = true},
    [USBIP_LINK_GIVEN_UP] = {.due = true, .next = 1u << USBIP_LINK_DROPPED},
};

/* Whether there is such a way: see enum usbip_link_state. Only asserted. */
__attribute__((unused)) static bool may_move(enum usbip_link_state from, enum usbip_link_state to)
{
    const unsigned end = from == USBIP_LINK_OWNED
                             ? 1u << USBIP_LINK_DONE /* submitted to one that has ended */
                             : 1u << USBIP_LINK_DONE | 1u << USBIP_LINK_OWNED;

    return from != to && ((states[from].next | end) >> to & 1) != 0;
}

static void count(struct usbip_link_urbs *all, const struct usbip_link_urb *u, bool in)
{
    const unsigned one = in ? 1 : (unsigned)-1;

    if (states[u->state].posted) {
        all->posted_count += in ? 1 : (size_t)-1;
        all->posted_bytes += in ? u->length : 0 - u->length;
    }
    if (states[u->state].timed)
        all->unlinked += one;
    if (states[u->state].due)
        all->due += one;
}

void usbip_link_urb_move(struct usbip_link_urbs *all, struct usbip_link_urb *u,
                         enum usbip_link_state to)
{
    assert(may_move(u->state, to));
    count(all, u, false);
    u->state = to;
    count(all, u, true);
}

bool usbip_link_urb_is_timed(const struct usbip_link_urb *u)
{
    return states[u->state].timed;
}

/* --- packets ---------------------------------------------------------------------------------- */

/* Gives packets of an IN transfer, which came joined, their places: the last ones first, as none
 * moves to the left. Returns false when they do not fit. */
static bool spread(struct usbip_link_urb *u, size_t payload)
{
    for (size_t i = u->packet_count; i-- > 0;) {
        const struct usbip_packet *p = &u->packets[i];

        if (p->actual > payload || p->offset > u->length || p->actual > u->length - p->offset ||
            p->offset < payload - p->actual)
            return false;
        payload -= p->actual;
        memmove(u->data + p->offset, u->data + payload, p->actual);
    }
    return payload == 0;
}

bool usbip_link_urb_take_packets(struct usbip_link_urb *u)
{
    for (size_t i = 0; u->packets && i < u->packet_count; i++) {
        if (u->told[i].actual > u->packets[i].length)
            return false;
        u->packets[i].actual = u->told[i].actual;
        u->packets[i].status = u->told[i].status;
    }
    return !u->packets || !u->data || !usbip_link_urb_is_in(u) || spread(u, u->actual);
}

/* --- lists ------------------------------------------------------------------------------------ */

void usbip_link_urb_queue(struct usbip_link_urbs *all, struct usbip_link_urb *u)
{
    usbip_link_urb_move(all, u, USBIP_LINK_QUEUED);
    u->next = NULL;
    if (all->first)
        all->last->next = u;
    else
        all->first = u;
    all->last = u;
}

void usbip_link_urb_unqueue(struct usbip_link_urbs *all, const struct usbip_link_urb *u)
{
    struct usbip_link_urb **at = &all->first, *before = NULL;

    while (*at != u) {
        before = *at;
        at = &before->next;
    }
    *at = u->next;
    if (all->last == u)
        all->last = before;
}

void usbip_link_urb_take_out(struct usbip_link_urbs *all, struct usbip_link_urb *u)
{
    if (u->state != USBIP_LINK_QUEUED)
        usbip_urbs_remove(&all->numbered, &u->entry);
    if (u->state == USBIP_LINK_QUEUED || usbip_link_urb_is_in_part(u))
        usbip_link_urb_unqueue(all, u);
}

static void free_one(struct usbip_link_urbs *all, struct usbip_link_urb *u)
{
    usbip_link_urb_move(all, u, USBIP_LINK_OWNED);
    usbip_link_urb_free(u);
}

void usbip_link_urb_done(struct usbip_link_urbs *all, struct usbip_link_urb *u, int status)
{
    if (!u->owner) {
        free_one(all, u);
        return;
    }
    usbip_link_urb_move(all, u, USBIP_LINK_DONE);
    u->status = status;
    u->next = NULL;
    if (all->newest)
        all->newest->next = u;
    else
        all->done = u;
    all->newest = u;
}

void usbip_link_urb_take_done(struct usbip_link_urbs *all, struct usbip_link_urb *u)
{
    struct usbip_link_urb **at = &all->done, *before = NULL;

    while (*at != u) {
        before = *at;
        at = &before->next;
    }
    *at = u->next;
    if (all->newest == u)
        all->newest = before;
    usbip_link_urb_move(all, u, USBIP_LINK_OWNED);
}

struct usbip_link_urb *usbip_link_urb_any(const struct usbip_link_urbs *all)
{
    return all->numbered.oldest ? usbip_link_urb_of(all->numbered.oldest) : all->first;
}

struct usbip_link_urb *usbip_link_urb_find(const struct usbip_link_urbs *all,
                                           bool (*matches)(const struct usbip_link_urb *u))
{
    for (struct usbip_urbs_entry *e = all->numbered.oldest; e; e = e->younger)
        if (matches(usbip_link_urb_of(e)))
            return usbip_link_urb_of(e);
    for (struct usbip_link_urb *u = all->first; u; u = u->next)
        if (matches(u))
            return u;
    return NULL;
}

void usbip_link_urb_free_all(struct usbip_link_urbs *all)
{
    struct usbip_link_urb *u;

    while (all->done) {
        u = all->done;
        usbip_link_urb_take_done(all, u);
        usbip_link_urb_free(u);
    }
    while ((u = usbip_link_urb_any(all))) { /* of a link that was abandoned */
        usbip_link_urb_take_out(all, u);
        free_one(all, u);
    }
    usbip_urbs_free(&all->numbered);
}
