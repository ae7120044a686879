/*
 * A program's loader, and the libraries that it finds, by the rules of ld.so(8): glibc's, musl's,
 * or one of another place, such as Nix's.
 */
#ifndef CLIENT_USB_USB_LOADER_H
#define CLIENT_USB_USB_LOADER_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf;

enum { USB_LOADER_LIBRARIES_MAX = 16, USB_LOADER_NAME_MAX = 64 };

struct usb_loader {
    uint8_t class, order; /* what it takes, as struct elf has it; 0: unknown */
    uint16_t machine;
    bool is_musl;        /* the C library is musl */
    char path[PATH_MAX]; /* "" where there is none */
    bool is_of_system;   /* not one in another place, with folders of its own */
};

/* A library of USB that a program loads, and through which other; "" if by itself. */
struct usb_library {
    char name[USB_LOADER_NAME_MAX], by[USB_LOADER_NAME_MAX];
};

/* Lists the libraries of USB that the program `binary` loads, as `e` says. Returns how many.
 * `*may_load`: it, or a library of it, calls dlopen, or nobody knows. */
size_t usb_loader_read(const struct usb_loader *l, const char *binary, const struct elf *e,
                       struct usb_library list[static USB_LOADER_LIBRARIES_MAX], bool *may_load);

/* Whether such a program, or a library that it loads, calls a function of libusb-1.0 that neither
 * our library, in `folder`, nor another one of those has. Puts the first one's name into
 * `function`, and who calls it into `by`. */
bool usb_loader_lacks(const struct usb_loader *l, const char *binary, const struct elf *e,
                      const char *folder, char function[static USB_LOADER_NAME_MAX],
                      char by[static USB_LOADER_NAME_MAX]);

/* Whether it would find a library, and all that this one needs. `front` are folders that it is
 * given in front of its own, as LD_LIBRARY_PATH has them. Symbols are not looked at. */
bool usb_loader_finds(const struct usb_loader *l, const char *front, const char *name);

#endif
