/*
 * Theory of operation. There is one desk for all searches. It has a worker that lists the ports,
 * one list at a time. A search that begins while a list is being made gets the next one: the port
 * it is for may have come after this one had been there. The desk is there as long as there are
 * searches.
 */
#include "search.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "serial_arrivals.h"
#include "serial_list.h"
#include "timer.h"
#include "worker.h"

struct listing {
    int error;
    struct serial_info *list;
    size_t count;
};

static struct {
    struct event_base *base;
    struct search *first;
    struct serial_arrivals *arrivals; /* or NULL */
    struct worker *worker;            /* once there was something to do */
    bool listing;                     /* a list is being made */
    struct timer failure;             /* none can be made */
} desk;

/* --- results ---------------------------------------------------------------------------------- */

static void conclude(struct search *s, const struct listing *l)
{
    char path[SERIAL_PATH_MAX];

    s->state = SEARCH_OVER;
    s->told = false;
    s->error = l->error;
    if (l->error < 0) {
        snprintf(s->text, sizeof s->text, "cannot list the serial ports");
        return;
    }
    s->error = serial_choose(l->list, l->count, s->selector, s->interface, path, s->text);
    for (size_t i = 0; i < l->count && s->error == 0; i++)
        if (strcmp(l->list[i].path, path) == 0)
            s->info = l->list[i];
}

/* One that is over and has not been told so, or NULL. */
static struct search *untold(void)
{
    struct search *s = desk.first;

    while (s && (s->state != SEARCH_OVER || s->told))
        s = s->next;
    return s;
}

static void tell(const struct listing *l)
{
    for (struct search *s = desk.first; s; s = s->next)
        if (s->state == SEARCH_LISTED)
            conclude(s, l);
    for (struct search *s = untold(); s; s = untold()) { /* each may begin others, or free any */
        s->told = true;
        s->callbacks->over(s->ctx);
    }
}

/* --- lists ------------------------------------------------------------------------------------ */

static void make_list(void *job)
{
    struct listing *l = job;

    l->error = serial_list(&l->list, &l->count);
}

static void free_listing(void *job)
{
    struct listing *l = job;

    free(l->list);
    free(l);
}

static void list_if_wanted(void);

static void on_listed(void *ctx, void *job)
{
    (void)ctx;
    desk.listing = false;
    tell(job);
    free_listing(job);
    list_if_wanted();
}

static void on_failed(void *ctx)
{
    const struct listing none = {.error = -ENOMEM};

    (void)ctx;
    desk.listing = false;
    tell(&none);
    list_if_wanted();
}

static const struct worker_work listing_work = {
    .run = make_list,
    .done = on_listed,
    .drop = free_listing,
};

/* Returns false when the system refuses. */
static bool begin_list(void)
{
    struct listing *l = calloc(1, sizeof *l);

    if (!desk.worker)
        desk.worker = worker_new(desk.base, &listing_work, NULL);
    if (l && desk.worker && worker_start(desk.worker, l) == 0)
        return true;
    free(l);
    return false;
}

static void list_if_wanted(void)
{
    bool wanted = false;

    if (desk.listing)
        return;
    for (struct search *s = desk.first; s; s = s->next) {
        wanted = wanted || s->state == SEARCH_BEGUN;
        if (s->state == SEARCH_BEGUN)
            s->state = SEARCH_LISTED;
    }
    desk.listing = wanted;
    if (wanted && !begin_list())
        timer_in_ms(&desk.failure, 0);
}

static void on_arrived(void *ctx)
{
    (void)ctx;
    for (struct search *s = desk.first; s; s = s->next)
        s->callbacks->arrived(s->ctx);
}

/* --- searches --------------------------------------------------------------------------------- */

void search_init(struct search *s, struct event_base *base, const char *selector, int interface,
                 const struct search_callbacks *callbacks, void *ctx)
{
    *s = (struct search){
        .selector = selector, .interface = interface, .callbacks = callbacks, .ctx = ctx};
    if (!desk.first) {
        desk.base = base;
        timer_make(&desk.failure, base, on_failed, NULL);
        desk.arrivals = serial_arrivals_new(base, on_arrived, NULL);
    }
    s->next = desk.first;
    desk.first = s;
}

void search_begin(struct search *s)
{
    if (search_is_under_way(s))
        return;
    s->state = SEARCH_BEGUN;
    list_if_wanted();
}

bool search_is_under_way(const struct search *s)
{
    return s->state == SEARCH_BEGUN || s->state == SEARCH_LISTED;
}

void search_give_up(struct search *s)
{
    s->state = SEARCH_OVER;
    s->told = true;
    s->error = -ETIMEDOUT;
    snprintf(s->text, sizeof s->text,
             "%.200s: the system takes too long to list its ports; publish the port by its path",
             s->selector);
}

void search_stop(struct search *s)
{
    s->state = SEARCH_NONE;
}

void search_free(struct search *s)
{
    struct search **at = &desk.first;

    while (*at && *at != s)
        at = &(*at)->next;
    if (!*at)
        return;
    *at = s->next;
    if (desk.first)
        return;
    serial_arrivals_free(desk.arrivals);
    worker_free(desk.worker);
    timer_stop(&desk.failure);
    desk.arrivals = NULL;
    desk.worker = NULL;
    desk.listing = false;
}
