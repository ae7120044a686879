/*
 * The names of COM ports: COM3, as people know it, and \\.\COM3, as Windows opens it.
 */
#ifndef WIN32_COM_NAME_H
#define WIN32_COM_NAME_H

#include <stdbool.h>
#include <wchar.h>

/* A port's name as people know it: a part of `name`. */
const char *com_name_bare(const char *name);

/* The name that Windows opens, the caller's to free; NULL without memory. */
wchar_t *com_name_of_device(const char *name);

/* Whether Windows has such a bare name at all. */
bool com_name_is_known(const char *bare);

/* Whether a driver has entered a bare name as that of a serial port: CNCA0. */
bool com_name_is_listed(const char *bare);

/* Whether a bare name is that of a port without looking: COM3. */
bool com_name_is_com(const char *bare);

#endif
