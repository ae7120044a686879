#include "usbip_ext.h"

#include <errno.h>
#include <string.h>

#include "buf.h"
#include "bytes.h"
#include "usb_desc.h"

enum {
    ENTRY_USER = USBIP_EXT_NAME_SIZE,
    ENTRY_STATE = ENTRY_USER + USBIP_EXT_USER_SIZE, /* 4 bytes after it are 0 */
    IMPORT_GRACE = USBIP_BUSID_SIZE,
    IMPORT_TOKEN = IMPORT_GRACE + 4,
    RESUMED = 1,
    ENGLISH = 0x0409,
};

void usbip_ext_put_entry(const struct usbip_ext_entry *e,
                         uint8_t bytes[static USBIP_EXT_ENTRY_SIZE])
{
    memset(bytes, 0, USBIP_EXT_ENTRY_SIZE);
    put_text(bytes, e->name, USBIP_EXT_NAME_SIZE);
    put_text(bytes + ENTRY_USER, e->user, USBIP_EXT_USER_SIZE);
    put_be32(bytes + ENTRY_STATE, (uint32_t)e->state);
}

void usbip_ext_get_entry(const uint8_t bytes[static USBIP_EXT_ENTRY_SIZE],
                         struct usbip_ext_entry *e)
{
    uint32_t state = get_be32(bytes + ENTRY_STATE);

    get_text(e->name, bytes, USBIP_EXT_NAME_SIZE);
    get_text(e->user, bytes + ENTRY_USER, USBIP_EXT_USER_SIZE);
    /* what a later version may say of a device that is not free */
    e->state = state == USBIP_EXT_FREE || state == USBIP_EXT_KEPT ? (enum usbip_ext_state)state
                                                                  : USBIP_EXT_USED;
}

void usbip_ext_put_import(const struct usbip_ext_import *i,
                          uint8_t bytes[static USBIP_EXT_IMPORT_SIZE])
{
    put_text(bytes, i->busid, USBIP_BUSID_SIZE);
    put_be32(bytes + IMPORT_GRACE, i->grace_ms);
    memcpy(bytes + IMPORT_TOKEN, i->token, USBIP_EXT_TOKEN_SIZE);
}

void usbip_ext_get_import(const uint8_t bytes[static USBIP_EXT_IMPORT_SIZE],
                          struct usbip_ext_import *i)
{
    get_text(i->busid, bytes, USBIP_BUSID_SIZE);
    i->grace_ms = get_be32(bytes + IMPORT_GRACE);
    memcpy(i->token, bytes + IMPORT_TOKEN, USBIP_EXT_TOKEN_SIZE);
}

void usbip_ext_put_grant(const struct usbip_ext_grant *g,
                         uint8_t bytes[static USBIP_EXT_GRANT_SIZE])
{
    put_be32(bytes, g->grace_ms);
    put_be32(bytes + 4, g->resumed ? RESUMED : 0);
}

void usbip_ext_get_grant(const uint8_t bytes[static USBIP_EXT_GRANT_SIZE],
                         struct usbip_ext_grant *g)
{
    g->grace_ms = get_be32(bytes);
    g->resumed = (get_be32(bytes + 4) & RESUMED) != 0;
}

int usbip_ext_add_descriptor(struct buf *b, uint16_t value, uint16_t index, const uint8_t *data,
                             size_t len)
{
    uint8_t head[USBIP_EXT_DESCRIPTOR_SIZE];

    if (len > UINT16_MAX)
        return -EMSGSIZE;
    if (b->len + sizeof head + len > b->max)
        return -ENOBUFS;
    put_be16(head, value);
    put_be16(head + 2, index);
    put_be32(head + 4, (uint32_t)len);
    int r = buf_add(b, head, sizeof head);
    return r < 0 ? r : buf_add(b, data, len);
}

int usbip_ext_add_string(struct buf *b, uint8_t number, const char *text)
{
    static const uint8_t languages[] = {4, USB_DESC_STRING, ENGLISH & 0xff, ENGLISH >> 8};
    uint8_t string[USB_DESC_STRING_MAX];

    if (number == 0)
        return usbip_ext_add_descriptor(b, USB_DESC_STRING << 8, 0, languages, sizeof languages);
    return usbip_ext_add_descriptor(b, (uint16_t)(USB_DESC_STRING << 8 | number), ENGLISH, string,
                                    usb_desc_put_string(text, string));
}

bool usbip_ext_next_descriptor(const uint8_t **data, size_t *len, struct usbip_ext_descriptor *d)
{
    if (*len < USBIP_EXT_DESCRIPTOR_SIZE)
        return false;
    d->value = get_be16(*data);
    d->index = get_be16(*data + 2);
    d->len = get_be32(*data + 4);
    d->data = *data + USBIP_EXT_DESCRIPTOR_SIZE;
    if (d->len > *len - USBIP_EXT_DESCRIPTOR_SIZE)
        return false;
    *len -= USBIP_EXT_DESCRIPTOR_SIZE + d->len;
    *data = d->data + d->len;
    return true;
}
