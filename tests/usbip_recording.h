/*
 * A recorded session of USB/IP (tests/vectors/usbip) in memory: its messages in the order of their
 * times, of all its connections.
 */
#ifndef TESTS_USBIP_RECORDING_H
#define TESTS_USBIP_RECORDING_H

#include <stddef.h>
#include <stdint.h>

enum recording_kind {
    RECORDING_REQUEST,    /* client to server */
    RECORDING_REPLY,      /* server to client */
    RECORDING_CLIENT_END, /* of its side of the connection */
    RECORDING_SERVER_END,
};

struct recording_event {
    enum recording_kind kind;
    int connection; /* from 1 on */
    const uint8_t *data;
    size_t len;
};

struct recording {
    struct recording_event *events;
    size_t count;
    int connections;
    uint8_t *bytes; /* of all events */
};

/* Reads a file; ends the program where it is none. */
void recording_read(struct recording *r, const char *path);
void recording_free(struct recording *r);

#endif
