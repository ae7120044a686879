#include "usb_urbs.h"

#include <errno.h>
#include <string.h>

void usb_urbs_init(struct usb_urbs *us, size_t budget)
{
    *us = (struct usb_urbs){.budget = budget, .pool = {.free_max = budget / 2}};
}

void usb_urbs_free(struct usb_urbs *us)
{
    usbip_urbs_free(&us->table);
    usb_urb_pool_free(&us->pool);
}

static unsigned slot_of(const struct usbip_urb *head)
{
    return (head->ep & 15) | (head->direction == USBIP_DIR_IN ? 16 : 0);
}

/* Whether there is room for one beside those under way; a single one has it always. */
static bool fits(const struct usb_urbs *us, const struct usbip_urb *head, size_t packets)
{
    const size_t with = us->held + usb_urb_size(head, packets, false);

    return us->held == 0 || with <= us->budget ||
           (us->under_way[slot_of(head)] == 0 && with <= us->budget + us->budget / 4);
}

/* Counts one in, or out, as what it is. */
static void count(struct usb_urbs *us, const struct usb_urb *u, bool in)
{
    const bool waits = u->state == USB_URB_READ_TO_WAIT || u->state == USB_URB_IN_LINE;

    if (u->state == USB_URB_NEW)
        return;
    *(waits ? &us->kept : &us->held) += in ? u->size : -u->size;
    if (!waits)
        us->under_way[slot_of(&u->head)] += in ? 1 : -1u;
}

static void enter_line(struct usb_urbs *us, struct usb_urb *u)
{
    const unsigned slot = slot_of(&u->head);

    us->in_line[slot]++;
    us->slots_in_line |= 1u << slot;
    u->previous = us->last;
    u->next = NULL;
    if (us->last)
        us->last->next = u;
    else
        us->first = u;
    us->last = u;
}

static void leave_line(struct usb_urbs *us, const struct usb_urb *u)
{
    const unsigned slot = slot_of(&u->head);

    if (--us->in_line[slot] == 0)
        us->slots_in_line &= ~(1u << slot);
    if (u->previous)
        u->previous->next = u->next;
    else
        us->first = u->next;
    if (u->next)
        u->next->previous = u->previous;
    else
        us->last = u->previous;
}

void usb_urbs_move(struct usb_urbs *us, struct usb_urb *u, enum usb_urb_state state)
{
    count(us, u, false);
    if (u->state == USB_URB_IN_LINE)
        leave_line(us, u);
    u->state = state;
    count(us, u, true);
    if (state == USB_URB_IN_LINE)
        enter_line(us, u);
}

static int add(struct usb_urbs *us, struct usb_urb *u, enum usb_urb_state state)
{
    int r = usbip_urbs_add(&us->table, &u->entry);

    if (r == 0)
        usb_urbs_move(us, u, state);
    return r;
}

static size_t line_max(const struct usb_urbs *us)
{
    return us->budget / 2 > USB_URBS_LINE_MIN ? us->budget / 2 : USB_URBS_LINE_MIN;
}

int usb_urbs_make(struct usb_urbs *us, const struct usbip_urb *head, size_t packets,
                  struct usb_urb **u)
{
    const bool can_wait = us->held > 0 || us->kept > 0;
    enum usb_urb_state state = USB_URB_READ;

    *u = NULL;
    if (us->in_line[slot_of(head)] == 0 && fits(us, head, packets))
        *u = usb_urb_new(&us->pool, head, packets, false);
    if (!*u && can_wait && us->kept < line_max(us)) {
        *u = usb_urb_new(&us->pool, head, packets, true);
        state = USB_URB_READ_TO_WAIT;
    }
    if (!*u)
        return can_wait ? -EAGAIN : -ENOMEM;
    int r = add(us, *u, state);
    if (r < 0)
        usb_urb_free(&us->pool, *u);
    return r;
}

/* One of IN that is to be in the place of one that waits, with room for its data. */
static struct usb_urb *with_room(struct usb_urbs *us, struct usb_urb *waiting)
{
    const size_t packets = waiting->transfer.packet_count;
    struct usb_urb *u = usb_urb_new(&us->pool, &waiting->head, packets, false);

    if (!u)
        return NULL;
    u->import = waiting->import;
    if (packets > 0)
        memcpy(u->transfer.packets, waiting->transfer.packets,
               packets * sizeof *u->transfer.packets);
    usb_urbs_remove(us, waiting);
    add(us, u, USB_URB_READ); /* cannot fail: the table has the other's place */
    return u;
}

/* The oldest in line that has room, none of its endpoint before it. */
static struct usb_urb *first_that_fits(const struct usb_urbs *us)
{
    uint32_t passed = 0;

    for (struct usb_urb *u = us->first; u && passed != us->slots_in_line; u = u->next) {
        const uint32_t slot = 1u << slot_of(&u->head);

        if (passed & slot)
            continue;
        if (fits(us, &u->head, u->transfer.packet_count))
            return u;
        passed |= slot;
    }
    return NULL;
}

int usb_urbs_next(struct usb_urbs *us, struct usb_urb **u)
{
    *u = first_that_fits(us);
    if (!*u)
        return -EAGAIN;
    if ((*u)->head.direction == USBIP_DIR_IN) {
        *u = with_room(us, *u);
        if (!*u)
            return us->held > 0 ? -EAGAIN : -ENOMEM;
        return 0;
    }
    usb_urbs_move(us, *u, USB_URB_READ);
    return 0;
}

struct usb_urb *usb_urbs_find(const struct usb_urbs *us, uint32_t seqnum)
{
    return (struct usb_urb *)(void *)usbip_urbs_find(&us->table, seqnum);
}

void usb_urbs_remove(struct usb_urbs *us, struct usb_urb *u)
{
    usb_urbs_move(us, u, USB_URB_NEW);
    usbip_urbs_remove(&us->table, &u->entry);
    usb_urb_free(&us->pool, u);
}
