#include "fakes/fake_usb_export.h"

#include "usb_session.h"

struct usb_pcap *usb_export_pcap(const struct usb_export *e)
{
    (void)e;
    return NULL;
}

size_t usb_export_budget(const struct usb_export *e)
{
    return e->budget;
}

struct usb_device *usb_export_devices(struct usb_export *e)
{
    return e->devices;
}

void usb_export_changed(struct usb_export *e)
{
    e->changes++;
}

void usb_export_forget(struct usb_export *e, struct usb_session *gone)
{
    (void)gone;
    e->forgotten++;
}
