/*
 * Fuzzes what usbfs would send, with descriptors and transfers of any kind: no length leads out of
 * them, and usb_submit_urb takes whatever goes out.
 */
#include "proto/usb_submit.h"

#include <stdlib.h>
#include <string.h>

#include "proto/usbip.h"

enum { HEAD = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const uint8_t alternate[256];

    if (len < HEAD)
        return 0;
    const struct usb_submit_device d = {.speed = data[0] % 8,
                                        .known = data[1] & 1,
                                        .configuration = data[1] & 2 ? NULL : data + HEAD,
                                        .len = data[1] & 2 ? 0 : len - HEAD,
                                        .alternate = alternate};
    const struct usbip_packet packets[2] = {{.length = data[2] * 8u}, {.length = data[3] * 300u}};
    struct usb_submit s = {.type = (enum usb_transfer_type)(data[4] & 3),
                           .address = data[5],
                           .flags = data[6],
                           .length = data[7] * 500u,
                           .packets = packets,
                           .packet_count = data[4] & 4 ? 2 : 0};
    const size_t asked = s.length;

    memcpy(s.setup, data + 8, sizeof s.setup);
    if (usb_submit_by_usbfs(&d, &s) < 0)
        return 0;
    if (s.length > asked)
        abort();
    struct usbip_urb u = {.command = USBIP_CMD_SUBMIT,
                          .direction = s.address & 0x80 ? USBIP_DIR_IN : USBIP_DIR_OUT,
                          .ep = s.address & 15,
                          .flags = s.flags,
                          .length = (int32_t)s.length,
                          .interval = s.interval,
                          .packets = (int32_t)s.packet_count};
    memcpy(u.setup, s.setup, sizeof u.setup);
    /* a device that gives its descriptors, and an endpoint besides the first one */
    if ((d.known || u.ep == 0) && (u.ep != 0 || s.type == USB_CONTROL) &&
        usb_submit_refusal(&d, &u, packets))
        abort();
    return 0;
}
