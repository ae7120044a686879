/*
 * net2usb attach: a server's device becomes one of the kernel's, and with --persist is kept so.
 *
 * The kernel tells nobody when it loses a device: the port's state is looked at, twice a second.
 * While the device is away the server is asked for it with a growing pause. com2net tells of
 * changes itself, on a connection that is kept for it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "usbip_clock.h"
#include "log.h"
#include "net2usb.h"
#include "usb_server.h"
#include "usbip_trouble.h"
#include "usb_wait.h"
#include "vhci.h"

enum {
    LOOK_MS = 50,
    NODES_MS = 15 * 1000, /* for a device to be there with its files */
    DRIVER_MS = 1500,     /* for a driver to take an interface; many have none */
    WATCH_MS = 500,       /* between two looks at the port */
    RETRY_MS = 500,       /* the first pause, which doubles */
    RETRY_MAX_MS = 5 * 1000,
    GRACE_MS = 5 * 1000, /* com2net keeps a device for us so long when the connection is lost */
};

struct attachment {
    struct usb_server server;
    const char *selector;
    bool persists;
    uint8_t token[USBIP_EXT_TOKEN_SIZE];
    int port;
    char busid[USBIP_BUSID_SIZE]; /* at the server */
    char local[32];               /* on this machine */
};

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
    (void)number;
    stopped = 1;
}

/* A signal ends it early. */
static void sleep_ms(int ms)
{
    poll(NULL, 0, ms);
}

static int read_port(int number, struct vhci_port *port)
{
    char error[VHCI_ERROR_MAX];
    struct vhci_port *ports;
    size_t count;
    int r = vhci_read(&ports, &count, error);

    if (r < 0)
        return r;
    r = -ENOENT;
    for (size_t i = 0; i < count; i++) {
        if ((int)ports[i].number == number) {
            *port = ports[i];
            r = 0;
        }
    }
    free(ports);
    return r;
}

/* --- attaching -------------------------------------------------------------------------------- */

static int import(struct attachment *a, const struct usbip_found *f, char *error)
{
    struct usbip_ext_import terms = {.grace_ms = a->persists ? GRACE_MS : 0};
    char trouble[UNREACHED_TEXT_MAX];
    struct usbip_imported imported;

    memcpy(terms.token, a->token, sizeof terms.token);
    snprintf(terms.busid, sizeof terms.busid, "%s", f->device.busid);
    snprintf(a->busid, sizeof a->busid, "%s", f->device.busid);
    int r = usbip_call_import(&a->server.address, a->busid, a->server.extended ? &terms : NULL,
                              &imported);
    if (r < 0) {
        usbip_trouble_of_import(&a->server.address, r, imported.reason, trouble);
        snprintf(error, VHCI_ERROR_MAX, "%.280s: %s: %s", a->server.name, a->busid,
                 r == -EBUSY && f->entry.user[0] ? "somebody else has it" : trouble);
        if (r == -EBUSY && f->entry.user[0])
            snprintf(error + strlen(error), VHCI_ERROR_MAX - strlen(error), ", %s", f->entry.user);
        return r;
    }
    a->port = vhci_attach(imported.fd, &imported.device, error);
    close(imported.fd); /* the kernel has it */
    if (a->port < 0)
        return a->port;
    struct vhci_record record;
    snprintf(record.host, sizeof record.host, "%s", a->server.address.host);
    snprintf(record.port, sizeof record.port, "%s", a->server.address.port);
    snprintf(record.busid, sizeof record.busid, "%s", a->busid);
    vhci_put_record((unsigned)a->port, &record);
    return 0;
}

/* Waits until the kernel has the device, and its drivers have what they want. */
static int wait_for_device(struct attachment *a, struct vhci_nodes *nodes, char *error)
{
    long long end = usbip_clock_ms() + NODES_MS, since = 0;
    struct vhci_port port;
    size_t count = 0;

    *nodes = (struct vhci_nodes){.count = 0};
    while (!stopped && usbip_clock_ms() < end) {
        int r = read_port(a->port, &port);

        if (r < 0 || (port.state != VHCI_USED && port.state != VHCI_ATTACHING)) {
            snprintf(error, VHCI_ERROR_MAX,
                     "%.280s: %s: the kernel has given it up again; its log says why: dmesg",
                     a->server.name, a->busid);
            return -EIO;
        }
        if (port.state == VHCI_USED && strcmp(port.busid, "0-0") != 0) {
            snprintf(a->local, sizeof a->local, "%s", port.busid);
            vhci_find_nodes(port.busid, nodes);
            if (nodes->count != count || since == 0)
                since = usbip_clock_ms();
            count = nodes->count;
            if (nodes->settled || (count > 1 && usbip_clock_ms() - since > DRIVER_MS) ||
                (count == 1 && usbip_clock_ms() - since > 2 * DRIVER_MS))
                return 0;
        }
        sleep_ms(LOOK_MS);
    }
    if (nodes->count > 0)
        return 0;
    snprintf(error, VHCI_ERROR_MAX,
             "%.280s: %s: the kernel has not made a device of it within %d s; its log says more: "
             "dmesg",
             a->server.name, a->busid, NODES_MS / 1000);
    return -ETIMEDOUT;
}

static void report(const struct attachment *a, const struct vhci_nodes *nodes)
{
    bool absent = false;

    printf("port %d: %s of %s is %s here", a->port, a->busid, a->server.name, a->local);
    for (size_t i = 0; i < nodes->count; i++) {
        char path[128];

        snprintf(path, sizeof path, "/dev/%s", nodes->names[i]);
        printf("%s %s", i > 0 ? "," : ":", path);
        absent = absent || access(path, F_OK) < 0;
    }
    putchar('\n');
    fflush(stdout);
    if (absent)
        log_warn("some of these files are not here: in a container /dev has only what was there "
                 "when it started; they are on the host");
}

static int attach_once(struct attachment *a, char error[static VHCI_ERROR_MAX])
{
    const struct usbip_found *f = NULL;
    struct vhci_nodes nodes;
    int r = usb_server_list(&a->server, error);

    if (r == 0) {
        r = usb_selector_find_one(&a->server, a->selector, &f, error);
        r = r < 0 ? r : import(a, f, error);
    }
    if (r < 0)
        return r;
    r = wait_for_device(a, &nodes, error);
    if (r == 0) {
        report(a, &nodes);
    } else {
        char why[VHCI_ERROR_MAX];

        vhci_detach((unsigned)a->port, why); /* it may have ended by itself */
        vhci_remove_record((unsigned)a->port);
        a->port = -1;
    }
    return r;
}

/* --- keeping it so ---------------------------------------------------------------------------- */

static void wait_for_loss(const struct attachment *a)
{
    struct vhci_port port;

    while (!stopped && read_port(a->port, &port) == 0 &&
           (port.state == VHCI_USED || port.state == VHCI_ATTACHING))
        sleep_ms(WATCH_MS);
    if (stopped)
        return;
    log_info("%s: %s is gone; it will be attached again when it returns", a->server.name, a->busid);
    vhci_remove_record((unsigned)a->port);
}

/* A pause, which com2net ends when its list changes. */
static void wait_for_change(const struct attachment *a, int pause_ms)
{
    struct usbip_found *list;
    size_t count;
    int watch = -1;

    if (a->server.extended && usbip_call_list(&a->server.address, USBIP_CALL_TIMEOUT_MS, true,
                                              &watch, &list, &count) == 0)
        free(list);
    struct pollfd p = {watch, POLLIN, 0};
    if (!stopped) /* since it was looked at a server may have been asked for seconds */
        poll(&p, 1, pause_ms);
    if (watch >= 0)
        close(watch);
}

static int persist(struct attachment *a, int r, char error[static VHCI_ERROR_MAX])
{
    char said[VHCI_ERROR_MAX] = "";
    int pause_ms = RETRY_MS;

    while (!stopped) {
        if (r == 0) {
            wait_for_loss(a);
            pause_ms = RETRY_MS;
            said[0] = '\0';
        } else {
            if (strcmp(said, error) != 0)
                log_warn("%s", error);
            snprintf(said, sizeof said, "%s", error);
            wait_for_change(a, pause_ms);
            pause_ms = pause_ms < RETRY_MAX_MS / 2 ? 2 * pause_ms : RETRY_MAX_MS;
        }
        if (stopped)
            break;
        a->port = -1;
        r = attach_once(a, error);
    }
    if (a->port >= 0) {
        vhci_detach((unsigned)a->port, error);
        vhci_remove_record((unsigned)a->port);
    }
    return CLI_EXIT_OK;
}

static void watch_signals(void)
{
    const struct sigaction action = {.sa_handler = on_signal};

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

/* Reads what was typed. Returns CLI_EXIT_OK, or CLI_EXIT_USAGE after an error. */
static int take_words(const struct net2usb_options *o, const struct cli_arguments *words,
                      struct attachment *a)
{
    const int server_words = o->remote ? 0 : 1, device_words = o->busid ? 0 : 1;
    char error[USB_SERVER_ERROR_MAX];

    if (words->count != server_words + device_words)
        return cli_usage_error("attach takes a server and a device: net2usb attach HOST[:PORT] "
                               "SELECTOR");
    a->selector = o->busid ? o->busid : words->words[server_words];
    if (usb_server_init(&a->server, o->remote ? o->remote : words->words[0], error) < 0)
        return cli_usage_error("%s", error);
    if (!usb_selector_is_valid(a->selector))
        return cli_usage_error("%s selects nothing: it is a BUSID, a name, VID:PID or "
                               "VID:PID:SERIAL",
                               a->selector);
    return CLI_EXIT_OK;
}

/* With --wait: the server, and the device. Returns 0, or -1 after an error. */
static int wait_first(struct attachment *a, int wait_ms)
{
    char selector[256], error[USB_SERVER_ERROR_MAX];
    char *selectors[] = {selector};

    snprintf(selector, sizeof selector, "%s", a->selector);
    if (wait_ms == 0 ||
        usb_wait(&a->server, &(struct usb_want){selectors, 1, false}, wait_ms, error) == 0)
        return 0;
    log_error("not within %g s: %s", wait_ms / 1000.0, error);
    return -1;
}

int usb_attach(void *ctx, const struct cli_arguments *words)
{
    const struct net2usb_options *o = ctx;
    static struct attachment a;
    char error[VHCI_ERROR_MAX];
    struct vhci_port *ports;
    size_t count;

    if (take_words(o, words, &a) != CLI_EXIT_OK)
        return CLI_EXIT_USAGE;
    if (vhci_read(&ports, &count, error) < 0) { /* before anybody's device is taken */
        log_error("%s", error);
        return CLI_EXIT_FAILED;
    }
    free(ports);
    if (wait_first(&a, o->wait_ms) < 0)
        return NET2USB_EXIT_NOT_REACHED;
    a.persists = o->persist;
    a.port = -1;
    if (a.persists) {
        watch_signals();
        if (getrandom(a.token, sizeof a.token, 0) != (ssize_t)sizeof a.token)
            a.persists = false; /* without a token nothing is kept */
    }
    int r = attach_once(&a, error);
    if (o->persist && r != -EACCES && r != -EROFS && r != -EPERM && r != -EEXIST)
        return persist(&a, r, error);
    if (r < 0)
        log_error("%s", error);
    return r < 0 ? CLI_EXIT_FAILED : CLI_EXIT_OK;
}
