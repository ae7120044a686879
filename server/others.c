#include "others.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

enum { DEVICES_MAX = 256 }; /* of one: no com2net has so many ports, but who knows who tells */

/* Those without a pid by their users: qsort keeps no order. */
static int by_pid(const void *a, const void *b)
{
    const struct teller_answer *x = a, *y = b;
    const int pid = (x->pid > y->pid) - (x->pid < y->pid);

    return pid ? pid : strcmp(x->user, y->user);
}

/* Takes the devices off the start of what one has told. */
static void take_devices(struct others *o, const struct teller_answer *who, char **text)
{
    struct published p;

    for (unsigned i = 0; published_take(text, &p); i++) {
        struct others_device *more =
            i < DEVICES_MAX ? realloc(o->devices, (o->device_count + 1) * sizeof *more) : NULL;

        if (!more)
            continue;
        o->devices = more;
        o->devices[o->device_count++] = (struct others_device){who, p};
    }
}

void others_ask(struct others *o)
{
    *o = (struct others){.count = 0};
    o->count = teller_ask(o->answers);
    qsort(o->answers, o->count, sizeof *o->answers, by_pid);
    for (unsigned i = 0; i < o->count; i++) {
        struct teller_answer *a = &o->answers[i];
        char *text = a->text;

        if (text)
            take_devices(o, a, &text);
        o->reports[i] = text;
    }
}

void others_free(struct others *o)
{
    for (unsigned i = 0; i < o->count; i++)
        free(o->answers[i].text);
    free(o->devices);
}

const struct others_device *others_next(const struct others *o, const char *key,
                                        const struct others_device *before)
{
    for (size_t i = before ? (size_t)(before - o->devices) + 1 : 0; i < o->device_count; i++)
        if (published_is_same(o->devices[i].published.key, key))
            return &o->devices[i];
    return NULL;
}

void others_name(const struct teller_answer *who, char name[static OTHERS_NAME_MAX])
{
    const bool unknown = strcmp(who->user, "?") == 0;
    char pid[32] = "", user[TELLER_USER_MAX];

    if (who->pid)
        snprintf(pid, sizeof pid, " (pid %lu)", who->pid);
    else
        snprintf(pid, sizeof pid, " outside of this container");
    text_clean(user, sizeof user, who->user);
    snprintf(name, OTHERS_NAME_MAX, "com2net%s%s%s", pid,
             unknown   ? " of another user"
             : user[0] ? " of user "
                       : "",
             unknown ? "" : user);
}

/* --- for people ------------------------------------------------------------------------------- */

/* Line by line, as the program that tells may want to move a terminal's cursor. */
static void print_lines(char *text)
{
    for (char *next; *text; text = next) {
        next = text + strcspn(text, "\n");
        if (*next)
            *next++ = '\0';
        text_clean(text, strlen(text) + 1, text);
        printf("  %s\n", text);
    }
}

bool others_print(void)
{
    struct others o;
    char name[OTHERS_NAME_MAX];

    others_ask(&o);
    for (unsigned i = 0; i < o.count; i++) {
        others_name(&o.answers[i], name);
        printf("%s\n", name);
        if (o.answers[i].text)
            print_lines(o.reports[i]);
        else
            printf("  does not answer: it is stopped, or very busy\n");
    }
    if (o.count == TELLER_OTHERS_MAX)
        printf("There may be more: %d are asked at most.\n", TELLER_OTHERS_MAX);
    if (o.count == 0)
        fprintf(stderr, "No com2net runs on this machine. `com2net /dev/ttyUSB0 7000` publishes a "
                        "port; `com2net list` shows those that there are.\n");
    others_free(&o);
    return o.count > 0;
}
