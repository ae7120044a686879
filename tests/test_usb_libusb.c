/*
 * A real device, with a libusb that does what no emulated device does: has no memory, fails to
 * claim, loses the device at a reset or under transfers, has nothing to cancel any more.
 */
#include "usb_libusb.h"

#include <errno.h>

#include <event2/event.h>

#include "fakes/fake_libusb.h"
#include "log.h"
#include "loop.h"
#include "os.h"
#include "proto/usb_desc.h"
#include "patience.h"
#include "test.h"

enum { DATA_MAX = 256, PACKETS_MAX = 4, RETRY_LIMIT_MS = 2000 };

struct one {
    struct usb_transfer t;
    uint8_t data[DATA_MAX];
    struct usbip_packet packets[PACKETS_MAX];
    int done;
};

static struct event_base *base;
static struct usb_device *device;
static int lost;
static char order[64]; /* of those that are done, by setup[7] */
static size_t order_len;

static void on_lost(void *ctx, struct usb_device *d)
{
    CHECK(ctx == &lost && d == device);
    lost++;
}

static void on_done(struct usb_transfer *t)
{
    struct one *o = (struct one *)(void *)t;

    o->done++;
    order[order_len++] = (char)t->setup[7];
    order[order_len] = '\0';
}

static void expect(const char *want)
{
    CHECK_TEXT(fake_libusb.journal.text, want);
    journal_clear(&fake_libusb.journal);
}

static void make(void)
{
    fake_libusb_reset();
    lost = 0;
    order_len = 0;
    device = usb_libusb_new(base, fake_libusb.device, NULL, on_lost, &lost);
    CHECK(device);
}

/* One that is imported. */
static void begin(void)
{
    char error[USB_DEVICE_ERROR_MAX];

    make();
    CHECK(device->ops->claim(device, error) == 0);
    expect("open\nclaim 0\nclaim 1\n");
}

static void end(void)
{
    CHECK(fake_libusb.count == 0);
    device->ops->release(device);
    loop_settle(base);
    device->ops->free(device);
    CHECK(fake_libusb.references == 0 && fake_libusb.allocated == 0);
}

static struct one *transfer_of(struct one *o, uint8_t address, size_t length)
{
    memset(o, 0, sizeof *o);
    o->t = (struct usb_transfer){
        .address = address, .data = o->data, .length = length, .done = on_done};
    o->t.setup[7] = '.';
    return o;
}

static void submit(struct one *o)
{
    device->ops->submit(device, &o->t);
}

/* A request of endpoint 0 without data, which is answered at once. Returns its status. */
static int request(uint8_t type, uint8_t code, uint16_t value, uint16_t index)
{
    struct one o;
    const uint8_t setup[8] = {type, code, (uint8_t)value, (uint8_t)(value >> 8), (uint8_t)index, 0,
                              0,    0};

    transfer_of(&o, 0, 0);
    memcpy(o.t.setup, setup, sizeof setup);
    submit(&o);
    CHECK(o.done == 1);
    return o.t.status;
}

static struct libusb_transfer *oldest(void)
{
    CHECK(fake_libusb.count > 0);
    return fake_libusb.under_way[0];
}

/* --- tests --------------------------------------------------------------------------------------
 */

static void is_listed_as_it_is(void)
{
    make();
    CHECK_TEXT(device->record.busid, "1-4.2");
    CHECK_TEXT(device->name, "usb:1-4.2");
    CHECK(device->record.devnum == 7 && device->record.speed == USBIP_SPEED_HIGH);
    CHECK(device->record.interfaces == 2 && device->interfaces[1].interface_class == 0xff);
    expect(""); /* nobody has opened it */
    device->ops->free(device);
}

static void handle_is_closed_in_a_later_turn(void)
{
    char error[USB_DEVICE_ERROR_MAX];

    begin();
    device->ops->release(device);
    expect("");
    loop_settle(base);
    expect("release 0\nrelease 1\nattach 0\nattach 1\nclose\n");
    CHECK(device->ops->claim(device, error) == 0);
    device->ops->release(device); /* and the next importer comes first */
    CHECK(device->ops->claim(device, error) == 0);
    loop_settle(base);
    expect("open\nclaim 0\nclaim 1\nrelease 0\nrelease 1\nattach 0\nattach 1\nclose\nopen\nclaim "
           "0\nclaim 1\n");
    end();
}

static void what_cannot_be_claimed_is_left(void)
{
    char error[USB_DEVICE_ERROR_MAX];

    make();
    fake_libusb.claim_results[1] = LIBUSB_ERROR_BUSY;
    CHECK(device->ops->claim(device, error) == -EBUSY);
    CHECK_TEXT(error, "another program has it");
    expect("open\nclaim 0\nclaim 1\nrelease 0\nattach 0\nclose\n");
    fake_libusb.open_result = LIBUSB_ERROR_ACCESS;
    CHECK(device->ops->claim(device, error) == -EACCES && strstr(error, "no permission"));
    expect("open\n");
    fake_libusb.open_result = LIBUSB_ERROR_IO;
    CHECK(device->ops->claim(device, error) == -EIO);
    CHECK_TEXT(error, "what libusb says");
    fake_libusb.open_result = LIBUSB_ERROR_NO_DEVICE;
    CHECK(lost == 0 && device->ops->claim(device, error) == -ENODEV && lost == 1);
    device->ops->free(device);
}

static void transfers_are_libusbs(void)
{
    struct one in, out, control;

    begin();
    submit(transfer_of(&in, 0x81, 64));
    submit(transfer_of(&out, 0x02, 10));
    transfer_of(&control, 0x80, 4);
    control.t.setup[0] = 0xc0;
    control.t.setup[6] = 4;
    control.t.setup[7] = 0;
    submit(&control);
    expect("submit 81 64\nsubmit 02 10\nsubmit 00 12\n");
    CHECK(oldest()->timeout == 0 && oldest()->type == LIBUSB_TRANSFER_TYPE_BULK);
    memcpy(oldest()->buffer, "hello", 5);
    fake_libusb_end(oldest(), LIBUSB_TRANSFER_COMPLETED, 5);
    CHECK(in.done == 1 && in.t.status == 0 && in.t.actual == 5 && memcmp(in.data, "hello", 5) == 0);
    fake_libusb_end(oldest(), LIBUSB_TRANSFER_STALL, 0);
    CHECK(out.done == 1 && out.t.status == USBIP_EPIPE);
    CHECK(oldest()->type == LIBUSB_TRANSFER_TYPE_CONTROL);
    CHECK(memcmp(oldest()->buffer, control.t.setup, 8) == 0);
    memcpy(libusb_control_transfer_get_data(oldest()), "data", 4);
    fake_libusb_end(oldest(), LIBUSB_TRANSFER_COMPLETED, 3);
    CHECK(control.t.status == 0 && control.t.actual == 3 && memcmp(control.data, "dat", 4) == 0);
    end();
}

static void statuses_are_linuxs(void)
{
    static const struct {
        enum libusb_transfer_status theirs;
        int ours;
    } all[] = {
        {LIBUSB_TRANSFER_COMPLETED, 0},
        {LIBUSB_TRANSFER_ERROR, USBIP_EPROTO},
        {LIBUSB_TRANSFER_TIMED_OUT, USBIP_ETIMEDOUT},
        {LIBUSB_TRANSFER_CANCELLED, USBIP_ECONNRESET},
        {LIBUSB_TRANSFER_STALL, USBIP_EPIPE},
        {LIBUSB_TRANSFER_OVERFLOW, USBIP_EOVERFLOW},
    };
    struct one o;

    begin();
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        submit(transfer_of(&o, 0x81, 8));
        fake_libusb_end(oldest(), all[i].theirs, 0);
        CHECK(o.done == 1 && o.t.status == all[i].ours);
    }
    fake_libusb.submit_result = LIBUSB_ERROR_IO;
    submit(transfer_of(&o, 0x81, 8));
    CHECK(o.done == 1 && o.t.status == USBIP_EPROTO);
    end();
}

static void empty_packet_is_asked_for(void)
{
    struct one o;

    begin();
    for (int in = 0; in < 2; in++) {
        transfer_of(&o, in ? 0x81 : 0x02, 8);
        o.t.flags = USBIP_ZERO_PACKET | USBIP_SHORT_NOT_OK;
        submit(&o);
        /* what is short is the session's to judge: libusb would make an error of it */
        CHECK(oldest()->flags == (in ? 0 : LIBUSB_TRANSFER_ADD_ZERO_PACKET));
        fake_libusb_end(oldest(), LIBUSB_TRANSFER_COMPLETED, 8);
        CHECK(o.done == 1 && o.t.status == 0);
    }
    end();
}

static void without_memory_they_wait_in_order(void)
{
    struct one o[4];

    begin();
    for (size_t i = 0; i < 4; i++) {
        transfer_of(&o[i], 0x81, 10 + i);
        o[i].t.setup[7] = (uint8_t)('0' + i);
        submit(&o[i]);
        fake_libusb.submit_result = LIBUSB_ERROR_NO_MEM; /* for all but the first */
    }
    expect("submit 81 10\nsubmit 81 11\n"); /* the others do not overtake */
    CHECK(o[1].done == 0 && o[3].done == 0);
    device->ops->cancel(device, &o[2].t);
    CHECK(o[2].done == 1 && o[2].t.status == USBIP_ECONNRESET);
    expect("");
    fake_libusb_end(oldest(), LIBUSB_TRANSFER_COMPLETED, 0); /* still none */
    expect("submit 81 11\n");
    fake_libusb.submit_result = 0;
    const uint64_t limit = patience_ms() + RETRY_LIMIT_MS; /* a moment later it is tried again */
    while (fake_libusb.count < 2 && patience_ms() < limit)
        loop_settle(base);
    expect("submit 81 11\nsubmit 81 13\n");
    fake_libusb_end(oldest(), LIBUSB_TRANSFER_COMPLETED, 0);
    fake_libusb_end(oldest(), LIBUSB_TRANSFER_COMPLETED, 0);
    CHECK_TEXT(order, "2013");
    end();
}

/* Memory that others have given back: nothing of ours ends. */
static void without_memory_it_does_not_wait_for_its_own(void)
{
    struct one endless, out;

    begin();
    submit(transfer_of(&endless, 0x81, 8));
    fake_libusb.submit_result = LIBUSB_ERROR_NO_MEM;
    submit(transfer_of(&out, 0x02, 10));
    fake_libusb.submit_result = 0;
    const uint64_t limit = patience_ms() + RETRY_LIMIT_MS;
    while (fake_libusb.count < 2 && patience_ms() < limit)
        loop_settle(base);
    expect("submit 81 8\nsubmit 02 10\nsubmit 02 10\n");
    fake_libusb_end(oldest(), LIBUSB_TRANSFER_COMPLETED, 0);
    fake_libusb_end(oldest(), LIBUSB_TRANSFER_COMPLETED, 10);
    CHECK(out.done == 1 && out.t.status == 0);
    end();
}

static void cancelled_too_late_it_ends_as_it_would(void)
{
    struct one o;

    begin();
    submit(transfer_of(&o, 0x81, 8));
    fake_libusb.cancel_result = LIBUSB_ERROR_NOT_FOUND;
    device->ops->cancel(device, &o.t);
    expect("submit 81 8\ncancel 81\n");
    CHECK(o.done == 0);
    fake_libusb_end(oldest(), LIBUSB_TRANSFER_COMPLETED, 8);
    CHECK(o.done == 1 && o.t.status == 0 && o.t.actual == 8);
    fake_libusb.cancel_result = 0;
    submit(transfer_of(&o, 0x81, 8));
    device->ops->cancel(device, &o.t);
    fake_libusb_end(oldest(), LIBUSB_TRANSFER_CANCELLED, 3); /* and what has come is there */
    CHECK(o.done == 1 && o.t.status == USBIP_ECONNRESET && o.t.actual == 3);
    end();
}

static void unplugged_under_transfers_it_is_lost_once(void)
{
    struct one o[3];

    begin();
    for (size_t i = 0; i < 2; i++)
        submit(transfer_of(&o[i], 0x81, 8));
    fake_libusb.submit_result = LIBUSB_ERROR_NO_MEM;
    submit(transfer_of(&o[2], 0x81, 8));
    fake_libusb_end(oldest(), LIBUSB_TRANSFER_NO_DEVICE, 0);
    CHECK(lost == 1 && o[0].t.status == USBIP_ESHUTDOWN && o[1].done == 0);
    fake_libusb_end(oldest(), LIBUSB_TRANSFER_NO_DEVICE, 0);
    CHECK(lost == 1 && o[1].t.status == USBIP_ESHUTDOWN);
    device->ops->cancel(device, &o[2].t); /* as its session does when it ends */
    CHECK(o[2].done == 1);
    journal_clear(&fake_libusb.journal);
    submit(transfer_of(&o[0], 0x81, 8));
    CHECK(o[0].done == 1 && o[0].t.status == USBIP_ESHUTDOWN);
    expect("");
    end();
}

static void halt_is_cleared_by_libusb(void)
{
    begin();
    CHECK(request(0x02, USB_REQUEST_CLEAR_FEATURE, 0, 0x81) == 0);
    expect("halt 81\n");
    fake_libusb.halt_result = LIBUSB_ERROR_NOT_FOUND;
    CHECK(request(0x02, USB_REQUEST_CLEAR_FEATURE, 0, 0x8f) == USBIP_EPIPE);
    fake_libusb.halt_result = LIBUSB_ERROR_NO_DEVICE;
    CHECK(request(0x02, USB_REQUEST_CLEAR_FEATURE, 0, 0x81) == USBIP_ENODEV);
    end();
}

/* Makes a request without data, told apart by `name` in `order`. */
static struct one *named_request(struct one *o, uint8_t type, uint8_t code, char name)
{
    const uint8_t setup[8] = {type, code, 0, 0, 0x81, 0, 0, (uint8_t)name};

    transfer_of(o, type & 0x80, 0);
    memcpy(o->t.setup, setup, sizeof setup);
    return o;
}

static void requests_are_answered_in_order(void)
{
    struct one a, b, c, d, e, bulk;

    begin();
    submit(named_request(&a, 0x80, 0, 'a'));
    submit(named_request(&b, 0x80, 0, 'b'));
    submit(named_request(&c, 0x02, 1, 'c')); /* a halt: by a call, not in libusb's queue */
    submit(named_request(&d, 0x80, 0, 'd'));
    submit(named_request(&e, 0x02, 1, 'e'));
    submit(transfer_of(&bulk, 0x02, 10)); /* another endpoint */
    expect("submit 00 8\nsubmit 00 8\nsubmit 02 10\n");
    fake_libusb_end(oldest(), LIBUSB_TRANSFER_COMPLETED, 0);
    expect("");
    CHECK_TEXT(order, "a");
    fake_libusb_end(oldest(), LIBUSB_TRANSFER_COMPLETED, 0);
    expect("halt 81\nsubmit 00 8\n");
    CHECK_TEXT(order, "abc");
    device->ops->cancel(device, &e.t); /* while it waits */
    CHECK(e.done == 1 && e.t.status == USBIP_ECONNRESET);
    fake_libusb_end(oldest(), LIBUSB_TRANSFER_COMPLETED, 10);
    fake_libusb_end(oldest(), LIBUSB_TRANSFER_COMPLETED, 0);
    expect("");
    CHECK_TEXT(order, "abce.d");
    submit(named_request(&c, 0x02, 1, 'f')); /* and nothing is left behind */
    expect("halt 81\n");
    end();
}

static void requests_wait_for_those_without_memory(void)
{
    struct one bulk, a, b;

    begin();
    submit(transfer_of(&bulk, 0x02, 10));
    fake_libusb.submit_result = LIBUSB_ERROR_NO_MEM;
    submit(named_request(&a, 0x80, 0, 'a'));
    submit(named_request(&b, 0x02, 1, 'b'));
    expect("submit 02 10\nsubmit 00 8\n");
    device->ops->cancel(device, &a.t);
    expect("halt 81\n");
    CHECK_TEXT(order, "ab");
    fake_libusb_end(oldest(), LIBUSB_TRANSFER_COMPLETED, 10);
    end();
}

static void alternate_setting_has_endpoints(void)
{
    struct one o;

    begin();
    submit(transfer_of(&o, 0x83, 8));
    CHECK(o.done == 1 && o.t.status == USBIP_ENOENT); /* not in this setting */
    fake_libusb.alternate_result = LIBUSB_ERROR_NOT_FOUND;
    CHECK(request(0x01, USB_REQUEST_SET_INTERFACE, 9, 0) == USBIP_EPIPE);
    submit(transfer_of(&o, 0x83, 8));
    CHECK(o.t.status == USBIP_ENOENT);
    fake_libusb.alternate_result = 0;
    CHECK(request(0x01, USB_REQUEST_SET_INTERFACE, 1, 0) == 0);
    expect("alternate 0 9\nalternate 0 1\n");
    submit(transfer_of(&o, 0x83, 8));
    CHECK(oldest()->type == LIBUSB_TRANSFER_TYPE_INTERRUPT);
    fake_libusb_end(oldest(), LIBUSB_TRANSFER_COMPLETED, 0);
    end();
}

/* As the client has it afterwards: in each of these it counts on setting 0. */
static void configuration_and_reset_take_back_alternates(void)
{
    static const struct {
        uint8_t type, code;
        uint16_t value;
        const char *does;
    } requests[] = {
        {0x00, USB_REQUEST_SET_CONFIGURATION, 1, "alternate 0 1\nalternate 0 0\n"},
        {0x23, USB_REQUEST_SET_FEATURE, 4, "alternate 0 1\nreset\nalternate 0 0\n"},
    };
    struct one o;

    begin();
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        CHECK(request(0x01, USB_REQUEST_SET_INTERFACE, 1, 0) == 0);
        CHECK(request(requests[i].type, requests[i].code, requests[i].value, 0) == 0);
        expect(requests[i].does);
        submit(transfer_of(&o, 0x83, 8));
        CHECK(o.done == 1 && o.t.status == USBIP_ENOENT);
    }
    end();
}

static void configuration_is_changed_without_claims(void)
{
    begin();
    CHECK(request(0x00, USB_REQUEST_SET_CONFIGURATION, 1, 0) == 0);
    expect(""); /* it is in force */
    CHECK(request(0x00, USB_REQUEST_SET_CONFIGURATION, 0, 0) == 0);
    expect("release 0\nrelease 1\nconfiguration -1\n");
    CHECK(device->record.configuration == 0 && device->record.interfaces == 0);
    CHECK(request(0x00, USB_REQUEST_SET_CONFIGURATION, 1, 0) == 0);
    expect("configuration 1\nclaim 0\nclaim 1\n");
    fake_libusb.configuration_result = LIBUSB_ERROR_NOT_FOUND;
    CHECK(request(0x00, USB_REQUEST_SET_CONFIGURATION, 5, 0) == USBIP_EPIPE);
    expect("release 0\nrelease 1\nconfiguration 5\nclaim 0\nclaim 1\n"); /* it works on */
    end();
}

/* As Linux's client has it for a reset, in which nothing is under way. */
static void configuration_in_force_is_set_after_transfers(void)
{
    struct one o;

    begin();
    submit(transfer_of(&o, 0x81, 8));
    journal_clear(&fake_libusb.journal);
    CHECK(request(0x00, USB_REQUEST_SET_CONFIGURATION, 1, 0) == 0);
    expect("");
    fake_libusb_end(oldest(), LIBUSB_TRANSFER_COMPLETED, 8);
    CHECK(request(0x00, USB_REQUEST_SET_CONFIGURATION, 1, 0) == 0);
    expect("release 0\nrelease 1\nconfiguration 1\nclaim 0\nclaim 1\n");
    CHECK(request(0x00, USB_REQUEST_SET_CONFIGURATION, 1, 0) == 0);
    expect("");
    end();
}

static void reset_may_lose_it(void)
{
    struct one o;

    begin();
    CHECK(request(0x23, USB_REQUEST_SET_FEATURE, 4, 0) == 0 && lost == 0);
    expect("reset\n");
    fake_libusb.reset_result = LIBUSB_ERROR_NOT_FOUND; /* it has come back as another one */
    CHECK(request(0x23, USB_REQUEST_SET_FEATURE, 4, 0) == USBIP_ENODEV && lost == 1);
    submit(transfer_of(&o, 0x81, 8));
    CHECK(o.done == 1 && o.t.status == USBIP_ESHUTDOWN);
    end();
}

/* --- isochronous --------------------------------------------------------------------------------
 */

static struct one *packets_of(struct one *o, uint8_t address, size_t length,
                              const struct usbip_packet *packets, size_t count)
{
    transfer_of(o, address, length);
    memcpy(o->packets, packets, count * sizeof *packets);
    o->t.packets = o->packets;
    o->t.packet_count = count;
    return o;
}

static void choose_isochronous(void)
{
    begin();
    CHECK(request(0x01, USB_REQUEST_SET_INTERFACE, 1, 0) == 0);
    journal_clear(&fake_libusb.journal);
}

static void packets_in_a_row_are_not_copied(void)
{
    static const struct usbip_packet row[] = {{.offset = 0, .length = 10},
                                              {.offset = 10, .length = 20}};
    struct one o;

    choose_isochronous();
    submit(packets_of(&o, 0x84, 30, row, 2));
    expect("submit 84 30\n");
    CHECK(oldest()->buffer == o.data && oldest()->num_iso_packets == 2);
    CHECK(oldest()->iso_packet_desc[1].length == 20);
    oldest()->iso_packet_desc[0].status = LIBUSB_TRANSFER_COMPLETED;
    oldest()->iso_packet_desc[0].actual_length = 7;
    oldest()->iso_packet_desc[1].status = LIBUSB_TRANSFER_ERROR;
    fake_libusb_end(oldest(), LIBUSB_TRANSFER_COMPLETED, 0);
    CHECK(o.done == 1 && o.t.status == 0 && o.t.actual == 7);
    CHECK(o.packets[0].actual == 7 && o.packets[0].status == 0);
    CHECK(o.packets[1].actual == 0 && o.packets[1].status == USBIP_EPROTO);
    end();
}

static void packets_with_gaps_are_joined_for_libusb(void)
{
    static const struct usbip_packet gaps[] = {{.offset = 4, .length = 3},
                                               {.offset = 16, .length = 2}};
    struct one o;

    choose_isochronous();
    packets_of(&o, 0x05, 32, gaps, 2);
    memcpy(o.data, "....abc.........de..............", 32);
    submit(&o);
    CHECK(oldest()->length == 5 && memcmp(oldest()->buffer, "abcde", 5) == 0);
    oldest()->iso_packet_desc[0].actual_length = 3;
    oldest()->iso_packet_desc[1].actual_length = 2;
    fake_libusb_end(oldest(), LIBUSB_TRANSFER_COMPLETED, 0);
    CHECK(o.done == 1 && o.t.actual == 5 && o.packets[1].actual == 2);

    submit(packets_of(&o, 0x84, 32, gaps, 2));
    memcpy(oldest()->buffer, "xyzuv", 5);
    oldest()->iso_packet_desc[0].actual_length = 2; /* short */
    oldest()->iso_packet_desc[1].actual_length = 2;
    fake_libusb_end(oldest(), LIBUSB_TRANSFER_COMPLETED, 0);
    CHECK(o.done == 1 && o.t.actual == 4);
    CHECK(memcmp(o.data + 4, "xy", 3) == 0 && memcmp(o.data + 16, "uv", 3) == 0);
    end();
}

static void impossible_packets_are_answered(void)
{
    static const struct usbip_packet same[] = {{.offset = 0, .length = 30},
                                               {.offset = 0, .length = 30}};
    struct one o;

    choose_isochronous();
    submit(packets_of(&o, 0x84, 32, same, 2)); /* more than the buffer in all */
    CHECK(o.done == 1 && o.t.status == USBIP_EINVAL);
    submit(packets_of(&o, 0x81, 32, same, 1)); /* packets of a bulk endpoint */
    CHECK(o.done == 1 && o.t.status == USBIP_EINVAL);
    submit(transfer_of(&o, 0x84, 32)); /* and none of an isochronous one */
    CHECK(o.done == 1 && o.t.status == USBIP_EINVAL);
    expect("");
    end();
}

static void drop_line(enum log_level level, const char *line)
{
    (void)level;
    (void)line;
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(is_listed_as_it_is),
        TEST(handle_is_closed_in_a_later_turn),
        TEST(what_cannot_be_claimed_is_left),
        TEST(transfers_are_libusbs),
        TEST(statuses_are_linuxs),
        TEST(empty_packet_is_asked_for),
        TEST(without_memory_they_wait_in_order),
        TEST(without_memory_it_does_not_wait_for_its_own),
        TEST(cancelled_too_late_it_ends_as_it_would),
        TEST(unplugged_under_transfers_it_is_lost_once),
        TEST(halt_is_cleared_by_libusb),
        TEST(requests_are_answered_in_order),
        TEST(requests_wait_for_those_without_memory),
        TEST(alternate_setting_has_endpoints),
        TEST(configuration_and_reset_take_back_alternates),
        TEST(configuration_is_changed_without_claims),
        TEST(configuration_in_force_is_set_after_transfers),
        TEST(reset_may_lose_it),
        TEST(packets_in_a_row_are_not_copied),
        TEST(packets_with_gaps_are_joined_for_libusb),
        TEST(impossible_packets_are_answered),
    };

    CHECK(os_init(&argc, &argv) == 0);
    log_set_sink(drop_line);
    base = loop_new(false);
    CHECK(base);
    int status = test_main(argc, argv, tests, sizeof tests / sizeof *tests);
    loop_free(base);
    return status;
}
