/*
 * Theory of operation. An interrupt transfer waits until there is something to report. That is an
 * event, not sooner than INTERVAL_MS after the last report, as on a device that is asked so often.
 * Where the host has set an idle rate, it is also the same report again when that time has passed
 * (HID 1.11, 7.2.4).
 */
#include "usb_hid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "gadget.h"
#include "hid_events.h"
#include "hid_state.h"
#include "log.h"
#include "timer.h"

enum {
    REPORTS = 0x81,
    INTERVAL_MS = 8,
    CLASS_OUT = 0x21, /* bmRequestType */
    CLASS_IN = 0xa1,
    STANDARD_IN = 0x81,
    DESCRIPTOR_HID = 0x21,
    DESCRIPTOR_REPORT = 0x22,
    HID_DESCRIPTOR_AT = 18, /* in the configuration */
    HID_DESCRIPTOR_SIZE = 9,
    REPORT_INPUT = 1,
    REPORT_OUTPUT = 2,
    PROTOCOL_BOOT = 0,
    PROTOCOL_REPORT = 1,
    IDLE_UNIT_MS = 4,
    IDLE_KEYBOARD = 500 / IDLE_UNIT_MS, /* what 7.2.4 recommends */
};

/* bRequest (7.2). */
enum {
    GET_REPORT = 0x01,
    GET_IDLE = 0x02,
    GET_PROTOCOL = 0x03,
    SET_REPORT = 0x09,
    SET_IDLE = 0x0a,
    SET_PROTOCOL = 0x0b,
};

struct usb_hid {
    struct gadget gadget;
    struct hid_events *events;
    struct hid_state state;
    struct timer timer;
    uint8_t protocol;
    uint8_t idle; /* in IDLE_UNIT_MS, 0: for ever */
    uint8_t leds;
    uint64_t last_ms; /* of the last report */
    uint64_t next_ms; /* no event is reported before */
};

/* --- descriptors -------------------------------------------------------------------------------
 */

/* HID 1.11, B.2 with E.10's wheel. */
static const uint8_t mouse_report[] = {
    0x05, 0x01, 0x09, 0x02, 0xa1, 0x01, /* generic desktop, mouse; application */
    0x09, 0x01, 0xa1, 0x00,             /* pointer; physical */
    0x05, 0x09, 0x19, 0x01, 0x29, 0x03, /* buttons 1 to 3 */
    0x15, 0x00, 0x25, 0x01, 0x95, 0x03, 0x75, 0x01, 0x81, 0x02, /* a bit each */
    0x95, 0x01, 0x75, 0x05, 0x81, 0x03,                         /* 5 bits that say nothing */
    0x05, 0x01, 0x09, 0x30, 0x09, 0x31, 0x09, 0x38,             /* x, y, wheel */
    0x15, 0x81, 0x25, 0x7f, 0x75, 0x08, 0x95, 0x03, 0x81, 0x06, /* -127 to 127, relative */
    0xc0, 0xc0};

/* HID 1.11, B.1. */
static const uint8_t keyboard_report[] = {0x05, 0x01,
                                          0x09, 0x06,
                                          0xa1, 0x01, /* generic desktop, keyboard; application */
                                          0x05, 0x07,
                                          0x19, 0xe0,
                                          0x29, 0xe7, /* keys: modifiers */
                                          0x15, 0x00,
                                          0x25, 0x01,
                                          0x75, 0x01,
                                          0x95, 0x08,
                                          0x81, 0x02, /* a bit each */
                                          0x95, 0x01,
                                          0x75, 0x08,
                                          0x81, 0x03, /* a byte that says nothing */
                                          0x95, 0x05,
                                          0x75, 0x01,
                                          0x05, 0x08,
                                          0x19, 0x01,
                                          0x29, 0x05,
                                          0x91, 0x02, /* output: 5 LEDs */
                                          0x95, 0x01,
                                          0x75, 0x03,
                                          0x91, 0x03, /* and 3 bits */
                                          0x95, HID_REPORT_KEYS,
                                          0x75, 0x08,
                                          0x15, 0x00,
                                          0x25, HID_KEYS_LAST, /* keys */
                                          0x05, 0x07,
                                          0x19, 0x00,
                                          0x29, HID_KEYS_LAST,
                                          0x81, 0x00,
                                          0xc0};

/* 1209:0006 and 0007, pid.codes: for tests. */
#define DEVICE(product)                                                                            \
    {                                                                                              \
        18, USB_DESC_DEVICE, 0x00, 0x02, 0, 0, 0, 8, 0x09, 0x12, product, 0x00, 0x00, 0x01, 1, 2,  \
            3, 1                                                                                   \
    }

#define CONFIGURATION(protocol, country, report)                                                   \
    {                                                                                              \
        9, USB_DESC_CONFIGURATION, 34, 0, 1, 1, 0, 0x80, 50, /**/                                  \
            9, USB_DESC_INTERFACE, 0, 0, 1, 0x03, 0x01, protocol, 0, HID_DESCRIPTOR_SIZE,          \
            DESCRIPTOR_HID, 0x11, 0x01, country, 1, DESCRIPTOR_REPORT, sizeof(report), 0, 7,       \
            USB_DESC_ENDPOINT, REPORTS, USB_INTERRUPT, HID_REPORT_MAX, 0, INTERVAL_MS              \
    }

static const uint8_t mouse_device[] = DEVICE(6), keyboard_device[] = DEVICE(7);
static const uint8_t mouse_configuration[] = CONFIGURATION(2, 0, mouse_report);
static const uint8_t keyboard_configuration[] = CONFIGURATION(1, 33, keyboard_report); /* US */

static const struct {
    const uint8_t *report;
    size_t report_len;
    struct gadget_descriptors descriptors;
} kinds[] = {
    [HID_MOUSE] = {mouse_report,
                   sizeof mouse_report,
                   {.device = mouse_device,
                    .configuration = mouse_configuration,
                    .configuration_len = sizeof mouse_configuration,
                    .strings = {NULL, "com2net", "demo mouse", "demo"},
                    .speed = USBIP_SPEED_FULL}},
    [HID_KEYBOARD] = {keyboard_report,
                      sizeof keyboard_report,
                      {.device = keyboard_device,
                       .configuration = keyboard_configuration,
                       .configuration_len = sizeof keyboard_configuration,
                       .strings = {NULL, "com2net", "demo keyboard", "demo"},
                       .speed = USBIP_SPEED_FULL}},
};

static int give_descriptor(const struct usb_hid *h, const struct usb_setup *s, uint8_t *data)
{
    const enum hid_role role = h->state.role;

    if (s->value == DESCRIPTOR_HID << 8)
        return gadget_give(data, s->length,
                           h->gadget.descriptors->configuration + HID_DESCRIPTOR_AT,
                           HID_DESCRIPTOR_SIZE);
    if (s->value == DESCRIPTOR_REPORT << 8)
        return gadget_give(data, s->length, kinds[role].report, kinds[role].report_len);
    return USBIP_EPIPE;
}

/* --- requests ----------------------------------------------------------------------------------
 */

/* The type of a report, its number being the low byte: there are none, so 0. */
static int get_report(const struct usb_hid *h, const struct usb_setup *s, uint8_t *data)
{
    uint8_t report[HID_REPORT_MAX];

    if (s->value == REPORT_OUTPUT << 8 && h->state.role == HID_KEYBOARD)
        return gadget_give(data, s->length, &h->leds, 1);
    if (s->value != REPORT_INPUT << 8)
        return USBIP_EPIPE;
    size_t len = hid_state_report(&h->state, h->protocol == PROTOCOL_BOOT, report);
    return gadget_give(data, s->length, report, len);
}

static void show_leds(const struct usb_hid *h)
{
    static const char *const names[] = {" num", " caps", " scroll", " compose", " kana"};
    char text[64] = "";
    size_t len = 0;

    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (h->leds & 1u << i)
            len += (size_t)snprintf(text + len, sizeof text - len, "%s", names[i]);
    log_info("%s: lights:%s", h->gadget.device.name, len > 0 ? text : " none");
}

static int set_report(struct usb_hid *h, const struct usb_setup *s, const uint8_t *data)
{
    if (h->state.role != HID_KEYBOARD || s->value != REPORT_OUTPUT << 8 || s->length != 1)
        return USBIP_EPIPE;
    bool changed = h->leds != (data[0] & 0x1f);
    h->leds = data[0] & 0x1f;
    if (changed)
        show_leds(h);
    return 1;
}

static int set_idle(struct usb_hid *h, const struct usb_setup *s)
{
    if ((s->value & 0xff) != 0 || s->length != 0)
        return USBIP_EPIPE;
    h->idle = (uint8_t)(s->value >> 8);
    gadget_kick(&h->gadget, REPORTS); /* which may have waited that long already */
    return 0;
}

static int set_protocol(struct usb_hid *h, const struct usb_setup *s)
{
    if (s->value > PROTOCOL_REPORT || s->length != 0)
        return USBIP_EPIPE;
    h->protocol = (uint8_t)s->value;
    return 0;
}

static int control(struct gadget *g, const struct usb_setup *s, uint8_t *data)
{
    struct usb_hid *h = (struct usb_hid *)g;

    if (s->index != 0)
        return USBIP_EPIPE;
    if (s->type == STANDARD_IN && s->request == USB_REQUEST_GET_DESCRIPTOR)
        return give_descriptor(h, s, data);
    if (s->type == CLASS_IN && s->request == GET_REPORT)
        return get_report(h, s, data);
    if (s->type == CLASS_IN && s->request == GET_IDLE && s->value == 0)
        return gadget_give(data, s->length, &h->idle, 1);
    if (s->type == CLASS_IN && s->request == GET_PROTOCOL && s->value == 0)
        return gadget_give(data, s->length, &h->protocol, 1);
    if (s->type == CLASS_OUT && s->request == SET_REPORT)
        return set_report(h, s, data);
    if (s->type == CLASS_OUT && s->request == SET_IDLE)
        return set_idle(h, s);
    if (s->type == CLASS_OUT && s->request == SET_PROTOCOL)
        return set_protocol(h, s);
    return USBIP_EPIPE;
}

/* --- reports -----------------------------------------------------------------------------------
 */

static void wait_until(struct usb_hid *h, uint64_t when_ms, uint64_t now_ms)
{
    timer_in_ms(&h->timer, when_ms > now_ms ? when_ms - now_ms : 0);
}

/* Carries out events until one is to be reported. Returns whether one is. */
static bool has_news(struct usb_hid *h, uint64_t now_ms)
{
    struct hid_event *e = hid_events_first(h->events);
    bool changed = false;

    while (e && !changed && now_ms >= h->next_ms) {
        if (e->kind == HID_WAIT)
            h->next_ms = now_ms + e->ms;
        if (hid_state_apply(&h->state, e, &changed))
            hid_events_drop(h->events);
        if (!changed)
            e = hid_events_first(h->events);
    }
    if (e && !changed)
        wait_until(h, h->next_ms, now_ms);
    return changed;
}

static bool is_idle_over(struct usb_hid *h, uint64_t now_ms)
{
    const uint64_t end_ms = h->last_ms + (uint64_t)h->idle * IDLE_UNIT_MS;

    if (h->idle == 0)
        return false;
    if (now_ms >= end_ms)
        return true;
    if (!timer_is_set(&h->timer) || h->next_ms > end_ms)
        wait_until(h, end_ms, now_ms);
    return false;
}

static int transfer(struct gadget *g, struct usb_transfer *t)
{
    struct usb_hid *h = (struct usb_hid *)g;
    const bool boot = h->protocol == PROTOCOL_BOOT;
    uint8_t report[HID_REPORT_MAX];
    uint64_t now_ms = clock_now_ms();

    if (t->length < hid_state_report(&h->state, boot, report))
        return USBIP_EOVERFLOW;
    timer_stop(&h->timer);
    if (!has_news(h, now_ms) && !is_idle_over(h, now_ms))
        return GADGET_WAIT;
    size_t len = hid_state_report(&h->state, boot, report);
    memcpy(t->data, report, len);
    hid_state_sent(&h->state);
    h->last_ms = now_ms;
    if (h->next_ms < now_ms + INTERVAL_MS)
        h->next_ms = now_ms + INTERVAL_MS;
    return (int)len;
}

static void on_news(void *ctx)
{
    gadget_kick(&((struct usb_hid *)ctx)->gadget, REPORTS);
}

/* --- the device --------------------------------------------------------------------------------
 */

static void port_reset(struct gadget *g)
{
    struct usb_hid *h = (struct usb_hid *)g;

    h->protocol = PROTOCOL_REPORT;
    h->idle = h->state.role == HID_KEYBOARD ? IDLE_KEYBOARD : 0;
    h->last_ms = clock_now_ms();
    h->leds = 0;
}

static void reset(struct gadget *g)
{
    struct usb_hid *h = (struct usb_hid *)g;

    port_reset(g);
    timer_stop(&h->timer);
    h->next_ms = 0;
    h->state = (struct hid_state){.role = h->state.role};
    hid_events_stop(h->events);
}

static void free_hid(struct gadget *g)
{
    struct usb_hid *h = (struct usb_hid *)g;

    hid_events_free(h->events);
    timer_stop(&h->timer);
    free(h);
}

static const struct gadget_kind kind = {
    .control = control,
    .transfer = transfer,
    .reset = reset,
    .port_reset = port_reset,
    .free = free_hid,
};

/* --- the kinds ---------------------------------------------------------------------------------
 */

static int take_events(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)error;
    ((struct usb_hid_options *)ctx)->events = value;
    return 0;
}

static int take_play(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)error;
    ((struct usb_hid_options *)ctx)->play = value;
    return 0;
}

static const struct cli_option options[] = {
    {"events", 0, "PATH", take_events, "a FIFO, or a file, with its events (see the manual page)"},
    {"play", 0, "TEXT", take_play, "its events as a text, for each client, before those of a file"},
    {0},
};

static struct usb_device *make(const struct usb_making *m, enum hid_role role,
                               char error[static CLI_ERROR_MAX])
{
    const struct usb_hid_options *o = m->options;
    struct usb_hid *h = calloc(1, sizeof *h);

    if (!h)
        return NULL;
    h->state.role = role;
    timer_make(&h->timer, m->base, on_news, h);
    h->events = hid_events_new(m->base, role, o->events, o->play, m->name, on_news, h, error);
    if (!h->events) {
        free_hid(&h->gadget);
        return NULL;
    }
    gadget_init(&h->gadget, m->base, &kind, &kinds[role].descriptors, m->name, m->number);
    return &h->gadget.device;
}

static struct usb_device *make_mouse(const struct usb_making *m, char error[static CLI_ERROR_MAX])
{
    return make(m, HID_MOUSE, error);
}

static struct usb_device *make_keyboard(const struct usb_making *m,
                                        char error[static CLI_ERROR_MAX])
{
    return make(m, HID_KEYBOARD, error);
}

const struct usb_kind usb_hid_mouse_kind = {
    .name = "mouse",
    .forms = "mouse",
    .options = options,
    .options_size = sizeof(struct usb_hid_options),
    .make = make_mouse,
};

const struct usb_kind usb_hid_keyboard_kind = {
    .name = "keyboard",
    .forms = "keyboard",
    .options = options,
    .options_size = sizeof(struct usb_hid_options),
    .make = make_keyboard,
};
