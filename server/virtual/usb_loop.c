/*
 * Theory of operation. Bulk and interrupt: packets are kept in order, as a device with a FIFO keeps
 * them. An IN transfer ends when it is full or after a packet that is shorter than the largest.
 * While there is no packet it waits, with the bytes it has. Isochronous: every packet has its time
 * on the bus, whether there are data or not. Data return unchanged, packet by packet. A pair of its
 * own keeps nothing: it takes whatever comes, and gives zeros, as the source and sink of Linux's
 * g_zero do.
 */
#include "usb_loop.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "gadget.h"
#include "timer.h"
#include "usb_selector.h"

enum {
    FIFO_MAX = 4 << 20, /* bytes; then OUT transfers wait */
    FIFO_ITEMS = 4096,
    FRAMES_MAX = 2048, /* isochronous packets that are kept */
    FRAME_SIZE = 1024,
    CONTROL_MAX = 4096,
};

/* Vendor requests to the device. */
enum { VENDOR_OUT = 0x40, VENDOR_IN = 0xc0, CONTROL_WRITE = 0x5b, CONTROL_READ = 0x5c };

/* A pair of endpoints, OUT and IN, of one number. */
enum { PAIR_BULK = 1, PAIR_INTERRUPT = 2, PAIR_ISO = 3, PAIR_ENDLESS = 4, PAIRS = 5 };

/* The data that one OUT transfer has left in a FIFO. */
struct item {
    struct item *next;
    size_t len, at;
    bool ends; /* with a packet that is short, or empty */
    uint8_t data[];
};

struct fifo {
    struct item *head, **tail;
    size_t bytes, items;
};

struct frame {
    uint16_t len;
    uint8_t data[FRAME_SIZE];
};

struct usb_loop {
    struct gadget gadget;
    struct gadget_descriptors descriptors;
    uint8_t device_descriptor[USB_DESC_DEVICE_SIZE];
    uint8_t configuration[128];
    uint8_t bos[22];
    uint8_t control[CONTROL_MAX];
    struct fifo fifos[PAIRS];
    struct frame *frames;
    size_t frame_head, frame_count;
    struct timer clock[2]; /* of isochronous OUT and IN */
    uint64_t next_us[2];   /* when the transfer that waits there is over */
    bool due[2];
};

static struct usb_loop *loop_of(struct gadget *g)
{
    return (struct usb_loop *)g;
}

static void clear_fifo(struct fifo *f)
{
    while (f->head) {
        struct item *i = f->head;

        f->head = i->next;
        free(i);
    }
    *f = (struct fifo){.tail = &f->head};
}

static size_t packet_size(const struct gadget *g, uint8_t address)
{
    struct usb_desc_endpoint e = {.max_packet = 64};

    usb_desc_find_endpoint(g->descriptors->configuration, g->descriptors->configuration_len,
                           address, g->alternate, &e);
    return (size_t)e.max_packet;
}

/* --- bulk and interrupt -------------------------------------------------------------------------
 */

static int take_out(struct gadget *g, struct fifo *f, struct usb_transfer *t)
{
    size_t size = packet_size(g, t->address);

    if (f->items > 0 && (f->bytes + t->length > FIFO_MAX || f->items >= FIFO_ITEMS))
        return GADGET_WAIT;
    struct item *i = malloc(sizeof *i + t->length);
    if (!i)
        return USBIP_EPROTO;
    *i = (struct item){.len = t->length,
                       .ends = t->length % size != 0 || t->length == 0 ||
                               (t->flags & USBIP_ZERO_PACKET)};
    if (t->length > 0)
        memcpy(i->data, t->data, t->length);
    *f->tail = i;
    f->tail = &i->next;
    f->bytes += i->len;
    f->items++;
    return (int)t->length;
}

static void drop_item(struct fifo *f)
{
    struct item *i = f->head;

    f->head = i->next;
    if (!f->head)
        f->tail = &f->head;
    f->items--;
    free(i);
}

/* Moves the present data of the first item. Returns whether that ends the transfer. */
static bool move(struct fifo *f, struct usb_transfer *t, size_t size, int *status)
{
    struct item *i = f->head;
    size_t room = t->length - t->actual, left = i->len - i->at;
    size_t part = left < room ? left : room;

    if (part < left && part % size != 0) { /* a packet that is larger than the room for it */
        *status = USBIP_EOVERFLOW;
        part = room;
    }
    if (part > 0)
        memcpy(t->data + t->actual, i->data + i->at, part);
    t->actual += part;
    i->at += part;
    f->bytes -= part;
    if (i->at < i->len)
        return true; /* full */
    bool ends = i->ends && (i->len % size != 0 || i->len == 0 || t->actual < t->length);
    bool empty_packet_left = i->ends && !ends;
    if (!empty_packet_left) {
        drop_item(f);
    } else {
        i->len = i->at = 0;
    }
    return ends || t->actual == t->length;
}

static int give_in(struct gadget *g, struct fifo *f, struct usb_transfer *t)
{
    size_t size = packet_size(g, t->address);
    int status = 0;
    bool over = false;

    while (f->head && !over && status == 0)
        over = move(f, t, size, &status);
    if (status < 0)
        return status;
    return over ? (int)t->actual : GADGET_WAIT;
}

/* --- source and sink ----------------------------------------------------------------------------
 */

static int do_endless(struct usb_transfer *t)
{
    if ((t->address & 0x80) && t->length > 0)
        memset(t->data, 0, t->length);
    return (int)t->length;
}

/* --- isochronous --------------------------------------------------------------------------------
 */

static void drop_frame(struct usb_loop *l)
{
    l->frame_head = (l->frame_head + 1) % FRAMES_MAX;
    l->frame_count--;
}

static void take_frames(struct usb_loop *l, struct usb_transfer *t)
{
    for (size_t n = 0; n < t->packet_count; n++) {
        struct usbip_packet *p = &t->packets[n];
        size_t len = p->length < FRAME_SIZE ? p->length : FRAME_SIZE;

        p->status = 0;
        p->actual = p->length;
        if (l->frame_count == FRAMES_MAX) /* nobody listens: the oldest is lost */
            drop_frame(l);
        struct frame *f = &l->frames[(l->frame_head + l->frame_count) % FRAMES_MAX];
        f->len = (uint16_t)len;
        memcpy(f->data, t->data + p->offset, len);
        l->frame_count++;
    }
}

static void give_frames(struct usb_loop *l, struct usb_transfer *t)
{
    for (size_t n = 0; n < t->packet_count; n++) {
        struct usbip_packet *p = &t->packets[n];

        p->status = 0;
        p->actual = 0;
        if (l->frame_count == 0)
            continue;
        const struct frame *f = &l->frames[l->frame_head];
        p->actual = f->len < p->length ? f->len : p->length;
        p->status = f->len > p->length ? USBIP_EOVERFLOW : 0;
        memcpy(t->data + p->offset, f->data, p->actual);
        drop_frame(l);
    }
}

/* Waits until the packets' time on the bus has passed: one each frame, or each microframe. */
static int do_iso(struct usb_loop *l, struct usb_transfer *t)
{
    const bool in = t->address & 0x80;
    const uint64_t packet_us = l->gadget.descriptors->speed == USBIP_SPEED_FULL ? 1000 : 125;
    uint64_t now = clock_now_us();

    if (!l->due[in]) {
        if (timer_is_set(&l->clock[in]))
            return GADGET_WAIT;
        if (l->next_us[in] + 100000 < now) /* it begins, or begins again */
            l->next_us[in] = now;
        l->next_us[in] += packet_us * t->packet_count;
        timer_in_us(&l->clock[in], l->next_us[in] > now ? l->next_us[in] - now : 0);
        return GADGET_WAIT;
    }
    l->due[in] = false;
    if (in)
        give_frames(l, t);
    else
        take_frames(l, t);
    return (int)t->length;
}

static void on_clock(struct usb_loop *l, bool in)
{
    l->due[in] = true;
    gadget_kick(&l->gadget, in ? 0x80 | PAIR_ISO : PAIR_ISO);
    l->due[in] = false;
}

static void on_clock_out(void *ctx)
{
    on_clock(ctx, false);
}

static void on_clock_in(void *ctx)
{
    on_clock(ctx, true);
}

/* --- the device --------------------------------------------------------------------------------
 */

/* Vendor requests as Linux's Gadget Zero has them: written data can be read. */
static int control(struct gadget *g, const struct usb_setup *s, uint8_t *data)
{
    struct usb_loop *l = loop_of(g);

    if (s->value != 0 || s->index != 0 || s->length > sizeof l->control)
        return USBIP_EPIPE;
    if (s->type == VENDOR_OUT && s->request == CONTROL_WRITE) {
        if (s->length > 0)
            memcpy(l->control, data, s->length);
        return s->length;
    }
    if (s->type == VENDOR_IN && s->request == CONTROL_READ)
        return gadget_give(data, s->length, l->control, sizeof l->control);
    return USBIP_EPIPE;
}

static int transfer(struct gadget *g, struct usb_transfer *t)
{
    struct usb_loop *l = loop_of(g);
    unsigned pair = t->address & 15;
    struct fifo *f = &l->fifos[pair];

    if (pair == PAIR_ISO)
        return do_iso(l, t);
    if (pair == PAIR_ENDLESS)
        return do_endless(t);
    return t->address & 0x80 ? give_in(g, f, t) : take_out(g, f, t);
}

/* The other side may wait for the work that one side has done. */
static void on_moved(struct gadget *g, uint8_t address)
{
    if ((address & 15) != PAIR_ISO)
        gadget_kick(g, address ^ 0x80);
}

static void reset(struct gadget *g)
{
    struct usb_loop *l = loop_of(g);

    for (int i = 0; i < PAIRS; i++)
        clear_fifo(&l->fifos[i]);
    l->frame_count = 0;
    memset(l->control, 0, sizeof l->control);
    for (int i = 0; i < 2; i++) {
        timer_stop(&l->clock[i]);
        l->next_us[i] = 0;
    }
}

static void loop_free_device(struct gadget *g)
{
    struct usb_loop *l = loop_of(g);

    for (int i = 0; i < PAIRS; i++)
        clear_fifo(&l->fifos[i]);
    for (int i = 0; i < 2; i++)
        timer_stop(&l->clock[i]);
    free(l->frames);
    free(l);
}

static const struct gadget_kind kind = {
    .control = control,
    .transfer = transfer,
    .moved = on_moved,
    .reset = reset,
    .free = loop_free_device,
};

/* --- descriptors -------------------------------------------------------------------------------
 */

struct writer {
    uint8_t *at;
};

static void put(struct writer *w, const uint8_t *bytes, size_t len)
{
    memcpy(w->at, bytes, len);
    w->at += len;
}

static void put_endpoint(struct writer *w, uint8_t address, enum usb_transfer_type type,
                         unsigned size, uint8_t interval, bool super)
{
    const uint8_t endpoint[] = {
        7,       USB_DESC_ENDPOINT, address, (uint8_t)type, (uint8_t)size, (uint8_t)(size >> 8),
        interval};
    /* SuperSpeed Endpoint Companion: no bursts; a periodic one says how much of an interval it
     * takes */
    const bool periodic = type == USB_ISOCHRONOUS || type == USB_INTERRUPT;
    const uint8_t companion[] = {
        6, 0x30, 0, 0, periodic ? (uint8_t)size : 0, periodic ? (uint8_t)(size >> 8) : 0};

    put(w, endpoint, sizeof endpoint);
    if (super)
        put(w, companion, sizeof companion);
}

static void write_descriptors(struct usb_loop *l, enum usbip_speed speed)
{
    const bool super = speed == USBIP_SPEED_SUPER, full = speed == USBIP_SPEED_FULL;
    const unsigned bulk = super ? 1024 : full ? 64 : 512, interrupt = full ? 64 : 1024;
    const unsigned iso = full ? 1023 : 1024;
    const uint8_t device[USB_DESC_DEVICE_SIZE] = {18,   USB_DESC_DEVICE,
                                                  0x00, super ? 3 : 2,
                                                  0xff, 0xff,
                                                  0xff, super ? 9 : 64,
                                                  0x09, 0x12, /* 1209:0001, pid.codes: for tests */
                                                  0x01, 0x00,
                                                  0x00, 0x01,
                                                  1,    2,
                                                  3,    1};
    uint8_t head[] = {9, USB_DESC_CONFIGURATION, 0, 0, 1, 1,    0,    0xc0, super ? 1 : 4,
                      9, USB_DESC_INTERFACE,     0, 0, 8, 0xff, 0xff, 0xff, 0};
    static const uint8_t bos[] = {5, USB_DESC_BOS, 22,   0, 2, 7,    0x10, 2, 0, 0, 0,
                                  0, 10,           0x10, 3, 0, 0x0e, 0,    3, 0, 0, 0};
    struct writer w = {l->configuration};

    memcpy(l->device_descriptor, device, sizeof device);
    put(&w, head, sizeof head);
    put_endpoint(&w, PAIR_BULK, USB_BULK, bulk, 0, super);
    put_endpoint(&w, 0x80 | PAIR_BULK, USB_BULK, bulk, 0, super);
    put_endpoint(&w, PAIR_INTERRUPT, USB_INTERRUPT, interrupt, 1, super);
    put_endpoint(&w, 0x80 | PAIR_INTERRUPT, USB_INTERRUPT, interrupt, 1, super);
    put_endpoint(&w, PAIR_ISO, USB_ISOCHRONOUS, iso, 1, super);
    put_endpoint(&w, 0x80 | PAIR_ISO, USB_ISOCHRONOUS, iso, 1, super);
    put_endpoint(&w, PAIR_ENDLESS, USB_BULK, bulk, 0, super);
    put_endpoint(&w, 0x80 | PAIR_ENDLESS, USB_BULK, bulk, 0, super);
    size_t len = (size_t)(w.at - l->configuration);
    l->configuration[2] = (uint8_t)len;
    memcpy(l->bos, bos, sizeof bos);
    l->descriptors = (struct gadget_descriptors){
        .device = l->device_descriptor,
        .configuration = l->configuration,
        .configuration_len = len,
        .bos = super ? l->bos : NULL,
        .bos_len = sizeof bos,
        .strings = {NULL, "com2net", "USB loopback", "demo"},
        .speed = speed,
    };
}

static void set_id(struct usb_loop *l, uint32_t id)
{
    enum { ID_AT = 8 };
    const uint8_t bytes[] = {(uint8_t)(id >> 16), (uint8_t)(id >> 24), (uint8_t)id,
                             (uint8_t)(id >> 8)};

    memcpy(l->device_descriptor + ID_AT, bytes, sizeof bytes);
}

static struct usb_device *loop_new(struct event_base *base, enum usbip_speed speed, uint32_t id,
                                   const char *name, unsigned number)
{
    struct usb_loop *l = calloc(1, sizeof *l);

    if (!l)
        return NULL;
    for (int i = 0; i < PAIRS; i++)
        l->fifos[i].tail = &l->fifos[i].head;
    l->frames = calloc(FRAMES_MAX, sizeof *l->frames);
    timer_make(&l->clock[0], base, on_clock_out, l);
    timer_make(&l->clock[1], base, on_clock_in, l);
    if (!l->frames) {
        loop_free_device(&l->gadget);
        return NULL;
    }
    write_descriptors(l, speed);
    if (id != 0)
        set_id(l, id);
    gadget_init(&l->gadget, base, &kind, &l->descriptors, name, number);
    return &l->gadget.device;
}

/* --- the kind ----------------------------------------------------------------------------------
 */

static int take_id(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    uint16_t vendor, product;

    if (usb_selector_id(value, &vendor, &product) < 0) {
        snprintf(error, CLI_ERROR_MAX, "it is VID:PID, of four hexadecimal digits each");
        return -EINVAL;
    }
    ((struct usb_loop_options *)ctx)->id = (uint32_t)vendor << 16 | product;
    return 0;
}

static const struct cli_option options[] = {
    {"id", 0, "VID:PID", take_id, "the id that it has, of a device whose driver is to take it"},
    {0},
};

static struct usb_device *make(const struct usb_making *m, char error[static CLI_ERROR_MAX])
{
    static const struct {
        const char *text;
        enum usbip_speed speed;
    } speeds[] = {
        {"high", USBIP_SPEED_HIGH},
        {"full", USBIP_SPEED_FULL},
        {"super", USBIP_SPEED_SUPER},
    };
    const struct usb_loop_options *o = m->options;

    for (size_t i = 0; i < sizeof speeds / sizeof *speeds; i++)
        if (!m->variant || strcmp(m->variant, speeds[i].text) == 0)
            return loop_new(m->base, speeds[i].speed, o->id, m->name, m->number);
    snprintf(error, CLI_ERROR_MAX,
             "usb:demo-loop:%.100s: there are usb:demo-loop (high speed), usb:demo-loop:full and "
             "usb:demo-loop:super",
             m->variant);
    return NULL;
}

const struct usb_kind usb_loop_kind = {
    .name = "loop",
    .forms = "loop (loop:full, loop:super)",
    .has_variants = true,
    .options = options,
    .options_size = sizeof(struct usb_loop_options),
    .make = make,
};
