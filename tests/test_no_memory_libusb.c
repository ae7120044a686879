/*
 * A program on net2usb's libusb-1.0 when memory runs out, at any one allocation and for good:
 * nothing crashes, nothing is leaked, nothing waits for ever; what cannot be done for that is
 * LIBUSB_ERROR_NO_MEM, or said in libusb's log where a call has no error; and when there is memory
 * again all of it works.
 */
#include <libusb.h>

#include <errno.h>

/* the backend's allocations have the names of wrappers when it is compiled; all others are real */
#define __real_malloc malloc
#define __real_calloc calloc
#define __real_realloc realloc
#define NO_LOOP
#include "failing_memory.h"
#include "small_usbip_server.h"
#include "test.h"
#include "usbip_state.h"

enum { STEPS_MAX = 32, PATIENCE_S = 120, TIMEOUT_MS = 5000 };

/* What each call of the program has come to. */
static struct step {
    const char *name;
    int result;
} steps[STEPS_MAX];
static int count;
static bool said; /* libusb's log has, that it was memory */
static libusb_context *ctx;

struct libusb_device *__real_usbi_alloc_device(libusb_context *c, unsigned long session);
struct libusb_device *__wrap_usbi_alloc_device(libusb_context *c, unsigned long session);

struct libusb_device *__wrap_usbi_alloc_device(libusb_context *c, unsigned long session)
{
    return memory_fails() ? NULL : __real_usbi_alloc_device(c, session);
}

static void LIBUSB_CALL keep_log(libusb_context *c, enum libusb_log_level level, const char *text)
{
    (void)c;
    (void)level;
    if (strstr(text, "memory"))
        said = true;
}

static int note(const char *name, int result)
{
    CHECK(count < STEPS_MAX);
    steps[count++] = (struct step){name, result};
    return result;
}

static void LIBUSB_CALL on_done(struct libusb_transfer *t)
{
    *(int *)t->user_data = 1;
}

static int LIBUSB_CALL on_device(libusb_context *c, libusb_device *dev, libusb_hotplug_event event,
                                 void *data)
{
    (void)c;
    (void)dev;
    (void)event;
    (void)data;
    return 0;
}

/* A transfer with the program's own events. */
static void use_transfer(libusb_device_handle *h, unsigned char endpoint)
{
    static uint8_t data[SIZE];
    struct libusb_transfer *t = libusb_alloc_transfer(0);
    int over = 0, waits = 0;

    if (note("libusb_alloc_transfer", t ? 0 : LIBUSB_ERROR_NO_MEM) < 0)
        return;
    libusb_fill_bulk_transfer(t, h, endpoint, data, sizeof data, on_done, &over, TIMEOUT_MS);
    if (note("libusb_submit_transfer", libusb_submit_transfer(t)) == 0) {
        for (struct timeval wait = {0, 100000}; !over && waits < 100; waits++)
            libusb_handle_events_timeout_completed(ctx, &wait, &over);
        CHECK(over);
        note("a transfer", t->status == LIBUSB_TRANSFER_COMPLETED   ? 0
                           : t->status == LIBUSB_TRANSFER_NO_DEVICE ? LIBUSB_ERROR_NO_DEVICE
                                                                    : LIBUSB_ERROR_IO);
    }
    libusb_free_transfer(t);
}

static void use_handle(libusb_device_handle *h)
{
    static uint8_t data[SIZE];
    struct libusb_config_descriptor *config = NULL;
    int n;

    if (note("libusb_claim_interface", libusb_claim_interface(h, 0)) < 0)
        return;
    n = libusb_get_descriptor(h, LIBUSB_DT_DEVICE, 0, data, 18);
    note("libusb_get_descriptor", n == 18 ? 0 : n);
    note("libusb_bulk_transfer", libusb_bulk_transfer(h, 1, data, sizeof data, &n, TIMEOUT_MS));
    note("libusb_bulk_transfer", libusb_bulk_transfer(h, 0x81, data, sizeof data, &n, TIMEOUT_MS));
    use_transfer(h, 0x81);
    use_transfer(h, 1);
    if (note("libusb_get_active_config_descriptor",
             libusb_get_active_config_descriptor(libusb_get_device(h), &config)) == 0)
        libusb_free_config_descriptor(config);
    note("libusb_set_interface_alt_setting", libusb_set_interface_alt_setting(h, 0, 0));
    note("libusb_clear_halt", libusb_clear_halt(h, 0x81));
    note("libusb_reset_device", libusb_reset_device(h));
    note("libusb_release_interface", libusb_release_interface(h, 0));
}

static libusb_device_handle *open_it(void)
{
    struct libusb_device_descriptor d;
    libusb_device_handle *h = NULL;
    libusb_device **list;
    ssize_t n = libusb_get_device_list(ctx, &list);
    int r = n < 0 ? (int)n : LIBUSB_ERROR_NOT_FOUND;

    for (ssize_t i = 0; i < n && !h; i++)
        if (libusb_get_device_descriptor(list[i], &d) == 0 && d.idVendor == VENDOR)
            r = libusb_open(list[i], &h);
    if (n >= 0)
        libusb_free_device_list(list, 1);
    note("a device that is found and opened", r);
    return h;
}

static void use(void)
{
    libusb_hotplug_callback_handle callback;

    if (note("libusb_init", libusb_init(&ctx)) < 0)
        return;
    note("libusb_hotplug_register_callback",
         libusb_hotplug_register_callback(ctx, LIBUSB_HOTPLUG_EVENT_DEVICE_ARRIVED, 0, VENDOR,
                                          PRODUCT, LIBUSB_HOTPLUG_MATCH_ANY, on_device, NULL,
                                          &callback));
    libusb_device_handle *h = open_it();
    if (h) {
        use_handle(h);
        libusb_close(h);
    }
    libusb_exit(ctx);
}

/* Each call has done what it should, or the first that has not says, or the log, that it was
 * memory. */
static void check_steps(void)
{
    for (int i = 0; i < count; i++) {
        if (steps[i].result == 0)
            continue;
        if (!memory_failed || (steps[i].result != LIBUSB_ERROR_NO_MEM && !said))
            fprintf(stderr, "%s: %s\n", steps[i].name, libusb_error_name(steps[i].result));
        CHECK(memory_failed && (steps[i].result == LIBUSB_ERROR_NO_MEM || said));
        return;
    }
}

static void begin(void)
{
    count = 0;
    said = false;
    alarm(PATIENCE_S);
}

static void all_works_again(void)
{
    check_steps();
    memory_failed = false;
    count = 0;
    use();
    check_steps();
}

static bool failed; /* of the run: the check above begins anew */

static void run(void)
{
    use();
    failed = memory_failed;
}

static void end(void)
{
    memory_failed = failed;
}

static void a_program_without_memory(void)
{
    setenv("NET2USB_STRICT", "1", 1);
    CHECK(memory_run(begin, run, all_works_again, end) > 10);
    unsetenv("NET2USB_STRICT");
}

static void one_whose_writes_are_posted_without_memory(void)
{
    setenv("NET2USB_POST", "1209:0001", 1);
    CHECK(memory_run(begin, run, all_works_again, end) > 10);
    unsetenv("NET2USB_POST");
}

static const struct test tests[] = {
    TEST(a_program_without_memory),
    TEST(one_whose_writes_are_posted_without_memory),
};

int main(int argc, char **argv)
{
    server.answers = true;
    begin_server();
    libusb_set_log_cb(NULL, keep_log, LIBUSB_LOG_CB_GLOBAL);
    libusb_set_option(NULL, LIBUSB_OPTION_LOG_LEVEL, LIBUSB_LOG_LEVEL_WARNING);
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
