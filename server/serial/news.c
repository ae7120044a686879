#include "news.h"

#include "client.h"
#include "device.h"
#include "error_text.h"
#include "log_peer.h"
#include "proto/comport.h"
#include "stream.h"

enum {
    LATE_MAX = 256 * 1024,
    LATE_PIECE = 32 * 1024,
    EMPTY_MIN_MS = 5, /* a byte that is stuck is not asked for more often */
};

/* --- bytes ------------------------------------------------------------------------------------ */

bool news_wants_data(const struct news *n)
{
    return client_is_working(n->client) && client_can_hear(n->client) && n->late.len == 0;
}

static void send_data(struct client *c, const uint8_t *data, size_t len)
{
    int r = 0;

    client_moved(c);
    c->sent += len;
    if (c->state == CLIENT_RAW) {
        r = stream_write(c->stream, data, len);
    } else {
        if (c->commands.line_mask & LINE_STATE_DATA_READY)
            commands_answer(&c->commands, RFC2217_NOTIFY_LINESTATE, LINE_STATE_DATA_READY);
        r = comport_send_data(c->commands.comport, data, len);
        client_flush(c);
    }
    if (r < 0)
        client_end(c, error_text(-r));
}

/* Keeps bytes that it cannot be sent now. Others read on: the excess is lost to it alone. */
static void keep_late(struct news *n, const uint8_t *data, size_t len)
{
    const char *who = n->client->who;
    const size_t room = n->late.max - n->late.len;
    size_t kept = len < room ? len : room;

    if (kept > 0 && buf_add(&n->late, data, kept) < 0)
        kept = 0;
    if (kept == len)
        return;
    if (n->dropped == 0)
        log_peer_warn(who, "%s: too slow, and others read along: bytes are left out", who);
    n->dropped += len - kept;
    n->client->left_out += len - kept;
}

void news_data(struct news *n, const uint8_t *data, size_t len)
{
    if (news_wants_data(n))
        send_data(n->client, data, len);
    else
        keep_late(n, data, len);
}

static void send_late_data(struct news *n)
{
    struct client *c = n->client;

    while (c->state != CLIENT_OVER && n->late.len > 0 && client_can_hear(c)) {
        const size_t len = n->late.len < LATE_PIECE ? n->late.len : LATE_PIECE;

        send_data(c, buf_head(&n->late), len);
        if (c->state != CLIENT_OVER)
            buf_drain(&n->late, len);
    }
    if (c->state == CLIENT_OVER || n->late.len > 0 || n->dropped == 0)
        return;
    log_peer_warn(c->who, "%s: %zu bytes were left out for it", c->who, n->dropped);
    n->dropped = 0;
}

/* --- modem lines and line errors -------------------------------------------------------------- */

static void tell_lines(struct news *n, unsigned inputs, unsigned edges)
{
    n->late_lines = false;
    n->late_edges = 0;
    commands_notify_lines(&n->client->commands, inputs, edges);
    client_flush(n->client);
}

void news_lines(struct news *n, unsigned inputs, unsigned edges)
{
    struct client *c = n->client;
    const unsigned all = edges | line_edges(c->commands.modem_told, inputs);

    if (c->state != CLIENT_RFC2217)
        return;
    if (client_can_hear(c)) {
        tell_lines(n, inputs, all);
        return;
    }
    n->late_lines = true;
    n->late_edges |= all;
}

static void tell_late_lines(struct news *n)
{
    struct client *c = n->client;

    if (c->state == CLIENT_RFC2217 && n->late_lines && client_can_hear(c))
        tell_lines(n, device_lines(c->device) & LINE_INPUTS, n->late_edges);
}

void news_errors(struct news *n, unsigned state)
{
    struct client *c = n->client;

    if (c->state != CLIENT_RFC2217 || !(state & c->commands.line_mask) || c->commands.suspended)
        return;
    commands_answer(&c->commands, RFC2217_NOTIFY_LINESTATE, state & c->commands.line_mask);
    client_flush(c);
}

bool news_wants_errors(const struct news *n)
{
    const unsigned errors =
        LINE_STATE_BREAK | LINE_STATE_FRAMING | LINE_STATE_PARITY | LINE_STATE_OVERRUN;

    return n->client->state == CLIENT_RFC2217 && (n->client->commands.line_mask & errors);
}

void news_send_late(struct news *n)
{
    send_late_data(n);
    tell_late_lines(n);
}

/* --- an empty transmitter, for clients whose mask asks for it --------------------------------- */

static const unsigned empty_bits = LINE_STATE_THR_EMPTY | LINE_STATE_TSR_EMPTY;

/* The driver does not tell when its last byte is out: it is asked when that should be. */
static void look_again(struct news *n, size_t left)
{
    const uint64_t us = line_wire_time_us(device_line(n->client->device), left);

    timer_in_us(&n->empty, us < EMPTY_MIN_MS * 1000 ? EMPTY_MIN_MS * 1000 : us);
}

void news_watch_transmitter(struct news *n)
{
    struct client *c = n->client;

    /* before asking the driver, which for a USB adapter may mean to ask the adapter */
    if (!(c->commands.line_mask & empty_bits) || timer_is_set(&n->empty))
        return;
    look_again(n, device_untransmitted(c->device));
}

static void on_empty(void *ctx)
{
    struct news *n = ctx;
    const size_t left = device_untransmitted(n->client->device);

    if (left == 0)
        news_errors(n, empty_bits);
    else if (n->client->commands.line_mask & empty_bits)
        look_again(n, left);
}

/* --- beginning and end ------------------------------------------------------------------------ */

void news_make(struct news *n, struct client *client)
{
    *n = (struct news){.client = client};
    buf_init(&n->late, LATE_MAX);
    timer_make(&n->empty, client->base, on_empty, n);
}

void news_stop(struct news *n)
{
    const char *who = n->client->who;

    if (n->dropped > 0)
        log_peer_info(who, "%s: %zu bytes were left out for it", who, n->dropped);
    timer_stop(&n->empty);
}

void news_free(struct news *n)
{
    buf_free(&n->late);
}
