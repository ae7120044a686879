#include "list.h"

#include <stdio.h>
#include <stdlib.h>

#include "error_text.h"
#include "others.h"
#include "serial_list.h"
#include "text.h"
#include "usb_list.h"

/* By whom a device is published. Returns whether it is. */
static bool print_published(void *ctx, const char *device)
{
    const struct others *others = ctx;
    const struct others_device *first = others_next(others, device, NULL);
    char name[OTHERS_NAME_MAX];

    for (const struct others_device *d = first; d; d = others_next(others, device, d)) {
        others_name(d->who, name);
        printf("  published    on %s by %s\n", d->published.address, name);
    }
    return first;
}

/* `selector` is what to type for it. */
static void print_port(struct serial_info *port, const char *selector, struct others *others)
{
    text_clean(port->description, sizeof port->description, port->description);
    text_clean(port->serial, sizeof port->serial, port->serial);
    printf("%s\n", port->path);
    if (port->description[0])
        printf("  description  %s\n", port->description);
    if (port->vid >= 0)
        printf("  USB          %04x:%04x%s%s", (unsigned)port->vid, (unsigned)port->pid,
               port->serial[0] ? ", serial number " : "", port->serial);
    if (port->vid >= 0 && port->interface >= 0)
        printf(", interface %d", port->interface);
    if (port->vid >= 0)
        putchar('\n');
    if (port->stable[0])
        printf("  stable path  %s\n", port->stable);
    if (!print_published(others, port->path))
        printf("  publish it   com2net %s 7000\n", selector);
}

int list_print(void)
{
    struct serial_info *list;
    struct others others;
    size_t count;
    int r = serial_list(&list, &count);

    others_ask(&others);
    if (r < 0)
        fprintf(stderr, "com2net: cannot list the serial ports: %s\n", error_text(-r));
    for (size_t i = 0; i < count; i++) {
        char selector[SERIAL_SELECTOR_MAX];

        serial_selector(list, count, i, selector);
        print_port(&list[i], selector, &others);
    }
    if (r == 0 && count == 0)
        printf("No serial ports found.\n");
    usb_list_print(print_published, &others);
    printf("Without hardware: com2net loop: 7000\n");
    others_free(&others);
    free(list);
    return r;
}
