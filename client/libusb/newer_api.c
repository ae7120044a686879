/* All through libusb's own calls, which need no locks of ours. */
#include "newer_api.h"

#include <stdbool.h>
#include <string.h>

#include <libusbi.h>

enum { REQUEST_MS = 1000, DESCRIPTOR_MAX = 255 };

/* --- UTF-16 of a descriptor to UTF-8 ---------------------------------------------------------- */

static unsigned take_unit(const uint8_t **at, const uint8_t *end)
{
    unsigned unit = 0;

    if (end - *at >= 2)
        unit = (unsigned)((*at)[0] | (*at)[1] << 8);
    *at += 2;
    return unit;
}

/* The next character; half a surrogate pair is U+FFFD. */
static unsigned take_character(const uint8_t **at, const uint8_t *end)
{
    unsigned first = take_unit(at, end);

    if (first < 0xd800 || first > 0xdfff)
        return first;
    const uint8_t *behind = *at;
    unsigned second = end - behind >= 2 ? take_unit(&behind, end) : 0;
    if (first > 0xdbff || second < 0xdc00 || second > 0xdfff)
        return 0xfffd;
    *at = behind;
    return 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
}

static size_t put_character(char utf8[static 4], unsigned c)
{
    const size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned leads[] = {0, 0, 0xc0, 0xe0, 0xf0};

    for (size_t i = len - 1; i > 0; i--, c >>= 6)
        utf8[i] = (char)(0x80 | (c & 0x3f));
    utf8[0] = (char)(leads[len] | c);
    return len;
}

/* Gives `data`, which may be NULL, as much as fits. Returns the length of all, with the NUL. A NUL
 * within it is its end, as it is for the kernel: some devices fill their strings up. */
static int to_utf8(const uint8_t *descriptor, int len, char *data, int room)
{
    const uint8_t *at = descriptor + 2, *end = descriptor + (len & ~1);
    size_t total = 0, used = 0;
    bool fits = true;

    while (at < end) {
        char utf8[4];
        unsigned c = take_character(&at, end);

        if (c == 0)
            break;
        size_t n = put_character(utf8, c);
        fits = fits && data && used + n < (size_t)room;
        if (fits) {
            memcpy(data + used, utf8, n);
            used += n;
        }
        total += n;
    }
    if (data)
        data[used] = '\0';
    return (int)total + 1;
}

/* --- strings ---------------------------------------------------------------------------------- */

static int read_descriptor(struct libusb_device_handle *h, unsigned type, uint8_t index,
                           uint16_t language, uint8_t descriptor[static DESCRIPTOR_MAX])
{
    int n = libusb_control_transfer(h, LIBUSB_ENDPOINT_IN, LIBUSB_REQUEST_GET_DESCRIPTOR,
                                    (uint16_t)(type << 8 | index), language, descriptor,
                                    DESCRIPTOR_MAX, REQUEST_MS);

    if (n < 0)
        return n;
    if (n < 2 || descriptor[0] < 2 || descriptor[1] != type)
        return LIBUSB_ERROR_IO;
    return n < descriptor[0] ? n : descriptor[0];
}

static int get_string(struct libusb_device_handle *h, uint8_t index, char *data, int length)
{
    uint8_t d[DESCRIPTOR_MAX];

    if (index == 0)
        return LIBUSB_ERROR_NOT_FOUND;
    int r = read_descriptor(h, LIBUSB_DT_STRING, 0, 0, d);
    if (r < 0)
        return r;
    if (r < 4)
        return LIBUSB_ERROR_IO;
    r = read_descriptor(h, LIBUSB_DT_STRING, index, (uint16_t)(d[2] | d[3] << 8), d);
    return r < 0 ? r : to_utf8(d, r, data, length);
}

/* Whether the arguments will do; `data` is "" from then on. */
static bool begin(const struct libusb_device *dev, char *data, int length)
{
    if (!dev || length <= 0)
        return false;
    if (data)
        data[0] = '\0';
    return true;
}

int API_EXPORTED libusb_get_device_string(struct libusb_device *dev,
                                          enum libusb_device_string_type type, char *data,
                                          int length)
{
    static const uint8_t places[] = {14, 15, 16}; /* iManufacturer and so on */
    struct libusb_device_handle *h;
    uint8_t d[DESCRIPTOR_MAX];

    if (!begin(dev, data, length) || (unsigned)type >= LIBUSB_DEVICE_STRING_COUNT)
        return LIBUSB_ERROR_INVALID_PARAM;
    int r = libusb_open(dev, &h);
    if (r < 0)
        return r;
    /* the core's copy may be made of a list, which says nothing of strings */
    r = read_descriptor(h, LIBUSB_DT_DEVICE, 0, 0, d);
    if (r >= 0)
        r = r < LIBUSB_DT_DEVICE_SIZE ? LIBUSB_ERROR_IO
                                      : get_string(h, d[places[type]], data, length);
    libusb_close(h);
    return r;
}

/* Opens it, and reads a configuration (0: the one in force). */
static int open_configuration(struct libusb_device *dev, uint8_t value,
                              struct libusb_device_handle **h,
                              struct libusb_config_descriptor **config)
{
    int r = libusb_open(dev, h);

    if (r < 0)
        return r;
    r = value == 0 ? libusb_get_active_config_descriptor(dev, config)
                   : libusb_get_config_descriptor_by_value(dev, value, config);
    if (r < 0)
        libusb_close(*h);
    return r;
}

/* The index of an interface's string; 0: it has none, or there is no such setting. */
static uint8_t interface_index(const struct libusb_config_descriptor *config, uint8_t number,
                               uint8_t setting)
{
    for (int i = 0; i < config->bNumInterfaces; i++)
        for (int k = 0; k < config->interface[i].num_altsetting; k++) {
            const struct libusb_interface_descriptor *d = &config->interface[i].altsetting[k];

            if (d->bInterfaceNumber == number && d->bAlternateSetting == setting)
                return d->iInterface;
        }
    return 0;
}

/* A string of a configuration: of itself (`number` < 0), or of an interface's setting. */
static int get_string_of(struct libusb_device *dev, uint8_t configuration, int number,
                         uint8_t setting, char *data, int length)
{
    struct libusb_config_descriptor *config;
    struct libusb_device_handle *h;

    if (!begin(dev, data, length))
        return LIBUSB_ERROR_INVALID_PARAM;
    int r = open_configuration(dev, configuration, &h, &config);
    if (r < 0)
        return r;
    uint8_t index =
        number < 0 ? config->iConfiguration : interface_index(config, (uint8_t)number, setting);
    r = get_string(h, index, data, length);
    libusb_free_config_descriptor(config);
    libusb_close(h);
    return r;
}

int API_EXPORTED libusb_get_config_string(struct libusb_device *dev, uint8_t configuration,
                                          char *data, int length)
{
    return get_string_of(dev, configuration, -1, 0, data, length);
}

int API_EXPORTED libusb_get_interface_string(struct libusb_device *dev, uint8_t configuration,
                                             uint8_t number, uint8_t setting, char *data,
                                             int length)
{
    return get_string_of(dev, configuration, number, setting, data, length);
}

/* --- others ----------------------------------------------------------------------------------- */

unsigned long API_EXPORTED libusb_get_session_data(struct libusb_device *dev)
{
    return (unsigned long)dev->bus_number << 8 | dev->device_address;
}

int API_EXPORTED libusb_endpoint_supports_raw_io(struct libusb_device_handle *h, uint8_t endpoint)
{
    (void)h;
    (void)endpoint;
    return 0;
}

int API_EXPORTED libusb_endpoint_set_raw_io(struct libusb_device_handle *h, uint8_t endpoint,
                                            int enable)
{
    (void)h;
    (void)endpoint;
    (void)enable;
    return LIBUSB_ERROR_NOT_SUPPORTED;
}

int API_EXPORTED libusb_get_max_raw_io_transfer_size(struct libusb_device_handle *h,
                                                     uint8_t endpoint)
{
    (void)h;
    (void)endpoint;
    return LIBUSB_ERROR_NOT_SUPPORTED;
}
