#include "usbip_urbs.h"

#include <errno.h>
#include <stdlib.h>

enum { SLOTS_MIN = 16 };

/* Numbers mostly go up by one, or two; mixed, so that no choice of them fills one slot easily. */
static size_t slot_of(uint32_t seqnum, size_t slot_count)
{
    uint32_t mixed = seqnum * 0x9e3779b1u;

    return (mixed >> 15 ^ mixed) & (slot_count - 1);
}

static int grow(struct usbip_urbs *u)
{
    size_t count = u->slot_count ? 2 * u->slot_count : SLOTS_MIN;
    struct usbip_urbs_entry **slots = calloc(count, sizeof(struct usbip_urbs_entry *));

    if (!slots)
        return -ENOMEM;
    for (struct usbip_urbs_entry *e = u->oldest; e; e = e->younger) {
        size_t slot = slot_of(e->seqnum, count);

        e->next = slots[slot];
        slots[slot] = e;
    }
    free(u->slots);
    u->slots = slots;
    u->slot_count = count;
    return 0;
}

void usbip_urbs_free(struct usbip_urbs *u)
{
    free(u->slots);
    *u = (struct usbip_urbs){0};
}

int usbip_urbs_add(struct usbip_urbs *u, struct usbip_urbs_entry *entry)
{
    if (usbip_urbs_find(u, entry->seqnum))
        return -EEXIST;
    if (u->count >= u->slot_count && grow(u) < 0 && u->slot_count == 0)
        return -ENOMEM;
    size_t slot = slot_of(entry->seqnum, u->slot_count);
    entry->next = u->slots[slot];
    u->slots[slot] = entry;
    entry->older = u->youngest;
    entry->younger = NULL;
    if (u->youngest)
        u->youngest->younger = entry;
    else
        u->oldest = entry;
    u->youngest = entry;
    u->count++;
    return 0;
}

struct usbip_urbs_entry *usbip_urbs_find(const struct usbip_urbs *u, uint32_t seqnum)
{
    struct usbip_urbs_entry *e = u->slot_count ? u->slots[slot_of(seqnum, u->slot_count)] : NULL;

    while (e && e->seqnum != seqnum)
        e = e->next;
    return e;
}

void usbip_urbs_remove(struct usbip_urbs *u, struct usbip_urbs_entry *entry)
{
    struct usbip_urbs_entry **at = &u->slots[slot_of(entry->seqnum, u->slot_count)];

    while (*at != entry)
        at = &(*at)->next;
    *at = entry->next;
    if (entry->older)
        entry->older->younger = entry->younger;
    else
        u->oldest = entry->younger;
    if (entry->younger)
        entry->younger->older = entry->older;
    else
        u->youngest = entry->older;
    u->count--;
}
