/*
 * News of ports that come: of names in a folder that stands for /dev here.
 */
#include "serial_arrivals.h"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <event2/event.h>

#include "loop.h"
#include "startup.h"
#include "test.h"

enum { LIMIT_MS = 60000 };

static char dev[] = "/tmp/test_serial_arrivals.XXXXXX";
static struct event_base *base;
static unsigned came;

int __real_inotify_add_watch(int fd, const char *path, uint32_t mask);
int __wrap_inotify_add_watch(int fd, const char *path, uint32_t mask);

int __wrap_inotify_add_watch(int fd, const char *path, uint32_t mask)
{
    CHECK_TEXT(path, "/dev/");
    return __real_inotify_add_watch(fd, dev, mask);
}

static void on_came(void *ctx)
{
    CHECK(ctx == &came);
    came++;
}

static const char *path_of(const char *name)
{
    static char path[256];

    snprintf(path, sizeof path, "%s/%s", dev, name);
    return path;
}

static void make(const char *name)
{
    FILE *f = fopen(path_of(name), "w");

    CHECK(f);
    fclose(f);
}

static bool has_come(void *ctx)
{
    return came >= *(const unsigned *)ctx;
}

static bool comes(unsigned times)
{
    return loop_run_until(base, has_come, &times, LIMIT_MS);
}

static void a_name_that_comes_and_rights_that_change_are_told(void)
{
    CHECK(mkdtemp(dev));
    base = loop_new(false);
    struct serial_arrivals *a = serial_arrivals_new(base, on_came, &came);
    CHECK(a);
    make("no_tty"); /* no name of /sys/class/tty */
    loop_settle(base);
    CHECK(came == 0);
    make("tty"); /* there everywhere */
    CHECK(comes(1));
    loop_settle(base);
    came = 0;
    CHECK(chmod(path_of("tty"), 0600) == 0);
    CHECK(comes(1));
    CHECK(unlink(path_of("tty")) == 0 && unlink(path_of("no_tty")) == 0);
    serial_arrivals_free(a);
    loop_free(base);
    CHECK(rmdir(dev) == 0);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {TEST(a_name_that_comes_and_rights_that_change_are_told)};

    CHECK(startup_init(&argc, &argv) == 0);
    if (access("/sys/class/tty/tty", F_OK) < 0) {
        printf("skip: there is no /sys/class/tty\n");
        return 77;
    }
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
