/*
 * SetupAPI's facts about the devices of COM ports.
 */
#ifndef WIN32_SERIAL_DEVICE_H
#define WIN32_SERIAL_DEVICE_H

#include <stddef.h>

#include "serial_ports.h"

/* Fills in description, VID, PID, serial number and interface of ports whose `path` is their bare
 * name ("COM3"), as far as Windows knows them. The registry and the device tree are read; no port
 * is opened. From any thread. */
void serial_device_describe(struct serial_info *ports, size_t count);

#endif
