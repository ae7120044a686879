/*
 * A port for programs that exists in memory only: the third implementation of common/seam/vport.h,
 * and of common/seam/local_socket.h.
 */
#ifndef TESTS_FAKES_FAKE_VPORT_H
#define TESTS_FAKES_FAKE_VPORT_H

#include <event2/util.h>

#include "journal.h"
#include "vport.h"

struct fake_vport {
    const struct vport_callbacks *callbacks;
    void *ctx;
    struct journal journal; /* "read 61 62" (what programs got), "set 9600 8N1", "hung up" */
    bool exists;
    bool open;
    bool reading;
    bool hupcl;
    bool opens;           /* a program has opened it, which is not told yet */
    bool sets;            /* likewise has made settings: those in `line` */
    size_t room;          /* bytes it takes before it is full */
    size_t untaken;       /* bytes that wait to be read, while it is not */
    void (*taking)(void); /* what programs have done shows when it is taken; or NULL */
    struct line_settings line;
    void (*asked)(void *ctx, evutil_socket_t fd); /* of the socket beside the link */
    void *asked_ctx;
};

extern struct fake_vport fake_vport;

/* Closed, endless room, HUPCL set, an empty journal. */
void fake_vport_reset(void);

/* Programs do something. Writing needs `reading`, as a real port would make them wait. */
void fake_vport_open(void);
void fake_vport_close(void);
void fake_vport_write(const char *text);
void fake_vport_set(const char *format, uint32_t baud);
void fake_vport_flush(bool rx, bool tx);
void fake_vport_make_room(size_t room);

/* Connects to the socket beside the link. */
evutil_socket_t fake_vport_ask(void);

#endif
