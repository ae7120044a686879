/*
 * SetupAPI's facts about the device of a COM port.
 */
#ifndef WIN32_SERIAL_DEVICE_H
#define WIN32_SERIAL_DEVICE_H

#include "serial_ports.h"

/* Fills in description, VID, PID, serial number and interface of the port `name` ("COM3"), as far
 * as Windows knows them. */
void serial_device_describe(const char *name, struct serial_info *info);

#endif
