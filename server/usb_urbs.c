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

/* Whether there is room for one beside those under way; a single one has it always. */
static bool fits(const struct usb_urbs *us, const struct usbip_urb *head, size_t packets)
{
    return us->held == 0 || us->held + usb_urb_size(head, packets, false) <= us->budget;
}

static int add(struct usb_urbs *us, struct usb_urb *u)
{
    int r = usbip_urbs_add(&us->table, &u->entry);

    if (r == 0)
        *(u->waits ? &us->kept : &us->held) += u->size;
    return r;
}

int usb_urbs_make(struct usb_urbs *us, const struct usbip_urb *head, size_t packets,
                  struct usb_urb **u)
{
    const bool can_wait = us->held > 0 || us->kept > 0;

    *u = NULL;
    if (!us->first && fits(us, head, packets))
        *u = usb_urb_new(&us->pool, head, packets, false);
    if (!*u && can_wait && us->kept < USB_URBS_LINE_MAX)
        *u = usb_urb_new(&us->pool, head, packets, true);
    if (!*u)
        return can_wait ? -EAGAIN : -ENOMEM;
    int r = add(us, *u);
    if (r < 0)
        usb_urb_free(&us->pool, *u);
    return r;
}

void usb_urbs_wait(struct usb_urbs *us, struct usb_urb *u)
{
    u->in_line = true;
    u->previous = us->last;
    u->next = NULL;
    if (us->last)
        us->last->next = u;
    else
        us->first = u;
    us->last = u;
}

static void leave_line(struct usb_urbs *us, struct usb_urb *u)
{
    u->in_line = false;
    if (u->previous)
        u->previous->next = u->next;
    else
        us->first = u->next;
    if (u->next)
        u->next->previous = u->previous;
    else
        us->last = u->previous;
}

/* One of IN that is to be in the place of one that waits, with room for its data. */
static struct usb_urb *with_room(struct usb_urbs *us, struct usb_urb *waiting)
{
    const size_t packets = waiting->transfer.packet_count;
    struct usb_urb *u = usb_urb_new(&us->pool, &waiting->head, packets, false);

    if (!u)
        return NULL;
    u->session = waiting->session;
    if (packets > 0)
        memcpy(u->transfer.packets, waiting->transfer.packets,
               packets * sizeof *u->transfer.packets);
    usb_urbs_remove(us, waiting);
    add(us, u); /* cannot fail: the table has the other's place */
    return u;
}

int usb_urbs_next(struct usb_urbs *us, struct usb_urb **u)
{
    *u = us->first;
    if (!*u || !fits(us, &(*u)->head, (*u)->transfer.packet_count))
        return -EAGAIN;
    if ((*u)->head.direction == USBIP_DIR_IN) {
        *u = with_room(us, *u);
        if (!*u)
            return us->held > 0 ? -EAGAIN : -ENOMEM;
        return 0;
    }
    leave_line(us, *u);
    (*u)->waits = false;
    us->kept -= (*u)->size;
    us->held += (*u)->size;
    return 0;
}

struct usb_urb *usb_urbs_find(const struct usb_urbs *us, uint32_t seqnum)
{
    return (struct usb_urb *)(void *)usbip_urbs_find(&us->table, seqnum);
}

void usb_urbs_remove(struct usb_urbs *us, struct usb_urb *u)
{
    if (u->in_line)
        leave_line(us, u);
    usbip_urbs_remove(&us->table, &u->entry);
    *(u->waits ? &us->kept : &us->held) -= u->size;
    usb_urb_free(&us->pool, u);
}
