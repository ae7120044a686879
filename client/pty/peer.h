/*
 * The facts about other RFC 2217 servers, by the SIGNATURE they send.
 */
#ifndef CLIENT_PTY_PEER_H
#define CLIENT_PTY_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct peer {
    const char *signature; /* how it begins, letters of any case */
    /* PURGE-DATA is always acknowledged, in order with the data: until then what comes is older
     * than the purge, and can be dropped. */
    bool purge_is_exact;
    /* It is com2net, which knows SET-LINES and the reset of SET-CONTROL. */
    bool is_ours;
    /* A setting is answered when the bytes before it are on the wire. */
    bool drain_is_told;
    /* A mask is answered with a notification of its value. */
    bool mask_answers_are_notices;
    /* An answer to SET-CONTROL does not tell what is in force. */
    bool control_answers_lie;
};

/* Finds the server with this signature; never NULL: strangers are taken to keep to the RFC. */
const struct peer *peer_of_signature(const uint8_t *text, size_t len);

/* Whether the text is one with which com2net sends a client away, and why. NULL if not. */
const char *peer_refusal(const uint8_t *text, size_t len);

#endif
