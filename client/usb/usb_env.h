/*
 * The environment in which programs take net2usb's libraries, and those know what to do. The
 * variables that begin with NET2USB_ are those of libusb/usbip_config.h.
 */
#ifndef CLIENT_USB_USB_ENV_H
#define CLIENT_USB_USB_ENV_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "net2usb.h"

enum { USB_ENV_MAX = 8, USB_ENV_VALUE_MAX = 4 * PATH_MAX };

struct usb_program;

struct usb_env {
    struct {
        const char *name;
        char value[USB_ENV_VALUE_MAX]; /* "": there is to be none */
        const char *joint; /* separates it from the value already there; NULL: replaced */
    } variables[USB_ENV_MAX];
    size_t count;
};

/* Finds the folder of the libraries: where NET2USB_LIBRARIES says, else beside the program, else
 * in its ../lib. Returns 0, or -ENOENT with the last place in `path`. */
int usb_env_folder(char path[static PATH_MAX]);

/* The message where they are not in `folder`: a sentence that names the remedy. */
const char *usb_env_absence(const char *folder);

/* Whether the folder has those for programs of musl, or of glibc. */
bool usb_env_has(const char *folder, bool musl);

/* Continues with the folder of those for a program's C library. Returns NULL, or the obstacle to
 * putting them into it, as a sentence with the remedy: then `path` is unchanged. */
const char *usb_env_suit_program(char path[static PATH_MAX], const struct usb_program *p);

/* Fills it in, for a server (HOST:PORT) and SELECTORs. Returns 0, or -E2BIG: they are too long. */
int usb_env_make(struct usb_env *e, const char *folder, const char *server, char **selectors,
                 int count, const struct net2usb_options *o);

/* The same without servers and LD_LIBRARY_PATH, for programs that see the folder of a C library's
 * libraries as `seen`. */
void usb_env_make_elsewhere(struct usb_env *e, const char *folder, const char *seen,
                            const struct net2usb_options *o);

/* Adds a folder, after that of the libraries. */
void usb_env_add_folder(struct usb_env *e, const char *folder);

/* Leaves out what is preloaded: a program of another architecture would only complain. */
void usb_env_spare_preload(struct usb_env *e);

/* Puts it into this process's environment. Returns 0 or -errno. */
int usb_env_apply(const struct usb_env *e);

#endif
