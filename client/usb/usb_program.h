/*
 * A COMMAND before it runs: which file it is, and whether a library can be put into it. Follows
 * scripts to their interpreters; the libraries are usb_loader.h's.
 */
#ifndef CLIENT_USB_USB_PROGRAM_H
#define CLIENT_USB_USB_PROGRAM_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "usb_loader.h"

enum usb_program_trouble {
    USB_PROGRAM_FINE,
    USB_PROGRAM_STATIC,
    USB_PROGRAM_PRIVILEGED, /* set-user-ID or set-group-ID: the loader does not listen */
    USB_PROGRAM_CAPABLE,    /* its file has capabilities: no more does it then */
    USB_PROGRAM_FOREIGN,    /* another architecture than this program's */
    USB_PROGRAM_UNKNOWN,    /* no program that we can read */
};

struct usb_program {
    char path[PATH_MAX];   /* as found */
    char binary[PATH_MAX]; /* the program itself, or the interpreter of a script */
    bool is_script;
    struct usb_loader loader;
    enum usb_program_trouble trouble;
    /* of one that loads no libusb when it starts */
    bool uses_usbfs; /* it names /dev/bus/usb itself */
    bool has_libusb; /* it seems to have libusb within it */
    bool
        may_load; /* it, or a library of it, calls dlopen: it may load one later, or nobody knows */
    struct usb_library libraries[USB_LOADER_LIBRARIES_MAX];
    size_t library_count;
};

/* Finds a program as execvp would. Returns 0, -ENOENT or -EACCES. */
int usb_program_find(const char *name, char path[static PATH_MAX]);

/* Looks into it; usb_program_find has found it. With `libraries` also into what it loads. */
void usb_program_read(const char *path, bool libraries, struct usb_program *p);

/* As usb_loader_lacks, of one that was read with its libraries. */
bool usb_program_lacks(const struct usb_program *p, const char *folder,
                       char function[static USB_LOADER_NAME_MAX],
                       char by[static USB_LOADER_NAME_MAX]);

/* Whether it loads a library of USB that has this name. */
bool usb_program_loads(const struct usb_program *p, const char *name);

/* Puts one into `p` that represents any COMMAND: of glibc, and of our libraries' architecture. */
void usb_program_be_any(struct usb_program *p);

/* As usb_loader_finds, of its loader. */
bool usb_program_finds(const struct usb_program *p, const char *front, const char *name);

/* The obstacle to putting our libraries into it, as a sentence with the remedy; NULL if there is
 * none. */
const char *usb_program_objection(const struct usb_program *p);

/* The same for one that was read with its libraries: the likely obstacle, as far as its texts show
 * it. */
const char *usb_program_doubt(const struct usb_program *p);

#endif
