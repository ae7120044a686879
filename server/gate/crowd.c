#include "crowd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SHARE = 4, /* places of an address that others cannot take */
    /* places of an address for those without a device are a quarter of all, within these */
    IDLE_MIN = 4,
    IDLE_MAX = 4096,
    PEER_MAX = 64,
};

/* How many without a device one peer has at an address. */
struct peer {
    struct peer *next;
    size_t idle;
    size_t places;
    char name[PEER_MAX];
};

struct crowd_place {
    struct crowd_address *address;
    struct crowd_place *before, *after; /* in order of arrival */
    struct peer *peer;
    bool working;
    crowd_evict *evict;
    void *ctx;
};

struct crowd_address {
    struct crowd *crowd;
    struct crowd_address *next;
    struct crowd_place *oldest, *newest;
    struct peer *peers;
    size_t count;
    size_t idle;
};

struct crowd {
    size_t most;
    size_t count;
    size_t addresses_count;
    struct crowd_address *addresses;
    void (*peopled)(bool anybody);
};

struct crowd *crowd_new(size_t most)
{
    struct crowd *c = calloc(1, sizeof *c);

    if (c)
        c->most = most;
    return c;
}

void crowd_watch(struct crowd *c, void (*peopled)(bool anybody))
{
    c->peopled = peopled;
}

void crowd_free(struct crowd *c)
{
    free(c);
}

struct crowd_address *crowd_address_new(struct crowd *c)
{
    struct crowd_address *a = calloc(1, sizeof *a);

    if (!a)
        return NULL;
    a->crowd = c;
    a->next = c->addresses;
    c->addresses = a;
    c->addresses_count++;
    return a;
}

void crowd_address_free(struct crowd_address *a)
{
    if (!a)
        return;
    struct crowd_address **at = &a->crowd->addresses;
    while (*at != a)
        at = &(*at)->next;
    *at = a->next;
    a->crowd->addresses_count--;
    free(a);
}

/* --- peers ------------------------------------------------------------------------------------ */

static struct peer *find_peer(struct crowd_address *a, const char *peer)
{
    struct peer *p = a->peers;

    while (p && strcmp(p->name, peer) != 0)
        p = p->next;
    if (p)
        return p;
    p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    snprintf(p->name, sizeof p->name, "%s", peer);
    p->next = a->peers;
    a->peers = p;
    return p;
}

static void forget_peer(struct crowd_address *a, struct peer *gone)
{
    struct peer **at = &a->peers;

    while (*at != gone)
        at = &(*at)->next;
    *at = gone->next;
    free(gone);
}

/* --- places ----------------------------------------------------------------------------------- */

/* Places that `a` may have: all but what the others have, or keep for themselves. */
static size_t places_for(const struct crowd_address *a)
{
    const struct crowd *c = a->crowd;
    const size_t half = c->most / 2 / c->addresses_count;
    const size_t share = half < SHARE ? half : SHARE;
    size_t others = 0;

    for (const struct crowd_address *o = c->addresses; o; o = o->next)
        if (o != a)
            others += o->count > share ? o->count : share;
    return c->most > others ? c->most - others : 0;
}

static size_t idle_most(const struct crowd *c)
{
    const size_t quarter = c->most / 4;

    return quarter < IDLE_MIN ? IDLE_MIN : quarter > IDLE_MAX ? IDLE_MAX : quarter;
}

/* Ends the oldest connection without a device of the peer that has most of them. Returns false when
 * there is none. */
static bool evict_one(struct crowd_address *a)
{
    const struct peer *most = a->peers;

    for (const struct peer *p = a->peers; p; p = p->next)
        if (p->idle > most->idle)
            most = p;
    for (struct crowd_place *p = a->oldest; p; p = p->after) {
        if (p->peer == most && !p->working) {
            p->evict(p->ctx, "it makes room: there are too many connections");
            return true;
        }
    }
    return false;
}

/* Whether there is room for one more, once others have made it. */
static bool make_room(struct crowd_address *a)
{
    if (a->idle >= idle_most(a->crowd))
        evict_one(a);
    while (a->count >= places_for(a))
        if (!evict_one(a))
            return false;
    return true;
}

static void count_idle(struct crowd_place *p, bool more)
{
    p->address->idle += more ? 1 : (size_t)-1;
    p->peer->idle += more ? 1 : (size_t)-1;
}

struct crowd_place *crowd_enter(struct crowd_address *a, const char *peer, crowd_evict *evict,
                                void *ctx)
{
    if (!make_room(a))
        return NULL;
    struct crowd_place *p = calloc(1, sizeof *p);
    struct peer *who = p ? find_peer(a, peer) : NULL;
    if (!who) {
        free(p);
        return NULL;
    }
    *p = (struct crowd_place){
        .address = a, .before = a->newest, .peer = who, .evict = evict, .ctx = ctx};
    if (a->newest)
        a->newest->after = p;
    else
        a->oldest = p;
    a->newest = p;
    a->count++;
    who->places++;
    count_idle(p, true);
    if (a->crowd->count++ == 0 && a->crowd->peopled)
        a->crowd->peopled(true);
    return p;
}

void crowd_set_owner(struct crowd_place *p, crowd_evict *evict, void *ctx)
{
    if (!p)
        return;
    p->evict = evict;
    p->ctx = ctx;
}

void crowd_set_working(struct crowd_place *p, bool working)
{
    if (!p)
        return;
    if (p->working != working)
        count_idle(p, !working);
    p->working = working;
}

void crowd_leave(struct crowd_place *p)
{
    if (!p)
        return;
    struct crowd_address *a = p->address;
    if (!p->working)
        count_idle(p, false);
    if (p->before)
        p->before->after = p->after;
    else
        a->oldest = p->after;
    if (p->after)
        p->after->before = p->before;
    else
        a->newest = p->before;
    a->count--;
    if (--a->crowd->count == 0 && a->crowd->peopled)
        a->crowd->peopled(false);
    if (--p->peer->places == 0)
        forget_peer(a, p->peer);
    free(p);
}
