/*
 * Requests of endpoint 0 of a real device: in order, and those that libusb has calls for, such as
 * resets, settings and configurations.
 */
#include "usb_libusb_stage.h"

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

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(halt_is_cleared_by_libusb),
        TEST(requests_are_answered_in_order),
        TEST(requests_wait_for_those_without_memory),
        TEST(alternate_setting_has_endpoints),
        TEST(configuration_and_reset_take_back_alternates),
        TEST(configuration_is_changed_without_claims),
        TEST(configuration_in_force_is_set_after_transfers),
        TEST(reset_may_lose_it),
    };

    return stage_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
