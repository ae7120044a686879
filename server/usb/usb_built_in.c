#include "usb_built_in.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli_commas.h"

/* The variant that a selector has, or NULL. */
static const char *variant_of(const char *selector)
{
    const char *colon = strchr(selector, ':');

    return colon ? colon + 1 : NULL;
}

static bool is_meant(const struct usb_kind *k, const char *selector)
{
    const size_t len = strcspn(selector, ":");

    return strlen(k->name) == len && memcmp(k->name, selector, len) == 0 &&
           (k->has_variants || !selector[len]);
}

int usb_built_in_choose(struct usb_built_in *b, const struct usb_kind *const *kinds,
                        const char *selector, char error[static CLI_ERROR_MAX])
{
    const struct usb_kind *const *k = kinds;
    const char *variant = variant_of(selector);

    while (*k && !is_meant(*k, selector))
        k++;
    *b = (struct usb_built_in){.kinds = kinds, .kind = *k, .selector = selector};
    if (*k && (*k)->variant_is_path && variant && *variant && cli_check_path(variant, error) < 0)
        return -EINVAL;
    if (!*k || !(*k)->options)
        return 0;
    b->options = calloc(1, (*k)->options_size);
    snprintf(error, CLI_ERROR_MAX, "out of memory");
    return b->options ? 0 : -ENOMEM;
}

void usb_built_in_free(struct usb_built_in *b)
{
    free(b->options);
    b->options = NULL;
}

bool usb_built_in_is_strange(struct usb_built_in *b, const char *item)
{
    const struct cli_option *found = NULL;

    for (const struct usb_kind *const *k = b->kinds; *k && !found; k++)
        if ((*k)->options)
            found = cli_find_comma((*k)->options, item);
    if (!b->strange)
        b->strange = found;
    return found;
}

struct usb_device *usb_built_in_make(const struct usb_built_in *b, struct event_base *base,
                                     const char *name, unsigned number,
                                     char error[static CLI_ERROR_MAX])
{
    const struct usb_making making = {.base = base,
                                      .variant = variant_of(b->selector),
                                      .options = b->options,
                                      .name = name,
                                      .number = number};
    char forms[CLI_ERROR_MAX / 2];

    if (b->kind && !b->strange) {
        snprintf(error, CLI_ERROR_MAX, "out of memory");
        return b->kind->make(&making, error);
    }
    usb_built_in_forms(b->kinds, forms, sizeof forms);
    if (b->kind)
        snprintf(error, CLI_ERROR_MAX,
                 "usb:demo-%s has no option %s%s; see USB devices in com2net(1)", b->kind->name,
                 b->strange->name, b->strange->argument ? "=" : "");
    else
        snprintf(error, CLI_ERROR_MAX, "usb:demo-%.100s is not a built-in device; try %s",
                 b->selector, forms);
    return NULL;
}

void usb_built_in_forms(const struct usb_kind *const *kinds, char *text, size_t size)
{
    size_t len = 0;

    *text = '\0';
    for (const struct usb_kind *const *k = kinds; *k && len < size; k++)
        len +=
            (size_t)snprintf(text + len, size - len, "%s%s", k == kinds ? "" : ", ", (*k)->forms);
}
