#include "far_trouble.h"

#include <stdio.h>
#include <string.h>

#include "far_port.h"
#include "log.h"
#include "log_peer.h"

enum { TEXT_MAX = FAR_TROUBLE_MAX - 96 };

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

/* Servers of other protocols that speak first. */
static bool is_foreign(const char *text)
{
    static const char *const greetings[] = {"SSH-", "HTTP/", "220 ", "220-", "* OK", "+OK", "RFB "};

    for (size_t i = 0; i < sizeof greetings / sizeof *greetings; i++)
        if (strncmp(text, greetings[i], strlen(greetings[i])) == 0)
            return true;
    return false;
}

static void quote(const char *text, char said[static FAR_TROUBLE_MAX])
{
    snprintf(said, FAR_TROUBLE_MAX, "it says \"%s\"%s", text,
             is_foreign(text) ? ": is that the port of com2net?"
             : strstr(text, "USB/IP")
                 ? ": take net2usb for them, or com2net's port of a serial port"
                 : "");
}

void far_trouble_tell_end(struct far_trouble *t, const struct far_port *far,
                          const struct buf *early, const char *why)
{
    char text[TEXT_MAX], refusal[FAR_TROUBLE_MAX], said[FAR_TROUBLE_MAX];

    printable(early, text);
    if (far->refusal)
        snprintf(refusal, sizeof refusal, "%s%s%s", far->refusal, far->state_text[0] ? ": " : "",
                 far->state_text);
    quote(text, said);
    far_trouble_tell(t, far->refusal ? refusal : text[0] ? said : why);
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
