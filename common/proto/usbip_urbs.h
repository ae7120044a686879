/*
 * URBs in flight, found by their sequence numbers, which are a peer's: any order, any step. The
 * entries are their owner's memory. Pure.
 */
#ifndef COMMON_PROTO_USBIP_URBS_H
#define COMMON_PROTO_USBIP_URBS_H

#include <stddef.h>
#include <stdint.h>

/* The first member of each URB in flight. */
struct usbip_urbs_entry {
    uint32_t seqnum;
    struct usbip_urbs_entry *next;            /* of the same slot */
    struct usbip_urbs_entry *older, *younger; /* in the order they were added */
};

struct usbip_urbs {
    struct usbip_urbs_entry **slots; /* NULL until the first is added */
    size_t slot_count;               /* a power of two */
    size_t count;
    struct usbip_urbs_entry *oldest, *youngest;
};

/* An empty table is all zero. Frees what the table itself has; the entries are not touched. */
void usbip_urbs_free(struct usbip_urbs *u);

/* Adds `entry` by its number. Returns 0, -EEXIST (the number is in flight already) or -ENOMEM. */
int usbip_urbs_add(struct usbip_urbs *u, struct usbip_urbs_entry *entry);

/* Finds one; NULL if it is not in flight. */
struct usbip_urbs_entry *usbip_urbs_find(const struct usbip_urbs *u, uint32_t seqnum);

/* Takes one out that is in it. */
void usbip_urbs_remove(struct usbip_urbs *u, struct usbip_urbs_entry *entry);

#endif
