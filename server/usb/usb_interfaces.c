#include "usb_interfaces.h"

#include <string.h>

#include <libusb.h>

#include "usb_device.h"

/* How many there are. */
static int count_of(const struct usb_interfaces *i)
{
    return i->config ? i->config->bNumInterfaces : 0;
}

static int number_of(const struct usb_interfaces *i, int place)
{
    return i->config->interface[place].altsetting->bInterfaceNumber;
}

void usb_interfaces_read(struct usb_interfaces *i)
{
    struct usbip_device *r = &i->device->record;

    libusb_free_config_descriptor(i->config);
    i->config = NULL;
    i->touched = false;
    memset(i->alternate, 0, sizeof i->alternate);
    if (libusb_get_active_config_descriptor(i->real, &i->config) < 0)
        i->config = NULL;
    r->configuration = i->config ? i->config->bConfigurationValue : 0;
    r->interfaces = 0;
    for (int k = 0; k < count_of(i); k++) {
        const struct libusb_interface *interface = &i->config->interface[k];

        if (interface->num_altsetting < 1 || r->interfaces == USB_DEVICE_INTERFACES_MAX)
            continue;
        const struct libusb_interface_descriptor *d = interface->altsetting;
        i->device->interfaces[r->interfaces++] = (struct usbip_interface){
            d->bInterfaceClass, d->bInterfaceSubClass, d->bInterfaceProtocol};
    }
}

void usb_interfaces_free(struct usb_interfaces *i)
{
    libusb_free_config_descriptor(i->config);
    i->config = NULL;
}

const struct libusb_endpoint_descriptor *usb_interfaces_endpoint(const struct usb_interfaces *i,
                                                                 uint8_t address, bool *foreign)
{
    for (int k = 0; k < count_of(i); k++) {
        const struct libusb_interface *interface = &i->config->interface[k];

        for (int j = 0; j < interface->num_altsetting; j++) {
            const struct libusb_interface_descriptor *d = &interface->altsetting[j];

            if (d->bAlternateSetting != i->alternate[d->bInterfaceNumber])
                continue;
            for (int n = 0; n < d->bNumEndpoints; n++)
                if (d->endpoint[n].bEndpointAddress == address) {
                    *foreign = i->foreign[d->bInterfaceNumber];
                    return &d->endpoint[n];
                }
        }
    }
    return NULL;
}

/* --- taking and giving back ------------------------------------------------------------------- */

/* Returns those that were claimed first, up to `count`. They return to their drivers, if these are
 * wanted back. That is no sooner than all are free, as a driver may want several (cdc_acm does). */
static void release(struct usb_interfaces *i, int count, bool drivers)
{
    libusb_set_auto_detach_kernel_driver(i->handle, 0);
    for (int k = 0; k < count; k++)
        if (!i->foreign[number_of(i, k)])
            libusb_release_interface(i->handle, number_of(i, k));
    for (int k = 0; k < count && drivers; k++)
        if (!i->foreign[number_of(i, k)])
            libusb_attach_kernel_driver(i->handle, number_of(i, k));
    libusb_set_auto_detach_kernel_driver(i->handle, 1);
}

int usb_interfaces_claim(struct usb_interfaces *i, int *interface)
{
    int claimed = 0, why_not = 0;

    memset(i->foreign, 0, sizeof i->foreign);
    for (int k = 0; k < count_of(i); k++) {
        const int number = number_of(i, k);
        const int r = libusb_claim_interface(i->handle, number);

        if (r < 0)
            *interface = number;
        if (r == LIBUSB_ERROR_NOT_SUPPORTED || r == LIBUSB_ERROR_NOT_FOUND) {
            i->foreign[number] = true;
            why_not = r;
        } else if (r < 0) {
            release(i, k, true);
            return r;
        } else {
            claimed++;
        }
    }
    return claimed > 0 ? 0 : why_not;
}

int usb_interfaces_next_foreign(const struct usb_interfaces *i, int from)
{
    while (from < 256 && !i->foreign[from])
        from++;
    return from < 256 ? from : -1;
}

void usb_interfaces_release(struct usb_interfaces *i)
{
    if (i->config)
        release(i, count_of(i), true);
}

/* --- settings --------------------------------------------------------------------------------- */

int usb_interfaces_set_defaults(struct usb_interfaces *i)
{
    int first = 0;

    for (int k = 0; k < count_of(i); k++) {
        const int number = number_of(i, k);

        if (i->alternate[number] == 0)
            continue;
        i->alternate[number] = 0;
        int r = libusb_set_interface_alt_setting(i->handle, number, 0);
        first = first < 0 ? first : r;
    }
    return first;
}

int usb_interfaces_configure(struct usb_interfaces *i, uint8_t value, bool is_idle)
{
    int interface;

    if (!i->config) { /* one that was plugged in just now: its system may have come first */
        usb_interfaces_read(i);
        int r = usb_interfaces_claim(i, &interface);
        if (r < 0)
            return r;
    }
    const bool in_force = i->config && i->config->bConfigurationValue == value;
    if (in_force && (!i->touched || !is_idle))
        return usb_interfaces_set_defaults(i);
    if (i->config) /* the kernel refuses while an interface has a driver */
        release(i, count_of(i), false);
    int r = libusb_set_configuration(i->handle, value == 0 ? -1 : value);
    usb_interfaces_read(i);
    int claimed = usb_interfaces_claim(i, &interface);
    return r < 0 ? r : claimed;
}

int usb_interfaces_set_alternate(struct usb_interfaces *i, uint8_t interface, uint8_t alternate)
{
    int r = libusb_set_interface_alt_setting(i->handle, interface, alternate);

    if (r == 0)
        i->alternate[interface] = alternate;
    return r;
}
