/*
 * Who may be connected: bounds of the process, of an address, of a peer.
 */
#include "crowd.h"

#include "test.h"

enum { GUESTS = 2048 };

struct guest {
    struct crowd_place *place;
    bool evicted;
};

static struct guest guests[GUESTS];

static void on_evict(void *ctx, const char *why)
{
    struct guest *g = ctx;

    CHECK(why[0]);
    g->evicted = true;
    crowd_leave(g->place);
    g->place = NULL;
}

static bool enter(struct crowd_address *a, int guest, const char *peer)
{
    guests[guest] = (struct guest){0};
    guests[guest].place = crowd_enter(a, peer, on_evict, &guests[guest]);
    return guests[guest].place != NULL;
}

static void leave_all(void)
{
    for (int i = 0; i < GUESTS; i++) {
        crowd_leave(guests[i].place);
        guests[i].place = NULL;
    }
}

static int count(int from, int to)
{
    int n = 0;

    for (int i = from; i < to; i++)
        n += guests[i].place != NULL;
    return n;
}

static void a_flood_at_one_address_leaves_room_at_others(void)
{
    struct crowd *c = crowd_new(40);
    struct crowd_address *a = crowd_address_new(c), *b = crowd_address_new(c);

    for (int i = 0; i < 1000; i++) {
        CHECK(enter(a, i, "10.0.0.1"));
        crowd_set_working(guests[i].place, i < 20);
    }
    CHECK(count(0, 1000) == 30); /* 20 at work, a quarter of all without a device */
    for (int i = 1000; i < 1010; i++) {
        CHECK(enter(b, i, "10.0.0.1"));
        crowd_set_working(guests[i].place, true);
    }
    CHECK(count(1000, 1010) == 10);
    leave_all();
    crowd_address_free(a);
    crowd_address_free(b);
    crowd_free(c);
}

static void who_works_is_never_evicted_and_others_keep_their_share(void)
{
    struct crowd *c = crowd_new(20);
    struct crowd_address *a = crowd_address_new(c), *b = crowd_address_new(c);
    int in = 0;

    for (int i = 0; i < 100; i++) {
        if (!enter(a, i, "10.0.0.1"))
            continue;
        crowd_set_working(guests[i].place, true);
        in++;
    }
    CHECK(in == 16 && count(0, 100) == 16); /* all but the other one's share */
    CHECK(enter(b, 100, "10.0.0.2") && enter(b, 101, "10.0.0.2"));
    CHECK(enter(b, 102, "10.0.0.2") && enter(b, 103, "10.0.0.2"));
    CHECK(enter(b, 104, "10.0.0.2") && guests[100].evicted); /* there, its own oldest */
    CHECK(count(0, 100) == 16);
    leave_all();
    crowd_address_free(a);
    crowd_address_free(b);
    crowd_free(c);
}

static void who_has_most_makes_room(void)
{
    struct crowd *c = crowd_new(40);
    struct crowd_address *a = crowd_address_new(c);

    CHECK(enter(a, 0, "10.0.0.1"));
    for (int i = 1; i < 500; i++)
        CHECK(enter(a, i, "10.0.0.2"));
    CHECK(!guests[0].evicted && count(1, 500) == 9 && guests[499].place && guests[490].evicted);
    crowd_set_owner(guests[499].place, on_evict, &guests[498]);
    leave_all();
    crowd_address_free(a);
    crowd_free(c);
}

static void a_place_that_is_left_is_free(void)
{
    struct crowd *c = crowd_new(8);
    struct crowd_address *a = crowd_address_new(c);

    for (int i = 0; i < 1000; i++) {
        CHECK(enter(a, i % 8, "10.0.0.1"));
        crowd_set_working(guests[i % 8].place, true);
        crowd_set_working(guests[i % 8].place, i % 3 == 0);
        crowd_leave(guests[i % 8].place);
        guests[i % 8].place = NULL;
    }
    for (int i = 0; i < 8; i++) { /* all of them */
        CHECK(enter(a, i, "10.0.0.1"));
        crowd_set_working(guests[i].place, true);
    }
    CHECK(count(0, 8) == 8 && !enter(a, 8, "10.0.0.1"));
    leave_all();
    crowd_leave(NULL);
    crowd_set_working(NULL, true);
    crowd_set_owner(NULL, NULL, NULL);
    crowd_address_free(a);
    crowd_free(c);
}

/* More addresses than places: one is left for each as far as they go. */
static void more_addresses_than_places(void)
{
    enum { ADDRESSES = 30 };
    struct crowd *c = crowd_new(20);
    struct crowd_address *a[ADDRESSES];

    for (int i = 0; i < ADDRESSES; i++)
        a[i] = crowd_address_new(c);
    for (int i = 0; i < 40; i++)
        if (enter(a[i % ADDRESSES], i, "10.0.0.1"))
            crowd_set_working(guests[i].place, true);
    CHECK(count(0, 40) == 20);
    leave_all();
    for (int i = 0; i < ADDRESSES; i++)
        crowd_address_free(a[i]);
    crowd_free(c);
}

static const struct test tests[] = {
    TEST(a_flood_at_one_address_leaves_room_at_others),
    TEST(who_works_is_never_evicted_and_others_keep_their_share),
    TEST(who_has_most_makes_room),
    TEST(a_place_that_is_left_is_free),
    TEST(more_addresses_than_places),
};

int main(int argc, char **argv)
{
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
