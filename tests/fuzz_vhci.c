/*
 * The files of vhci_hcd, with anything in them: the list of ports, the note about a port, a
 * device's name. The first byte says how much of the input is the note.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "vhci.h"

#define CONTROLLER "/sys/devices/platform/vhci_hcd.0"

static char root[] = "/tmp/fuzz_vhci.XXXXXX";

static void make_folder(const char *path)
{
    char full[256];

    snprintf(full, sizeof full, "%s%s", root, path);
    for (char *p = full + strlen(root) + 1; *p; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        mkdir(full, 0700);
        *p = '/';
    }
    mkdir(full, 0700);
}

static void put(const char *path, const uint8_t *data, size_t len)
{
    char full[256];

    snprintf(full, sizeof full, "%s%s", root, path);
    FILE *f = fopen(full, "w");
    if (!f)
        abort();
    fwrite(data, 1, len, f);
    fclose(f);
}

static void remove_root(void)
{
    char command[64];

    snprintf(command, sizeof command, "rm -rf '%s'", root);
    if (system(command) != 0)
        perror(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static bool begun;
    struct vhci_record record;
    struct vhci_nodes nodes;
    struct vhci_port *ports;
    char error[VHCI_ERROR_MAX];
    size_t count;

    if (!begun) {
        if (!mkdtemp(root))
            abort();
        make_folder(CONTROLLER);
        make_folder("/var/run/vhci_hcd");
        vhci_set_root(root);
        atexit(remove_root);
        begun = true;
    }
    if (len == 0)
        return 0;
    const size_t note = data[0] < len ? data[0] : len - 1;
    put("/var/run/vhci_hcd/port0", data + 1, note);
    put(CONTROLLER "/status", data + 1 + note, len - 1 - note);
    int r = vhci_read(&ports, &count, error);
    if (r < 0 ? ports || count > 0 || !error[0] : !ports || count == 0)
        abort();
    for (size_t i = 0; i < count; i++) {
        if (!memchr(ports[i].busid, '\0', sizeof ports[i].busid))
            abort();
        vhci_find_nodes(ports[i].busid, &nodes);
    }
    free(ports);
    vhci_get_record(0, &record);
    return 0;
}
