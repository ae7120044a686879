#include "usb_env.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "log.h"
#include "usbip_config.h"
#include "usb_hidapi.h"
#include "usb_program.h"
#include "usb_server.h"

#define LIBUSB10 "libusb-1.0.so.0"
#define LIBUSB01 "libusb-0.1.so.4"
#define DLOPEN "libnet2usb-dlopen.so"

/* For either C library. */
static bool has_libraries(const char *folder)
{
    char file[2 * PATH_MAX];

    snprintf(file, sizeof file, "%s/" LIBUSB10, folder);
    if (access(file, R_OK) == 0)
        return true;
    snprintf(file, sizeof file, "%s/musl/" LIBUSB10, folder);
    return access(file, R_OK) == 0;
}

int usb_env_folder(char path[static PATH_MAX])
{
    static const char *const places[] = {"lib/net2usb", "../lib/net2usb"};
    const char *said = getenv("NET2USB_LIBRARIES");
    char program[PATH_MAX / 4], place[PATH_MAX / 2];
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);

    program[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(program, '/');
    if (slash)
        slash[1] = '\0';
    for (size_t i = 0; i < (said ? 1 : sizeof places / sizeof *places); i++) {
        if (said)
            snprintf(place, sizeof place, "%s", said);
        else
            snprintf(place, sizeof place, "%s%s", program, places[i]);
        if (has_libraries(place) && realpath(place, path))
            return 0;
    }
    snprintf(path, PATH_MAX, "%s", place);
    return -ENOENT;
}

const char *usb_env_absence(const char *folder)
{
    static char text[PATH_MAX + 256];

    if (NET2USB_HAS_LIBRARIES)
        snprintf(text, sizeof text,
                 "net2usb's libraries are not in %s: copy lib/net2usb there, too, or name their "
                 "folder by "
                 "NET2USB_LIBRARIES",
                 folder);
    else
        snprintf(
            text, sizeof text,
            "this net2usb was built without the libraries that it gives to programs, as the "
            "sources of libusb were not there; build it again with them, name a folder of such "
            "libraries by NET2USB_LIBRARIES, or use net2usb attach");
    return text;
}

static char *add(struct usb_env *e, const char *name, const char *joint)
{
    e->variables[e->count].name = name;
    e->variables[e->count].joint = joint;
    e->variables[e->count].value[0] = '\0';
    return e->variables[e->count++].value;
}

/* Continues with the folder of those for programs of one C library, musl or glibc. Returns 0, or
 * -ENOENT, with `path` as it was: they are not there. */
static int suit(char path[static PATH_MAX], bool musl)
{
    char folder[PATH_MAX], library[2 * PATH_MAX];

    if (snprintf(folder, sizeof folder, "%s%s", path, musl ? "/musl" : "") >= PATH_MAX)
        return -ENOENT;
    snprintf(library, sizeof library, "%s/" LIBUSB10, folder);
    if (access(library, R_OK) < 0)
        return -ENOENT;
    strcpy(path, folder);
    return 0;
}

bool usb_env_has(const char *folder, bool musl)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s", folder);
    return suit(path, musl) == 0;
}

const char *usb_env_suit_program(char path[static PATH_MAX], const struct usb_program *p)
{
    const char *objection = usb_program_objection(p);

    if (!objection && suit(path, p->loader.is_musl) < 0)
        objection = p->loader.is_musl
                        ? "its C library is musl, and net2usb was built without libraries for it "
                          "(they need musl-gcc); use net2usb attach"
                        : "its C library is glibc, and net2usb was built without libraries for it; "
                          "use net2usb attach";
    return objection;
}

/* `seen` is how programs call the folder. Programs with a loader of their own, such as those of
 * oss-cad-suite, obey it. So do those with a run path to a libusb of their own. A space ends a path
 * here, so that a name has to do, which LD_LIBRARY_PATH leads to. */
static void make_preload(const char *folder, const char *seen, char value[static USB_ENV_VALUE_MAX])
{
    static const char *const names[] = {LIBUSB10, LIBUSB01, DLOPEN};
    char path[2 * PATH_MAX];
    size_t len = 0;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        if (access(path, R_OK) < 0)
            continue; /* the loader would complain, in each program */
        snprintf(path, sizeof path, "%s/%s", seen, names[i]);
        const char *said = strchr(seen, ' ') ? names[i] : path;
        len += (size_t)snprintf(value + len, USB_ENV_VALUE_MAX - len, "%s%s", len > 0 ? ":" : "",
                                said);
    }
}

/* Whether data is posted. */
static void add_manner(struct usb_env *e, const struct net2usb_options *o)
{
    snprintf(add(e, "NET2USB_POST", NULL), USB_ENV_VALUE_MAX, "%s", o->post);
    snprintf(add(e, "NET2USB_STRICT", NULL), USB_ENV_VALUE_MAX, "%s", o->strict ? "1" : "");
}

static void add_more(struct usb_env *e, const char *folder, const char *seen)
{
    make_preload(folder, seen, add(e, "LD_PRELOAD", ":"));
    /* AddressSanitizer's library refuses to start where another one comes before it. It matters
     * only for those that define functions of the C library which it has, too. */
    strcpy(add(e, "ASAN_OPTIONS", ":"), "verify_asan_link_order=0");
    /* pyusb asks Python for the library, and that asks ldconfig or a compiler */
    snprintf(add(e, "PYTHONPATH", ":"), USB_ENV_VALUE_MAX, "%s/python", seen);
}

int usb_env_make(struct usb_env *e, const char *folder, const char *server, char **selectors,
                 int count, const struct net2usb_options *o)
{
    e->count = 0;
    snprintf(add(e, "NET2USB_SERVER", NULL), USB_ENV_VALUE_MAX, "%s", server);
    char *devices = add(e, "NET2USB_DEVICES", NULL);
    size_t len = 0;
    for (int i = 0; i < count; i++) {
        len += (size_t)snprintf(devices + len, USB_ENV_VALUE_MAX - len, "%s%s", i > 0 ? "," : "",
                                selectors[i]);
        if (len >= USBIP_CONFIG_TEXT_MAX)
            return -E2BIG;
    }
    add_manner(e, o);
    snprintf(add(e, "LD_LIBRARY_PATH", ":"), USB_ENV_VALUE_MAX, "%s", folder);
    add_more(e, folder, folder);
    return 0;
}

void usb_env_make_elsewhere(struct usb_env *e, const char *folder, const char *seen,
                            const struct net2usb_options *o)
{
    e->count = 0;
    add_manner(e, o);
    add_more(e, folder, seen);
}

void usb_env_add_folder(struct usb_env *e, const char *folder)
{
    for (size_t i = 0; i < e->count; i++) {
        char *value = e->variables[i].value;
        size_t len = strlen(value);

        if (strcmp(e->variables[i].name, "LD_LIBRARY_PATH") == 0)
            snprintf(value + len, USB_ENV_VALUE_MAX - len, ":%s", folder);
    }
}

void usb_env_spare_preload(struct usb_env *e)
{
    size_t kept = 0;

    for (size_t i = 0; i < e->count; i++)
        if (strcmp(e->variables[i].name, "LD_PRELOAD") != 0)
            e->variables[kept++] = e->variables[i];
    e->count = kept;
}

int usb_env_apply(const struct usb_env *e)
{
    static char value[2 * USB_ENV_VALUE_MAX];

    for (size_t i = 0; i < e->count; i++) {
        const char *name = e->variables[i].name, *there = getenv(name);
        bool joins = e->variables[i].joint && there && *there;

        if (snprintf(value, sizeof value, "%s%s%s", e->variables[i].value,
                     joins ? e->variables[i].joint : "", joins ? there : "") >= (int)sizeof value)
            return -E2BIG;
        if ((*value ? setenv(name, value, 1) : unsetenv(name)) < 0)
            return -errno;
    }
    return 0;
}

/* --- the verb --------------------------------------------------------------------------------- */

/* In quotation marks for a shell, if it needs them. */
static void print_quoted(const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-+=:,./@%";

    if (*text && !text[strspn(text, plain)]) {
        fputs(text, stdout);
        return;
    }
    putchar('\'');
    for (; *text; text++)
        if (*text == '\'')
            fputs("'\\''", stdout);
        else
            putchar(*text);
    putchar('\'');
}

static void print_shell(const struct usb_env *e)
{
    for (size_t i = 0; i < e->count; i++) {
        const char *name = e->variables[i].name;

        if (!e->variables[i].value[0]) {
            printf("unset %s\n", name);
            continue;
        }
        printf("export %s=", name);
        print_quoted(e->variables[i].value);
        if (e->variables[i].joint)
            printf("\"${%s:+%s$%s}\"", name, e->variables[i].joint, name);
        putchar('\n');
    }
}

static void print_docker(const struct usb_env *e)
{
    for (size_t i = 0; i < e->count; i++) {
        if (!e->variables[i].value[0])
            continue;
        printf("ENV %s=\"", e->variables[i].name);
        for (const char *p = e->variables[i].value; *p; p++)
            printf("%s%c", strchr("\\\"$", *p) ? "\\" : "", *p);
        printf("\"\n");
    }
}

int usb_env(void *ctx, const struct cli_arguments *a)
{
    const struct net2usb_options *o = ctx;
    static struct usb_env e;
    static struct usb_program any;
    char error[USB_SERVER_ERROR_MAX], folder[PATH_MAX], hidapi[PATH_MAX];
    struct usb_server s;

    if (a->count < 1)
        return cli_usage_error("env takes a server: net2usb env HOST[:PORT] [SELECTOR...]");
    if (usb_server_init(&s, a->words[0], error) < 0)
        return cli_usage_error("%s", error);
    for (int i = 1; i < a->count; i++)
        if (!usb_selector_is_valid(a->words[i]))
            return cli_usage_error("%s selects nothing: it is a BUSID, a name, VID:PID or "
                                   "VID:PID:SERIAL",
                                   a->words[i]);
    if (usb_env_folder(folder) < 0) {
        log_error("%s", usb_env_absence(folder));
        return CLI_EXIT_FAILED;
    }
    usb_program_be_any(&any);
    bool has_hidapi = usb_hidapi_find(&any, folder, hidapi) == 0;
    if (suit(folder, false) < 0)
        suit(folder, true);
    if (usb_env_make(&e, folder, s.name, a->words + 1, a->count - 1, o) < 0)
        return cli_usage_error("these are too many SELECTORs");
    if (has_hidapi)
        usb_env_add_folder(&e, hidapi);
    if (o->docker)
        print_docker(&e);
    else
        print_shell(&e);
    return CLI_EXIT_OK;
}
