/*
 * Error numbers in words. Implemented in posix/error_text.c and win32/error_text.c.
 */
#ifndef COMMON_SEAM_ERROR_TEXT_H
#define COMMON_SEAM_ERROR_TEXT_H

/* Says an errno, positive, in words. The text is valid until the next call on any thread. */
const char *error_text(int error);

#endif
