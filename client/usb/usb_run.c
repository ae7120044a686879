/* net2usb run: COMMAND takes our libraries in place of libusb's. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "absent_command.h"
#include "cli.h"
#include "log.h"
#include "net2usb.h"
#include "usb_env.h"
#include "usb_hidapi.h"
#include "usb_program.h"
#include "usb_server.h"
#include "usb_wait.h"

enum { EXIT_NOT_FOUND = 127, EXIT_CANNOT_RUN = 126 }; /* as shells say it */

enum { SELECTORS_MAX = 128 };

/* The server answers, and has what is wanted. Returns 0, or an exit status after an error. */
static int check_devices(struct usb_server *s, char **selectors, int count, int wait_ms)
{
    const struct usb_want want = {selectors, count, true};
    char error[USB_SERVER_ERROR_MAX];
    int r = usb_wait(s, &want, wait_ms, error);

    if (r < 0 && wait_ms > 0) {
        log_error("not within %g s: %s", wait_ms / 1000.0, error);
        return NET2USB_EXIT_NOT_REACHED;
    }
    if (r == -EBUSY)
        log_warn("%s%s; --wait SECONDS waits for it", error,
                 count > 0 ? ": COMMAND will not have it until that ends" : "");
    else if (r < 0)
        log_error("%s", error);
    return r == 0 || r == -EBUSY ? 0 : NET2USB_EXIT_FAILED;
}

/* By something else than its busid. */
static bool is_selected(struct usb_server *s, const struct usbip_found *f, char **selectors,
                        int count)
{
    bool selected = false;

    for (int i = 0; i < count; i++) {
        if (strcmp(selectors[i], f->device.busid) == 0)
            return false;
        selected = selected || usb_selector_matches(s, f, selectors[i]);
    }
    return selected;
}

/* Puts the selectors into `all`, and the busids of the devices that they find. A device that
 * returns with other numbers, as its bootloader, does so at the same place. Returns how many. */
static int add_places(struct usb_server *s, char **selectors, int count, char **all)
{
    int n = 0;

    for (int i = 0; i < count; i++)
        all[n++] = selectors[i];
    for (size_t i = 0; i < s->count && n < SELECTORS_MAX; i++)
        if (is_selected(s, &s->list[i], selectors, count))
            all[n++] = s->list[i].device.busid;
    return n;
}

/* Finds the folder that gives COMMAND hidapi on libusb, or says that it lacks one. */
static void find_hidapi(const struct usb_program *program, const char *folder,
                        char hidapi[static PATH_MAX])
{
    if (usb_hidapi_find(program, folder, hidapi) == 0)
        return;
    hidapi[0] = '\0';
    if (program->loader.is_of_system && usb_program_loads(program, USB_HIDAPI_HIDRAW))
        log_info("%s loads %s, which finds no HID devices of a server; to have it find them, "
                 "install %s",
                 program->binary, USB_HIDAPI_HIDRAW, USB_HIDAPI_WANTED);
}

/* Says what is in the way of COMMAND's finding the devices, where something is. */
static void warn_of_command(const struct usb_program *program, const char *objection,
                            const char *folder)
{
    char function[USB_LOADER_NAME_MAX], by[USB_LOADER_NAME_MAX];
    const char *doubt = usb_program_doubt(program);

    if (objection)
        log_warn("%s will not find the devices: %s", program->binary, objection);
    else if (doubt)
        log_warn("%s will hardly find the devices: %s", program->binary, doubt);
    else if (usb_program_lacks(program, folder, function, by))
        log_warn("%s will not work: %s calls %s, which the libusb that net2usb puts in place does "
                 "not have; take a newer net2usb, or use net2usb attach",
                 program->binary, by, function);
}

/* `folder` is that of our libraries, and becomes the one that suits COMMAND; `hidapi` is another
 * one for it, or "". */
static int find_command(const char *name, char folder[static PATH_MAX],
                        char hidapi[static PATH_MAX], struct usb_program *program)
{
    char path[PATH_MAX], suiting[PATH_MAX];
    int r = usb_program_find(name, path);

    if (r == -EACCES) {
        log_error("%s: it cannot be run: no file with permission to execute", name);
        return EXIT_CANNOT_RUN;
    }
    if (r < 0) {
        log_error("%s: command not found: %s", name, absent_command_advice(name));
        return EXIT_NOT_FOUND;
    }
    usb_program_read(path, true, program);
    strcpy(suiting, folder);
    const char *objection = usb_env_suit_program(suiting, program);
    warn_of_command(program, objection, suiting);
    if (!objection && program->trouble == USB_PROGRAM_FINE)
        find_hidapi(program, folder, hidapi);
    strcpy(folder, suiting);
    return 0;
}

int usb_run(void *ctx, const struct cli_arguments *a)
{
    const struct net2usb_options *o = ctx;
    char **const selectors = a->words + 1, **const command = a->command;
    const int selector_count = a->count - 1;
    static struct usb_env e;
    static struct usb_program program;
    char error[USB_SERVER_ERROR_MAX], folder[PATH_MAX], hidapi[PATH_MAX] = "";
    char *all[SELECTORS_MAX];
    struct usb_server s;

    if (a->count < 1)
        return cli_usage_error("run takes a server: net2usb run HOST[:PORT] -- COMMAND");
    if (!command || !*command)
        return cli_usage_error("there is no COMMAND: net2usb run %s -- COMMAND", a->words[0]);
    if (usb_server_init(&s, a->words[0], error) < 0)
        return cli_usage_error("%s", error);
    if (usb_env_folder(folder) < 0) {
        log_error("%s", usb_env_absence(folder));
        return NET2USB_EXIT_FAILED;
    }
    if (selector_count > SELECTORS_MAX ||
        usb_env_make(&e, folder, s.name, selectors, selector_count, o) < 0)
        return cli_usage_error("these are too many SELECTORs");
    int status = check_devices(&s, selectors, selector_count, o->wait_ms);
    const bool has_them = status == 0;
    if (has_them)
        status = find_command(*command, folder, hidapi, &program);
    int count = has_them ? add_places(&s, selectors, selector_count, all) : 0;
    /* the folder may be another one */
    if (usb_env_make(&e, folder, s.name, all, count, o) < 0)
        usb_env_make(&e, folder, s.name, selectors, selector_count, o);
    if (hidapi[0])
        usb_env_add_folder(&e, hidapi);
    if (program.trouble == USB_PROGRAM_FOREIGN)
        usb_env_spare_preload(&e);
    usb_server_free(&s);
    if (status != 0)
        return status;
    int r = usb_env_apply(&e);
    if (r < 0) {
        log_error("cannot set the environment: %s", strerror(-r));
        return NET2USB_EXIT_FAILED;
    }
    execvp(*command, command);
    log_error("%s: %s", *command, strerror(errno));
    return errno == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN;
}
