#include "usb_merge.h"

#include <stdlib.h>
#include <string.h>

/*
 * Members of a merged transfer, and those that wait, are linked by `next`, which is free as the
 * device does not have them. So is `own`: not NULL says that a member is to be cancelled. `actual`
 * counts the bytes of one that the device has taken in merged transfers that were returned.
 */
struct usb_merged {
    struct usb_transfer transfer;
    struct usb_merge_lane *lane;
    struct usb_transfer *members;
    bool cancelled; /* or nothing is left to cancel */
    uint8_t data[USB_MERGE_MAX];
};

void usb_merge_init(struct usb_merge *m, struct usb_device *d)
{
    *m = (struct usb_merge){.device = d};
    for (int i = 0; i < USB_MERGE_LANES; i++)
        m->lanes[i].merge = m;
}

static struct usb_merge_lane *lane_of(struct usb_merge *m, const struct usb_transfer *t)
{
    return &m->lanes[t->address & 15];
}

/* Whether it is one of a stream's: others are the device's at once. */
static bool is_of_stream(const struct usb_merge *m, const struct usb_transfer *t)
{
    return m->device->merges && (t->address & 0x80) == 0 && t->address != 0 && !t->interrupt &&
           t->packet_count == 0;
}

static bool is_small(const struct usb_transfer *t)
{
    return t->length > 0 && t->length <= USB_MERGE_SMALL && !(t->flags & USBIP_ZERO_PACKET);
}

/* --- the line --------------------------------------------------------------------------------- */

static struct usb_transfer *take_first(struct usb_merge_lane *l)
{
    l->merge->waiting--;
    return usb_queue_take(&l->line);
}

/* --- one that is done ------------------------------------------------------------------------- */

static void start_lane(struct usb_merge_lane *l);

static void end(struct usb_transfer *t, int status)
{
    t->status = status;
    t->done(t);
}

/* Says how far each member has come: those the device has taken whole are done. Of the others the
 * cancelled ones are done, too, or all if the device has failed. Returns those that are not, the
 * last one first. */
static struct usb_transfer *share_out(struct usb_merged *j)
{
    struct usb_transfer **at = &j->members, *left = NULL;
    size_t taken = j->transfer.actual;
    const bool failed = j->transfer.status != 0 && !j->cancelled;

    while (*at) {
        struct usb_transfer *t = *at;
        const size_t rest = t->length - t->actual, part = rest < taken ? rest : taken;

        t->actual += part;
        taken -= part;
        t->status = t->actual == t->length ? 0 : t->own ? USBIP_ECONNRESET : j->transfer.status;
        if (t->actual == t->length || t->own || failed) {
            at = &t->next;
            continue;
        }
        *at = t->next;
        t->next = left;
        left = t;
    }
    return left;
}

static void on_done(struct usb_transfer *merged)
{
    struct usb_merged *j = (struct usb_merged *)(void *)merged;
    struct usb_merge_lane *l = j->lane;

    j->cancelled = j->cancelled && merged->status == USBIP_ECONNRESET; /* not failed before */
    if (merged->status == 0 && merged->actual < merged->length)
        merged->status = USBIP_EPROTO;
    struct usb_transfer *left = share_out(j);
    while (left) {
        struct usb_transfer *t = left;

        left = t->next;
        usb_queue_add_first(&l->line, t);
        l->merge->waiting++;
    }
    /* one that is done may have its session end, which cancels the others. Those put back are found
     * in line, and these are on their way */
    j->cancelled = true;
    while (j->members) {
        struct usb_transfer *t = j->members;

        j->members = t->next;
        end(t, t->status);
    }
    l->under_way = NULL;
    free(j);
    start_lane(l);
}

/* --- starting --------------------------------------------------------------------------------- */

/* How many of those in line become one, and their bytes. */
static unsigned count_small(const struct usb_merge_lane *l, size_t *len)
{
    unsigned count = 0;

    *len = 0;
    for (const struct usb_transfer *t = l->line.first; t && is_small(t); t = t->next) {
        if (*len + t->length - t->actual > USB_MERGE_MAX)
            break;
        *len += t->length - t->actual;
        count++;
    }
    return count;
}

/* Makes one transfer of the first in line. NULL without memory. */
static struct usb_merged *merge(struct usb_merge_lane *l, unsigned count, size_t len)
{
    struct usb_merged *j = calloc(1, sizeof *j);
    struct usb_transfer **at;

    if (!j)
        return NULL;
    j->lane = l;
    j->transfer = (struct usb_transfer){
        .address = l->line.first->address, .data = j->data, .length = len, .done = on_done};
    at = &j->members;
    len = 0;
    while (count-- > 0) {
        struct usb_transfer *t = take_first(l);

        memcpy(j->data + len, t->data + t->actual, t->length - t->actual);
        len += t->length - t->actual;
        t->next = NULL;
        *at = t;
        at = &t->next;
    }
    return j;
}

/* Begins the transfers in line, up to a merged one. Those after that one wait for it, as a part of
 * it may have to be sent again. */
static void start_lane(struct usb_merge_lane *l)
{
    const struct usb_device *d = l->merge->device;

    if (l->starting)
        return;
    l->starting = true;
    while (l->line.first && !l->under_way) {
        size_t len;
        unsigned count = count_small(l, &len);
        struct usb_merged *j = count > 1 || l->line.first->actual > 0 ? merge(l, count, len) : NULL;

        if (j) {
            l->under_way = j;
            d->ops->submit(l->merge->device, &j->transfer);
        } else if (l->line.first->actual > 0) { /* it cannot be sent in part without memory */
            end(take_first(l), USBIP_ESHUTDOWN);
        } else {
            d->ops->submit(l->merge->device, take_first(l));
        }
    }
    l->starting = false;
}

void usb_merge_start(struct usb_merge *m)
{
    for (int i = 1; i < USB_MERGE_LANES && m->waiting > 0; i++)
        start_lane(&m->lanes[i]);
}

void usb_merge_submit(struct usb_merge *m, struct usb_transfer *t)
{
    struct usb_merge_lane *l = lane_of(m, t);

    if (!is_of_stream(m, t)) {
        m->device->ops->submit(m->device, t);
        return;
    }
    t->actual = 0;
    t->own = NULL;
    usb_queue_add(&l->line, t);
    m->waiting++;
}

/* --- cancelling ------------------------------------------------------------------------------- */

static bool is_member(const struct usb_merged *j, const struct usb_transfer *t)
{
    const struct usb_transfer *m = j ? j->members : NULL;

    while (m && m != t)
        m = m->next;
    return m != NULL;
}

void usb_merge_cancel(struct usb_merge *m, struct usb_transfer *t)
{
    struct usb_merge_lane *l = lane_of(m, t);

    if (!is_of_stream(m, t)) {
        m->device->ops->cancel(m->device, t);
    } else if (usb_queue_remove(&l->line, t)) {
        m->waiting--;
        end(t, USBIP_ECONNRESET);
    } else if (is_member(l->under_way, t)) {
        t->own = t;
        if (!l->under_way->cancelled) {
            l->under_way->cancelled = true;
            m->device->ops->cancel(m->device, &l->under_way->transfer);
        }
    } else {
        m->device->ops->cancel(m->device, t);
    }
}
