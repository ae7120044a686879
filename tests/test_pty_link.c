/*
 * Links at paths where somebody else makes and removes things at the same time.
 */
#define _GNU_SOURCE
#include "pty_link.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "patience.h"
#include "test.h"

static char folder[64], link_path[96];
static char error[VPORT_ERROR_MAX];
static const char ours[] = "/dev/pts/70001", later[] = "/dev/pts/70002";
static const struct pty_link_over nothing;

static void begin(void)
{
    snprintf(folder, sizeof folder, "/tmp/test_pty_link.XXXXXX");
    CHECK(mkdtemp(folder));
    snprintf(link_path, sizeof link_path, "%s/tty", folder);
}

/* What the other one has had moved out of its own way is not removed. */
static void clear(void)
{
    DIR *dir = opendir(folder);

    CHECK(dir);
    for (struct dirent *e = readdir(dir); e; e = readdir(dir))
        unlinkat(dirfd(dir), e->d_name, 0);
    closedir(dir);
}

static void end(void)
{
    unlink(link_path);
    CHECK(rmdir(folder) == 0); /* nothing is left */
}

static bool leads_to(const char *target)
{
    return pty_link_look(link_path, target) == 0;
}

static int make(const char *target, struct pty_link_over over)
{
    return pty_link_make(link_path, target, &over, (uid_t)-1, (gid_t)-1, error);
}

static void a_link_is_made_and_removed(void)
{
    begin();
    CHECK(pty_link_look(link_path, ours) == -ENOENT);
    CHECK(make(ours, nothing) == 0 && leads_to(ours));
    CHECK(make(later, nothing) == -EEXIST && leads_to(ours));
    CHECK(make(later, (struct pty_link_over){.ours = ours}) == 0 && leads_to(later));
    CHECK(make(ours, (struct pty_link_over){.ours = "/dev/pts/1"}) == -EEXIST && leads_to(later));
    CHECK(make(ours, (struct pty_link_over){.stale = true}) == 0 && leads_to(ours));
    CHECK(make(later, (struct pty_link_over){.dangling = true}) == 0 && leads_to(later));
    pty_link_remove(link_path, ours);
    CHECK(leads_to(later));
    pty_link_remove(link_path, later);
    CHECK(pty_link_look(link_path, later) == -ENOENT);
    end();
}

static void what_is_no_such_link_stays(void)
{
    const struct pty_link_over all = {.ours = ours, .stale = true, .dangling = true};

    begin();
    CHECK(symlink("/dev/null", link_path) == 0);
    CHECK(make(ours, all) == -EEXIST && leads_to("/dev/null"));
    unlink(link_path);
    int fd = open(link_path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    CHECK(fd >= 0 && write(fd, "mine", 4) == 4);
    close(fd);
    CHECK(make(ours, all) == -EEXIST);
    pty_link_remove(link_path, ours);
    struct stat st;
    CHECK(lstat(link_path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == 4);
    end();
}

static void an_owner_is_given_to_the_link_alone(void)
{
    struct stat st;
    const uid_t other = 12345;

    begin();
    CHECK(symlink("/dev/null", link_path) == 0);
    const bool gives =
        lchown(link_path, other, (gid_t)-1) == 0; /* root of some containers may not */
    unlink(link_path);
    const uid_t uid = gives ? other : geteuid();
    CHECK(pty_link_make(link_path, ours, &nothing, uid, (gid_t)-1, error) == 0);
    CHECK(lstat(link_path, &st) == 0 && st.st_uid == uid);
    if (!gives)
        CHECK(pty_link_make(link_path, later, &(struct pty_link_over){.ours = ours}, other,
                            (gid_t)-1, error) == -EPERM &&
              leads_to(ours));
    end();
}

/* The other one puts files in the place of links, as quickly as it can, and counts those it finds
 * again. A file that is not found again has been replaced or removed by us. */
static _Noreturn void put_files(const char *path)
{
    char aside[128];

    snprintf(aside, sizeof aside, "%s.file", path);
    for (int i = 0; i < 20000; i++) {
        struct stat st, now;
        int fd = open(aside, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);

        if (fd < 0 || fstat(fd, &st) < 0)
            _exit(2);
        close(fd);
        if (rename(aside, path) < 0) /* in place of the link */
            _exit(3);
        for (int j = 0; j < 20; j++) {
            /* while it is away it may be looked at; it has to come back */
            const uint64_t limit = patience_ms() + 10000;
            while (lstat(path, &now) < 0 || now.st_ino != st.st_ino)
                if (patience_ms() > limit)
                    _exit(1);
        }
        unlink(path);
    }
    _exit(0);
}

static void files_that_come_in_between_are_not_lost(void)
{
    const struct pty_link_over over = {.stale = true};
    int status = 0;

    begin();
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0)
        put_files(link_path);
    while (waitpid(pid, &status, WNOHANG) == 0) {
        (void)make(ours, over);
        (void)make(later, over);
        pty_link_remove(link_path, later);
    }
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    clear();
    end();
}

static const struct test tests[] = {
    TEST(a_link_is_made_and_removed),
    TEST(what_is_no_such_link_stays),
    TEST(an_owner_is_given_to_the_link_alone),
    TEST(files_that_come_in_between_are_not_lost),
};

TEST_MAIN(tests)
