/* USB devices in sysfs. */
#include "usb_system.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char devices[] = "/sys/bus/usb/devices";

/* Returns 0, or -errno with an empty text. */
static int read_text(const char *busid, const char *name, char text[static USB_SYSTEM_TEXT_MAX])
{
    char path[PATH_MAX];

    text[0] = '\0';
    snprintf(path, sizeof path, "%s/%s/%s", devices, busid, name);
    FILE *file = fopen(path, "re");
    if (!file)
        return -errno;
    if (!fgets(text, USB_SYSTEM_TEXT_MAX, file))
        text[0] = '\0';
    fclose(file);
    text[strcspn(text, "\n")] = '\0';
    return 0;
}

void usb_system_texts(struct libusb_device *real, const char *busid, struct usb_system_texts *t)
{
    (void)real;
    read_text(busid, "manufacturer", t->manufacturer);
    read_text(busid, "product", t->product);
    read_text(busid, "serial", t->serial);
}

/* A container need not have it, and a kernel without USB has not. */
bool usb_system_is_there(void)
{
    return access("/dev/bus/usb", F_OK) == 0;
}

/* udevd's: libusb hears of devices from it, and nothing without. */
bool usb_system_tells(void)
{
    return access("/run/udev/control", F_OK) == 0;
}

bool usb_system_has(const char *busid, unsigned devnum)
{
    char text[USB_SYSTEM_TEXT_MAX];
    int r = read_text(busid, "devnum", text);

    if (r == -EMFILE || r == -ENFILE || r == -ENOMEM) /* which says nothing of the device */
        return true;
    return strtoul(text, NULL, 10) == devnum;
}

bool usb_system_is_imported(const char *busid)
{
    char path[PATH_MAX], real[PATH_MAX];

    snprintf(path, sizeof path, "%s/%s", devices, busid);
    return realpath(path, real) && strstr(real, "/vhci_hcd");
}

void usb_system_access_advice(uint16_t vendor, uint16_t product,
                              char text[static USB_SYSTEM_ADVICE_MAX])
{
    snprintf(
        text, USB_SYSTEM_ADVICE_MAX,
        "put the line SUBSYSTEM==\"usb\", ATTR{idVendor}==\"%04x\", ATTR{idProduct}==\"%04x\", "
        "TAG+=\"uaccess\", GROUP=\"plugdev\", MODE=\"0660\" into "
        "/etc/udev/rules.d/70-com2net.rules, be a member of plugdev, and plug it in again; or "
        "run com2net as root",
        vendor, product);
}

void usb_system_driver_advice(uint16_t vendor, uint16_t product, int interface,
                              char text[static USB_SYSTEM_ADVICE_MAX])
{
    (void)vendor;
    (void)product;
    (void)interface;
    text[0] = '\0'; /* usbfs has any */
}

/* The name of the tty of an interface: a folder in its own (usb-serial), or one further down
 * (cdc-acm). */
static void find_tty(const char *folder, char name[static USB_SYSTEM_TEXT_MAX])
{
    DIR *dir = opendir(folder);

    name[0] = '\0';
    if (!dir)
        return;
    for (struct dirent *e = readdir(dir); e && !name[0]; e = readdir(dir))
        if (strncmp(e->d_name, "tty", 3) == 0 && e->d_name[3])
            snprintf(name, USB_SYSTEM_TEXT_MAX, "%.100s", e->d_name);
    closedir(dir);
}

void usb_system_interface(struct libusb_device *real, const char *busid, int interface,
                          char text[static USB_SYSTEM_ADVICE_MAX])
{
    char folder[PATH_MAX], path[PATH_MAX + 8], driver[PATH_MAX];
    char configuration[USB_SYSTEM_TEXT_MAX], tty[USB_SYSTEM_TEXT_MAX];

    (void)real;
    text[0] = '\0';
    if (read_text(busid, "bConfigurationValue", configuration) < 0)
        return;
    snprintf(folder, sizeof folder, "%s/%.40s:%.3s.%d", devices, busid, configuration, interface);
    snprintf(path, sizeof path, "%s/driver", folder);
    const ssize_t n = readlink(path, driver, sizeof driver - 1);
    if (n < 0)
        return;
    driver[n] = '\0';
    const char *name = strrchr(driver, '/');
    find_tty(folder, tty);
    snprintf(path, sizeof path, "%s/tty", folder);
    if (!tty[0])
        find_tty(path, tty);
    snprintf(text, USB_SYSTEM_ADVICE_MAX, "%.64s%s%s: returns to it when no client has the device",
             name ? name + 1 : driver, tty[0] ? ", " : "", tty);
}
