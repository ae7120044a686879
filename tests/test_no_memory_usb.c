/*
 * USB/IP sessions when memory runs out, at any one allocation: nothing crashes, nothing is leaked,
 * and the next client has the device.
 */
#include "failing_memory.h"
#include "fakes/fake_usb_export.h"
#include "startup.h"
#include "test.h"
#include "usb_device.h"
#include "usb_session.h"
#include "demo.h"
#include "virtual_stage.h"

static struct fake_usb_export export;
static struct usb_device *device;

static void begin_usb(void)
{
    char error[CLI_ERROR_MAX];

    base = loop_new(false);
    device = demo_new(base, "loop", 1, error);
    CHECK(device);
    fake_usb_export_begin(&export, base, 100000);
    usb_bus_add(export.setup.bus, device);
}

static void connect_usb(int *fd)
{
    int pair[2];

    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
    *fd = pair[0];
    fake_usb_export_connect(&export, pair[1]); /* there may be no memory for it */
}

static void request(int fd, uint16_t code, const char *busid)
{
    const struct usbip_op op = {.version = USBIP_VERSION, .code = code};
    uint8_t bytes[USBIP_OP_SIZE + USBIP_BUSID_SIZE] = {0};

    usbip_put_op(&op, bytes);
    if (busid)
        snprintf((char *)bytes + USBIP_OP_SIZE, USBIP_BUSID_SIZE, "%s", busid);
    say(fd, bytes, busid ? sizeof bytes : USBIP_OP_SIZE);
}

static void transfer(int fd, uint32_t number, uint32_t direction, uint32_t len)
{
    static uint8_t data[20000];
    const struct usbip_urb urb = {.command = USBIP_CMD_SUBMIT,
                                  .seqnum = number,
                                  .devid = usbip_devid(&device->record),
                                  .direction = direction,
                                  .ep = 1,
                                  .length = (int32_t)len};
    uint8_t head[USBIP_URB_SIZE];

    usbip_put_urb(&urb, head);
    say(fd, head, sizeof head);
    if (direction == USBIP_DIR_OUT)
        say(fd, data, len);
}

/* Lists, imports, moves data. Returns the bytes that it was answered. */
static size_t talk_usb(void)
{
    static char answers[100000];
    int list, fd;
    size_t n = 0;

    connect_usb(&list);
    request(list, USBIP_OP_REQ_DEVLIST, NULL);
    connect_usb(&fd);
    request(fd, USBIP_OP_REQ_IMPORT, device->record.busid);
    pass(100);
    for (uint32_t i = 1; i <= 8; i++)
        transfer(fd, i, i % 2 ? USBIP_DIR_OUT : USBIP_DIR_IN, 2000 * i);
    pass(1000);
    for (ssize_t r; (r = recv(fd, answers, sizeof answers, MSG_DONTWAIT)) > 0;)
        n += (size_t)r;
    close(list);
    close(fd);
    pass(12000);
    return n;
}

static void use_usb(void)
{
    talk_usb();
}

static void next_one_has_the_device(void)
{
    CHECK(!device->importer);
    CHECK(talk_usb() > 20000);
}

static void end_usb(void)
{
    fake_usb_export_end(&export);
    loop_free(base);
}

static void usb_without_memory(void)
{
    CHECK(memory_run(begin_usb, use_usb, next_one_has_the_device, end_usb) > 10);
}

static const struct test tests[] = {
    TEST(usb_without_memory),
};

int main(int argc, char **argv)
{
    CHECK(startup_init(&argc, &argv) == 0);
    log_init("test", LOG_LEVEL_DEBUG);
    log_set_sink(on_log);
    virtual_begin();
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
