#include "usb_early_unlinks.h"

#include <string.h>

void usb_early_unlinks_note(struct usb_early_unlinks *u, uint32_t seqnum)
{
    u->recent[u->recent_count++ % USB_EARLY_UNLINKS_RECENT_MAX] = seqnum;
}

static bool was_done(const struct usb_early_unlinks *u, uint32_t seqnum)
{
    const unsigned count = u->recent_count < USB_EARLY_UNLINKS_RECENT_MAX
                               ? u->recent_count
                               : USB_EARLY_UNLINKS_RECENT_MAX;

    for (unsigned i = 0; i < count; i++)
        if (u->recent[i] == seqnum)
            return true;
    return false;
}

bool usb_early_unlinks_keep(struct usb_early_unlinks *u, uint32_t seqnum, uint32_t victim,
                            uint64_t now)
{
    if (was_done(u, victim) || u->early_count == USB_EARLY_UNLINKS_MAX)
        return false;
    u->early[u->early_count++] = (struct usb_unlink){seqnum, victim, now + USB_EARLY_UNLINKS_MS};
    return true;
}

static uint32_t take_at(struct usb_early_unlinks *u, unsigned i)
{
    const uint32_t seqnum = u->early[i].seqnum;

    u->early_count--;
    memmove(u->early + i, u->early + i + 1, (u->early_count - i) * sizeof *u->early);
    return seqnum;
}

bool usb_early_unlinks_take(struct usb_early_unlinks *u, uint32_t victim, uint32_t *seqnum)
{
    for (unsigned i = 0; i < u->early_count; i++) {
        if (u->early[i].victim != victim)
            continue;
        *seqnum = take_at(u, i);
        return true;
    }
    return false;
}

bool usb_early_unlinks_take_due(struct usb_early_unlinks *u, uint64_t now, uint32_t *seqnum)
{
    if (u->early_count == 0 || u->early[0].until > now)
        return false;
    *seqnum = take_at(u, 0);
    return true;
}
