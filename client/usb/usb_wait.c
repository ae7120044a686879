#include "usb_wait.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli_option.h"
#include "clock.h"
#include "log.h"
#include "usbip_clock.h"

enum { PAUSE_MS = 250, PAUSE_MAX_MS = 2000 };

static bool has_free(const struct usb_server *s)
{
    bool has = false;

    for (size_t i = 0; i < s->count; i++)
        has = has || s->list[i].entry.state == USBIP_EXT_FREE;
    return has;
}

static int find_selected(struct usb_server *s, const struct usb_want *want,
                         char error[static USB_SERVER_ERROR_MAX])
{
    const struct usbip_found *first = NULL;
    int r = 0;

    for (int i = 0; i < want->count; i++) {
        int n = usb_selector_find(s, want->selectors[i], &first, error);

        if (n < 0)
            return n;
        if (n != 1 || first->entry.state == USBIP_EXT_FREE)
            continue;
        snprintf(error, USB_SERVER_ERROR_MAX, "%.200s is in use by %s", want->selectors[i],
                 first->entry.user[0] ? first->entry.user : "somebody");
        r = -EBUSY;
    }
    return r;
}

static int look(struct usb_server *s, const struct usb_want *want,
                char error[static USB_SERVER_ERROR_MAX])
{
    int r = usb_server_list(s, error);

    if (r == 0)
        r = find_selected(s, want, error);
    if (r < 0 || !want->devices || want->count > 0 || has_free(s))
        return r;
    snprintf(error, USB_SERVER_ERROR_MAX, "%.280s has no device%s", s->name,
             s->count > 0 || !s->extended ? " that is free" : "");
    return -EBUSY;
}

int usb_wait(struct usb_server *s, const struct usb_want *want, int wait_ms,
             char error[static USB_SERVER_ERROR_MAX])
{
    const long long begin = usbip_clock_ms();
    char said[USB_SERVER_ERROR_MAX] = "";
    int r, pause_ms = PAUSE_MS;

    while ((r = look(s, want, error)) < 0) {
        const long long left = begin + wait_ms - usbip_clock_ms();

        if (wait_ms != CLI_FOREVER && left <= 0)
            break;
        if (strcmp(said, error) != 0)
            log_info("%s; waiting for it", error);
        snprintf(said, sizeof said, "%s", error);
        clock_sleep_ms((unsigned)(wait_ms == CLI_FOREVER || left > pause_ms ? pause_ms : left));
        pause_ms = pause_ms < PAUSE_MAX_MS / 2 ? 2 * pause_ms : PAUSE_MAX_MS;
    }
    return r;
}
