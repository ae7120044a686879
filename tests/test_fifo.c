/* A FIFO whose writers come and go, and a mouse that has its events from it. */
#include "fifo.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "loop.h"
#include "test.h"
#include "demo.h"

static char path[64];
static struct event_base *base;
static char got[1 << 17];
static size_t got_len;

static void make_fifo(void)
{
    snprintf(path, sizeof path, "/tmp/test_fifo.%d", (int)getpid());
    CHECK(mkfifo(path, 0600) == 0);
    base = loop_new(false);
}

static void remove_fifo(void)
{
    unlink(path);
    loop_free(base);
}

static int write_at(const char *text)
{
    int fd = open(path, O_WRONLY | O_NONBLOCK);

    CHECK(fd >= 0);
    int n = (int)write(fd, text, strlen(text));
    close(fd);
    return n;
}

static void on_received(void *ctx, const uint8_t *data, size_t len)
{
    (void)ctx;
    CHECK(len <= FIFO_READ_MAX && got_len + len < sizeof got);
    memcpy(got + got_len, data, len);
    got_len += len;
    got[got_len] = '\0';
}

static bool has_text(void *ctx)
{
    return strcmp(got, ctx) == 0;
}

static bool never(void *ctx)
{
    (void)ctx;
    return false;
}

static void writers_come_and_go(void)
{
    char want[1024] = "";
    int error;

    make_fifo();
    CHECK(fifo_is_at(path) && !fifo_is_at("/dev/null") && !fifo_is_at("/nowhere/x"));
    struct fifo *f = fifo_open(base, path, on_received, NULL, &error);
    CHECK(f);
    fifo_read(f, true);
    for (int i = 0; i < 50; i++) {
        CHECK(write_at("line\n") == 5);
        strcat(want, "line\n");
        CHECK(loop_run_until(base, has_text, want, 2000));
    }
    clock_t begin = clock();
    CHECK(!loop_run_until(base, never, NULL, 300)); /* nobody writes: nothing is done */
    CHECK(clock() - begin < CLOCKS_PER_SEC / 10);
    fifo_close(f);
    fifo_close(NULL);
    remove_fifo();
    CHECK(!fifo_open(base, path, on_received, NULL, &error) && error == -ENOENT);
}

static void writers_are_held_back(void)
{
    static char much[1 << 17];
    int error;

    make_fifo();
    struct fifo *f = fifo_open(base, path, on_received, NULL, &error);
    CHECK(f);
    got_len = 0;
    memset(much, 'x', sizeof much - 1);
    int n = write_at(much);
    CHECK(n > 0 && n < (int)sizeof much);
    CHECK(!loop_run_until(base, never, NULL, 50) && got_len == 0);
    fifo_read(f, true);
    while (got_len < (size_t)n - FIFO_READ_MAX)
        loop_settle(base);
    fifo_read(f, false);
    size_t before = got_len;
    CHECK(!loop_run_until(base, never, NULL, 50) && got_len == before);
    fifo_close(f);
    remove_fifo();
}

/* --- a mouse ------------------------------------------------------------------------------------
 */

static bool is_done;
static struct usb_transfer transfer;
static uint8_t report[8];

static void on_done(struct usb_transfer *t)
{
    (void)t;
    is_done = true;
}

static bool done(void *ctx)
{
    (void)ctx;
    return is_done;
}

static void begin_poll(struct usb_device *d)
{
    is_done = false;
    transfer = (struct usb_transfer){
        .address = 0x81, .data = report, .length = sizeof report, .done = on_done};
    d->ops->submit(d, &transfer);
}

static void poll_report(struct usb_device *d)
{
    begin_poll(d);
    CHECK(loop_run_until(base, done, NULL, 2000) && transfer.status == 0 && transfer.actual == 4);
}

static struct usb_device *plug_in(char error[static CLI_ERROR_MAX])
{
    char typed[128];

    snprintf(typed, sizeof typed, "mouse,events=%s", path);
    return demo_new(base, typed, 1, error);
}

static void events_wait_for_a_client(void)
{
    char error[CLI_ERROR_MAX], line[32];

    make_fifo();
    struct usb_device *d = plug_in(error);
    if (!d)
        fprintf(stderr, "%s\n", error);
    CHECK(d);
    write_at("move 1 2\n");
    CHECK(!loop_run_until(base, never, NULL, 50));
    CHECK(d->ops->claim(d, error) == 0);
    poll_report(d);
    CHECK(report[1] == 1 && report[2] == 2);
    for (int i = 1; i < 20; i++) { /* a writer each, while the client waits */
        begin_poll(d);
        CHECK(!is_done);
        snprintf(line, sizeof line, "%smove %d 0\n", i % 3 ? "" : "bad\n", i);
        write_at(line);
        CHECK(loop_run_until(base, done, NULL, 2000) && report[1] == i);
    }
    write_at("move 7"); /* in two halves, by two writers */
    begin_poll(d);
    CHECK(!loop_run_until(base, done, NULL, 50));
    write_at(" 7\npress left\n");
    CHECK(loop_run_until(base, done, NULL, 2000) && report[1] == 7 && report[2] == 7);
    d->ops->release(d); /* the button is up again for the next one */
    CHECK(d->ops->claim(d, error) == 0);
    write_at("move 1 1\n");
    poll_report(d);
    CHECK(report[0] == 0 && report[1] == 1);
    d->ops->release(d);
    d->ops->free(d);
    remove_fifo();
}

/* Far more than the queue holds: all of it arrives, and writers wait meanwhile. */
static void the_queue_is_bounded(void)
{
    enum { LINES = 30000 };
    char error[CLI_ERROR_MAX];
    int written = 0, moved = 0;

    make_fifo();
    struct usb_device *d = plug_in(error);
    CHECK(d && d->ops->claim(d, error) == 0);
    int fd = open(path, O_WRONLY | O_NONBLOCK);
    CHECK(fd >= 0);
    begin_poll(d);
    for (int idle = 0; idle < 20 && written < LINES;) {
        ssize_t n = write(fd, "wheel 1\n", 8);

        written += n == 8;
        if (n == 8)
            continue;
        CHECK(n < 0 && errno == EAGAIN);
        idle++;
        loop_settle(base);
    }
    CHECK(written > 8192 && written < LINES); /* the queue and the FIFO are full */
    for (; moved < 20; moved++) {
        CHECK(loop_run_until(base, done, NULL, 2000) && report[3] == 1);
        begin_poll(d);
    }
    close(fd);
    d->ops->cancel(d, &transfer);
    d->ops->release(d);
    d->ops->free(d);
    remove_fifo();
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(writers_come_and_go),
        TEST(writers_are_held_back),
        TEST(events_wait_for_a_client),
        TEST(the_queue_is_bounded),
    };

    log_init("test_fifo", LOG_LEVEL_ERROR);
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
