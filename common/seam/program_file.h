/* The file of this program. Implemented in posix/linux/program_file.c. */
#ifndef COMMON_SEAM_PROGRAM_FILE_H
#define COMMON_SEAM_PROGRAM_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* Writes its path, links resolved. Returns 0, or -errno: the system does not tell. */
int program_file_find(char *path, size_t size);

/* Whether a program runs without any library and loader, a static one. */
bool program_file_is_static(const char *path);

#endif
