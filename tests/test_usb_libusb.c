/*
 * A real device, with a libusb that does what no emulated device does: has no memory, fails to
 * claim, loses the device at a reset or under transfers, has nothing to cancel any more.
 */
#include "usb_libusb_stage.h"

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

/* Windows has a driver for each interface, and libusb takes no device from a driver there. */
static void an_interface_with_another_driver_is_left_alone(void)
{
    static const int why_not[] = {LIBUSB_ERROR_NOT_SUPPORTED, LIBUSB_ERROR_NOT_FOUND};
    char error[USB_DEVICE_ERROR_MAX];
    struct one in;

    for (size_t i = 0; i < 2; i++) {
        make();
        fake_libusb.claim_results[1] = why_not[i];
        CHECK(device->ops->claim(device, error) == 0);
        submit(transfer_of(&in, 0x81, 64));
        expect("open\nclaim 0\nclaim 1\nsubmit 81 64\n");
        fake_libusb_end(oldest(), LIBUSB_TRANSFER_COMPLETED, 5);
        CHECK(in.done == 1 && in.t.status == 0);
        device->ops->release(device);
        loop_settle(base);
        expect("release 0\nattach 0\nclose\n");
        end();

        make();
        fake_libusb.claim_results[0] = why_not[i];
        CHECK(device->ops->claim(device, error) == 0);
        submit(transfer_of(&in, 0x81, 64));
        CHECK(in.done == 1 && in.t.status == USBIP_EPIPE);
        expect("open\nclaim 0\nclaim 1\n");
        end();
    }
}

static void one_interface_has_to_be_had(void)
{
    char error[USB_DEVICE_ERROR_MAX];

    make();
    fake_libusb.claim_results[0] = fake_libusb.claim_results[1] = LIBUSB_ERROR_NOT_SUPPORTED;
    CHECK(device->ops->claim(device, error) == -EIO);
    expect("open\nclaim 0\nclaim 1\nclose\n");
    fake_libusb.claim_results[0] = LIBUSB_ERROR_BUSY;
    CHECK(device->ops->claim(device, error) == -EBUSY);
    expect("open\nclaim 0\nclose\n");
    fake_libusb.claim_results[0] = LIBUSB_ERROR_NOT_SUPPORTED;
    fake_libusb.claim_results[1] = LIBUSB_ERROR_ACCESS;
    CHECK(device->ops->claim(device, error) == -EACCES);
    expect("open\nclaim 0\nclaim 1\nclose\n");
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

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(is_listed_as_it_is),
        TEST(handle_is_closed_in_a_later_turn),
        TEST(what_cannot_be_claimed_is_left),
        TEST(an_interface_with_another_driver_is_left_alone),
        TEST(one_interface_has_to_be_had),
        TEST(transfers_are_libusbs),
        TEST(statuses_are_linuxs),
        TEST(empty_packet_is_asked_for),
        TEST(without_memory_they_wait_in_order),
        TEST(without_memory_it_does_not_wait_for_its_own),
        TEST(cancelled_too_late_it_ends_as_it_would),
        TEST(unplugged_under_transfers_it_is_lost_once),
        TEST(packets_in_a_row_are_not_copied),
        TEST(packets_with_gaps_are_joined_for_libusb),
        TEST(impossible_packets_are_answered),
    };

    return stage_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
