/* net2usb list: the devices of a server, and what to type for each. */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "log.h"
#include "net2usb.h"
#include "usb_server.h"
#include "usb_wait.h"

static const char *speed_name(uint32_t speed)
{
    static const char *const names[] = {"unknown",  "low",   "full",  "high",
                                        "wireless", "super", "super+"};

    return names[speed < sizeof names / sizeof *names ? speed : 0];
}

/* As one word for a shell: a server's text may be meant to be pasted into one. */
static void print_word(const char *word)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:_/-";

    if (word[strspn(word, plain)] == '\0') {
        printf("%s", word);
        return;
    }
    putchar('\'');
    for (const char *c = word; *c; c++) {
        if (*c == '\'')
            printf("'\\''");
        else
            putchar(*c);
    }
    putchar('\'');
}

static void print_device(struct usb_server *s, const struct usbip_found *f)
{
    char server[USB_SERVER_NAME_MAX];
    struct usb_names n;

    usb_server_names(s, f, &n);
    printf("%-10s %04x:%04x", f->device.busid, f->device.vendor, f->device.product);
    if (strncmp(n.product, n.manufacturer, strlen(n.manufacturer)) == 0)
        n.manufacturer[0] = '\0'; /* once is enough */
    if (n.manufacturer[0] || n.product[0])
        printf("  %s%s%s", n.manufacturer, n.manufacturer[0] && n.product[0] ? " " : "", n.product);
    if (n.serial[0])
        printf(", serial %s", n.serial);
    if (f->entry.name[0])
        printf(", named %s", f->entry.name);
    printf(", %s speed", speed_name(f->device.speed));
    if (f->entry.state == USBIP_EXT_KEPT)
        printf(", kept for %s, whose connection was lost", f->entry.user);
    else if (f->entry.state != USBIP_EXT_FREE)
        printf(", in use by %s", f->entry.user[0] ? f->entry.user : "somebody");
    usb_server_name_for_command(s, server);
    printf("\n%11snet2usb run %s ", "", server);
    print_word(f->device.busid);
    printf(" -- COMMAND\n");
}

int usb_list(void *ctx, const struct cli_arguments *a)
{
    const struct net2usb_options *o = ctx;
    char error[USB_SERVER_ERROR_MAX];
    const char *host = o->remote ? o->remote : a->count > 0 ? a->words[0] : o->own;
    struct usb_server s;

    if (!host || a->count > (o->remote ? 0 : 1))
        return cli_usage_error("list takes one server: net2usb list HOST[:PORT]; a port comes "
                               "after a colon, and all its devices are shown");
    if (usb_server_init(&s, host, error) < 0)
        return cli_usage_error("%s", error);
    s.outside = o->outside;
    if (usb_wait(&s, &(struct usb_want){.devices = false}, o->wait_ms, error) < 0) {
        log_error("%s", error);
        return o->wait_ms > 0 ? NET2USB_EXIT_NOT_REACHED : CLI_EXIT_FAILED;
    }
    for (size_t i = 0; i < s.count; i++)
        print_device(&s, &s.list[i]);
    if (s.count == 0)
        printf("%s has no device%s\n", s.name,
               s.extended ? "; com2net usb:VID:PID 3240 publishes one there" : " that is free");
    else if (s.outside)
        printf("The lines with COMMAND are for the container, or for WSL.\n");
    usb_server_free(&s);
    return CLI_EXIT_OK;
}
