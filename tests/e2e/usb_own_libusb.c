/*
 * A libusb that a program brings, for net2usb_own_libusb.py: as releases since 1.0.27 do it calls
 * itself by its public names, and knows only structures of its own. NEWER has one function more.
 */
#include <stdio.h>
#include <stdlib.h>

static struct own {
    int mark;
} own = {1};

int libusb_init_context(struct own **context, const void *options, int count);
int libusb_init(struct own **context);
long libusb_get_device_list(struct own *context, void ***list);
void libusb_free_device_list(void **list, int unref);
void libusb_exit(struct own *context);
int libusb_get_device_descriptor(void *device, void *descriptor);
int libusb_open(void *device, void **handle);
void libusb_close(void *handle);
int libusb_get_string_descriptor_ascii(void *handle, unsigned char index, unsigned char *data,
                                       int len);

#ifdef NEWER
int libusb_of_tomorrow(struct own *context);

int libusb_of_tomorrow(struct own *context)
{
    return context == &own;
}
#endif

int libusb_init_context(struct own **context, const void *options, int count)
{
    (void)options;
    (void)count;
    *context = &own;
    return 0;
}

int libusb_init(struct own **context)
{
    return libusb_init_context(context, NULL, 0);
}

long libusb_get_device_list(struct own *context, void ***list)
{
    if (context != &own) {
        puts("a context of another libusb");
        fflush(stdout);
        abort();
    }
    *list = NULL;
    return 0;
}

void libusb_free_device_list(void **list, int unref)
{
    (void)list;
    (void)unref;
}

void libusb_exit(struct own *context)
{
    (void)context;
}

int libusb_get_device_descriptor(void *device, void *descriptor)
{
    (void)device;
    (void)descriptor;
    return -1;
}

int libusb_open(void *device, void **handle)
{
    (void)device;
    (void)handle;
    return -1;
}

void libusb_close(void *handle)
{
    (void)handle;
}

int libusb_get_string_descriptor_ascii(void *handle, unsigned char index, unsigned char *data,
                                       int len)
{
    (void)handle;
    (void)index;
    (void)data;
    (void)len;
    return -1;
}
