#include "usb_budget.h"

#include <errno.h>
#include <string.h>

void usb_budget_init(struct usb_budget *b, size_t limit)
{
    *b = (struct usb_budget){.limit = limit, .pool = {.free_max = limit / 2}};
}

void usb_budget_free(struct usb_budget *b)
{
    usbip_urbs_free(&b->table);
    usb_urb_pool_free(&b->pool);
}

static unsigned slot_of(const struct usbip_urb *head)
{
    return (head->ep & 15) | (head->direction == USBIP_DIR_IN ? 16 : 0);
}

/* Whether there is room for one beside those under way; a single one has it always. */
static bool fits(const struct usb_budget *b, const struct usbip_urb *head, size_t packets)
{
    const size_t with = b->held + usb_urb_size(head, packets, false);

    return b->held == 0 || with <= b->limit ||
           (b->under_way[slot_of(head)] == 0 && with <= b->limit + b->limit / 4);
}

/* Counts one in, or out, as what it is. */
static void count(struct usb_budget *b, const struct usb_urb *u, bool in)
{
    const bool waits = u->state == USB_URB_READ_TO_WAIT || u->state == USB_URB_IN_LINE;

    if (u->state == USB_URB_NEW)
        return;
    *(waits ? &b->kept : &b->held) += in ? u->size : -u->size;
    if (!waits)
        b->under_way[slot_of(&u->head)] += in ? 1 : -1u;
}

static void enter_line(struct usb_budget *b, struct usb_urb *u)
{
    const unsigned slot = slot_of(&u->head);

    b->in_line[slot]++;
    b->slots_in_line |= 1u << slot;
    u->previous = b->last;
    u->next = NULL;
    if (b->last)
        b->last->next = u;
    else
        b->first = u;
    b->last = u;
}

static void leave_line(struct usb_budget *b, const struct usb_urb *u)
{
    const unsigned slot = slot_of(&u->head);

    if (--b->in_line[slot] == 0)
        b->slots_in_line &= ~(1u << slot);
    if (u->previous)
        u->previous->next = u->next;
    else
        b->first = u->next;
    if (u->next)
        u->next->previous = u->previous;
    else
        b->last = u->previous;
}

void usb_budget_move(struct usb_budget *b, struct usb_urb *u, enum usb_urb_state state)
{
    count(b, u, false);
    if (u->state == USB_URB_IN_LINE)
        leave_line(b, u);
    u->state = state;
    count(b, u, true);
    if (state == USB_URB_IN_LINE)
        enter_line(b, u);
}

static int add(struct usb_budget *b, struct usb_urb *u, enum usb_urb_state state)
{
    int r = usbip_urbs_add(&b->table, &u->entry);

    if (r == 0)
        usb_budget_move(b, u, state);
    return r;
}

static size_t line_max(const struct usb_budget *b)
{
    return b->limit / 2 > USB_BUDGET_LINE_MIN ? b->limit / 2 : USB_BUDGET_LINE_MIN;
}

int usb_budget_make(struct usb_budget *b, const struct usbip_urb *head, size_t packets,
                    struct usb_urb **u)
{
    const bool can_wait = b->held > 0 || b->kept > 0;
    enum usb_urb_state state = USB_URB_READ;

    *u = NULL;
    if (b->in_line[slot_of(head)] == 0 && fits(b, head, packets))
        *u = usb_urb_new(&b->pool, head, packets, false);
    if (!*u && can_wait && b->kept < line_max(b)) {
        *u = usb_urb_new(&b->pool, head, packets, true);
        state = USB_URB_READ_TO_WAIT;
    }
    if (!*u)
        return can_wait ? -EAGAIN : -ENOMEM;
    int r = add(b, *u, state);
    if (r < 0)
        usb_urb_free(&b->pool, *u);
    return r;
}

/* One of IN that is to be in the place of one that waits, with room for its data. */
static struct usb_urb *with_room(struct usb_budget *b, struct usb_urb *waiting)
{
    const size_t packets = waiting->transfer.packet_count;
    struct usb_urb *u = usb_urb_new(&b->pool, &waiting->head, packets, false);

    if (!u)
        return NULL;
    u->import = waiting->import;
    if (packets > 0)
        memcpy(u->transfer.packets, waiting->transfer.packets,
               packets * sizeof *u->transfer.packets);
    usb_budget_remove(b, waiting);
    add(b, u, USB_URB_READ); /* cannot fail: the table has the other's place */
    return u;
}

/* The oldest in line that has room, none of its endpoint before it. */
static struct usb_urb *first_that_fits(const struct usb_budget *b)
{
    uint32_t passed = 0;

    for (struct usb_urb *u = b->first; u && passed != b->slots_in_line; u = u->next) {
        const uint32_t slot = 1u << slot_of(&u->head);

        if (passed & slot)
            continue;
        if (fits(b, &u->head, u->transfer.packet_count))
            return u;
        passed |= slot;
    }
    return NULL;
}

int usb_budget_next(struct usb_budget *b, struct usb_urb **u)
{
    *u = first_that_fits(b);
    if (!*u)
        return -EAGAIN;
    if ((*u)->head.direction == USBIP_DIR_IN) {
        *u = with_room(b, *u);
        if (!*u)
            return b->held > 0 ? -EAGAIN : -ENOMEM;
        return 0;
    }
    usb_budget_move(b, *u, USB_URB_READ);
    return 0;
}

struct usb_urb *usb_budget_find(const struct usb_budget *b, uint32_t seqnum)
{
    return (struct usb_urb *)(void *)usbip_urbs_find(&b->table, seqnum);
}

void usb_budget_remove(struct usb_budget *b, struct usb_urb *u)
{
    usb_budget_move(b, u, USB_URB_NEW);
    usbip_urbs_remove(&b->table, &u->entry);
    usb_urb_free(&b->pool, u);
}
