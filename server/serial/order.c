#include "order.h"

#include <errno.h>
#include <stdio.h>

#include "client.h"
#include "clock.h"
#include "device.h"
#include "error_text.h"
#include "ext.h"
#include "log.h"
#include "log_peer.h"
#include "news.h"
#include "port_options.h"
#include "proto/comport.h"
#include "proto/telnet_gate.h"
#include "reset.h"
#include "rfc2217_text.h"

enum {
    HELD_MAX = 512 * 1024,
    RESET_HELD_MAX = 64 * 1024, /* during a reset, to notice when the client goes */
    DRAIN_STUCK_MS = 2000,      /* pyserial gives up on an answer after 3 s */
    ANSWERS_HIGH = 16 * 1024,   /* send before taking more commands */
    BREAK_MS = 250,             /* of IAC BRK */
    TELNET_BREAK = 255,         /* IAC BRK where a command waits: no number of RFC 2217's */
};

/* --- bytes ------------------------------------------------------------------------------------ */

static bool is_over(const struct order *o)
{
    return o->client->state == CLIENT_OVER;
}

static bool is_owner(const struct order *o)
{
    return o->client->role == CLIENT_OWNER;
}

/* Whether all input has to wait for the device. */
static bool is_held(const struct order *o)
{
    return is_owner(o) && device_is_busy(o->client->device);
}

void order_update_reading(struct order *o)
{
    struct client *c = o->client;
    const bool resetting = o->wait == ORDER_RESET && o->held.len < RESET_HELD_MAX;

    if (c->state == CLIENT_NEW || is_over(o)) /* its first bytes come first */
        return;
    ahead_update(&o->ahead);
    client_read(c, (resetting || (o->wait == ORDER_GOES_ON && o->held.len == 0)) &&
                       !ahead_is_full(&o->ahead) && !is_held(o) && client_fetches(c));
}

static void write_device(struct order *o, const uint8_t *data, size_t len)
{
    struct client *c = o->client;

    if (!is_owner(o))
        return;
    log_bytes(c->who, data, len);
    o->stuck_left = 0;
    if (device_write(c->device, data, len) < 0)
        client_end(c, "out of memory");
    else
        news_watch_transmitter(o->news);
}

/* Makes the next input wait, and with it everything after it. */
static void wait_for(struct order *o, enum order_wait wait)
{
    o->wait = wait;
    comport_pause(o->client->commands.comport);
}

/* Has `next` done with the message once the device is free. */
static void wait_until_free(struct order *o, const struct rfc2217_message *m,
                            void (*next)(struct order *o, const struct rfc2217_message *m))
{
    if (m)
        o->waiting = *m;
    o->next = next;
    wait_for(o, ORDER_FREE);
}

/* Applies the group. Where the device takes long for that, what comes next has to wait. */
static void apply_group(struct order *o)
{
    struct commands *commands = &o->client->commands;

    if (commands->group.is_applied) /* it waits already */
        return;
    commands_apply_group(commands);
    if (commands->group.is_applied)
        wait_until_free(o, NULL, NULL);
}

void order_data(struct order *o, const uint8_t *data, size_t len)
{
    if (!is_over(o)) {
        apply_group(o);
        write_device(o, data, len); /* after the group, however long that takes */
    }
    if (ahead_is_full(&o->ahead) || is_over(o))
        comport_pause(o->client->commands.comport);
}

/* Takes Telnet input until something has to wait. Returns the bytes used. */
static size_t take_telnet(struct order *o, const uint8_t *data, size_t len)
{
    struct client *c = o->client;
    size_t used = 0;

    while (used < len && !is_over(o) && o->wait == ORDER_GOES_ON && !ahead_is_full(&o->ahead) &&
           !is_held(o) && client_fetches(c)) {
        used += comport_receive(c->commands.comport, data + used, len - used);
        if (used == len)
            apply_group(o);
        client_flush(c);
    }
    return used;
}

/* Takes input as far as nothing has to wait. Returns the bytes used. */
static size_t take(struct order *o, const uint8_t *data, size_t len)
{
    if (o->client->commands.comport)
        return take_telnet(o, data, len);
    if (ahead_is_full(&o->ahead) || is_held(o))
        return 0;
    write_device(o, data, len);
    return len;
}

void order_take(struct order *o, const uint8_t *data, size_t len)
{
    size_t used = 0;

    if (o->held.len == 0)
        used = take(o, data, len);
    if (is_over(o))
        return;
    ext_note_received(o->client);
    if (used < len && order_hold(o, data + used, len - used) < 0)
        client_end(o->client, "out of memory");
    else
        order_update_reading(o);
}

int order_hold(struct order *o, const uint8_t *data, size_t len)
{
    return buf_add(&o->held, data, len);
}

void order_go_on(struct order *o)
{
    struct client *c = o->client;

    while (o->held.len > 0 && !is_over(o)) {
        size_t used = take(o, buf_head(&o->held), o->held.len);

        if (used == 0 || is_over(o))
            break;
        buf_drain(&o->held, used);
    }
    if (is_over(o))
        return;
    if (o->held.len == 0 && o->wait == ORDER_GOES_ON && c->commands.comport)
        apply_group(o);
    client_flush(c);
    order_update_reading(o);
    client_changed(c);
}

void order_device_took(struct order *o)
{
    client_keep(o->client);
    client_moved(o->client);
    ahead_pause(&o->ahead);
}

void order_device_ready(struct order *o)
{
    if (!is_owner(o))
        return;
    ahead_update(&o->ahead);
    if (o->wait == ORDER_GOES_ON)
        order_go_on(o);
}

void order_device_free(struct order *o)
{
    struct commands *commands = &o->client->commands;
    void (*next)(struct order * o, const struct rfc2217_message *m) = o->next;

    if (is_over(o))
        return;
    if (o->wait == ORDER_FREE) {
        o->wait = ORDER_GOES_ON;
        o->next = NULL;
        if (commands->group.is_applied)
            commands_end_group(commands, device_late_error(o->client->device));
        if (next)
            next(o, &o->waiting);
        client_flush(o->client);
    }
    if (o->wait == ORDER_GOES_ON && !is_over(o))
        order_go_on(o);
}

void order_drained(struct order *o)
{
    if (!is_over(o) && o->wait == ORDER_GOES_ON)
        order_go_on(o);
}

/* --- what a command is, here ------------------------------------------------------------------ */

/* The answer comes now and not at the begin. Like every other it reports a finished action. And the
 * client's next bytes meet a board that is ready for them. */
static void on_reset_ended(void *ctx, bool done)
{
    struct order *o = ctx;

    o->wait = ORDER_GOES_ON;
    commands_answer(&o->client->commands, RFC2217_SET_CONTROL, done ? RFC2217_CONTROL_RESET : 0);
    order_go_on(o);
}

static void begin_reset(struct order *o)
{
    struct client *c = o->client;
    const int r = reset_start(c->reset, on_reset_ended, o);

    if (r < 0) {
        log_peer_info(c->who, "%s: asks for a reset: %s", c->who,
                      r == -ENOTSUP ? "the port has no reset=" : error_text(-r));
        commands_answer(&c->commands, RFC2217_SET_CONTROL, 0);
        return;
    }
    wait_for(o, ORDER_RESET);
}

static void on_break_end(void *ctx)
{
    const struct order *o = ctx;

    device_set_break(o->client->device, false);
}

/* The meaning of a command for the session, besides its effect. */
static void after_command(struct order *o, const struct rfc2217_message *m)
{
    switch (m->command) {
    case RFC2217_SET_CONTROL:
        if (m->value == RFC2217_CONTROL_BREAK_ON || m->value == RFC2217_CONTROL_BREAK_OFF)
            timer_stop(&o->break_end); /* the client has it in hand now */
        break;
    case RFC2217_FLOWCONTROL_SUSPEND:
        client_changed(o->client);
        break;
    case RFC2217_FLOWCONTROL_RESUME:
        news_send_late(o->news);
        client_changed(o->client);
        break;
    case RFC2217_SET_LINESTATE_MASK:
        client_changed(o->client);
        news_watch_transmitter(o->news);
        break;
    case RFC2217_SET_LINES:
        playout_done(&o->playout, clock_now_us());
        break;
    default:
        break;
    }
}

/* The device has done what a command wants. */
static void end_command(struct order *o, const struct rfc2217_message *m, int error)
{
    if (m->command != TELNET_BREAK) {
        commands_end(&o->client->commands, m, error);
        after_command(o, m);
    } else if (error == 0) {
        timer_in_ms(&o->break_end, BREAK_MS);
    }
}

static void end_late(struct order *o, const struct rfc2217_message *m)
{
    end_command(o, m, device_late_error(o->client->device));
}

/* Begins a break, as commands_do. */
static bool begin_break(struct order *o, const struct rfc2217_message *m)
{
    const int r = device_set_break(o->client->device, true);

    if (device_is_busy(o->client->device))
        return false;
    end_command(o, m, r);
    return true;
}

/* Carries a command of the owner out that may change the device. */
static void change_device(struct order *o, const struct rfc2217_message *m)
{
    if (m->command == TELNET_BREAK ? begin_break(o, m) : commands_do(&o->client->commands, m))
        after_command(o, m);
    else
        wait_until_free(o, m, end_late);
}

/* Carries a command out. */
static void do_command(struct order *o, const struct rfc2217_message *m)
{
    struct commands *commands = &o->client->commands;

    if (m->command == RFC2217_SIGNATURE && m->text_len > 0)
        ext_hello(o->client, m->text, m->text_len);
    else if (m->command >= RFC2217_SELECT && m->command != TELNET_BREAK)
        ext_message(o->client, m);
    else if (!is_owner(o))
        commands_observe(commands, m);
    else if (m->command == RFC2217_SET_CONTROL && m->value == RFC2217_CONTROL_RESET)
        begin_reset(o);
    else {
        change_device(o, m);
        return;
    }
    after_command(o, m);
}

/* --- waiting ---------------------------------------------------------------------------------- */

/* Whether a drain has just found that these bytes do not get on. Then the commands of a client that
 * sets several things at once do not each wait for that. */
static bool is_stuck(const struct order *o, size_t left)
{
    return o->stuck_left > 0 && left >= o->stuck_left;
}

static void tell_stuck(struct order *o, const struct rfc2217_message *m, size_t left)
{
    const char *who = o->client->who;
    char text[RFC2217_DESCRIPTION_MAX];

    o->stuck_left = left;
    if (m->command == TELNET_BREAK)
        snprintf(text, sizeof text, "a break");
    else
        rfc2217_describe(m, text);
    log_peer_warn(
        who, "%s: %s applied with %zu bytes before it unsent: the device has taken none for %d s",
        who, text, left, DRAIN_STUCK_MS / 1000);
}

static void look_again(struct order *o, size_t left)
{
    const uint64_t us = line_wire_time_us(device_line(o->client->device), left);
    const uint64_t most = DRAIN_STUCK_MS * 1000 / 4; /* not to miss that a stopped line continues */

    timer_in_us(&o->timer, us < 500 ? 500 : us > most ? most : us);
}

static void begin_to_drain(struct order *o, size_t left)
{
    progress_begin(&o->drain, left);
    look_again(o, left);
}

/* Does the waiting command, and continues with the input after it. */
static void end_wait(struct order *o)
{
    o->wait = ORDER_GOES_ON;
    do_command(o, &o->waiting);
    order_go_on(o);
}

/* The time has come; the bytes before it may not be out. */
static void continue_due(struct order *o)
{
    const uint64_t now_us = clock_now_us();

    if (now_us < o->due_us) {
        timer_in_us(&o->timer, o->due_us - now_us);
        return;
    }
    const size_t left = device_untransmitted(o->client->device);
    if (is_stuck(o, left))
        tell_stuck(o, &o->waiting, left);
    if (left == 0 || is_stuck(o, left)) {
        end_wait(o);
        return;
    }
    o->wait = ORDER_DRAIN;
    begin_to_drain(o, left);
}

/* Continues once the bytes are out, or nothing has moved for two seconds. */
static void continue_drain(struct order *o)
{
    const size_t left = device_untransmitted(o->client->device);

    if (progress_look(&o->drain, left, device_is_busy(o->client->device)))
        client_keep(o->client);
    if (left > 0 && progress_still_ms(&o->drain) < DRAIN_STUCK_MS) {
        look_again(o, left);
        return;
    }
    if (left > 0)
        tell_stuck(o, &o->waiting, left);
    end_wait(o);
}

static void on_timer(void *ctx)
{
    struct order *o = ctx;

    if (o->wait == ORDER_DUE)
        continue_due(o);
    else if (o->wait == ORDER_DRAIN)
        continue_drain(o);
}

/* Does a command once the bytes before it are on the wire, or at once if it does not change the
 * line. */
static void do_in_order(struct order *o, const struct rfc2217_message *m)
{
    const struct client *c = o->client;
    const bool changes = m->command == TELNET_BREAK || commands_changes_line(m);
    /* nothing was written since a group's first command was found in its place */
    const size_t left =
        changes && c->commands.group.count == 0 ? device_untransmitted(c->device) : 0;

    if (left > 0 && !is_stuck(o, left)) {
        o->waiting = *m;
        wait_for(o, ORDER_DRAIN);
        begin_to_drain(o, left);
        return;
    }
    if (left > 0)
        tell_stuck(o, m, left);
    do_command(o, m);
}

/* --- messages --------------------------------------------------------------------------------- */

static void log_message(const struct client *c, const char *what, const struct rfc2217_message *m)
{
    char text[RFC2217_DESCRIPTION_MAX];

    if (!log_enabled(LOG_LEVEL_DEBUG))
        return;
    rfc2217_describe(m, text);
    log_debug("%s: > %s%s", c->who, what, text);
}

/* Whether a change of lines with the client's time is to wait for it. */
static bool waits_for_its_time(struct order *o, const struct rfc2217_message *m)
{
    const uint64_t now_us = clock_now_us();
    const uint64_t delay_us = (uint64_t)o->client->options->line_delay_ms * 1000;

    o->due_us = playout_due(&o->playout, m->value, now_us, delay_us);
    if (o->due_us <= now_us)
        return false;
    o->waiting = *m;
    wait_for(o, ORDER_DUE);
    timer_in_us(&o->timer, o->due_us - now_us);
    return true;
}

static void do_message(struct order *o, const struct rfc2217_message *m)
{
    if (m->command != RFC2217_SET_LINES || !waits_for_its_time(o, m))
        do_in_order(o, m);
}

/* Applies the group first, which may take long. */
static void do_after_group(struct order *o, const struct rfc2217_message *m,
                           void (*act)(struct order *o, const struct rfc2217_message *m))
{
    apply_group(o);
    if (o->wait == ORDER_FREE)
        wait_until_free(o, m, act);
    else
        act(o, m);
}

void order_message(struct order *o, const struct rfc2217_message *m)
{
    struct client *c = o->client;
    const unsigned line = commands_line_set(m);

    if (is_over(o)) {
        comport_pause(c->commands.comport);
        return;
    }
    log_message(c, "", m);
    if (comport_output(c->commands.comport)->len > ANSWERS_HIGH)
        comport_pause(c->commands.comport);
    if (!is_owner(o))
        do_command(o, m);
    else if (!line || c->commands.group.mask & line)
        do_after_group(o, m, do_message);
    else
        do_message(o, m);
}

static void answer_malformed(struct order *o, const struct rfc2217_message *m)
{
    commands_answer_malformed(&o->client->commands, m);
}

void order_malformed(struct order *o, const struct rfc2217_message *m)
{
    if (is_over(o))
        return;
    log_message(o->client, "malformed ", m);
    do_after_group(o, m, answer_malformed);
}

static void do_telnet_command(struct order *o, const struct rfc2217_message *m)
{
    if (m->value == TELNET_BYTE_AYT)
        comport_send_command(o->client->commands.comport, TELNET_BYTE_NOP);
    if (m->value == TELNET_BYTE_BRK && is_owner(o))
        do_in_order(o, &(struct rfc2217_message){.command = TELNET_BREAK});
}

void order_telnet_command(struct order *o, uint8_t command)
{
    if (!is_over(o))
        do_after_group(o, &(struct rfc2217_message){.value = command}, do_telnet_command);
}

/* --- beginning and end ------------------------------------------------------------------------ */

static void on_ahead(void *ctx)
{
    order_go_on(ctx);
}

void order_make(struct order *o, struct client *client, struct news *news)
{
    *o = (struct order){.client = client, .news = news};
    buf_init(&o->held, HELD_MAX);
    timer_make(&o->timer, client->base, on_timer, o);
    timer_make(&o->break_end, client->base, on_break_end, o);
    ahead_make(&o->ahead, client, on_ahead, o);
}

void order_stop(struct order *o)
{
    const char *who = o->client->who;

    if (o->held.len > 0 && is_owner(o))
        log_peer_warn(who, "%s: %zu bytes it sent are dropped: the device did not take them", who,
                      o->held.len);
    timer_stop(&o->timer);
    timer_stop(&o->break_end);
    ahead_stop(&o->ahead);
}

void order_free(struct order *o)
{
    buf_free(&o->held);
}
