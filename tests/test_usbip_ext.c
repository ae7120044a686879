/*
 * com2net's additions to USB/IP: each message is written, read, in pieces of any size and cut at
 * every byte, and has to say the same; the mark in a record; descriptors one behind the other.
 */
#include "proto/usbip_ext.h"

#include <errno.h>

#include "proto/buf.h"
#include "proto/bytes.h"
#include "proto/usb_desc.h"
#include "proto/usbip_reader.h"
#include "test.h"

enum { STREAM_MAX = 4096, LOG_MAX = 4096 };

static const struct usbip_device device = {.path = "/com2net/board",
                                           .extensions = USBIP_EXT_VERSION,
                                           .busid = "1-1.2",
                                           .busnum = 1,
                                           .devnum = 7,
                                           .speed = USBIP_SPEED_HIGH,
                                           .vendor = 0x0403,
                                           .product = 0x6010,
                                           .configurations = 1,
                                           .configuration = 1,
                                           .interfaces = 2};
static const struct usbip_ext_import import = {
    .busid = "board",
    .grace_ms = 3000,
    .token = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};

static uint8_t stream[STREAM_MAX];
static size_t stream_len;

static void put(const void *data, size_t len)
{
    CHECK(stream_len + len <= sizeof stream);
    memcpy(stream + stream_len, data, len);
    stream_len += len;
}

static void put_op(uint16_t code, uint32_t status)
{
    const struct usbip_op op = {USBIP_VERSION, code, status};
    uint8_t bytes[USBIP_OP_SIZE];

    usbip_put_op(&op, bytes);
    put(bytes, sizeof bytes);
}

static void put_number(uint32_t value)
{
    uint8_t bytes[4];

    put_be32(bytes, value);
    put(bytes, sizeof bytes);
}

static void put_device(void)
{
    uint8_t bytes[USBIP_DEVICE_SIZE];

    usbip_put_device(&device, bytes);
    put(bytes, sizeof bytes);
}

static void put_requests(void)
{
    char busid[USBIP_BUSID_SIZE] = "1-1.2";
    uint8_t bytes[USBIP_EXT_IMPORT_SIZE];

    stream_len = 0;
    put_op(USBIP_OP_REQ_EXT_LIST, 0);
    put_number(USBIP_EXT_KEEP);
    put_op(USBIP_OP_REQ_EXT_DESCRIPTORS, 0);
    put(busid, sizeof busid);
    put_op(USBIP_OP_REQ_EXT_IMPORT, 0);
    usbip_ext_put_import(&import, bytes);
    put(bytes, sizeof bytes);
}

static void put_list(const struct usbip_ext_entry *entry)
{
    static const struct usbip_interface interface = {0xff, 0xfe, 0xfd};
    uint8_t bytes[USBIP_EXT_ENTRY_SIZE];

    put_op(USBIP_OP_REP_EXT_LIST, USBIP_ST_OK);
    put_number(1);
    put_device();
    usbip_ext_put_entry(entry, bytes);
    put(bytes, USBIP_EXT_ENTRY_SIZE);
    for (int i = 0; i < device.interfaces; i++) {
        usbip_put_interface(&interface, bytes);
        put(bytes, USBIP_INTERFACE_SIZE);
    }
}

static void put_answers(void)
{
    static const struct usbip_ext_entry used = {"board", "10.0.0.1:4711", USBIP_EXT_USED};
    static const struct usbip_ext_entry kept = {"board", "[::1]:4711", USBIP_EXT_KEPT};
    static const struct usbip_ext_grant grant = {3000, true};
    uint8_t bytes[USBIP_EXT_GRANT_SIZE];

    stream_len = 0;
    put_list(&used); /* and another one follows when it has changed */
    put_list(&kept);
    put_op(USBIP_OP_REP_EXT_DESCRIPTORS, USBIP_ST_NODEV);
    put_op(USBIP_OP_REP_EXT_DESCRIPTORS, USBIP_ST_OK);
    put_number(5);
    put("12345", 5);
    put_op(USBIP_OP_REP_EXT_DESCRIPTORS, USBIP_ST_OK);
    put_number(0);
    put_op(USBIP_OP_REP_EXT_IMPORT, USBIP_ST_DEV_BUSY);
    put_op(USBIP_OP_REP_EXT_IMPORT, USBIP_ST_OK);
    put_device();
    usbip_ext_put_grant(&grant, bytes);
    put(bytes, USBIP_EXT_GRANT_SIZE);
}

static char told[LOG_MAX];

static void tell(const char *text)
{
    CHECK(strlen(told) + strlen(text) + 2 < sizeof told);
    strcat(strcat(told, text), "\n");
}

static void tell_record(struct usbip_reader *r, enum usbip_read read, const uint8_t *body)
{
    char text[512] = "";

    if (read == USBIP_READ_OP)
        snprintf(text, sizeof text, "op %04x %u", r->op.code, (unsigned)r->op.status);
    if (read == USBIP_READ_OP && r->op.code == USBIP_OP_REQ_EXT_LIST)
        snprintf(text, sizeof text, "list %u", (unsigned)r->flags);
    if (read == USBIP_READ_OP && r->op.code == USBIP_OP_REQ_EXT_DESCRIPTORS)
        snprintf(text, sizeof text, "descriptors of %s", r->busid);
    if (read == USBIP_READ_OP && r->op.code == USBIP_OP_REQ_EXT_IMPORT)
        snprintf(text, sizeof text, "import %s for %u, %d", r->import.busid,
                 (unsigned)r->import.grace_ms,
                 memcmp(r->import.token, import.token, sizeof import.token));
    if (read == USBIP_READ_DEVICE)
        snprintf(text, sizeof text, "%s %s %u: %s %s %d", r->device.path, r->device.busid,
                 (unsigned)r->device.extensions, r->entry.name, r->entry.user, (int)r->entry.state);
    if (read == USBIP_READ_DEVICE && r->op.code == USBIP_OP_REP_EXT_IMPORT)
        snprintf(text, sizeof text, "granted %u %d", (unsigned)r->grant.grace_ms, r->grant.resumed);
    if (read == USBIP_READ_INTERFACE)
        snprintf(text, sizeof text, "interface %02x", r->interface.interface_class);
    if (read == USBIP_READ_BODY)
        snprintf(text, sizeof text, "body %.*s", (int)r->len, (const char *)body);
    tell(text);
}

/* Reads the first `len` bytes in two pieces. Returns whether all was read without a complaint. */
static bool read_stream(size_t len, size_t cut)
{
    static uint8_t body[16];
    struct usbip_reader r;
    enum usbip_read read;

    told[0] = '\0';
    usbip_reader_init(&r);
    for (size_t at = 0; at < len;) {
        size_t left = at < cut && cut < len ? cut - at : len - at;
        const uint8_t *data = stream + at;

        at += left;
        while ((read = usbip_reader_next(&r, &data, &left)) != USBIP_READ_NOTHING) {
            if (read == USBIP_READ_BAD)
                return false;
            tell_record(&r, read, body);
            if (read == USBIP_READ_OP && r.op.code == USBIP_OP_REP_EXT_DESCRIPTORS &&
                r.op.status == USBIP_ST_OK) {
                const struct usbip_body follows = {.payload = r.count};

                CHECK(r.count <= sizeof body);
                usbip_reader_body(&r, body, NULL, &follows);
            }
        }
        CHECK(left == 0);
    }
    return true;
}

/* However it is cut, it says the same, and a stream that ends early says the start of it. */
static void check_stream(const char *want)
{
    char whole[LOG_MAX];

    CHECK(read_stream(stream_len, 0));
    CHECK(strcmp(told, want) == 0);
    strcpy(whole, told);
    for (size_t cut = 1; cut < stream_len; cut++) {
        CHECK(read_stream(stream_len, cut));
        CHECK(strcmp(told, whole) == 0);
        CHECK(read_stream(cut, 0));
        CHECK(strncmp(told, whole, strlen(told)) == 0);
    }
}

static void requests_are_read(void)
{
    put_requests();
    check_stream("list 1\n"
                 "descriptors of 1-1.2\n"
                 "import board for 3000, 0\n");
}

static void answers_are_read(void)
{
    put_answers();
    check_stream("op 0c01 0\n"
                 "/com2net/board 1-1.2 1: board 10.0.0.1:4711 1\n"
                 "interface ff\n"
                 "interface ff\n"
                 "op 0c01 0\n"
                 "/com2net/board 1-1.2 1: board [::1]:4711 2\n"
                 "interface ff\n"
                 "interface ff\n"
                 "op 0c02 4\n"
                 "op 0c02 0\n"
                 "body 12345\n"
                 "op 0c02 0\n"
                 "body \n"
                 "op 0c03 2\n"
                 "op 0c03 0\n"
                 "granted 3000 1\n");
}

static void the_mark_is_behind_the_path(void)
{
    struct usbip_device d = device, got;
    uint8_t bytes[USBIP_DEVICE_SIZE];

    usbip_put_device(&d, bytes);
    CHECK(strcmp((const char *)bytes, "/com2net/board") == 0); /* what the tools print */
    CHECK(memcmp(bytes + 244, "com2net\0\0\0\0\1", 12) == 0);
    usbip_get_device(bytes, &got);
    CHECK(got.extensions == 1);
    d.extensions = 0;
    usbip_put_device(&d, bytes);
    usbip_get_device(bytes, &got);
    CHECK(got.extensions == 0);
    /* a path that happens to end so is no mark, nor is it lost */
    memset(d.path, 'x', USBIP_PATH_SIZE);
    memcpy(d.path + 244, "com2net", 8);
    usbip_put_device(&d, bytes);
    usbip_get_device(bytes, &got);
    CHECK(got.extensions == 0 && strlen(got.path) == 251);
    d.extensions = 1;
    usbip_put_device(&d, bytes);
    usbip_get_device(bytes, &got);
    CHECK(got.extensions == 1 && strlen(got.path) == 243);
}

static void texts_end(void)
{
    uint8_t bytes[USBIP_EXT_ENTRY_SIZE];
    struct usbip_ext_entry e;

    memset(bytes, 'x', sizeof bytes);
    usbip_ext_get_entry(bytes, &e);
    CHECK(strlen(e.name) == USBIP_EXT_NAME_SIZE - 1 && strlen(e.user) == USBIP_EXT_USER_SIZE - 1);
    CHECK(e.state == USBIP_EXT_USED); /* whatever a later version says */
}

static void descriptors_stand_in_a_row(void)
{
    static const uint8_t first[] = {4, 1, 0xaa, 0xbb};
    struct usbip_ext_descriptor d;
    struct buf b;

    buf_init(&b, USBIP_EXT_DESCRIPTORS_MAX);
    CHECK(usbip_ext_add_descriptor(&b, 0x0100, 0, first, sizeof first) == 0);
    CHECK(usbip_ext_add_string(&b, 0, NULL) == 0);
    CHECK(usbip_ext_add_string(&b, 3, "A\xc3\xa9\xf0\x9f\x98\x80") == 0);
    CHECK(usbip_ext_add_descriptor(&b, 1, 0, first, 0x10000) == -EMSGSIZE);
    const uint8_t *data = buf_head(&b);
    size_t len = b.len;
    CHECK(usbip_ext_next_descriptor(&data, &len, &d));
    CHECK(d.value == 0x0100 && d.index == 0 && d.len == 4 && memcmp(d.data, first, 4) == 0);
    CHECK(usbip_ext_next_descriptor(&data, &len, &d));
    CHECK(d.value == 0x0300 && d.index == 0 && d.len == 4 && memcmp(d.data, "\4\3\11\4", 4) == 0);
    CHECK(usbip_ext_next_descriptor(&data, &len, &d));
    CHECK(d.value == 0x0303 && d.index == 0x0409);
    CHECK(d.len == 10 && memcmp(d.data, "\12\3A\0\351\0\75\330\0\336", 10) == 0);
    CHECK(!usbip_ext_next_descriptor(&data, &len, &d) && len == 0);
    for (size_t cut = 1; cut < 12; cut++) { /* the first is 12 bytes */
        data = buf_head(&b);
        len = cut;
        CHECK(!usbip_ext_next_descriptor(&data, &len, &d));
    }
    buf_free(&b);
    buf_init(&b, 15);
    CHECK(usbip_ext_add_descriptor(&b, 1, 0, first, 4) == 0);
    CHECK(usbip_ext_add_descriptor(&b, 1, 0, first, 4) == -ENOBUFS && b.len == 12);
    buf_free(&b);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(requests_are_read),           TEST(answers_are_read),
        TEST(the_mark_is_behind_the_path), TEST(texts_end),
        TEST(descriptors_stand_in_a_row),
    };

    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
