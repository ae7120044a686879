#include "usbip_link_state.h"

#include <assert.h>
#include <stdlib.h>

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

/* What each state is counted as, and where it leads to besides DONE, and OWNED: nobody's are freed
 * where others are done. */
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

bool usbip_link_may_move(enum usbip_link_state from, enum usbip_link_state to)
{
    const unsigned end = from == USBIP_LINK_OWNED
                             ? 1u << USBIP_LINK_DONE /* submitted to one that has ended */
                             : 1u << USBIP_LINK_DONE | 1u << USBIP_LINK_OWNED;

    return from != to && ((states[from].next | end) >> to & 1) != 0;
}

static void count(struct usbip_link *l, const struct usbip_link_urb *u, bool in)
{
    const unsigned one = in ? 1 : (unsigned)-1;

    if (states[u->state].posted) {
        l->posted_count += in ? 1 : (size_t)-1;
        l->posted_bytes += in ? u->length : 0 - u->length;
    }
    if (states[u->state].timed)
        l->unlinked += one;
    if (states[u->state].due)
        l->due += one;
}

void usbip_link_move(struct usbip_link *l, struct usbip_link_urb *u, enum usbip_link_state to)
{
    assert(usbip_link_may_move(u->state, to));
    count(l, u, false);
    u->state = to;
    count(l, u, true);
}
