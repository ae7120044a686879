/* What com2net knows of itself: one walk fills it, and SIGUSR1's text is printed of that. */
#include "report.h"

#include "serial_stage.h"

static struct report report;

static const struct port_report *look(void)
{
    CHECK(report_fill(&report, (struct endpoint *[]){NULL, endpoint}, 2) == 0);
    CHECK(report.count == 1 && !report.endpoints[0].is_usb);
    CHECK_TEXT(report.endpoints[0].address, address);
    return &report.endpoints[0].port;
}

static void a_port_without_clients(void)
{
    begin(",name=esp32");
    const struct port_report *p = look();
    CHECK_TEXT(p->name, "esp32");
    CHECK(p->state == DEVICE_CLOSED && p->count == 0 && p->clients_served == 0);
    report_log(&report);
    CHECK(strstr(logged, "esp32 on 127.0.0.1:") && strstr(logged, ", client none\n"));
    report_free(&report);
    end();
}

static void clients_and_their_bytes(void)
{
    struct client owner, observer;

    begin(",observers,name=esp32");
    client_agree(&owner);
    client_agree(&observer);
    client_write(&owner, "to device");
    client_flush(&owner);
    RUN_UNTIL(&owner, device_saw("write"));
    fake_serial_send("hello");
    RUN_UNTIL(&owner, client_saw(&owner, "data"));
    const struct port_report *p = look();
    CHECK(p->state == DEVICE_OPEN && p->to_device == 9 && p->from_device == 5);
    CHECK(p->count == 2 && p->clients_served == 2 && p->waiting == 0);
    CHECK(p->clients[0].role == CLIENT_OBSERVER && p->clients[1].role == CLIENT_OWNER);
    CHECK_TEXT(p->clients[1].speaks, "RFC 2217");
    CHECK(p->clients[0].sent == 5 && p->clients[1].sent == 5 && p->clients[0].left_out == 0);
    CHECK(p->clients[1].received > 9); /* and what was negotiated */
    report_log(&report);
    CHECK(strstr(logged,
                 "esp32: 9 bytes to the device, 0 of them waiting, 5 from it; clients so far: 2"));
    CHECK(strstr(logged, ": observer, RFC 2217, for 0 s; "));
    CHECK(strstr(logged, "5 to it, 0 left out"));
    report_free(&report);
    client_close(&observer);
    client_close(&owner);
    end();
}

static const struct test tests[] = {
    TEST(a_port_without_clients),
    TEST(clients_and_their_bytes),
};

STAGE_MAIN(tests)
