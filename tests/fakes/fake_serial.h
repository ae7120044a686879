/*
 * A serial port that exists in memory only: the third implementation of common/seam/serial_io.h,
 * serial_ports.h and serial_arrivals.h.
 * There is one; tests say how it behaves and read in its journal what was done to it.
 */
#ifndef TESTS_FAKES_FAKE_SERIAL_H
#define TESTS_FAKES_FAKE_SERIAL_H

#include "journal.h"
#include "serial_identity.h"
#include "serial_io.h"
#include "serial_ports.h"

struct fake_serial {
    struct serial base;
    struct journal
        journal; /* "write 61 62", "configure 9600 8N1", "outputs DTR", "break on", ... */
    bool open;
    bool reading;
    bool hupcl;            /* as opened */
    void (*opening)(void); /* optional: runs before it is opened, on the thread that does so */
    bool blocks;           /* it is a worker that calls the driver */
    void (*calling)(void); /* likewise, before a change by the driver */
    void (*asking)(void);  /* and before a question to it */
    bool held, stopped;
    bool watches_errors;
    char path[SERIAL_PATH_MAX]; /* that was to be opened last */
    int open_error;             /* negative errno: opening fails so */
    enum serial_match match;    /* what stands under its name now */
    int configure_error;        /* likewise configuring */
    size_t room;                /* bytes it takes before it is full */
    size_t untransmitted;       /* what it says */
    unsigned asked;             /* how often it was asked that */
    unsigned inputs;
    unsigned outputs;
    uint64_t outputs_us; /* when they changed last */
    struct line_settings line;
    struct line_settings found; /* when it was opened, put back when it is closed */
    void (*wrote)(const uint8_t *data, size_t len); /* optional: instead of the journal */
    void (*purged)(void);                           /* likewise, of what is to go out */
    const struct serial_info *ports;                /* that the system lists */
    size_t port_count;
    int list_error;             /* negative errno: it does not list them */
    void (*listing)(void);      /* optional: runs before it does so, on the thread that lists */
    unsigned listed, described; /* how often it has done so */
};

extern struct fake_serial fake_serial;

/* Closed, 9600 8N1, endless room, no inputs, an empty journal. */
void fake_serial_reset(void);

/* The device does something. Data is handed over only while the port is read. */
void fake_serial_send(const char *text);
void fake_serial_set_inputs(unsigned inputs, unsigned edges);
void fake_serial_report_errors(unsigned state);
void fake_serial_make_room(size_t room);
void fake_serial_unplug(void);

/* The system tells that a port has come. */
void fake_serial_arrive(void);

#endif
