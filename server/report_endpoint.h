/*
 * The facts about one address, at one moment: part of report.h.
 */
#ifndef SERVER_REPORT_ENDPOINT_H
#define SERVER_REPORT_ENDPOINT_H

#include <stdbool.h>

#include "port_report.h"
#include "usb_report.h"

struct report_endpoint {
    const char *address;
    bool is_usb;
    struct port_report port;
    struct usb_report usb;
};

#endif
