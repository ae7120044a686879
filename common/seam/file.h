/*
 * Files, as far as C alone does not open, write and measure them alike on all systems. Paths are
 * UTF-8. Implemented in posix/file.c and win32/file.c.
 */
#ifndef COMMON_SEAM_FILE_H
#define COMMON_SEAM_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Opens a file to append text to it, not inherited by other programs. NULL with errno. */
FILE *file_open_append(const char *path);

/* Creates a file, or empties the one that is there, for its owner alone, whatever the umask is; not
 * inherited by other programs. NULL with errno. */
FILE *file_open_private(const char *path);

/* Writes a line of text at once. Returns 0 or -errno, as of a full disk: nothing of it is kept to
 * be written later, but a part may have been written. */
int file_write_text(FILE *file, const char *text);

/* Whether it is a terminal. */
bool file_is_terminal(FILE *file);

/* Moves to a place, in bytes, in a file of any size. Returns 0 or -errno. */
int file_seek(FILE *file, uint64_t offset);

/* A file's size in bytes, or -errno: a folder, a pipe or a terminal has none. */
int64_t file_size(FILE *file);

#endif
