#include "usb_queue.h"

#include <stddef.h>

#include "usb_device.h"

void usb_queue_add(struct usb_queue *q, struct usb_transfer *t)
{
    t->queue = q;
    t->next = NULL;
    t->previous = q->last;
    if (q->last)
        q->last->next = t;
    else
        q->first = t;
    q->last = t;
}

void usb_queue_add_first(struct usb_queue *q, struct usb_transfer *t)
{
    t->queue = q;
    t->previous = NULL;
    t->next = q->first;
    if (q->first)
        q->first->previous = t;
    else
        q->last = t;
    q->first = t;
}

struct usb_transfer *usb_queue_take(struct usb_queue *q)
{
    struct usb_transfer *t = q->first;

    if (t)
        usb_queue_remove(q, t);
    return t;
}

bool usb_queue_remove(struct usb_queue *q, struct usb_transfer *t)
{
    if (t->queue != q)
        return false;
    if (t->previous)
        t->previous->next = t->next;
    else
        q->first = t->next;
    if (t->next)
        t->next->previous = t->previous;
    else
        q->last = t->previous;
    t->queue = NULL;
    return true;
}
