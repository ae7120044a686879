#include "asked.h"

#include "proto/line.h"

static const struct asked_entry *entry_at(const struct asked_list *l, unsigned i)
{
    return &l->entries[(l->first + i) % ASKED_MAX];
}

static uint32_t value_at(const struct asked_list *l, unsigned i)
{
    return entry_at(l, i)->value;
}

static void forget(struct asked_list *l, unsigned count)
{
    l->first = (l->first + count) % ASKED_MAX;
    l->count -= count;
}

static void add(struct asked *a, enum asked_about about, uint32_t value)
{
    struct asked_list *l = &a->lists[about];

    if (l->count == ASKED_MAX) {
        forget(l, 1);
        l->older++;
    }
    l->entries[(l->first + l->count++) % ASKED_MAX] = (struct asked_entry){value, a->last};
}

static void note_control(struct asked *a, uint32_t value)
{
    bool inbound;
    int flow = rfc2217_flow_of_code(value, &inbound);

    switch (value) {
    case RFC2217_CONTROL_FLOW_QUERY:
        add(a, ASKED_FLOW_OUT, ASKED_QUESTION);
        break;
    case RFC2217_CONTROL_IN_QUERY:
        add(a, ASKED_FLOW_IN, ASKED_QUESTION);
        break;
    case RFC2217_CONTROL_DTR_QUERY:
        add(a, ASKED_DTR, ASKED_QUESTION);
        break;
    case RFC2217_CONTROL_DTR_ON:
    case RFC2217_CONTROL_DTR_OFF:
        add(a, ASKED_DTR, value == RFC2217_CONTROL_DTR_ON);
        break;
    case RFC2217_CONTROL_RTS_QUERY:
        add(a, ASKED_RTS, ASKED_QUESTION);
        break;
    case RFC2217_CONTROL_RTS_ON:
    case RFC2217_CONTROL_RTS_OFF:
        add(a, ASKED_RTS, value == RFC2217_CONTROL_RTS_ON);
        break;
    case RFC2217_CONTROL_RESET:
        add(a, ASKED_RESET, value);
        break;
    default:
        if (flow >= 0)
            add(a, inbound ? ASKED_FLOW_IN : ASKED_FLOW_OUT, (uint32_t)flow);
        break;
    }
}

void asked_note(struct asked *a, const struct rfc2217_message *m)
{
    const uint32_t value = m->value ? m->value : ASKED_QUESTION;

    a->last++;
    switch (m->command) {
    case RFC2217_SET_BAUDRATE:
        add(a, ASKED_BAUD, value);
        break;
    case RFC2217_SET_DATASIZE:
        add(a, ASKED_SIZE, value);
        break;
    case RFC2217_SET_PARITY:
        add(a, ASKED_PARITY, value);
        break;
    case RFC2217_SET_STOPSIZE:
        add(a, ASKED_STOP, value);
        break;
    case RFC2217_SET_CONTROL:
        note_control(a, m->value);
        break;
    case RFC2217_SET_LINES: /* answered like the two commands that it replaces */
        if (m->mask & LINE_DTR)
            add(a, ASKED_DTR, (m->lines & LINE_DTR) != 0);
        if (m->mask & LINE_RTS)
            add(a, ASKED_RTS, (m->lines & LINE_RTS) != 0);
        break;
    case RFC2217_PURGE_DATA:
        add(a, ASKED_PURGE, m->value);
        break;
    default:
        break;
    }
}

bool asked_fits(enum asked_about about, uint32_t wish, uint32_t value)
{
    if (wish == ASKED_QUESTION)
        return false;
    return about == ASKED_BAUD ? line_baud_near(wish, value) : wish == value;
}

/* Forgets what was asked before message `number`. */
static void forget_before(struct asked *a, uint32_t number)
{
    for (unsigned about = 0; about < ASKED_ABOUT; about++) {
        struct asked_list *l = &a->lists[about];

        while (l->count > 0 && (int32_t)(entry_at(l, 0)->number - number) < 0) {
            l->older = 0;
            forget(l, 1);
        }
    }
}

enum asked_verdict asked_answered(struct asked *a, enum asked_about about, uint32_t value,
                                  bool strict, uint32_t *wish)
{
    struct asked_list *l = &a->lists[about];

    if (l->older > 0) { /* what it wished is not known any more */
        l->older--;
        *wish = value;
        return ASKED_DONE;
    }
    if (l->count == 0)
        return ASKED_NOT;
    if (strict)
        forget_before(a, entry_at(l, 0)->number);
    *wish = value_at(l, 0);
    if (*wish == ASKED_QUESTION) {
        forget(l, 1);
        return ASKED_HOW;
    }
    const unsigned candidates = strict ? 1 : l->count;
    for (unsigned i = 0; i < candidates; i++) {
        if (asked_fits(about, value_at(l, i), value)) {
            forget(l, i + 1);
            return ASKED_DONE;
        }
    }
    forget(l, 1);
    return ASKED_NOT_DONE;
}

bool asked_has_wish(const struct asked *a, enum asked_about about)
{
    const struct asked_list *l = &a->lists[about];

    for (unsigned i = 0; i < l->count; i++)
        if (value_at(l, i) != ASKED_QUESTION)
            return true;
    return false;
}
