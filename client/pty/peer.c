#include "peer.h"

#include <string.h>

#include <event2/util.h>

static const struct peer peers[] = {
    {.signature = "com2net", .purge_is_exact = true, .drain_is_told = true, .is_ours = true},
    /* 4.3 answers masks with notifications, inbound flow control with "none" and a break's end with
     * "on". From 4.6.0 purges went unanswered for a while (gensio#: "Ack RFC2217 purge") */
    {.signature = "ser2net", .control_answers_lie = true, .mask_answers_are_notices = true},
    {.signature = "gensio", .control_answers_lie = true, .mask_answers_are_notices = true},
    /* both answer DTR and RTS with the value of the flow control */
    {.signature = "sredird", .control_answers_lie = true},
    {.signature = "sercd", .control_answers_lie = true},
};

static const struct peer stranger = {.signature = ""};

static const struct {
    const char *signature;
    const char *why;
} refusals[] = {
    {"busy", "the port is in use by another client"},
    {"absent", "the device is not plugged in"},
    {"failed", "the server cannot open the device; its log says why"},
};

const struct peer *peer_of_signature(const uint8_t *text, size_t len)
{
    for (size_t i = 0; i < sizeof peers / sizeof *peers; i++) {
        size_t n = strlen(peers[i].signature);

        if (len >= n && evutil_ascii_strncasecmp((const char *)text, peers[i].signature, n) == 0)
            return &peers[i];
    }
    return &stranger;
}

const char *peer_refusal(const uint8_t *text, size_t len)
{
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if (strlen(refusals[i].signature) == len && memcmp(text, refusals[i].signature, len) == 0)
            return refusals[i].why;
    return NULL;
}
