/*
 * The news of a device for its client: bytes, modem lines, line errors, an empty transmitter. News
 * that a client could not get in time are kept: the client is slow or has asked for a pause.
 */
#ifndef SERVER_SERIAL_NEWS_H
#define SERVER_SERIAL_NEWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/buf.h"
#include "timer.h"

struct client;

struct news {
    struct client *client;
    struct buf late;     /* bytes that it could not be sent, because others read on */
    size_t dropped;      /* those that there was no room for, until it is told */
    bool late_lines;     /* modem lines have moved that it was not told of */
    unsigned late_edges; /* which of them */
    struct timer empty;  /* looks whether the transmitter is */
};

void news_make(struct news *n, struct client *client);

/* Says in the log what was left out, and stops. */
void news_stop(struct news *n);

/* Frees what it has; not itself. */
void news_free(struct news *n);

/* Whether the device's bytes can be sent at once. Some of those that cannot are kept; later ones
 * are lost, and the loss is reported. */
bool news_wants_data(const struct news *n);

/* Whether it has asked for line errors. */
bool news_wants_errors(const struct news *n);

/* The events of the device. `edges` as in serial.h. All may end the session. */
void news_data(struct news *n, const uint8_t *data, size_t len);
void news_lines(struct news *n, unsigned inputs, unsigned edges);
void news_errors(struct news *n, unsigned state);

/* It can hear again: sends what is late. */
void news_send_late(struct news *n);

/* Bytes were written, or it asks for another set of news: looks when the transmitter is empty, if
 * it wants to know. */
void news_watch_transmitter(struct news *n);

#endif
