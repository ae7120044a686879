#include "usb_selector.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { VID_PID_LEN = 9, ONE_MAX = 256 };

/* Reads four hexadecimal digits. Returns false where there are others. */
static bool read_hex(const char *text, uint16_t *value)
{
    if (strspn(text, "0123456789abcdefABCDEF") < 4)
        return false;
    const char digits[5] = {text[0], text[1], text[2], text[3], '\0'};
    *value = (uint16_t)strtoul(digits, NULL, 16);
    return true;
}

/* Reads VID:PID, and the serial number after a further colon; `serial` is NULL without one. */
static bool read_ids(const char *text, uint16_t *vendor, uint16_t *product, const char **serial)
{
    if (!read_hex(text, vendor) || text[4] != ':' || !read_hex(text + 5, product))
        return false;
    *serial = text[VID_PID_LEN] == ':' ? text + VID_PID_LEN + 1 : NULL;
    return text[VID_PID_LEN] == '\0' || (*serial && **serial);
}

/* A bus, and ports with dots between them. */
static bool is_busid(const char *text)
{
    static const char digits[] = "0123456789";
    size_t n = strspn(text, digits);

    if (n < 1 || n > 3 || text[n] != '-')
        return false;
    do {
        text += n + 1;
        n = strspn(text, digits);
        if (n < 1 || n > 3)
            return false;
    } while (text[n] == '.');
    return text[n] == '\0';
}

/* Takes one of the alternatives off a selector. Returns false when none is left, or it is too long
 * to be any. */
static bool take_one(const char **selector, char one[static ONE_MAX])
{
    size_t len = strcspn(*selector, "/");

    if (!**selector || len >= ONE_MAX)
        return false;
    memcpy(one, *selector, len);
    one[len] = '\0';
    *selector += len + ((*selector)[len] == '/');
    return true;
}

static bool is_one(const char *text)
{
    uint16_t vendor, product;
    const char *serial;

    return is_busid(text) || read_ids(text, &vendor, &product, &serial);
}

static bool matches_one(const char *text, const struct usb_identity *device)
{
    uint16_t vendor, product;
    const char *serial;

    if (is_busid(text))
        return strcmp(text, device->busid) == 0;
    return read_ids(text, &vendor, &product, &serial) && vendor == device->vendor &&
           product == device->product &&
           (!serial || !device->serial || strcmp(serial, device->serial) == 0);
}

bool usb_selector_is_valid(const char *selector)
{
    char one[ONE_MAX];
    size_t len = strlen(selector);
    bool valid = len > 0 && selector[len - 1] != '/';

    while (valid && *selector)
        valid = take_one(&selector, one) && is_one(one);
    return valid;
}

bool usb_selector_matches(const char *selector, const struct usb_identity *device)
{
    char one[ONE_MAX];

    while (take_one(&selector, one))
        if (matches_one(one, device))
            return true;
    return false;
}

int usb_selector_id(const char *text, uint16_t *vendor, uint16_t *product)
{
    const char *serial;

    return read_ids(text, vendor, product, &serial) && !serial ? 0 : -EINVAL;
}
