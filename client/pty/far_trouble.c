#include "far_trouble.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "far_port.h"
#include "log.h"
#include "log_peer.h"
#include "text.h"

enum {
    TEXT_MAX = FAR_TROUBLE_MAX - 64,
    FIRST_AGAIN_MS = 30000,
    AGAIN_MS = 60000,
};

/* The same as before: tells it from time to time, with the time so far. */
static void tell_again(struct far_trouble *t, const char *why, uint64_t now_ms)
{
    char so_far[TEXT_DURATION_MAX];
    const bool first = t->told_ms == t->since_ms;

    if (now_ms - t->told_ms < (first ? FIRST_AGAIN_MS : AGAIN_MS))
        return;
    t->told_ms = now_ms;
    text_duration((now_ms - t->since_ms) / 1000, so_far);
    log_info("%s: %s: still waiting, for %s by now: %s", t->name, t->server, so_far, why);
}

void far_trouble_note(struct far_trouble *t, const char *why)
{
    t->told_ms = clock_now_ms();
    if (!t->text[0])
        t->since_ms = t->told_ms;
    snprintf(t->text, sizeof t->text, "%s", why);
}

void far_trouble_tell(struct far_trouble *t, const char *why)
{
    const uint64_t now_ms = clock_now_ms();

    if (strcmp(t->text, why) == 0) {
        tell_again(t, why, now_ms);
        return;
    }
    log_info("%s: %s: %s; trying again", t->name, t->server, why);
    far_trouble_note(t, why);
}

void far_trouble_words(const struct far_trouble *t, enum unreached_why why, const struct buf *early,
                       char text[static FAR_TROUBLE_MAX])
{
    char port[8];

    snprintf(port, sizeof port, "%u", t->address->port);
    unreached_text(&(struct unreached){.why = why,
                                       .host = t->address->host,
                                       .port = port,
                                       .said = buf_head(early),
                                       .said_len = early->len},
                   text);
}

/* The plain text of a server before it disconnected, made fit for the log. */
static void printable(const struct buf *early, char text[static TEXT_MAX])
{
    const uint8_t *bytes = buf_head(early);
    size_t n = 0;

    for (size_t i = 0; i < early->len && n < TEXT_MAX - 1; i++)
        if (bytes[i] >= ' ' && bytes[i] < 0x7f)
            text[n++] = (char)bytes[i];
    text[n] = '\0';
}

void far_trouble_tell_end(struct far_trouble *t, const struct far_port *far,
                          const struct buf *early, const char *why)
{
    char text[TEXT_MAX], refusal[FAR_TROUBLE_MAX];

    printable(early, text);
    if (far->refusal)
        snprintf(refusal, sizeof refusal, "%s%s%s", far->refusal, far->state_text[0] ? ": " : "",
                 far->state_text);
    far_trouble_tell(t, far->refusal ? refusal : text[0] ? text : why);
}

void far_trouble_tell_device(struct far_trouble *t, const struct far_port *far)
{
    const char *text = far->state_text;

    if (far->state == SERIAL_EXT_AWAY)
        log_peer_info(t->name, "%s: %s: the device is away%s%s; waiting for it", t->name, t->server,
                      text[0] ? ": " : "", text);
    else if (far->state == SERIAL_EXT_YOURS && t->text[0])
        log_peer_info(t->name, "%s: %s: the device is there", t->name, t->server);
    else if (far->state != SERIAL_EXT_YOURS)
        log_peer_info(t->name, "%s: %s: %s", t->name, t->server, text);
    const bool away = far->state == SERIAL_EXT_AWAY;
    snprintf(t->text, sizeof t->text, "%s%s%s", away ? "the device is away" : "",
             away && text[0] ? ": " : "", far->state == SERIAL_EXT_YOURS ? "" : text);
}
