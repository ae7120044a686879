#include "usb_queue.h"

#include <string.h>

#include "test.h"
#include "usb_device.h"

enum { MANY = 20 };

static struct usb_transfer transfers[MANY];
static struct usb_queue queue, other;
static struct usb_transfer *model[MANY];
static unsigned count;

/* Both ends and all links say what the model says. */
static void check_queue(void)
{
    const struct usb_transfer *t = queue.first, *before = NULL;

    for (unsigned i = 0; i < count; i++) {
        CHECK(t == model[i] && t->previous == before && t->queue == &queue);
        before = t;
        t = t->next;
    }
    CHECK(!t && queue.last == before);
}

static unsigned place_of(const struct usb_transfer *t)
{
    unsigned i = 0;

    while (i < count && model[i] != t)
        i++;
    return i;
}

static void forget(unsigned place)
{
    count--;
    memmove(model + place, model + place + 1, (count - place) * sizeof *model);
}

static void act(unsigned action, struct usb_transfer *t)
{
    const unsigned place = place_of(t);
    const bool there = place < count;

    if (action == 0) {
        CHECK(usb_queue_take(&queue) == (count > 0 ? model[0] : NULL));
        if (count > 0)
            forget(0);
    } else if (action == 1 || there) {
        CHECK(!usb_queue_remove(&other, t));
        CHECK(usb_queue_remove(&queue, t) == there);
        if (there)
            forget(place);
    } else if (action == 2) {
        usb_queue_add_first(&queue, t);
        memmove(model + 1, model, count++ * sizeof *model);
        model[0] = t;
    } else {
        usb_queue_add(&queue, t);
        model[count++] = t;
    }
}

static void it_is_what_a_list_is(void)
{
    unsigned state = 1;

    for (int i = 0; i < 20000; i++) {
        state = state * 1103515245u + 12345u;
        act(state >> 16 & 7, &transfers[(state >> 20) % MANY]);
        check_queue();
    }
}

static const struct test tests[] = {
    TEST(it_is_what_a_list_is),
};

TEST_MAIN(tests)
