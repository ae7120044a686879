#include "ext.h"

#include <stdio.h>
#include <string.h>

#include "client.h"
#include "device.h"
#include "log.h"
#include "port_options.h"
#include "proto/comport.h"
#include "rfc2217_text.h"
#include "serial_ports.h"
#include "text.h"

enum { KEPT_MAX = 4 << 20 }; /* for a client that is away */

static struct serial_ext_text text_of(const char *words)
{
    return (struct serial_ext_text){(const uint8_t *)words, strlen(words)};
}

static void send(struct client *c, enum rfc2217_command command, const uint8_t *payload, size_t len)
{
    const struct rfc2217_message m = {
        .command = (uint8_t)command, .from_server = true, .text = payload, .text_len = len};

    if (log_enabled(LOG_LEVEL_DEBUG)) {
        char text[RFC2217_DESCRIPTION_MAX];

        rfc2217_describe(&m, text);
        log_debug("%s: < %s", c->who, text);
    }
    comport_send(c->commands.comport, m);
}

/* --- STATE ------------------------------------------------------------------------------------ */

static enum serial_ext_state state_for(const struct client *c)
{
    if (c->role == CLIENT_REFUSED && strcmp(c->refusal, "busy") != 0)
        return strcmp(c->refusal, "absent") == 0 ? SERIAL_EXT_AWAY : SERIAL_EXT_FAILED;
    if (c->role != CLIENT_OWNER)
        return SERIAL_EXT_BUSY;
    return device_is_there(c->device) ? SERIAL_EXT_YOURS : SERIAL_EXT_AWAY;
}

/* For people. The reason of a refusal does not change; the rest is the present state. */
static const char *reason_for(const struct client *c, enum serial_ext_state state,
                              char text[static CLIENT_REASON_MAX])
{
    const char *owner = device_owner(c->device);
    char since[TEXT_DURATION_MAX];

    if (state == SERIAL_EXT_BUSY && owner) {
        text_duration(device_owned_s(c->device), since);
        snprintf(text, CLIENT_REASON_MAX, "%s has it, for %s%s", owner, since,
                 c->role == CLIENT_OBSERVER ? ", and you read along" : "");
        return text;
    }
    return state == SERIAL_EXT_YOURS ? "" : device_trouble(c->device);
}

void ext_refusal(const struct client *c, char text[static CLIENT_REFUSAL_MAX])
{
    static const char *const states[] = {[SERIAL_EXT_BUSY] = "busy",
                                         [SERIAL_EXT_AWAY] = "the device is away",
                                         [SERIAL_EXT_FAILED] = "the device cannot be opened"};
    const enum serial_ext_state state = state_for(c);
    char buffer[CLIENT_REASON_MAX];
    const char *reason = reason_for(c, state, buffer);

    snprintf(text, CLIENT_REFUSAL_MAX, "%s%s%s", states[state], reason[0] ? ": " : "", reason);
}

static void send_state(struct client *c, enum rfc2217_command command, enum serial_ext_state state)
{
    char reason[CLIENT_REASON_MAX];
    uint8_t payload[SERIAL_EXT_MAX];
    const struct serial_ext_port_state s = {.state = (uint8_t)state,
                                            .text = text_of(reason_for(c, state, reason))};

    send(c, command, payload, serial_ext_put_state(&s, payload));
}

void ext_tell_state(struct client *c)
{
    const enum serial_ext_state state = state_for(c);

    if (c->ext == 0 || !c->commands.comport || c->state == CLIENT_OVER ||
        (c->state_told && state == c->told_state))
        return;
    c->state_told = true;
    c->told_state = state;
    send_state(c, RFC2217_STATE, state);
    client_flush(c);
}

void ext_hello(struct client *c, const uint8_t *signature, size_t len)
{
    c->ext = serial_ext_version(signature, len);
    if (client_is_working(c))
        ext_tell_state(c);
}

/* --- answers ---------------------------------------------------------------------------------- */

/* There is one port at the address: its name is right, others are nobody's. */
static void answer_select(struct client *c, const struct rfc2217_message *m)
{
    const struct serial_ext_text own = text_of(c->options->name);
    struct serial_ext_text name;
    const bool known = serial_ext_get_name(m->text, m->text_len, &name) == 0 &&
                       name.len == own.len && memcmp(name.bytes, own.bytes, own.len) == 0;

    send_state(c, RFC2217_SELECT, known ? state_for(c) : SERIAL_EXT_UNKNOWN);
}

static void answer_list(struct client *c)
{
    const char *owner = device_owner(c->device);
    const struct serial_ext_entry e = {.state = (uint8_t)state_for(c),
                                       .since_s = device_owned_s(c->device),
                                       .name = text_of(c->options->name),
                                       .kind = text_of(c->options->loop ? "loop" : "serial"),
                                       .owner = text_of(owner ? owner : "")};
    uint8_t payload[SERIAL_EXT_MAX];

    send(c, RFC2217_LIST, payload, serial_ext_put_entry(&e, payload));
    send(c, RFC2217_LIST, NULL, 0);
}

/* The system's facts about the port that is open, or was. */
static void answer_identity(struct client *c)
{
    const struct serial_info *info = device_info(c->device);
    const struct serial_ext_identity i = {
        .vid = info->vid > 0 ? (uint16_t)info->vid : 0,
        .pid = info->pid > 0 ? (uint16_t)info->pid : 0,
        .interface = info->interface >= 0 ? (uint8_t)info->interface : SERIAL_EXT_NO_INTERFACE,
        .serial = text_of(info->serial),
        .product = text_of(info->description),
        .place = text_of(info->stable[0] ? info->stable : info->path)};
    uint8_t payload[SERIAL_EXT_MAX];

    send(c, RFC2217_IDENTITY, payload, serial_ext_put_identity(&i, payload));
}

/* --- RESUME ----------------------------------------------------------------------------------- */

static void send_resume(struct client *c, const struct serial_ext_resume *r)
{
    uint8_t payload[SERIAL_EXT_MAX];

    send(c, RFC2217_RESUME, payload, serial_ext_put_resume(r, payload));
}

void ext_grant(struct client *c, uint64_t received)
{
    send_resume(c, &(struct serial_ext_resume){
                       .kind = SERIAL_EXT_GRANT, .received = received, .grace_s = EXT_GRACE_S});
    client_flush(c);
}

/* Counts begin after its message, and after our answer. */
static void begin(struct client *c, const struct serial_ext_resume *r)
{
    /* an owner that may be replaced at once cannot be kept; one that is kept already has said
     * this */
    if (c->role != CLIENT_OWNER || c->options->takeover || c->replay.on) {
        send_resume(c, &(struct serial_ext_resume){.kind = SERIAL_EXT_REFUSE});
        return;
    }
    c->counted_from = comport_taken(c->commands.comport);
    memcpy(c->token, r->token, sizeof c->token);
    ext_grant(c, 0);
    replay_begin(&c->replay, KEPT_MAX);
}

static void take_resume(struct client *c, const struct rfc2217_message *m)
{
    struct serial_ext_resume r;

    if (serial_ext_get_resume(m->text, m->text_len, &r) < 0)
        return;
    switch ((enum serial_ext_resume_kind)r.kind) {
    case SERIAL_EXT_BEGIN:
        begin(c, &r);
        break;
    case SERIAL_EXT_RESUME:
        if (!c->callbacks->resume(c->ctx, &r))
            send_resume(c, &(struct serial_ext_resume){.kind = SERIAL_EXT_REFUSE});
        break;
    case SERIAL_EXT_ACK:
        if (c->replay.on && replay_acknowledge(&c->replay, r.received) < 0)
            client_end(c, "it acknowledges what it was not sent");
        break;
    case SERIAL_EXT_GRANT:
    case SERIAL_EXT_REFUSE:
        break;
    }
}

void ext_note_received(struct client *c)
{
    const uint64_t received = client_counted(c);

    if (!replay_is_due(&c->replay, received))
        return;
    send_resume(c, &(struct serial_ext_resume){.kind = SERIAL_EXT_ACK, .received = received});
    client_flush(c);
}

void ext_message(struct client *c, const struct rfc2217_message *m)
{
    switch (m->command) {
    case RFC2217_SELECT:
        answer_select(c, m);
        break;
    case RFC2217_LIST:
        answer_list(c);
        break;
    case RFC2217_STATE:
        send_state(c, RFC2217_STATE, state_for(c));
        break;
    case RFC2217_RESUME:
        take_resume(c, m);
        break;
    case RFC2217_IDENTITY:
        answer_identity(c);
        break;
    default:
        break;
    }
}
