/*
 * Real devices that come and go: where libusb tells of them, and where its list has to be asked (on
 * Windows), which the test decides in place of usb_events.
 */
#include "usb_host.h"

#include <sys/resource.h>

#include <event2/event.h>

#include "fakes/fake_libusb.h"
#include "fakes/fake_worker.h"
#include "log.h"
#include "loop.h"
#include "stage_time.h"
#include "startup.h"
#include "usb_options.h"
#include "test.h"
#include "usb_device.h"
#include "usb_events.h"
#include "usb_system.h"

enum { SEARCHES_MS = 2500 /* two of them, at least */, LIMIT_MS = 10000 };

static struct event_base *base;
static struct usb_host *host;
static struct usb_device *device; /* that has arrived and has not left */
static int arrivals, departures;
static bool tells;
static int events;
static char selector[] = "0403:6010";
static struct usb_importer importer;
static struct usb_options source = {.real = true, .selector = selector, .name = selector};

/* --- usb_events ---------------------------------------------------------------------------------
 */

struct usb_events *usb_events_new(struct event_base *b, struct libusb_context *usb)
{
    (void)b;
    (void)usb;
    events++;
    return (struct usb_events *)(void *)&events;
}

void usb_events_free(struct usb_events *e)
{
    events -= e != NULL;
}

bool usb_events_tell_of_devices(void)
{
    return tells;
}

void usb_events_route(struct libusb_transfer *l, struct usb_end *end)
{
    (void)l;
    (void)end;
}

/* --- usb_system ---------------------------------------------------------------------------------
 */

static bool has_usb = true;

bool __wrap_usb_system_is_there(void);
bool __wrap_usb_system_is_there(void)
{
    return has_usb;
}

/* --- the owner ----------------------------------------------------------------------------------
 */

static void on_arrived(void *ctx, struct usb_device *d)
{
    (void)ctx;
    device = d;
    arrivals++;
}

/* Nobody has it any more, so it can go at once. */
static void on_left(void *ctx, struct usb_device *d)
{
    (void)ctx;
    device = device == d ? NULL : device;
    departures++;
    usb_host_free_device(host, d);
}

static void begin(bool libusb_tells)
{
    static const struct usb_host_callbacks callbacks = {on_arrived, on_left};
    char error[CLI_ERROR_MAX];

    fake_libusb_reset();
    arrivals = departures = 0;
    device = NULL;
    tells = libusb_tells;
    host = usb_host_new(base, &source, &callbacks, NULL, error);
    CHECK(host && arrivals == 1 && usb_host_has(host, device));
    CHECK((fake_libusb.hotplug != NULL) == tells);
}

static void end(void)
{
    if (device)
        usb_host_free_device(host, device);
    usb_host_free(host);
    CHECK(fake_libusb.contexts == 0 && events == 0 && fake_libusb.references == 0);
}

static bool has_arrived(void *ctx)
{
    (void)ctx;
    return arrivals == 1;
}

static bool has_left(void *ctx)
{
    (void)ctx;
    return departures == 1;
}

static bool has_come_back(void *ctx)
{
    (void)ctx;
    return arrivals == 2;
}

static bool never(void *ctx)
{
    (void)ctx;
    return false;
}

/* --- tests --------------------------------------------------------------------------------------
 */

static void told_of_what_leaves_it_does_not_search(void)
{
    begin(true);
    fake_libusb.plugged = false;
    loop_run_until(base, never, NULL, SEARCHES_MS);
    CHECK(departures == 0);
    fake_libusb.hotplug(NULL, fake_libusb.device, LIBUSB_HOTPLUG_EVENT_DEVICE_LEFT,
                        fake_libusb.hotplug_data);
    CHECK(loop_run_until(base, has_left, NULL, LIMIT_MS));
    fake_libusb.plugged = true;
    fake_libusb.address++;
    CHECK(loop_run_until(base, has_come_back, NULL, LIMIT_MS));
    end();
}

static void untold_it_asks_what_is_there(void)
{
    begin(false);
    fake_libusb.plugged = false;
    CHECK(loop_run_until(base, has_left, NULL, LIMIT_MS));
    fake_libusb.plugged = true;
    fake_libusb.address++;
    CHECK(loop_run_until(base, has_come_back, NULL, LIMIT_MS));
    end();
}

static void plugged_in_again_unseen_it_is_another(void)
{
    begin(false);
    fake_libusb.address++;
    CHECK(loop_run_until(base, has_come_back, NULL, LIMIT_MS));
    CHECK(loop_run_until(base, has_left, NULL, LIMIT_MS));
    CHECK(device && device->record.devnum == fake_libusb.address);
    end();
}

static void imported_it_is_left_to_its_transfers(void)
{
    begin(false);
    device->importer = &importer;
    fake_libusb.plugged = false;
    loop_run_until(base, never, NULL, SEARCHES_MS);
    CHECK(departures == 0);
    device->importer = NULL; /* and then it is looked for again */
    CHECK(loop_run_until(base, has_left, NULL, LIMIT_MS));
    end();
}

static bool scan_is_held(void *ctx)
{
    return fake_worker.begun > *(const unsigned *)ctx;
}

/* However long libusb takes: the loop has other things to do. */
static void a_search_is_the_workers(void)
{
    const unsigned before = fake_worker.begun;

    begin(false);
    fake_worker.holds = true;
    CHECK(loop_run_until(base, scan_is_held, (void *)&before, LIMIT_MS));
    fake_libusb.plugged = false;
    loop_run_until(base, never, NULL, SEARCHES_MS);
    CHECK(fake_worker.begun == before + 1); /* they do not pile up */
    CHECK(fake_libusb.contexts == 1 && departures == 0);
    fake_worker.holds = false;
    fake_worker_release();
    CHECK(loop_run_until(base, has_left, NULL, LIMIT_MS));
    end();
}

static void an_end_gives_a_search_up(void)
{
    const unsigned before = fake_worker.begun;

    begin(false);
    fake_worker.holds = true;
    CHECK(loop_run_until(base, scan_is_held, (void *)&before, LIMIT_MS));
    end();
    fake_worker.holds = false;
}

static void a_search_that_cannot_begin_is_made_later(void)
{
    begin(false);
    fake_worker.refuses = true;
    fake_libusb.plugged = false;
    loop_run_until(base, never, NULL, SEARCHES_MS);
    CHECK(departures == 0);
    fake_worker.refuses = false;
    CHECK(loop_run_until(base, has_left, NULL, LIMIT_MS));
    end();
}

static void of_two_that_match_the_second_is_told(void)
{
    static const struct usb_host_callbacks callbacks = {on_arrived, on_left};
    static char port[] = "1-4.2";
    struct usb_options two[] = {source, {.real = true, .selector = port, .name = port}};
    char error[CLI_ERROR_MAX];

    two[0].next = &two[1];
    fake_libusb_reset();
    host = usb_host_new(base, two, &callbacks, NULL, error);
    CHECK(host && !usb_host_is_complete(host, error));
    CHECK(strstr(error, "usb:1-4.2 is that of usb:0403:6010 already"));
    end();
}

/* A container is given its devices later; libusb without udev takes that for an error. */
static void usb_itself_may_come_later(void)
{
    static const struct usb_host_callbacks callbacks = {on_arrived, on_left};
    char error[CLI_ERROR_MAX];

    fake_libusb_reset();
    arrivals = departures = 0;
    tells = true;
    has_usb = false;
    fake_libusb.init_result = LIBUSB_ERROR_OTHER;
    source.hotplug = true;
    host = usb_host_new(base, &source, &callbacks, NULL, error);
    CHECK(host && usb_host_is_complete(host, error));
    loop_run_until(base, never, NULL, SEARCHES_MS);
    CHECK(arrivals == 0);
    has_usb = true;
    fake_libusb.init_result = 0;
    CHECK(loop_run_until(base, has_arrived, NULL, LIMIT_MS));
    source.hotplug = false;
    end();
}

static void without_usb_a_device_is_missing(void)
{
    static const struct usb_host_callbacks callbacks = {on_arrived, on_left};
    char error[CLI_ERROR_MAX];

    fake_libusb_reset();
    device = NULL;
    has_usb = false;
    fake_libusb.init_result = LIBUSB_ERROR_IO;
    host = usb_host_new(base, &source, &callbacks, NULL, error);
    CHECK(host && !usb_host_is_complete(host, error));
    CHECK(strstr(error, "no USB device matches usb:0403:6010; there are no USB devices here"));
    end();
    has_usb = true;
    CHECK(!usb_host_new(base, &source, &callbacks, NULL, error));
    CHECK_TEXT(error, "USB devices cannot be listed: what libusb says");
}

/* Or who opens connections until there is no descriptor left could unplug all devices. */
static void without_a_descriptor_nothing_is_gone(void)
{
    struct rlimit before, none;

    CHECK(!usb_system_has("999-1", 1));
    CHECK(getrlimit(RLIMIT_NOFILE, &before) == 0);
    none = before;
    none.rlim_cur = 0;
    CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
    bool there = usb_system_has("999-1", 1);
    CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0 && there);
}

static void drop_line(enum log_level level, const char *line)
{
    (void)level;
    (void)line;
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(told_of_what_leaves_it_does_not_search),
        TEST(untold_it_asks_what_is_there),
        TEST(plugged_in_again_unseen_it_is_another),
        TEST(imported_it_is_left_to_its_transfers),
        TEST(a_search_is_the_workers),
        TEST(an_end_gives_a_search_up),
        TEST(a_search_that_cannot_begin_is_made_later),
        TEST(of_two_that_match_the_second_is_told),
        TEST(without_a_descriptor_nothing_is_gone),
        TEST(usb_itself_may_come_later),
        TEST(without_usb_a_device_is_missing),
    };

    CHECK(startup_init(&argc, &argv) == 0);
    log_set_sink(drop_line);
    stage_time_begin();
    base = loop_new(false);
    CHECK(base);
    int status = test_main(argc, argv, tests, sizeof tests / sizeof *tests);
    loop_free(base);
    return status;
}
