/*
 * What programs do to libusb-1.0 that they should not, or seldom do, on a usb:demo-loop. Says what
 * is wrong, and ends with 1.
 */
#include <fcntl.h>
#include <libusb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static libusb_context *context;
static int called;

#define CHECK(what, wanted) check(__LINE__, #what, (what), (wanted))

static void check(int line, const char *what, int got, int wanted)
{
    if (got == wanted)
        return;
    fprintf(stderr, "line %d: %s is %d, not %d\n", line, what, got, wanted);
    exit(1);
}

static libusb_device_handle *open_in(libusb_context *c)
{
    libusb_device_handle *h = libusb_open_device_with_vid_pid(c, 0x1209, 1);

    CHECK(h != NULL, 1);
    return h;
}

static void handle_events(long ms)
{
    struct timeval limit = {0, ms * 1000};

    CHECK(libusb_handle_events_timeout(context, &limit), 0);
}

static void LIBUSB_CALL on_done(struct libusb_transfer *t)
{
    (void)t;
    called++;
}

static struct libusb_transfer *request(libusb_device_handle *h, uint16_t value, uint16_t length,
                                       size_t room)
{
    struct libusb_transfer *t = libusb_alloc_transfer(0);
    unsigned char *buffer = malloc(room);

    libusb_fill_control_setup(buffer, 0x80, 6, value, 0, length);
    libusb_fill_control_transfer(t, h, buffer, on_done, NULL, 1000);
    t->length = (int)room;
    t->flags = LIBUSB_TRANSFER_FREE_BUFFER;
    return t;
}

/* A buffer that is shorter than what its setup asks for. */
static void short_buffers_are_refused(void)
{
    libusb_device_handle *h = open_in(context);
    struct libusb_transfer *t = request(h, 0x100, 255, 8), *none = request(h, 0x100, 255, 8);

    CHECK(libusb_submit_transfer(t), LIBUSB_ERROR_INVALID_PARAM);
    none->length = 4;
    CHECK(libusb_submit_transfer(none), LIBUSB_ERROR_INVALID_PARAM);
    libusb_free_transfer(t);
    libusb_free_transfer(none);
    libusb_close(h);
}

/* A close with a transfer that is done, and freed before the program hears of it. */
static void a_close_drops_what_is_done(void)
{
    libusb_device_handle *h = open_in(context);
    struct libusb_transfer *t = request(h, 0x100, 18, 64);

    CHECK(libusb_submit_transfer(t), 0); /* known without the device: done at once */
    libusb_close(h);
    libusb_free_transfer(t);
    handle_events(10);
    CHECK(called, 0);
}

static void LIBUSB_CALL on_done_close(struct libusb_transfer *t)
{
    libusb_close(t->dev_handle);
    called++;
}

/* A callback that closes the handle of others that are done, too. */
static void callbacks_may_close(void)
{
    libusb_device_handle *h = open_in(context);
    struct libusb_transfer *all[8];

    CHECK(libusb_claim_interface(h, 0), 0);
    for (int i = 0; i < 8; i++) {
        all[i] = request(h, 0x100, 18, 64);
        all[i]->callback = on_done_close;
        CHECK(libusb_submit_transfer(all[i]), 0);
    }
    while (called == 0)
        handle_events(100);
    handle_events(10);
    CHECK(called, 1);
    for (int i = 0; i < 8; i++)
        libusb_free_transfer(all[i]);
}

static void claims_go_with_their_handle(void)
{
    libusb_device_handle *first = open_in(context), *second = open_in(context);

    CHECK(libusb_claim_interface(first, 0), 0);
    CHECK(libusb_claim_interface(second, 0), LIBUSB_ERROR_BUSY);
    libusb_close(first);
    CHECK(libusb_claim_interface(second, 0), 0);
    libusb_close(second);
}

static void contexts_do_not_share(void)
{
    unsigned char status[2];
    libusb_context *other;
    libusb_device_handle *h = open_in(context);

    CHECK(libusb_claim_interface(h, 0), 0);
    CHECK(libusb_init(&other), 0);
    libusb_device_handle *theirs = open_in(other);
    CHECK(libusb_claim_interface(theirs, 0), LIBUSB_ERROR_BUSY);
    CHECK(libusb_control_transfer(h, 0x80, 0, 0, 0, status, 2, 1000), 2);
    libusb_close(h);
    CHECK(libusb_claim_interface(theirs, 0), 0);
    libusb_close(theirs);
    libusb_exit(other);
}

/* A read that is cancelled takes nothing from the next one. */
static void cancelled_reads_take_nothing(void)
{
    libusb_device_handle *h = open_in(context);
    unsigned char data[64];
    int moved;

    CHECK(libusb_claim_interface(h, 0), 0);
    for (int i = 0; i < 20; i++) {
        struct libusb_transfer *t = libusb_alloc_transfer(0);
        unsigned char unused[64];

        called = 0;
        libusb_fill_bulk_transfer(t, h, 0x81, unused, sizeof unused, on_done, NULL, 0);
        CHECK(libusb_submit_transfer(t), 0);
        CHECK(libusb_cancel_transfer(t), 0);
        while (called == 0)
            handle_events(100);
        CHECK(t->status, LIBUSB_TRANSFER_CANCELLED);
        libusb_free_transfer(t);
        CHECK(libusb_bulk_transfer(h, 0x01, (unsigned char *)"data", 4, &moved, 1000), 0);
        CHECK(libusb_bulk_transfer(h, 0x81, data, sizeof data, &moved, 1000), 0);
        CHECK(moved, 4);
    }
    libusb_close(h);
}

/* A transfer to an endpoint that is not there ends at once, whatever its timeout. */
static void other_endpoints_are_refused(void)
{
    libusb_device_handle *h = open_in(context);
    unsigned char data[64];
    int moved;

    CHECK(libusb_claim_interface(h, 0), 0);
    CHECK(libusb_bulk_transfer(h, 0x0f, data, sizeof data, &moved, 0), LIBUSB_ERROR_IO);
    CHECK(libusb_bulk_transfer(h, 0x8f, data, sizeof data, &moved, 0), LIBUSB_ERROR_IO);
    CHECK(libusb_interrupt_transfer(h, 0x8f, data, sizeof data, &moved, 0), LIBUSB_ERROR_IO);
    CHECK(libusb_bulk_transfer(h, 0x01, data, 4, &moved, 1000), 0);
    CHECK(libusb_bulk_transfer(h, 0x81, data, sizeof data, &moved, 1000), 0);
    libusb_close(h);
}

/* What no server takes is refused, and the device goes on. */
static void large_ones_are_refused(void)
{
    enum { MOST = 16 << 20, PACKETS = 2000 };
    libusb_device_handle *h = open_in(context);
    struct libusb_transfer *t = libusb_alloc_transfer(PACKETS);
    unsigned char *data = calloc(1, MOST + 1), status[2];
    int moved;

    CHECK(libusb_claim_interface(h, 0), 0);
    CHECK(libusb_bulk_transfer(h, 0x04, data, MOST + 1, &moved, 5000), LIBUSB_ERROR_NO_MEM);
    CHECK(libusb_control_transfer(h, 0x80, 0, 0, 0, status, 2, 5000), 2);
    libusb_fill_iso_transfer(t, h, 0x83, data, PACKETS * 64, PACKETS, on_done, NULL, 5000);
    libusb_set_iso_packet_lengths(t, 64);
    CHECK(libusb_submit_transfer(t), LIBUSB_ERROR_INVALID_PARAM);
    CHECK(libusb_control_transfer(h, 0x80, 0, 0, 0, status, 2, 5000), 2);
    CHECK(libusb_bulk_transfer(h, 0x04, data, MOST, &moved, 20000), 0);
    CHECK(moved, MOST);
    libusb_free_transfer(t);
    libusb_close(h);
    free(data);
}

/* How many of the descriptors that it waits for are timers that will fire. */
static int armed_timers(void)
{
    const struct libusb_pollfd **fds = libusb_get_pollfds(context);
    int armed = 0;

    for (int i = 0; fds[i]; i++) {
        char path[64], line[128];
        unsigned long s, ns;

        snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fds[i]->fd);
        FILE *info = fopen(path, "r");
        while (info && fgets(line, sizeof line, info))
            if (sscanf(line, "it_value: (%lu, %lu)", &s, &ns) == 2)
                armed += s + ns > 0;
        if (info)
            fclose(info);
    }
    libusb_free_pollfds(fds);
    return armed;
}

/* A child would take the expirations of its parent's timers away. */
static void forks_share_no_timer(void)
{
    libusb_device_handle *h = open_in(context);
    struct libusb_transfer *t = libusb_alloc_transfer(0);
    unsigned char unused[64];
    int status;

    CHECK(libusb_claim_interface(h, 0), 0);
    libusb_fill_bulk_transfer(t, h, 0x81, unused, sizeof unused, on_done, NULL, 0);
    CHECK(libusb_submit_transfer(t), 0);
    CHECK(libusb_cancel_transfer(t), 0); /* which gets no longer than a second */
    CHECK(armed_timers(), 1);
    pid_t child = fork();
    if (child == 0)
        _exit(armed_timers());
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status), 1);
    CHECK(WEXITSTATUS(status), 0);
    CHECK(armed_timers(), 1);
    while (called == 0)
        handle_events(100);
    libusb_free_transfer(t);
    libusb_close(h);
}

/* Its own files, which have the numbers of those that it has closed. */
static int count_files(dev_t device)
{
    struct stat st;
    int count = 0;

    for (int fd = 3; fd < 100; fd++)
        count += fstat(fd, &st) == 0 && st.st_rdev == device;
    return count;
}

/* A daemon closes all that it does not know, opens files of its own, and forks again. */
static void forks_keep_the_files_of_others(void)
{
    libusb_device_handle *h = open_in(context);
    struct libusb_transfer *t = libusb_alloc_transfer(0);
    unsigned char unused[64];
    struct stat null;
    int status;

    CHECK(stat("/dev/null", &null), 0);
    CHECK(libusb_claim_interface(h, 0), 0);
    libusb_fill_bulk_transfer(t, h, 0x81, unused, sizeof unused, on_done, NULL, 0);
    CHECK(libusb_submit_transfer(t), 0);
    CHECK(libusb_cancel_transfer(t), 0);
    pid_t child = fork();
    if (child == 0) {
        for (int fd = 3; fd < 100; fd++)
            close(fd);
        for (int fd = 3; fd < 100; fd++)
            open("/dev/null", O_RDWR);
        child = fork();
        if (child == 0)
            _exit(count_files(null.st_rdev));
        waitpid(child, &status, 0);
        _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
    }
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status), 1);
    CHECK(WEXITSTATUS(status), 97);
    while (called == 0)
        handle_events(100);
    libusb_free_transfer(t);
    libusb_close(h);
}

int main(void)
{
    void (*const all[])(void) = {short_buffers_are_refused,   a_close_drops_what_is_done,
                                 callbacks_may_close,         claims_go_with_their_handle,
                                 contexts_do_not_share,       cancelled_reads_take_nothing,
                                 forks_share_no_timer,        forks_keep_the_files_of_others,
                                 other_endpoints_are_refused, large_ones_are_refused};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        called = 0;
        CHECK(libusb_init(&context), 0);
        all[i]();
        libusb_exit(context);
    }
    return 0;
}
