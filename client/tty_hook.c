#include "tty_hook.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "clock.h"
#include "companion.h"
#include "error_text.h"
#include "local.h"
#include "log.h"

enum { LINK_MS = 10000, PAUSE_MS = 10, ANSWER_MAX = 2048, ASK_MS = 1000, WAIT_TEXT_MAX = 32 };
enum { NOBODY = -1, CLAIM_MAX = PATH_MAX };

struct hook {
    char link[PATH_MAX / 2];    /* with options */
    char path[PATH_MAX / 2];    /* without */
    char log[PATH_MAX / 2 + 8]; /* of its net2pty */
    char claim[PATH_MAX / 2 + 8];
    char *name;
    int watcher; /* or NOBODY: of another hook */
};

/* The library in programs knows a port by its number, and finds the socket beside its link. */
static int name_socket(const struct hook *h)
{
    static const char pts[] = "/dev/pts/";
    char device[PATH_MAX], from[PATH_MAX], to[PATH_MAX];
    const ssize_t n = readlink(h->path, device, sizeof device - 1);

    if (n < 0)
        return -errno;
    device[n] = '\0';
    if (strncmp(device, pts, sizeof pts - 1) != 0)
        return -ENOTTY;
    snprintf(to, sizeof to, ".%s.net2pty", h->name);
    snprintf(from, sizeof from, TTY_HOOK_FOLDER "/.pts-%.20s", device + sizeof pts - 1);
    unlink(from);
    return symlink(to, from) < 0 ? -errno : 0;
}

/* Whether it is connected to a device that can be used: its net2pty has ended otherwise, or does
 * not say so. */
static bool is_connected(const struct hook *h)
{
    char answer[ANSWER_MAX];

    return local_ask(h->path, "status\n", ASK_MS, answer, sizeof answer) > 0 &&
           strstr(answer, "\nstate: connected\n");
}

/* What its net2pty has said last, for the engine's error. */
static void print_log(const struct hook *h)
{
    FILE *file = fopen(h->log, "re");
    char line[1024];

    while (file && fgets(line, sizeof line, file))
        fputs(line, stderr);
    if (file)
        fclose(file);
}

static int wait_until_there(const struct hook *h, bool connected)
{
    const uint64_t begin = clock_now_ms();
    int status, r = -ENOENT;

    for (;;) {
        if (h->watcher != NOBODY && companion_has_ended(h->watcher, &status)) {
            print_log(h);
            return status ? status : CLI_EXIT_FAILED;
        }
        if (r < 0)
            r = name_socket(h);
        if (r == 0 && (!connected || is_connected(h)))
            return CLI_EXIT_OK;
        if (r < 0 && clock_now_ms() - begin > LINK_MS) {
            print_log(h);
            log_error("%s is not there: %s", h->path, error_text(-r));
            if (h->watcher != NOBODY)
                companion_stop(h->watcher);
            return CLI_EXIT_FAILED;
        }
        clock_sleep_ms(PAUSE_MS);
    }
}

/* Root may make the name that programs expect, too; others take the link itself. */
static void name_in_dev(const struct hook *h)
{
    char name[PATH_MAX];

    snprintf(name, sizeof name, "/dev/%s", h->name);
    if (symlink(h->path, name) < 0)
        log_debug("%s: %s", name, error_text(errno));
}

/* Claims the name for what the hook was given, in a symbolic link, which the first one makes.
 * Returns 0, or -EEXIST where a hook has done so, with what it was given in `other`, or -errno. */
static int claim(const struct hook *h, const char *mine, char other[static CLAIM_MAX])
{
    if (symlink(mine, h->claim) == 0)
        return 0;
    if (errno != EEXIST)
        return -errno;
    const ssize_t n = readlink(h->claim, other, CLAIM_MAX - 1);
    if (n < 0)
        return -errno;
    other[n] = '\0';
    return -EEXIST;
}

/* Starts its net2pty, unless it is there: one device of an engine may be part of another, as of
 * `all`. Returns an exit status. */
static int start(struct hook *h, const char *server, char *wait)
{
    char *argv[] = {(char[]){"net2pty"}, wait, h->link, (char *)(uintptr_t)server, NULL};
    char mine[CLAIM_MAX], other[CLAIM_MAX];

    snprintf(mine, sizeof mine, "%.2047s %.2000s", h->link, server);
    const int r = claim(h, mine, other);
    h->watcher = NOBODY;
    if (r == -EEXIST && strcmp(mine, other) == 0)
        return CLI_EXIT_OK;
    if (r == -EEXIST)
        log_error("%s is there already, for %s: give each port a NAME of its own: net2pty cdi "
                  "%s2=%s",
                  h->path, strrchr(other, ' ') ? strrchr(other, ' ') + 1 : other, h->name, server);
    else if (r < 0)
        log_error("%s: %s", h->claim, error_text(-r));
    if (r < 0)
        return CLI_EXIT_FAILED;
    h->watcher = companion_start(argv, h->log);
    if (h->watcher >= 0)
        return CLI_EXIT_OK;
    log_error("cannot make a process: %s", error_text(-h->watcher));
    unlink(h->claim);
    return CLI_EXIT_FAILED;
}

int tty_hook_run(char *name, const char *server, int wait_ms)
{
    char wait[WAIT_TEXT_MAX] = "--wait=forever";
    struct hook h = {.name = name};

    snprintf(h.link, sizeof h.link, TTY_HOOK_FOLDER "/%s", name);
    name[strcspn(name, ",")] = '\0';
    snprintf(h.path, sizeof h.path, TTY_HOOK_FOLDER "/%s", name);
    snprintf(h.log, sizeof h.log, TTY_HOOK_FOLDER "/.%.200s.log", name);
    snprintf(h.claim, sizeof h.claim, TTY_HOOK_FOLDER "/.%.200s.hook", name);
    if (access(TTY_HOOK_FOLDER, W_OK) < 0) {
        log_error(TTY_HOOK_FOLDER " cannot be written: %s; the CDI file of `net2pty cdi` brings it",
                  error_text(errno));
        return CLI_EXIT_FAILED;
    }
    if (wait_ms > 0)
        snprintf(wait, sizeof wait, "--wait=%.3f", wait_ms / 1000.0);
    int status = start(&h, server, wait);
    if (status != CLI_EXIT_OK)
        return status;
    status = wait_until_there(&h, wait_ms != 0);
    if (status != CLI_EXIT_OK && h.watcher != NOBODY)
        unlink(h.claim);
    if (status == CLI_EXIT_OK)
        name_in_dev(&h);
    return status;
}
