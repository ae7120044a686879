/*
 * The place of a file, seen by a service: it begins in System32, as LocalService, with no drives
 * but the machine's own.
 */
#ifndef WIN32_SERVICE_PATH_H
#define WIN32_SERVICE_PATH_H

#include <stddef.h>

/* Why LocalService cannot be expected to read the file, as a part of a sentence; NULL if it can. */
const char *service_path_fault(const char *path);

#endif
