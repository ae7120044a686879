/* net2usb doctor: the obstacles to using a server's devices, and the conditions that are met. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "absent_command.h"
#include "cli.h"
#include "log.h"
#include "net2usb.h"
#include "usb_checkup.h"
#include "usb_env.h"
#include "usb_hidapi.h"
#include "usb_program.h"
#include "usb_server.h"
#include "vhci.h"

static struct usb_checkup checkup;

static void look_at_libraries(void)
{
    char folder[PATH_MAX];
    bool found = usb_env_folder(folder) == 0;

    usb_checkup_print(&checkup, found,
                      found ? "net2usb's libraries are in " : usb_env_absence(folder));
    printf("%s\n", found ? folder : "");
}

static void look_at_kernel(void)
{
    char error[VHCI_ERROR_MAX];
    struct vhci_port *ports;
    size_t count;

    if (vhci_read(&ports, &count, error) < 0) {
        printf("note attach is not possible: %s\n", error);
        return;
    }
    free(ports);
    if (access("/sys/devices/platform/vhci_hcd.0/attach", W_OK) == 0)
        printf("ok   attach is possible: vhci_hcd has %zu ports\n", count);
    else
        printf(
            "note attach is not possible here: vhci_hcd is loaded, but attaching needs root, and "
            "/sys not to be read-only\n");
}

static void print_libraries(const struct usb_program *p)
{
    /* and with a mark of auditwheel(1): their functions are called by names that are ours */
    static const char *const ours[] = {"libusb-1.0.so.0", "libusb-0.1.so.4", "libusb-1-",
                                       "libusb-0-"};
    char folder[PATH_MAX], hidapi[PATH_MAX];
    bool helps = false;
    const bool has_hidapi = usb_env_folder(folder) == 0 && usb_hidapi_find(p, folder, hidapi) == 0;

    for (size_t i = 0; i < p->library_count; i++) {
        bool is_hidraw = strcmp(p->libraries[i].name, USB_HIDAPI_HIDRAW) == 0;
        bool is_ours = is_hidraw && has_hidapi;

        for (size_t k = 0; k < sizeof ours / sizeof *ours; k++)
            is_ours = is_ours || strncmp(p->libraries[i].name, ours[k], strlen(ours[k])) == 0;
        helps = helps || is_ours;
        printf("%s it loads %s%s%s%s\n", is_ours ? "ok  " : "note", p->libraries[i].name,
               p->libraries[i].by[0] ? " by way of " : "", p->libraries[i].by,
               is_ours ? ", which run replaces" : "");
        if (strncmp(p->libraries[i].name, "libftd2xx", 9) == 0)
            printf(
                "note libftd2xx has a libusb of its own within it, which run does not replace\n");
        if (is_hidraw && !has_hidapi)
            printf("note libhidapi-hidraw speaks to /dev/hidraw, not to libusb: install %s, which "
                   "run then has it use, or use attach for devices that it is to find\n",
                   USB_HIDAPI_WANTED);
    }
    const char *doubt = usb_program_doubt(p);
    if (doubt) {
        usb_checkup_print(&checkup, false, doubt);
        putchar('\n');
    } else if (!helps && p->library_count == 0 && p->may_load) {
        printf("note it loads no libusb when it starts; if it does so later, as Python for pyusb, "
               "or starts programs that do, they get ours; one that is built into a module of "
               "another name, as usb4java's, may stay as it is: then use net2usb attach\n");
    } else if (!helps && p->library_count == 0) {
        printf("note it loads no libusb when it starts, and cannot load one later; programs that "
               "it starts get ours\n");
    }
}

static void look_at_functions(const struct usb_program *p, const char *folder)
{
    char function[USB_LOADER_NAME_MAX], by[USB_LOADER_NAME_MAX];

    if (!usb_program_lacks(p, folder, function, by))
        return;
    usb_checkup_print(&checkup, false, by);
    printf(" calls %s, which the libusb that run puts in place does not have; take a newer "
           "net2usb, or use net2usb attach\n",
           function);
}

static void look_at_command(const char *name)
{
    static struct usb_program p;
    char path[PATH_MAX], folder[PATH_MAX];
    int r = usb_program_find(name, path);

    if (r < 0) {
        usb_checkup_print(&checkup, false, name);
        printf(": %s%s\n",
               r == -EACCES ? "it cannot be run: no permission to execute" : "command not found: ",
               r == -EACCES ? "" : absent_command_advice(name));
        return;
    }
    usb_program_read(path, true, &p);
    const char *objection =
        usb_env_folder(folder) == 0 ? usb_env_suit_program(folder, &p) : usb_program_objection(&p);
    usb_checkup_print(&checkup, !objection, p.path);
    if (p.is_script)
        printf(", a script, which %s runs", p.binary);
    if (objection)
        printf(": %s%s", objection, p.has_libusb ? " (it seems to have libusb within it)" : "");
    else if (p.trouble == USB_PROGRAM_UNKNOWN)
        printf(": no program that could be looked into");
    putchar('\n');
    if (!objection && p.trouble == USB_PROGRAM_FINE) {
        print_libraries(&p);
        look_at_functions(&p, folder);
    }
}

int usb_doctor(void *ctx, const struct cli_arguments *a)
{
    char error[USB_SERVER_ERROR_MAX];
    struct usb_server s;

    (void)ctx;
    if (a->count != 1)
        return cli_usage_error("doctor takes one server: net2usb doctor HOST[:PORT] [-- COMMAND]");
    if (usb_server_init(&s, a->words[0], error) < 0)
        return cli_usage_error("%s", error);
    usb_checkup_server(&checkup, &s);
    look_at_libraries();
    if (a->command && *a->command)
        look_at_command(*a->command);
    look_at_kernel();
    usb_server_free(&s);
    return checkup.ill ? CLI_EXIT_FAILED : CLI_EXIT_OK;
}
