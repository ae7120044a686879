#include "far_trouble.h"

#include <stdio.h>
#include <string.h>

#include "far_port.h"
#include "log.h"
#include "log_peer.h"

enum { TEXT_MAX = FAR_TROUBLE_MAX - 64 };

void far_trouble_tell(struct far_trouble *t, const char *why)
{
    if (strcmp(t->text, why) == 0) {
        log_debug("%s: %s: still: %s", t->name, t->server, why);
        return;
    }
    log_info("%s: %s: %s; trying again", t->name, t->server, why);
    snprintf(t->text, sizeof t->text, "%s", why);
}

/* What a server said in plain text before it went, made fit for the log. */
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
        log_peer_info(t->name, "%s: %s: waits for the device%s%s", t->name, t->server,
                      text[0] ? ": " : "", text);
    else if (far->state == SERIAL_EXT_YOURS && t->text[0])
        log_peer_info(t->name, "%s: %s: the device is there", t->name, t->server);
    else if (far->state != SERIAL_EXT_YOURS)
        log_peer_info(t->name, "%s: %s: %s", t->name, t->server, text);
    snprintf(t->text, sizeof t->text, "%s%s",
             far->state == SERIAL_EXT_AWAY ? "waits for the device: " : "",
             far->state == SERIAL_EXT_YOURS ? "" : text);
}
