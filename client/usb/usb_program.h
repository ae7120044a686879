/*
 * A COMMAND before it runs: which file it is, and whether a library can be put into it. Follows
 * scripts to their interpreters, and libraries to those that they need, by the rules of ld.so(8).
 */
#ifndef CLIENT_USB_USB_PROGRAM_H
#define CLIENT_USB_USB_PROGRAM_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { USB_PROGRAM_LIBRARIES_MAX = 16, USB_PROGRAM_NAME_MAX = 64 };

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
    bool is_musl; /* its C library is musl */
    /* what its loader takes, as struct elf has it; 0: unknown */
    uint8_t class, order;
    uint16_t machine;
    char loader[PATH_MAX];  /* "" where there is none */
    bool has_system_loader; /* not one in another place, such as Nix's, with folders of its own */
    enum usb_program_trouble trouble;
    /* of one that loads no libusb when it starts */
    bool uses_usbfs; /* it names /dev/bus/usb itself */
    bool has_libusb; /* it seems to have libusb within it */
    bool
        may_load; /* it, or a library of it, calls dlopen: it may load one later, or nobody knows */
    /* libraries of USB that it loads, and by way of which other; "" if by itself */
    struct {
        char name[USB_PROGRAM_NAME_MAX], by[USB_PROGRAM_NAME_MAX];
    } libraries[USB_PROGRAM_LIBRARIES_MAX];
    size_t library_count;
};

/* Finds a program as execvp would. Returns 0, -ENOENT or -EACCES. */
int usb_program_find(const char *name, char path[static PATH_MAX]);

/* Looks into it; usb_program_find has found it. With `libraries` also into what it loads. */
void usb_program_read(const char *path, bool libraries, struct usb_program *p);

/* Whether it, read with its libraries, or what it loads, calls a function of libusb-1.0 that is
 * neither in our library, in `folder`, nor in another one of those. Puts the first one's name into
 * `function`, and who calls it into `by`. */
bool usb_program_lacks(const struct usb_program *p, const char *folder,
                       char function[static USB_PROGRAM_NAME_MAX],
                       char by[static USB_PROGRAM_NAME_MAX]);

/* Whether it loads a library of USB that has this name. */
bool usb_program_loads(const struct usb_program *p, const char *name);

/* Puts one into `p` that stands for any COMMAND: of glibc, and of our libraries' architecture. */
void usb_program_be_any(struct usb_program *p);

/* Whether its loader would find a library, and all that this one needs. `front` are folders that it
 * is given in front of its own, as LD_LIBRARY_PATH has them. Symbols are not looked at. */
bool usb_program_finds(const struct usb_program *p, const char *front, const char *name);

/* What is in the way of putting our libraries into it, as a sentence with what helps; NULL if
 * nothing is. */
const char *usb_program_objection(const struct usb_program *p);

/* The same of one that was read with its libraries: what seems to be in the way, as far as one can
 * see from its texts. */
const char *usb_program_doubt(const struct usb_program *p);

#endif
