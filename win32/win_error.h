/*
 * Windows's error numbers as the errno that the rest of com2net speaks, and in Windows's words.
 */
#ifndef WIN32_WIN_ERROR_H
#define WIN32_WIN_ERROR_H

enum { WIN_ERROR_TEXT_MAX = 256 };

/* The errno, positive, of a number of GetLastError or WSAGetLastError; EIO for a number that has
 * none. */
int win_error_errno(unsigned long code);

/* Windows's text for the number, as UTF-8 in one line without its full stop, and the number. */
void win_error_text(unsigned long code, char text[static WIN_ERROR_TEXT_MAX]);

#endif
