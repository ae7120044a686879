#include "fakes/fake_libusb.h"

#include <stdlib.h>
#include <string.h>

enum { BUS = 1, ADDRESS = 7, INTERFACES = 2, BULK = 2, INTERRUPT = 3, ISOCHRONOUS = 1 };

struct libusb_device {
    int none;
};

struct libusb_device_handle {
    int none;
};

struct fake_libusb fake_libusb;
static struct libusb_device the_device;
static struct libusb_device_handle the_handle;

static const struct libusb_endpoint_descriptor endpoints[] = {
    {.bEndpointAddress = 0x81, .bmAttributes = BULK, .wMaxPacketSize = 512},
    {.bEndpointAddress = 0x02, .bmAttributes = BULK, .wMaxPacketSize = 512},
    {.bEndpointAddress = 0x83, .bmAttributes = INTERRUPT, .wMaxPacketSize = 64},
    {.bEndpointAddress = 0x84, .bmAttributes = ISOCHRONOUS, .wMaxPacketSize = 1024},
    {.bEndpointAddress = 0x05, .bmAttributes = ISOCHRONOUS, .wMaxPacketSize = 1024},
};
static const struct libusb_interface_descriptor first[] = {
    {.bInterfaceNumber = 0, .bAlternateSetting = 0, .bNumEndpoints = 2, .endpoint = endpoints},
    {.bInterfaceNumber = 0, .bAlternateSetting = 1, .bNumEndpoints = 5, .endpoint = endpoints},
};
static const struct libusb_interface_descriptor second[] = {
    {.bInterfaceNumber = 1, .bInterfaceClass = LIBUSB_CLASS_VENDOR_SPEC},
};
static const struct libusb_interface interfaces[INTERFACES] = {
    {.altsetting = first, .num_altsetting = 2}, {.altsetting = second, .num_altsetting = 1}};
static struct libusb_config_descriptor configuration = {
    .bNumInterfaces = INTERFACES, .bConfigurationValue = 1, .interface = interfaces};

void fake_libusb_reset(void)
{
    memset(&fake_libusb, 0, sizeof fake_libusb);
    fake_libusb.device = &the_device;
    fake_libusb.address = ADDRESS;
    fake_libusb.plugged = true;
    configuration.bConfigurationValue = 1;
}

void fake_libusb_end(struct libusb_transfer *l, enum libusb_transfer_status status, int actual)
{
    size_t i = 0;

    while (fake_libusb.under_way[i] != l)
        i++;
    fake_libusb.count--;
    memmove(&fake_libusb.under_way[i], &fake_libusb.under_way[i + 1],
            (fake_libusb.count - i) * sizeof *fake_libusb.under_way);
    l->status = status;
    l->actual_length = actual;
    l->callback(l);
}

/* --- devices ------------------------------------------------------------------------------------
 */

struct libusb_device *LIBUSB_CALL libusb_ref_device(struct libusb_device *d)
{
    fake_libusb.references++;
    return d;
}

void LIBUSB_CALL libusb_unref_device(struct libusb_device *d)
{
    (void)d;
    fake_libusb.references--;
}

uint8_t LIBUSB_CALL libusb_get_bus_number(struct libusb_device *d)
{
    (void)d;
    return BUS;
}

uint8_t LIBUSB_CALL libusb_get_device_address(struct libusb_device *d)
{
    (void)d;
    return fake_libusb.address;
}

int LIBUSB_CALL libusb_get_port_numbers(struct libusb_device *d, uint8_t *ports, int count)
{
    (void)d;
    (void)count;
    ports[0] = 4;
    ports[1] = 2;
    return 2;
}

int LIBUSB_CALL libusb_get_device_speed(struct libusb_device *d)
{
    (void)d;
    return LIBUSB_SPEED_HIGH;
}

int LIBUSB_CALL libusb_get_device_descriptor(struct libusb_device *d,
                                             struct libusb_device_descriptor *descriptor)
{
    (void)d;
    *descriptor = (struct libusb_device_descriptor){.idVendor = 0x0403, .idProduct = 0x6010};
    return 0;
}

int LIBUSB_CALL libusb_get_active_config_descriptor(struct libusb_device *d,
                                                    struct libusb_config_descriptor **config)
{
    (void)d;
    *config = &configuration;
    return configuration.bConfigurationValue ? 0 : LIBUSB_ERROR_NOT_FOUND;
}

void LIBUSB_CALL libusb_free_config_descriptor(struct libusb_config_descriptor *config)
{
    (void)config;
}

/* --- contexts -----------------------------------------------------------------------------------
 */

struct libusb_context {
    int none;
};
static struct libusb_context the_context;

int LIBUSB_CALL libusb_init(struct libusb_context **context)
{
    fake_libusb.contexts += fake_libusb.init_result == 0;
    *context = fake_libusb.init_result < 0 ? NULL : &the_context;
    return fake_libusb.init_result;
}

void LIBUSB_CALL libusb_exit(struct libusb_context *context)
{
    (void)context;
    fake_libusb.contexts--;
}

ssize_t LIBUSB_CALL libusb_get_device_list(struct libusb_context *context,
                                           struct libusb_device ***list)
{
    static struct libusb_device *devices[2];

    (void)context;
    devices[0] = fake_libusb.plugged ? &the_device : NULL;
    *list = devices;
    return fake_libusb.plugged;
}

void LIBUSB_CALL libusb_free_device_list(struct libusb_device **list, int unref)
{
    (void)list;
    (void)unref;
}

int LIBUSB_CALL libusb_hotplug_register_callback(struct libusb_context *context, int events,
                                                 int flags, int vendor, int product, int class,
                                                 libusb_hotplug_callback_fn callback, void *data,
                                                 libusb_hotplug_callback_handle *handle)
{
    (void)context;
    (void)events;
    (void)flags;
    (void)vendor;
    (void)product;
    (void)class;
    (void)handle;
    fake_libusb.hotplug = callback;
    fake_libusb.hotplug_data = data;
    return 0;
}

/* --- handles ------------------------------------------------------------------------------------
 */

int LIBUSB_CALL libusb_open(struct libusb_device *d, struct libusb_device_handle **handle)
{
    (void)d;
    journal_line(&fake_libusb.journal, "open");
    *handle = fake_libusb.open_result < 0 ? NULL : &the_handle;
    return fake_libusb.open_result;
}

void LIBUSB_CALL libusb_close(struct libusb_device_handle *handle)
{
    (void)handle;
    journal_line(&fake_libusb.journal, "close");
}

int LIBUSB_CALL libusb_set_auto_detach_kernel_driver(struct libusb_device_handle *handle, int on)
{
    (void)handle;
    (void)on;
    return LIBUSB_ERROR_NOT_SUPPORTED; /* as on Windows */
}

int LIBUSB_CALL libusb_claim_interface(struct libusb_device_handle *handle, int interface)
{
    (void)handle;
    journal_line(&fake_libusb.journal, "claim %d", interface);
    return fake_libusb.claim_results[interface];
}

int LIBUSB_CALL libusb_attach_kernel_driver(struct libusb_device_handle *handle, int interface)
{
    (void)handle;
    journal_line(&fake_libusb.journal, "attach %d", interface);
    return 0;
}

int LIBUSB_CALL libusb_release_interface(struct libusb_device_handle *handle, int interface)
{
    (void)handle;
    journal_line(&fake_libusb.journal, "release %d", interface);
    return 0;
}

int LIBUSB_CALL libusb_set_configuration(struct libusb_device_handle *handle, int value)
{
    (void)handle;
    journal_line(&fake_libusb.journal, "configuration %d", value);
    if (fake_libusb.configuration_result == 0)
        configuration.bConfigurationValue = value < 0 ? 0 : (uint8_t)value;
    return fake_libusb.configuration_result;
}

int LIBUSB_CALL libusb_set_interface_alt_setting(struct libusb_device_handle *handle, int interface,
                                                 int alternate)
{
    (void)handle;
    journal_line(&fake_libusb.journal, "alternate %d %d", interface, alternate);
    return fake_libusb.alternate_result;
}

int LIBUSB_CALL libusb_clear_halt(struct libusb_device_handle *handle, unsigned char endpoint)
{
    (void)handle;
    journal_line(&fake_libusb.journal, "halt %02x", endpoint);
    return fake_libusb.halt_result;
}

int LIBUSB_CALL libusb_reset_device(struct libusb_device_handle *handle)
{
    (void)handle;
    journal_line(&fake_libusb.journal, "reset");
    return fake_libusb.reset_result;
}

const char *LIBUSB_CALL libusb_strerror(int code)
{
    (void)code;
    return "what libusb says";
}

/* --- transfers ----------------------------------------------------------------------------------
 */

struct libusb_transfer *LIBUSB_CALL libusb_alloc_transfer(int packets)
{
    fake_libusb.allocated++;
    return calloc(1, sizeof(struct libusb_transfer) +
                         (size_t)packets * sizeof(struct libusb_iso_packet_descriptor));
}

void LIBUSB_CALL libusb_free_transfer(struct libusb_transfer *l)
{
    if (l)
        fake_libusb.allocated--;
    free(l);
}

int LIBUSB_CALL libusb_submit_transfer(struct libusb_transfer *l)
{
    journal_line(&fake_libusb.journal, "submit %02x %d", l->endpoint, l->length);
    if (fake_libusb.submit_result == 0)
        fake_libusb.under_way[fake_libusb.count++] = l;
    return fake_libusb.submit_result;
}

int LIBUSB_CALL libusb_cancel_transfer(struct libusb_transfer *l)
{
    journal_line(&fake_libusb.journal, "cancel %02x", l->endpoint);
    return fake_libusb.cancel_result;
}
