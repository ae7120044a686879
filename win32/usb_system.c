#include "usb_system.h"

#include <stdio.h>

void usb_system_texts(const char *busid, struct usb_system_texts *t)
{
    (void)busid;
    *t = (struct usb_system_texts){.serial = ""};
}

bool usb_system_tells(void)
{
    return true;
}

bool usb_system_has(const char *busid, unsigned devnum)
{
    (void)busid;
    (void)devnum;
    return true;
}

bool usb_system_is_imported(const char *busid)
{
    (void)busid;
    return false;
}

void usb_system_access_advice(uint16_t vendor, uint16_t product,
                              char text[static USB_SYSTEM_ADVICE_MAX])
{
    snprintf(text, USB_SYSTEM_ADVICE_MAX, "install the driver WinUSB for %04x:%04x", vendor,
             product);
}
