#include "comport.h"

#include <errno.h>
#include <stddef.h> /* before libtelnet.h: 0.21's uses size_t without declaring it */
#include <stdlib.h>
#include <string.h>

#include <libtelnet.h>

#include "telnet_gate.h"

/* The state of an option on one side. */
enum side {
    SIDE_OFF,     /* never offered, or given up */
    SIDE_OFFERED, /* we asked, the peer has not answered */
    SIDE_ON,
    SIDE_REFUSED,
};

enum option {
    OPTION_BINARY,
    OPTION_ECHO,
    OPTION_SGA,
    OPTION_COMPORT,
    OPTIONS,
};

static const uint8_t option_codes[OPTIONS] = {
    [OPTION_BINARY] = TELNET_TELOPT_BINARY,
    [OPTION_ECHO] = TELNET_TELOPT_ECHO,
    [OPTION_SGA] = TELNET_TELOPT_SGA,
    [OPTION_COMPORT] = RFC2217_OPTION,
};

struct comport {
    enum comport_role role;
    const struct comport_callbacks *callbacks;
    void *ctx;
    struct comport_scratch *scratch;
    telnet_t *telnet;
    struct telnet_gate gate;
    struct buf out;
    enum side local[OPTIONS];  /* what we perform: our WILL, the peer's DO */
    enum side remote[OPTIONS]; /* what the peer performs: our DO, its WILL */
    uint64_t taken;            /* bytes of the peer, in all */
    bool paused;
    bool failed;
    bool was_agreed;
    bool was_refused;
    bool cr_in;  /* the peer's last data byte was a CR in NVT mode */
    bool cr_out; /* ours was */
};

/* The options that we agree to when the peer asks first. ECHO is the server's to perform. */
static const telnet_telopt_t server_options[] = {
    {TELNET_TELOPT_BINARY, TELNET_WILL, TELNET_DO},
    {TELNET_TELOPT_ECHO, TELNET_WILL, TELNET_DONT},
    {TELNET_TELOPT_SGA, TELNET_WILL, TELNET_DO},
    {RFC2217_OPTION, TELNET_WILL, TELNET_DO},
    {-1, 0, 0},
};

static const telnet_telopt_t client_options[] = {
    {TELNET_TELOPT_BINARY, TELNET_WILL, TELNET_DO},
    {TELNET_TELOPT_ECHO, TELNET_WONT, TELNET_DO},
    {TELNET_TELOPT_SGA, TELNET_WILL, TELNET_DO},
    {RFC2217_OPTION, TELNET_WILL, TELNET_DO},
    {-1, 0, 0},
};

/* --- state of the options --------------------------------------------------------------- */

static enum option option_of(uint8_t code)
{
    enum option o = 0;

    while (o < OPTIONS && option_codes[o] != code)
        o++;
    return o;
}

bool comport_agreed(const struct comport *c)
{
    return c->local[OPTION_COMPORT] == SIDE_ON || c->remote[OPTION_COMPORT] == SIDE_ON;
}

static bool comport_refused(const struct comport *c)
{
    enum side offered =
        c->role == COMPORT_SERVER ? c->remote[OPTION_COMPORT] : c->local[OPTION_COMPORT];

    return !comport_agreed(c) && offered == SIDE_REFUSED;
}

bool comport_settled(const struct comport *c)
{
    return (comport_agreed(c) || comport_refused(c)) && c->local[OPTION_BINARY] != SIDE_OFFERED &&
           c->remote[OPTION_BINARY] != SIDE_OFFERED;
}

bool comport_binary(const struct comport *c)
{
    return c->local[OPTION_BINARY] == SIDE_ON && c->remote[OPTION_BINARY] == SIDE_ON;
}

/* Tells the owner the state of the COM-PORT option, if that has changed. */
static void report_option(struct comport *c)
{
    bool agreed = comport_agreed(c);
    bool refused = comport_refused(c);

    if (agreed == c->was_agreed && refused == c->was_refused)
        return;
    c->was_agreed = agreed;
    c->was_refused = refused;
    c->callbacks->option(c->ctx, agreed);
}

static void set_side(enum side *side, bool on)
{
    if (on)
        *side = SIDE_ON;
    else if (*side == SIDE_OFFERED)
        *side = SIDE_REFUSED;
    else if (*side == SIDE_ON)
        *side = SIDE_OFF;
}

/* --- libtelnet -------------------------------------------------------------------------- */

static void on_subnegotiation(struct comport *c, const uint8_t *body, size_t len)
{
    struct rfc2217_message m;
    int r = rfc2217_decode(body, len, &m);

    if (r == -ENOTSUP) /* an unknown command is answered with silence, */
        return;
    if (m.from_server != (c->role == COMPORT_CLIENT)) { /* and so is one that is not the peer's */
        /* RFC 2217, section 3 gives SIGNATURE one code for both sides */
        if (c->callbacks->echo && m.command != RFC2217_SIGNATURE)
            c->callbacks->echo(c->ctx);
    } else if (r < 0)
        c->callbacks->malformed(c->ctx, &m);
    else
        c->callbacks->message(c->ctx, &m);
}

static void on_telnet(telnet_t *telnet, telnet_event_t *event, void *ctx)
{
    struct comport *c = ctx;
    enum option o;

    (void)telnet;
    switch (event->type) {
    case TELNET_EV_SEND:
        if (buf_add(&c->out, event->data.buffer, event->data.size) < 0)
            c->failed = true;
        break;
    case TELNET_EV_WILL:
    case TELNET_EV_WONT:
        o = option_of(event->neg.telopt);
        if (o < OPTIONS)
            set_side(&c->remote[o], event->type == TELNET_EV_WILL);
        break;
    case TELNET_EV_DO:
    case TELNET_EV_DONT:
        o = option_of(event->neg.telopt);
        if (o < OPTIONS)
            set_side(&c->local[o], event->type == TELNET_EV_DO);
        break;
    case TELNET_EV_SUBNEGOTIATION:
        on_subnegotiation(c, (const uint8_t *)event->sub.buffer, event->sub.size);
        break;
    case TELNET_EV_ERROR: /* the other errors are the peer's, and libtelnet has mended them */
        if (event->error.errcode == TELNET_ENOMEM)
            c->failed = true;
        break;
    default:
        break;
    }
}

/* --- receiving --------------------------------------------------------------------------- */

/* Whether the peer's data follows RFC 854: CR is followed by LF or NUL. Only a plain Telnet peer's
 * does; with the COM-PORT option no known peer pads, whatever it says of BINARY. */
static bool nvt_from_peer(const struct comport *c)
{
    return !comport_agreed(c) && c->remote[OPTION_BINARY] != SIDE_ON;
}

static bool nvt_to_peer(const struct comport *c)
{
    return !comport_agreed(c) && c->local[OPTION_BINARY] != SIDE_ON;
}

/* Hands data on without the NUL that follows a CR. */
static void receive_nvt(struct comport *c, const uint8_t *data, size_t len)
{
    size_t from = 0;

    for (size_t i = 0; i < len; i++) {
        bool padding = c->cr_in && data[i] == '\0';

        c->cr_in = data[i] == '\r';
        if (!padding)
            continue;
        if (i > from)
            c->callbacks->data(c->ctx, data + from, i - from);
        from = i + 1;
    }
    if (len > from)
        c->callbacks->data(c->ctx, data + from, len - from);
}

static void receive_negotiation(struct comport *c, uint8_t verb, uint8_t code)
{
    const char bytes[3] = {(char)TELNET_BYTE_IAC, (char)verb, (char)code};
    enum option o = option_of(code);

    telnet_recv(c->telnet, bytes, sizeof bytes);
    /* A refusal of our offer raises no event in libtelnet. */
    if (o < OPTIONS && verb == TELNET_BYTE_WONT && c->remote[o] == SIDE_OFFERED)
        c->remote[o] = SIDE_REFUSED;
    if (o < OPTIONS && verb == TELNET_BYTE_DONT && c->local[o] == SIDE_OFFERED)
        c->local[o] = SIDE_REFUSED;
    report_option(c);
}

static void hand_on(struct comport *c, const uint8_t *data, size_t len)
{
    if (len == 0)
        return;
    if (nvt_from_peer(c))
        receive_nvt(c, data, len);
    else
        c->callbacks->data(c->ctx, data, len);
}

/* Takes a run of data, the last one of the input or not; `n` bytes are in the scratch already.
 * Returns how many are in it then. */
static size_t receive_data(struct comport *c, const struct telnet_piece *piece, bool last, size_t n)
{
    if (piece->len > sizeof c->scratch->bytes - n || (n == 0 && last)) {
        hand_on(c, c->scratch->bytes, n);
        hand_on(c, piece->data, piece->len);
        return 0;
    }
    memcpy(c->scratch->bytes + n, piece->data, piece->len);
    return n + piece->len;
}

size_t comport_receive(struct comport *c, const uint8_t *data, size_t len)
{
    size_t used = 0;
    size_t n = 0;

    c->paused = false;
    while (used < len && !c->paused && !c->failed) {
        struct telnet_piece piece;

        const size_t size =
            telnet_gate_next(&c->gate, RFC2217_OPTION, data + used, len - used, &piece);
        used += size;
        c->taken += size;
        if (piece.kind != TELNET_PIECE_DATA) {
            hand_on(c, c->scratch->bytes, n);
            n = 0;
        }
        switch (piece.kind) {
        case TELNET_PIECE_NONE:
            break;
        case TELNET_PIECE_DATA:
            n = receive_data(c, &piece, used == len, n);
            break;
        case TELNET_PIECE_COMMAND:
            c->callbacks->command(c->ctx, piece.verb);
            break;
        case TELNET_PIECE_NEGOTIATION:
            receive_negotiation(c, piece.verb, piece.option);
            break;
        case TELNET_PIECE_SUBNEG:
            if (comport_agreed(c))
                telnet_recv(c->telnet, (const char *)piece.data, piece.len);
            break;
        }
    }
    hand_on(c, c->scratch->bytes, n);
    return used;
}

uint64_t comport_taken(const struct comport *c)
{
    return c->taken;
}

void comport_pause(struct comport *c)
{
    c->paused = true;
}

/* --- sending ----------------------------------------------------------------------------- */

static void offer(struct comport *c, uint8_t verb, enum option o)
{
    enum side *side = verb == TELNET_WILL ? &c->local[o] : &c->remote[o];

    if (*side == SIDE_OFF) {
        *side = SIDE_OFFERED;
        telnet_negotiate(c->telnet, verb, option_codes[o]);
    }
}

void comport_start_bare(struct comport *c)
{
    offer(c, c->role == COMPORT_SERVER ? TELNET_DO : TELNET_WILL, OPTION_COMPORT);
}

void comport_start(struct comport *c)
{
    bool server = c->role == COMPORT_SERVER;

    comport_start_bare(c);
    offer(c, TELNET_WILL, OPTION_BINARY);
    offer(c, TELNET_DO, OPTION_BINARY);
    offer(c, TELNET_WILL, OPTION_SGA);
    offer(c, TELNET_DO, OPTION_SGA);
    offer(c, server ? TELNET_WILL : TELNET_DO, OPTION_ECHO);
}

/* Queues data with each IAC doubled, or nothing of it. */
static int send_escaped(struct comport *c, const uint8_t *data, size_t len)
{
    static const uint8_t iac = TELNET_BYTE_IAC;
    size_t before = c->out.len;

    buf_reserve(&c->out, len + len / 64 + 64); /* every 256th byte of any data is an IAC */
    while (len > 0) {
        const uint8_t *p = memchr(data, TELNET_BYTE_IAC, len);
        size_t run = p ? (size_t)(p - data) + 1 : len;
        int r = buf_add(&c->out, data, run);

        if (r == 0 && p)
            r = buf_add(&c->out, &iac, 1);
        if (r < 0) {
            c->out.len = before;
            return r;
        }
        data += run;
        len -= run;
    }
    return 0;
}

/* As above for a plain Telnet peer: CR that no LF follows is padded with NUL. */
static int send_nvt(struct comport *c, const uint8_t *data, size_t len)
{
    static const uint8_t nul = '\0';
    size_t before = c->out.len;
    int r = 0;

    for (size_t i = 0; i < len && r == 0; i++) {
        if (c->cr_out && data[i] != '\n')
            r = buf_add(&c->out, &nul, 1);
        if (r == 0)
            r = send_escaped(c, data + i, 1);
        c->cr_out = data[i] == '\r';
    }
    if (r < 0)
        c->out.len = before;
    return r;
}

int comport_send_data(struct comport *c, const uint8_t *data, size_t len)
{
    return nvt_to_peer(c) ? send_nvt(c, data, len) : send_escaped(c, data, len);
}

int comport_send(struct comport *c, struct rfc2217_message m)
{
    uint8_t body[RFC2217_BODY_MAX];

    if (c->out.max - c->out.len < 2 * RFC2217_BODY_MAX + 5)
        return -ENOBUFS;
    m.from_server = c->role == COMPORT_SERVER;
    size_t len = rfc2217_encode(&m, body);
    telnet_subnegotiation(c->telnet, RFC2217_OPTION, (const char *)body, len);
    return c->failed ? -ENOMEM : 0;
}

int comport_send_value(struct comport *c, enum rfc2217_command command, uint32_t value)
{
    return comport_send(c, (struct rfc2217_message){.command = (uint8_t)command, .value = value});
}

int comport_send_text(struct comport *c, const char *signature)
{
    return comport_send(c, (struct rfc2217_message){.command = RFC2217_SIGNATURE,
                                                    .text = (const uint8_t *)signature,
                                                    .text_len = strlen(signature)});
}

int comport_send_command(struct comport *c, uint8_t command)
{
    const uint8_t bytes[2] = {TELNET_BYTE_IAC, command};

    return buf_add(&c->out, bytes, sizeof bytes);
}

struct buf *comport_output(struct comport *c)
{
    return &c->out;
}

bool comport_failed(const struct comport *c)
{
    return c->failed;
}

struct comport *comport_new(enum comport_role role, size_t out_max, struct comport_scratch *scratch,
                            const struct comport_callbacks *callbacks, void *ctx)
{
    struct comport *c = calloc(1, sizeof *c);

    if (!c)
        return NULL;
    c->role = role;
    c->scratch = scratch;
    c->callbacks = callbacks;
    c->ctx = ctx;
    telnet_gate_init(&c->gate);
    buf_init(&c->out, out_max);
    c->telnet =
        telnet_init(role == COMPORT_SERVER ? server_options : client_options, on_telnet, 0, c);
    if (!c->telnet) {
        free(c);
        return NULL;
    }
    return c;
}

void comport_free(struct comport *c)
{
    if (!c)
        return;
    telnet_free(c->telnet);
    buf_free(&c->out);
    free(c);
}
