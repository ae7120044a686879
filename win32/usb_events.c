/*
 * libusb has no descriptors to wait for on Windows: each context has a thread that waits in it, and
 * on which it calls back. All that is done there is to queue what has ended, for the loop, which
 * owns everything else. The queue is one for all contexts, as a transfer does not tell its own.
 */
#include "usb_events.h"

#include <stdatomic.h>
#include <stdlib.h>

#include <windows.h>

#include <libusb.h>

#include "wake.h"

enum {
    STACK_SIZE = 256 * 1024, /* libusb's calls are shallow */
    AFTER_ERROR_MS = 100,    /* an error that stays is not to keep a processor busy */
};

struct usb_events {
    struct libusb_context *usb;
    HANDLE thread;
    atomic_bool over;
};

static struct {
    SRWLOCK lock; /* of the queue */
    struct usb_end *first, **last;
    struct wake *wake; /* as long as there are contexts */
    unsigned contexts;
} ends = {.lock = SRWLOCK_INIT};

bool usb_events_tell_of_devices(void)
{
    return false; /* libusb before 1.0.30 does not, a later one would do so on the thread */
}

/* On the thread. */
static void LIBUSB_CALL on_ended(struct libusb_transfer *l)
{
    struct usb_end *end = l->user_data;

    end->next = NULL;
    AcquireSRWLockExclusive(&ends.lock);
    if (!ends.first)
        ends.last = &ends.first;
    *ends.last = end;
    ends.last = &end->next;
    ReleaseSRWLockExclusive(&ends.lock);
    wake_up(ends.wake);
}

static struct usb_end *take_first(void)
{
    AcquireSRWLockExclusive(&ends.lock);
    struct usb_end *end = ends.first;
    if (end)
        ends.first = end->next;
    ReleaseSRWLockExclusive(&ends.lock);
    return end;
}

static void on_woken(void *ctx)
{
    (void)ctx;
    for (struct usb_end *end = take_first(); end; end = take_first())
        end->ended(end->transfer); /* frees `end` */
}

void usb_events_route(struct libusb_transfer *l, struct usb_end *end)
{
    end->transfer = l;
    l->callback = on_ended;
    l->user_data = end;
}

static DWORD WINAPI handle_events(void *arg)
{
    struct usb_events *e = arg;

    while (!atomic_load(&e->over)) {
        int r = libusb_handle_events(e->usb);

        if (r < 0 && r != LIBUSB_ERROR_INTERRUPTED)
            Sleep(AFTER_ERROR_MS);
    }
    return 0;
}

struct usb_events *usb_events_new(struct event_base *base, struct libusb_context *usb)
{
    struct usb_events *e = calloc(1, sizeof *e);

    if (!e)
        return NULL;
    e->usb = usb;
    if (ends.contexts == 0)
        ends.wake = wake_new(base, on_woken, NULL);
    if (ends.wake)
        e->thread = CreateThread(NULL, STACK_SIZE, handle_events, e,
                                 STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
    ends.contexts++;
    if (!e->thread) {
        usb_events_free(e);
        return NULL;
    }
    return e;
}

void usb_events_free(struct usb_events *e)
{
    if (!e)
        return;
    if (e->thread) {
        atomic_store(&e->over, true);
        libusb_interrupt_event_handler(e->usb); /* which is remembered if it does not wait yet */
        WaitForSingleObject(e->thread, INFINITE);
        CloseHandle(e->thread);
    }
    free(e);
    if (--ends.contexts == 0) {
        wake_free(ends.wake);
        ends.wake = NULL;
    }
}
