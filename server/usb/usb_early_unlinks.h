/*
 * Unlinks that come before their URB.
 *
 * vhci_hcd's sender may overtake itself: it has sent all URBs, another one is queued and unlinked
 * at once, and the unlink goes first (drivers/usb/usbip/vhci_tx.c, vhci_tx_loop). If that were
 * answered as one of a finished URB, the kernel would return the URB at that. It would then end the
 * import when the URB's own answer comes. So an unlink of a URB that was never seen waits for it a
 * moment, and takes it away when it comes. Numbers of one client only, no URBs: those are in
 * usb_budget.h. Times are those of clock_now_ms.
 */
#ifndef SERVER_USB_USB_EARLY_UNLINKS_H
#define SERVER_USB_USB_EARLY_UNLINKS_H

#include <stdbool.h>
#include <stdint.h>

enum {
    USB_EARLY_UNLINKS_RECENT_MAX = 1024, /* URBs that are done and remembered */
    USB_EARLY_UNLINKS_MAX = 32,
    USB_EARLY_UNLINKS_MS = 1000, /* an early one is kept so long: TCP sends a lost segment again */
};

struct usb_early_unlinks {
    uint32_t recent[USB_EARLY_UNLINKS_RECENT_MAX]; /* the latest at recent_count - 1, and round */
    unsigned recent_count;
    struct usb_unlink {
        uint32_t seqnum, victim;
        uint64_t until;
    } early[USB_EARLY_UNLINKS_MAX]; /* the oldest first */
    unsigned early_count;
};

/* A URB is done. */
void usb_early_unlinks_note(struct usb_early_unlinks *u, uint32_t seqnum);

/* Keeps the unlink `seqnum` of a URB that is not under way. Returns false where that was done a
 * moment ago, or there is no room. */
bool usb_early_unlinks_keep(struct usb_early_unlinks *u, uint32_t seqnum, uint32_t victim,
                            uint64_t now);

/* Takes the unlink of a URB that has come now. Returns whether there is one. */
bool usb_early_unlinks_take(struct usb_early_unlinks *u, uint32_t victim, uint32_t *seqnum);

/* Takes one that was kept long enough: its URB does not come. Returns whether there is one. */
bool usb_early_unlinks_take_due(struct usb_early_unlinks *u, uint64_t now, uint32_t *seqnum);

#endif
