/*
 * A program as others have them, for net2usb_own_libusb.py: says how many devices there are, and
 * the first one's product. It is linked to libusb-1.0, or loads the one that its first argument
 * names (BY_DLOPEN), or calls a function that only a newer libusb has (NEWER).
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include <libusb.h>

#ifdef BY_DLOPEN
static void *library;

static void *find(const char *name)
{
    void *found = dlsym(library, name);

    if (!found) {
        puts(dlerror());
        exit(2);
    }
    return found;
}
#define CALL(name) ((__typeof__(&(name)))find(#name))
#else
#define CALL(name) name
#endif

#ifdef NEWER
int libusb_of_tomorrow(libusb_context *context);
#endif

int main(int argc, char **argv)
{
    libusb_context *context = NULL;
    libusb_device **list;
    libusb_device_handle *handle;
    struct libusb_device_descriptor descriptor;
    unsigned char text[64] = "";

    (void)argc;
    (void)argv;
#ifdef BY_DLOPEN
    library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        puts(dlerror());
        return 2;
    }
#endif
#ifdef NEWER
    if (argc > 5)
        return libusb_of_tomorrow(context);
#endif
    int r = CALL(libusb_init)(&context);
    if (r < 0)
        return 3;
    long n = (long)CALL(libusb_get_device_list)(context, &list);
    printf("devices %ld", n);
    if (n > 0 && CALL(libusb_get_device_descriptor)(list[0], &descriptor) == 0 &&
        CALL(libusb_open)(list[0], &handle) == 0) {
        r = CALL(libusb_get_string_descriptor_ascii)(handle, descriptor.iProduct, text,
                                                     sizeof text);
        printf(" %s", r > 0 ? (char *)text : "no text");
        CALL(libusb_close)(handle);
    }
    puts("");
    CALL(libusb_free_device_list)(list, 1);
    CALL(libusb_exit)(context);
    return 0;
}
