/*
 * Programs' transfers on net2usb's libusb-1.0, by random inputs (random_runs.h), in two contexts
 * that have one device: submitted, cancelled by callbacks, by the program and by another thread,
 * answered in any order or not at all; the device is reset, closed with transfers under way, and
 * lost. Each transfer is told of once, with a status that it may have; nothing is told of after a
 * close, and nothing waits for ever.
 */
#include <libusb.h>

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>

#include "random_runs.h"
#include "small_usbip_server.h"
#include "usbip_state.h"

enum {
    CONTEXTS = 2,
    TRANSFERS = 12,
    PATIENCE_S = 60,
};

static const uint8_t *input;
static size_t left;

static unsigned choose(unsigned below)
{
    if (left == 0)
        return 0;
    left--;
    return *input++ % below;
}

/* --- the program -------------------------------------------------------------------------------
 */

static struct flying {
    struct libusb_transfer *transfer; /* NULL: there is none */
    bool under_way, cancelled;
    bool pinned; /* another thread has it */
    uint8_t data[LIBUSB_CONTROL_SETUP_SIZE + SIZE];
    uint8_t guard;
} all[TRANSFERS];

static libusb_context *contexts[CONTEXTS];
static libusb_device_handle *handles[CONTEXTS];
static bool lost; /* the connection, since the handles were opened */

/* Each transfer is always of the same context. */
static int context_of(const struct flying *f)
{
    return (int)(f - all) % CONTEXTS;
}

static void cancel(struct flying *f)
{
    if (!f->transfer)
        return;
    int r = libusb_cancel_transfer(f->transfer);
    if (r != LIBUSB_SUCCESS && r != LIBUSB_ERROR_NOT_FOUND)
        fail("a cancel fails");
    f->cancelled |= r == LIBUSB_SUCCESS;
}

static void submit(struct flying *f);

static void LIBUSB_CALL on_done(struct libusb_transfer *t)
{
    struct flying *f = t->user_data;
    const enum libusb_transfer_status s = t->status;

    if (!f->under_way)
        fail("a transfer is told of that is not under way");
    f->under_way = false;
    if (s == LIBUSB_TRANSFER_CANCELLED && !f->cancelled && !f->pinned)
        fail("a transfer is cancelled that nobody has cancelled");
    if (s == LIBUSB_TRANSFER_NO_DEVICE && !lost)
        fail("a transfer has no device, and it is not lost");
    if (s == LIBUSB_TRANSFER_ERROR || s == LIBUSB_TRANSFER_TIMED_OUT || f->guard != 0xa5 ||
        t->actual_length > t->length)
        fail("a transfer ends as it may not");
    if (choose(2))
        cancel(&all[choose(TRANSFERS)]);
    if (f->pinned || left == 0)
        return;
    if (choose(4) == 0) {
        submit(f);
    } else if (choose(2)) {
        libusb_free_transfer(t);
        f->transfer = NULL;
    }
}

static void submit(struct flying *f)
{
    const unsigned kind = choose(8);

    if (f->under_way || f->pinned)
        return;
    if (!f->transfer)
        f->transfer = libusb_alloc_transfer(0);
    if (!f->transfer)
        fail("no memory");
    f->guard = 0xa5;
    if (kind == 0) {
        libusb_fill_control_setup(f->data, 0x80, 6, 0x200, 0, 32);
        libusb_fill_control_transfer(f->transfer, handles[context_of(f)], f->data, on_done, f, 0);
    } else {
        libusb_fill_bulk_transfer(f->transfer, handles[context_of(f)], kind < 4 ? 0x01 : 0x81,
                                  f->data, (int)choose(SIZE + 1), on_done, f, 0);
    }
    f->cancelled = false;
    f->under_way = true;
    int r = libusb_submit_transfer(f->transfer);
    if (r == LIBUSB_SUCCESS)
        return;
    f->under_way = false;
    if (r != LIBUSB_ERROR_NO_DEVICE || !lost)
        fail("a submit fails");
}

static void handle_events(int of, int ms)
{
    struct timeval limit = {0, ms * 1000};

    if (libusb_handle_events_timeout(contexts[of], &limit) != LIBUSB_SUCCESS)
        fail("events fail");
}

static void *cancel_elsewhere(void *f)
{
    cancel(f);
    return NULL;
}

/* Another thread cancels while this one handles events. */
static void cancel_by_thread(void)
{
    struct flying *f = &all[choose(TRANSFERS)];
    pthread_t thread;

    if (!f->transfer)
        return;
    f->pinned = true;
    if (pthread_create(&thread, NULL, cancel_elsewhere, f) != 0)
        fail("no thread");
    handle_events((int)choose(CONTEXTS), 0);
    pthread_join(thread, NULL);
    f->pinned = false;
}

/* The first one has the interface; usbfs lets the other one do without, and so do we. */
static void open_it(int of)
{
    handles[of] = libusb_open_device_with_vid_pid(contexts[of], VENDOR, PRODUCT);
    if (!handles[of] || (of == 0 && libusb_claim_interface(handles[of], 0) != LIBUSB_SUCCESS))
        fail("it cannot be opened");
}

/* What was under way is not told of any more. */
static void close_it(int of)
{
    libusb_close(handles[of]);
    for (int i = 0; i < TRANSFERS; i++) {
        if (context_of(&all[i]) != of)
            continue;
        if (all[i].transfer)
            libusb_free_transfer(all[i].transfer);
        all[i] = (struct flying){.transfer = NULL};
    }
    handle_events(of, 0);
}

static void reset_it(int of)
{
    int r = libusb_reset_device(handles[of]);

    if (r != LIBUSB_SUCCESS &&
        !(lost && (r == LIBUSB_ERROR_NOT_FOUND || r == LIBUSB_ERROR_NO_DEVICE)))
        fail("a reset fails");
}

static void lose_it(void)
{
    pthread_mutex_lock(&server.lock);
    if (server.connection >= 0)
        shutdown(server.connection, SHUT_RDWR);
    pthread_mutex_unlock(&server.lock);
    lost = true;
}

static void answer_some(unsigned count)
{
    pthread_mutex_lock(&server.lock);
    while (count-- > 0 && server.held_count > 0 && server.connection >= 0)
        answer((int)choose((unsigned)server.held_count), choose(4));
    pthread_mutex_unlock(&server.lock);
}

static void do_one(void)
{
    switch (choose(16)) {
    case 0:
    case 1:
    case 2:
    case 3:
        submit(&all[choose(TRANSFERS)]);
        break;
    case 4:
    case 5:
        cancel(&all[choose(TRANSFERS)]);
        break;
    case 6:
        cancel_by_thread();
        break;
    case 7:
    case 8:
    case 9:
        answer_some(1 + choose(4));
        break;
    case 10:
    case 11:
    case 12:
        handle_events((int)choose(CONTEXTS), 0);
        break;
    case 13:
        reset_it((int)choose(CONTEXTS));
        break;
    case 14:
        if (choose(4) == 0) {
            const int of = (int)choose(CONTEXTS);

            close_it(of);
            open_it(of);
        }
        break;
    default:
        if (choose(8) != 0)
            break;
        lose_it();
        handle_events((int)choose(CONTEXTS), 1);
        for (int i = 0; i < CONTEXTS; i++)
            close_it(i);
        for (int i = 0; i < CONTEXTS; i++)
            open_it(i);
        lost = false;
        break;
    }
}

static bool any_under_way(void)
{
    for (int i = 0; i < TRANSFERS; i++)
        if (all[i].under_way)
            return true;
    return false;
}

/* Whether the loop would be woken, or something waits. */
static bool any_is_counted(void)
{
    for (const struct device_priv *p = usbip_state.devices; p; p = p->next)
        if (p->use->has_link &&
            (p->use->link.urbs.unlinked || p->use->link.urbs.due || p->use->link.urbs.posted_count))
            return true;
    return false;
}

/* The server answers all: nothing waits for ever, and nothing is left that would wake the loop. */
static void end_all(void)
{
    const time_t limit = time(NULL) + PATIENCE_S;

    while (any_under_way() || any_is_counted()) {
        answer_some(HELD_MAX);
        for (int i = 0; i < CONTEXTS; i++)
            handle_events(i, 5);
        if (time(NULL) > limit)
            fail(any_under_way() ? "a transfer is under way for ever" : "the loop would spin");
    }
}

static void run(const uint8_t *bytes, size_t len)
{
    input = bytes;
    left = len < 600 ? len : 600;
    server.keeps_unlinks = choose(2) != 0;
    server.refuses_reset = choose(2) != 0;
    for (int i = 0; i < CONTEXTS; i++) {
        if (libusb_init(&contexts[i]) != LIBUSB_SUCCESS)
            fail("no context");
        open_it(i);
    }
    while (left > 0)
        do_one();
    if (len % 2 == 0)
        end_all();
    for (int i = 0; i < CONTEXTS; i++) {
        close_it(i);
        libusb_exit(contexts[i]);
    }
}

int main(int argc, char **argv)
{
    begin_server();
    return random_runs(argc, argv, run);
}
