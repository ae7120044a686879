#include "usb_text.h"

#include "text.h"

void usb_text_of_descriptor(char *to, size_t size, const uint8_t *data, size_t len)
{
    size_t done = 0;

    for (size_t i = 2; i + 1 < len; i += 2) {
        uint32_t c = (uint32_t)(data[i] | data[i + 1] << 8);

        if (c >= 0xd800 && c < 0xdc00 && i + 3 < len && (data[i + 3] & 0xfc) == 0xdc) {
            c = 0x10000 + ((c & 0x3ff) << 10 | (uint32_t)((data[i + 3] & 3) << 8 | data[i + 2]));
            i += 2;
        }
        if (!text_put(to, size, &done, c))
            break;
    }
    to[done] = '\0';
}
