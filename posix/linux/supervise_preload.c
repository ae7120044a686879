#include "supervise_preload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "supervise.h"

int supervise_find_preload(char path[static SUPERVISE_PATH_MAX])
{
    static const char *const places[] = {"", "../lib/net2pty/", "client/"};
    const char *said = getenv("NET2PTY_PRELOAD");
    char folder[SUPERVISE_PATH_MAX / 2];
    ssize_t n = readlink("/proc/self/exe", folder, sizeof folder - 1);

    if (said) {
        snprintf(path, SUPERVISE_PATH_MAX, "%s", said);
        return access(path, R_OK) == 0 ? 0 : -ENOENT;
    }
    folder[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(folder, '/');
    if (slash)
        slash[1] = '\0';
    for (unsigned i = 0; i < sizeof places / sizeof *places; i++) {
        snprintf(path, SUPERVISE_PATH_MAX, "%s%s" SUPERVISE_PRELOAD_NAME, folder, places[i]);
        if (access(path, R_OK) == 0)
            return 0;
    }
    snprintf(path, SUPERVISE_PATH_MAX, "%s%s" SUPERVISE_PRELOAD_NAME, folder, places[1]);
    return -ENOENT;
}

/* Puts a path in front of those that the variable has already. */
static void put_in_front(const char *name, const char *path)
{
    const char *others = getenv(name);
    char value[2 * SUPERVISE_PATH_MAX];

    snprintf(value, sizeof value, "%s%s%s", path, others && *others ? ":" : "",
             others ? others : "");
    setenv(name, value, 1);
}

void supervise_preload_set(void)
{
    char path[SUPERVISE_PATH_MAX];
    const char *library = path;

    if (supervise_find_preload(path) < 0)
        return;
    char *slash = strrchr(path, '/');
    if (slash && strchr(path, ' ')) { /* the loader ends a path there, but not a folder's */
        *slash = '\0';
        put_in_front("LD_LIBRARY_PATH", path);
        library = slash + 1;
    }
    put_in_front("LD_PRELOAD", library);
    put_in_front("ASAN_OPTIONS",
                 "verify_asan_link_order=0"); /* it would not start after another library */
}
