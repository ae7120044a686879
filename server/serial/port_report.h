/*
 * The facts about a published port, at one moment: plain data, which printers read.
 */
#ifndef SERVER_SERIAL_PORT_REPORT_H
#define SERVER_SERIAL_PORT_REPORT_H

#include <stddef.h>
#include <stdint.h>

#include "client_role.h"
#include "device.h"
#include "proto/line.h"
#include "serial_ports.h"

enum { PORT_REPORT_PEER_MAX = 80 };

/* One client. */
struct port_report_client {
    char peer[PORT_REPORT_PEER_MAX];
    enum client_role role;
    const char *speaks; /* "RFC 2217", "telnet", "raw", "undecided" */
    uint64_t for_s;     /* since it came */
    uint64_t received;  /* bytes of its connection from it, commands included */
    uint64_t sent;      /* bytes of the device to it */
    uint64_t left_out;  /* of the device, because it was too slow */
};

struct port_report {
    const char *name;           /* the port's */
    char path[SERIAL_PATH_MAX]; /* the device's, as the system knows it; "" if it is not found */
    enum device_state state;
    struct line_settings line;          /* in force */
    unsigned lines;                     /* LINE_INPUTS and LINE_OUTPUTS */
    uint64_t to_device;                 /* bytes that clients have sent, in all */
    uint64_t from_device;               /* bytes that it has sent, in all */
    size_t waiting;                     /* bytes that it has not got yet */
    uint64_t clients_served;            /* connections that were let in, in all */
    struct port_report_client *clients; /* those there are, allocated; NULL: none */
    size_t count;
};

#endif
