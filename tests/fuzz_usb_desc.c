/* Fuzzes the walk over descriptors: no length leads out of them. */
#include "proto/usb_desc.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    uint8_t alternate[256] = {0};
    struct usb_desc_endpoint e;
    struct usb_desc_device d;
    struct usb_desc_walk w = {data, len};
    size_t walked = 0;

    for (const uint8_t *p = usb_desc_next(&w); p; p = usb_desc_next(&w))
        walked += p[0];
    if (walked + w.len != len)
        abort();
    usb_desc_get_device(data, len, &d);
    if (usb_desc_configuration_size(data, len) > len)
        abort();
    for (unsigned address = 0; address < 256; address += 0x3f) {
        alternate[len % 256] = (uint8_t)address;
        usb_desc_find_endpoint(data, len, (uint8_t)address, alternate, &e);
    }
    return 0;
}
