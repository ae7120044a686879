/*
 * libusb-0.1's calls and lists on a libusb-1.0 that is made up here: what programs of Debian's rely
 * on (libftdi 0.20, avrdude), and what they must never see move.
 */
#include "usb01.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <poll.h>
#include <unistd.h>

#include <libusb.h>

#include "test.h"

/* --- a libusb-1.0 with two devices at most ---------------------------------------------------- */

struct libusb_device {
    uint8_t bus, address;
    uint16_t product;
    int refs;
};

static struct libusb_device stick = {.bus = 200, .address = 4, .product = 0x6010};
static struct libusb_device board = {.bus = 201, .address = 7, .product = 0x6014};
static bool stick_is_there, board_is_there, config_is_there;
static int result, transferred; /* of the next call that is a transfer */
static unsigned last_timeout;
static unsigned char last_ep;
static int configs; /* that are not freed */

int libusb_init(libusb_context **context)
{
    *context = (libusb_context *)&stick;
    return 0;
}

int libusb_set_option(libusb_context *context, enum libusb_option option, ...)
{
    (void)context;
    return option == LIBUSB_OPTION_LOG_LEVEL ? 0 : LIBUSB_ERROR_INVALID_PARAM;
}

ssize_t libusb_get_device_list(libusb_context *context, libusb_device ***list)
{
    ssize_t n = 0;

    (void)context;
    *list = calloc(3, sizeof **list);
    if (stick_is_there)
        (*list)[n++] = libusb_ref_device(&stick);
    if (board_is_there)
        (*list)[n++] = libusb_ref_device(&board);
    return n;
}

void libusb_free_device_list(libusb_device **list, int unref)
{
    for (libusb_device **d = list; *d && unref; d++)
        libusb_unref_device(*d);
    free(list);
}

libusb_device *libusb_ref_device(libusb_device *device)
{
    device->refs++;
    return device;
}

void libusb_unref_device(libusb_device *device)
{
    CHECK(device->refs > 0);
    device->refs--;
}

uint8_t libusb_get_bus_number(libusb_device *device)
{
    return device->bus;
}

uint8_t libusb_get_device_address(libusb_device *device)
{
    return device->address;
}

int libusb_get_device_descriptor(libusb_device *device, struct libusb_device_descriptor *d)
{
    *d = (struct libusb_device_descriptor){.bLength = 18,
                                           .bDescriptorType = 1,
                                           .idVendor = 0x0403,
                                           .idProduct = device->product,
                                           .bcdDevice = 0x0700,
                                           .bNumConfigurations = 1};
    return 0;
}

int libusb_get_config_descriptor(libusb_device *device, uint8_t index,
                                 struct libusb_config_descriptor **config)
{
    static const unsigned char extra[] = {3, 0x25, 9};
    static const struct libusb_endpoint_descriptor endpoints[] = {
        {.bLength = 7, .bEndpointAddress = 0x81, .bmAttributes = 2, .wMaxPacketSize = 512},
        {.bLength = 7,
         .bEndpointAddress = 0x02,
         .bmAttributes = 2,
         .wMaxPacketSize = 512,
         .extra = extra,
         .extra_length = 3}};
    static const struct libusb_interface_descriptor settings[] = {
        {.bInterfaceClass = 0xff, .bNumEndpoints = 2, .endpoint = endpoints},
        {.bInterfaceClass = 0xff, .bAlternateSetting = 1}};
    static const struct libusb_interface interfaces[] = {
        {.altsetting = settings, .num_altsetting = 2}};

    (void)device;
    if (!config_is_there || index != 0)
        return LIBUSB_ERROR_NOT_FOUND;
    *config = calloc(1, sizeof **config);
    **config = (struct libusb_config_descriptor){
        .bNumInterfaces = 1, .bConfigurationValue = 1, .MaxPower = 250, .interface = interfaces};
    configs++;
    return 0;
}

void libusb_free_config_descriptor(struct libusb_config_descriptor *config)
{
    configs -= config != NULL;
    free(config);
}

int libusb_open(libusb_device *device, libusb_device_handle **handle)
{
    if (result == 0)
        *handle = (libusb_device_handle *)libusb_ref_device(device);
    return result;
}

void libusb_close(libusb_device_handle *handle)
{
    libusb_unref_device((libusb_device *)handle);
}

int libusb_set_configuration(libusb_device_handle *handle, int number)
{
    (void)handle;
    (void)number;
    return result;
}

int libusb_claim_interface(libusb_device_handle *handle, int number)
{
    (void)handle;
    (void)number;
    return result;
}

int libusb_release_interface(libusb_device_handle *handle, int number)
{
    (void)handle;
    (void)number;
    return result;
}

int libusb_clear_halt(libusb_device_handle *handle, unsigned char ep)
{
    (void)handle;
    (void)ep;
    return result;
}

int libusb_set_interface_alt_setting(libusb_device_handle *handle, int number, int setting)
{
    (void)handle;
    CHECK(number == 3 && setting == 1);
    return result;
}

int libusb_reset_device(libusb_device_handle *handle)
{
    (void)handle;
    return result;
}

int libusb_control_transfer(libusb_device_handle *handle, uint8_t type, uint8_t request,
                            uint16_t value, uint16_t index, unsigned char *data, uint16_t len,
                            unsigned timeout)
{
    static const unsigned char languages[] = {4, 3, 9, 4},
                               text[] = {8, 3, 'A', 0, 0xac, 0x20, 'z', 0};

    (void)handle;
    (void)index;
    last_timeout = timeout;
    if (result < 0 || type != 0x80 || request != 6 || value >> 8 != 3)
        return result;
    const unsigned char *from = value & 0xff ? text : languages;
    memcpy(data, from, from[0] < len ? from[0] : len);
    return from[0] < len ? from[0] : len;
}

int libusb_bulk_transfer(libusb_device_handle *handle, unsigned char ep, unsigned char *data,
                         int len, int *done, unsigned timeout)
{
    (void)handle;
    (void)data;
    (void)len;
    last_ep = ep;
    last_timeout = timeout;
    *done = transferred;
    return result;
}

int libusb_interrupt_transfer(libusb_device_handle *handle, unsigned char ep, unsigned char *data,
                              int len, int *done, unsigned timeout)
{
    return libusb_bulk_transfer(handle, ep, data, len, done, timeout);
}

/* --- tests ------------------------------------------------------------------------------------ */

static void settle(bool with_stick, bool with_board)
{
    stick_is_there = with_stick;
    board_is_there = with_board;
    config_is_there = true;
    result = transferred = 0;
    usb_init();
    usb_find_busses();
    usb_find_devices();
}

static struct usb_bus *bus_of(unsigned number)
{
    struct usb_bus *b = usb_get_busses();

    while (b && b->location != number)
        b = b->next;
    CHECK(b);
    return b;
}

static void lists_do_not_move(void)
{
    settle(false, false);
    stick_is_there = true;
    CHECK(usb_find_devices() == 0); /* of a bus that is not known */
    CHECK(usb_find_busses() == 1);
    CHECK(usb_find_busses() == 0);
    CHECK(usb_find_devices() == 1);
    struct usb_bus *bus = usb_get_busses();
    CHECK(bus == usb_busses && !bus->next && !bus->prev);
    CHECK_TEXT(bus->dirname, "200");
    struct usb_device *dev = bus->devices;
    CHECK_TEXT(dev->filename, "004");
    CHECK(dev->bus == bus && dev->devnum == 4 && dev->descriptor.idProduct == 0x6010);
    board_is_there = true;
    CHECK(usb_find_busses() == 1);
    CHECK(usb_find_devices() == 1);
    CHECK(usb_find_devices() == 0);
    CHECK(bus_of(200) == bus && bus->devices == dev);
    stick_is_there = false;
    CHECK(usb_find_busses() == 0 && usb_find_devices() == 1);
    CHECK(bus_of(200) == bus && !bus->devices && bus_of(201)->devices);
    CHECK(stick.refs == 0);
    settle(false, false);
    CHECK(board.refs == 0 && configs == 0);
}

static void descriptors_are_there(void)
{
    settle(true, false);
    struct usb_config_descriptor *config = bus_of(200)->devices->config;
    CHECK(config[0].bConfigurationValue == 1 && config[0].MaxPower == 250);
    CHECK(config[0].interface[0].num_altsetting == 2);
    struct usb_interface_descriptor *setting = config[0].interface[0].altsetting;
    CHECK(setting[0].bNumEndpoints == 2 && setting[1].bAlternateSetting == 1);
    CHECK(setting[0].endpoint[1].bEndpointAddress == 2);
    CHECK(setting[0].endpoint[1].wMaxPacketSize == 512);
    CHECK(setting[0].endpoint[1].extralen == 3 && setting[0].endpoint[1].extra[1] == 0x25);
    settle(false, false);
    CHECK(configs == 0);
}

static void descriptors_come_when_it_is_opened(void)
{
    settle(false, false);
    stick_is_there = true;
    config_is_there = false;
    usb_find_devices();
    struct usb_device *dev = bus_of(200)->devices;
    CHECK(dev && !dev->config);
    config_is_there = true;
    usb_dev_handle *h = usb_open(dev);
    CHECK(h && dev->config && usb_device(h) == dev);
    CHECK(usb_close(h) == 0);
    settle(false, false);
}

/* As libftdi has the system look at it; and no file, which might be closed to the user. */
static void is_ready_and_no_file(int fd)
{
    char path[32], target[64] = "";
    struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT};

    CHECK(poll(&p, 1, 0) == 1 && p.revents == (POLLIN | POLLOUT));
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    CHECK(readlink(path, target, sizeof target - 1) > 0 && target[0] != '/');
    CHECK(ioctl(fd, TCGETS, target) < 0 && errno == ENOTTY); /* as to usbfs's requests */
}

static void handle_begins_with_a_descriptor(void)
{
    settle(true, false);
    usb_dev_handle *h = usb_open(bus_of(200)->devices);
    int fd = *(int *)(void *)h;

    CHECK(fd >= 0 && fd < 1024 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
    is_ready_and_no_file(fd);
    usb_close(h);
    CHECK(fcntl(fd, F_GETFD) < 0);
    int next = dup(0);
    result = LIBUSB_ERROR_BUSY;
    CHECK(!usb_open(bus_of(200)->devices) && errno == EBUSY);
    result = 0;
    CHECK(fcntl(next + 1, F_GETFD) < 0); /* nothing stays open */
    close(next);
}

static void open_device_outlives_its_place(void)
{
    settle(true, false);
    struct usb_device *dev = bus_of(200)->devices;
    usb_dev_handle *h = usb_open(dev);
    stick_is_there = false;
    CHECK(usb_find_devices() == 1);
    CHECK(usb_device(h) == dev && dev->descriptor.idVendor == 0x0403);
    usb_close(h);
    CHECK(stick.refs == 0 && configs == 0);
}

static void errors_are_negative(void)
{
    char bytes[8];

    settle(true, false);
    usb_dev_handle *h = usb_open(bus_of(200)->devices);
    static const struct {
        int from, to;
    } errors[] = {{LIBUSB_ERROR_TIMEOUT, ETIMEDOUT},
                  {LIBUSB_ERROR_PIPE, EPIPE},
                  {LIBUSB_ERROR_NO_DEVICE, ENODEV},
                  {LIBUSB_ERROR_OVERFLOW, EOVERFLOW},
                  {LIBUSB_ERROR_IO, EIO},
                  {LIBUSB_ERROR_BUSY, EBUSY},
                  {LIBUSB_ERROR_OTHER, EIO}};
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        result = errors[i].from;
        CHECK(usb_bulk_read(h, 1, bytes, 8, 100) == -errors[i].to && errno == errors[i].to);
        CHECK(usb_control_msg(h, 0x40, 1, 0, 0, NULL, 0, 100) == -errors[i].to);
        CHECK(usb_claim_interface(h, 0) == -errors[i].to);
        CHECK(strstr(usb_strerror(), strerror(errors[i].to)));
    }
    result = LIBUSB_ERROR_NOT_FOUND;
    CHECK(usb_reset(h) == -ENODEV);
    result = 0;
    CHECK(usb_bulk_read(h, 1, bytes, -1, 100) == -EINVAL);
    CHECK(usb_control_msg(h, 0x40, 1, 0, 0, bytes, 65536, 100) == -EINVAL);
    CHECK(usb_detach_kernel_driver_np(h, 0) == -ENODATA && errno == ENODATA);
    CHECK(usb_get_driver_np(h, 0, bytes, sizeof bytes) == -ENODATA && !*bytes);
    usb_close(h);
}

static void bytes_are_counted(void)
{
    char bytes[8];

    settle(true, false);
    usb_dev_handle *h = usb_open(bus_of(200)->devices);
    transferred = 5;
    CHECK(usb_bulk_read(h, 1, bytes, 8, 100) == 5 && last_ep == 0x81 && last_timeout == 100);
    CHECK(usb_bulk_write(h, 0x82, bytes, 8, 0) == 5 && last_ep == 2 && last_timeout == 0);
    CHECK(usb_interrupt_read(h, 0x83, bytes, 8, 1) == 5 && last_ep == 0x83);
    CHECK(usb_interrupt_write(h, 3, bytes, 8, 1) == 5 && last_ep == 3);
    result = LIBUSB_ERROR_TIMEOUT; /* with some of it */
    CHECK(usb_bulk_read(h, 1, bytes, 8, 100) == 5);
    usb_close(h);
}

static void strings_are_text(void)
{
    char text[64];

    settle(true, false);
    usb_dev_handle *h = usb_open(bus_of(200)->devices);
    CHECK(usb_get_string_simple(h, 2, text, sizeof text) == 3);
    CHECK_TEXT(text, "A?z");
    CHECK(usb_get_string_simple(h, 2, text, 3) == 2);
    CHECK_TEXT(text, "A?");
    CHECK(usb_get_string_simple(h, 0, text, sizeof text) == -EINVAL);
    result = LIBUSB_ERROR_PIPE;
    CHECK(usb_get_string_simple(h, 2, text, sizeof text) == -EPIPE);
    result = 0;
    usb_close(h);
}

static void alternate_setting_is_of_the_last_claim(void)
{
    settle(true, false);
    usb_dev_handle *h = usb_open(bus_of(200)->devices);
    CHECK(usb_set_altinterface(h, 1) == -EINVAL);
    CHECK(usb_claim_interface(h, 3) == 0 && usb_set_altinterface(h, 1) == 0);
    CHECK(usb_release_interface(h, 3) == 0 && usb_set_altinterface(h, 1) == -EINVAL);
    usb_close(h);
}

static const struct test tests[] = {TEST(lists_do_not_move),
                                    TEST(descriptors_are_there),
                                    TEST(descriptors_come_when_it_is_opened),
                                    TEST(handle_begins_with_a_descriptor),
                                    TEST(open_device_outlives_its_place),
                                    TEST(errors_are_negative),
                                    TEST(bytes_are_counted),
                                    TEST(strings_are_text),
                                    TEST(alternate_setting_is_of_the_last_claim)};
TEST_MAIN(tests)
