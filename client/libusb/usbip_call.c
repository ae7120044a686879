#include "usbip_call.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/buf.h"
#include "proto/bytes.h"
#include "proto/usbip_reader.h"
#include "plain_socket.h"
#include "usbip_clock.h"
#include "usbip_names.h"

enum {
    REQUEST_MAX = USBIP_OP_SIZE + USBIP_EXT_IMPORT_SIZE,
    GREETING_MS = 1000,
    REASON_MS = 1000, /* it comes with the refusal, or not at all */
};

/* --- waiting ---------------------------------------------------------------------------------- */

static int wait_for(int fd, bool to_send, long long deadline)
{
    const long long left = deadline - usbip_clock_ms();

    return left > 0 ? plain_socket_wait(fd, to_send, (int)left) : -ETIMEDOUT;
}

/* --- the connection --------------------------------------------------------------------------- */

/* All addresses share the time: one may lead nowhere. The first one's answer is reported. */
static int open_connection(const struct usbip_server *s, long long deadline)
{
    struct plain_address list[USBIP_NAMES_ADDRESSES];
    int first = 0;

    if (!s->looked_up)
        usbip_names_look_up(s, (int)(deadline - usbip_clock_ms()));
    int count = usbip_names_get(s, list);
    for (int i = 0; i < count; i++) {
        const long long now = usbip_clock_ms();
        int r = plain_socket_connect(&list[i], (int)((deadline - now) / (count - i)));

        if (r >= 0) {
            usbip_names_note(s, &list[i]);
            return r;
        }
        first = i == 0 ? r : first;
    }
    usbip_names_note(s, NULL);
    return count < 0 ? count : first;
}

static int send_all(int fd, const uint8_t *data, size_t len, long long deadline)
{
    while (len > 0) {
        int n = plain_socket_send(fd, data, len);

        if (n == -EAGAIN) {
            n = wait_for(fd, true, deadline);
        } else if (n > 0) {
            data += n;
            len -= (size_t)n;
        }
        if (n < 0)
            return n;
    }
    return 0;
}

/* --- answers ---------------------------------------------------------------------------------- */

/* An answer as it comes in. */
struct call {
    int fd;
    long long deadline;
    struct usbip_reader reader;
    uint16_t code; /* of the answer */
    /* a list */
    struct usbip_found *list;
    size_t room, count, wanted;
    unsigned interface; /* that comes next, of the last device */
    /* or descriptors */
    struct buf *descriptors;
    uint8_t *bytes;
    bool heard, begun, refused, ended;
    char reason[USBIP_EXT_REASON_SIZE];
};

static int error_of_status(uint32_t status)
{
    switch (status) {
    case USBIP_ST_OK:
        return 0;
    case USBIP_ST_DEV_BUSY:
        return -EBUSY;
    case USBIP_ST_NODEV:
    case USBIP_ST_NA: /* usbip-vudc, and others, for a busid that is not there */
        return -ENODEV;
    default:
        return -EIO;
    }
}

static int take_head(struct call *c)
{
    const struct usbip_op *op = &c->reader.op;

    if (op->version != USBIP_VERSION || op->code != c->code)
        return -EPROTO;
    int r = error_of_status(op->status);
    c->refused = r < 0;
    if (r < 0)
        return r;
    c->begun = true;
    c->count = c->interface = 0;
    c->wanted = c->reader.count;
    if (c->wanted > (c->descriptors ? USBIP_EXT_DESCRIPTORS_MAX : USBIP_CALL_DEVICES_MAX))
        return -EPROTO;
    if (c->descriptors) {
        const struct usbip_body body = {.payload = c->reader.count};

        c->bytes = malloc(body.payload + 1);
        if (!c->bytes)
            return -ENOMEM;
        usbip_reader_body(&c->reader, c->bytes, NULL, &body);
    } else if (c->reader.list) {
        c->ended = c->wanted == 0;
    }
    return 0;
}

/* Memory grows as devices come, whatever their number is said to be. */
static int take_device(struct call *c)
{
    if (c->count == c->room) {
        size_t room = c->room ? 2 * c->room : 8;
        struct usbip_found *list = realloc(c->list, room * sizeof *list);

        if (!list)
            return -ENOMEM;
        c->list = list;
        c->room = room;
    }
    c->list[c->count++] =
        (struct usbip_found){.device = c->reader.device, .entry = c->reader.entry};
    c->interface = 0;
    c->ended = !c->reader.list || (c->count == c->wanted && c->reader.device.interfaces == 0);
    return 0;
}

static void take_interface(struct call *c)
{
    struct usbip_found *f = &c->list[c->count - 1];

    if (c->interface < USBIP_CALL_INTERFACES_MAX)
        f->interfaces[c->interface] = c->reader.interface;
    c->interface++;
    bool last = c->interface == f->device.interfaces;
    c->ended = last && c->count == c->wanted;
    if (last && c->interface > USBIP_CALL_INTERFACES_MAX)
        f->device.interfaces = USBIP_CALL_INTERFACES_MAX;
}

static int take_bytes(struct call *c, const uint8_t *data, size_t len)
{
    int r = 0;

    while (r == 0 && !c->ended) {
        switch (usbip_reader_next(&c->reader, &data, &len)) {
        case USBIP_READ_NOTHING:
            return 0;
        case USBIP_READ_OP:
            r = take_head(c);
            break;
        case USBIP_READ_DEVICE:
            r = take_device(c);
            break;
        case USBIP_READ_INTERFACE:
            take_interface(c);
            break;
        case USBIP_READ_BODY:
            r = buf_add(c->descriptors, c->bytes, c->reader.count);
            c->ended = true;
            break;
        default:
            return -EPROTO;
        }
    }
    return r;
}

/* Never takes more than the answer has. Bytes after an import are not ours, and after a list the
 * next one may follow. The time is for all of it, however busily it comes. */
static int receive_answer(struct call *c)
{
    uint8_t bytes[512];

    while (!c->ended) {
        size_t part = usbip_reader_wants(&c->reader);
        int n = plain_socket_recv(c->fd, bytes, part < sizeof bytes ? part : sizeof bytes);
        int r = n > 0 ? take_bytes(c, bytes, (size_t)n) : 0;

        c->heard = c->heard || n > 0;
        if (n == 0)
            return -EPROTO;
        if (n < 0 && n != -EAGAIN)
            return n;
        if (n < 0)
            r = wait_for(c->fd, false, c->deadline);
        else if (r == 0 && !c->ended && usbip_clock_ms() >= c->deadline)
            r = -ETIMEDOUT;
        if (r < 0)
            return r;
    }
    return 0;
}

/* The words of a refusal, which some servers have not. */
static void receive_reason(struct call *c)
{
    const long long most = usbip_clock_ms() + REASON_MS;
    const long long deadline = most < c->deadline ? most : c->deadline;
    size_t len = 0;

    while (len < sizeof c->reason && wait_for(c->fd, false, deadline) == 0) {
        int n = plain_socket_recv(c->fd, c->reason + len, sizeof c->reason - len);

        if (n <= 0)
            break;
        len += (size_t)n;
    }
    c->reason[len < sizeof c->reason ? 0 : len - 1] = '\0';
    for (char *p = c->reason; *p; p++) /* they are shown to people, on any terminal */
        if (*p < ' ' || *p > '~')
            *p = ' ';
}

static void begin(struct call *c, int fd, uint16_t code, int ms)
{
    *c = (struct call){.fd = fd, .code = code, .deadline = usbip_clock_ms() + ms};
    usbip_reader_init(&c->reader);
}

/* Asks, on a connection of its own, which stays open in `c` when all is well. */
static int ask(const struct usbip_server *s, int ms, uint16_t code, const void *rest, size_t len,
               struct call *c)
{
    const struct usbip_op op = {.version = USBIP_VERSION, .code = code};
    uint8_t request[REQUEST_MAX];
    struct buf *descriptors = c->descriptors;

    begin(c, -1, code ^ USBIP_OP_REQUEST, ms);
    c->descriptors = descriptors;
    int r = open_connection(s, c->deadline);
    if (r < 0)
        return r;
    c->fd = r;
    usbip_put_op(&op, request);
    if (len > 0)
        memcpy(request + USBIP_OP_SIZE, rest, len);
    r = send_all(c->fd, request, USBIP_OP_SIZE + len, c->deadline);
    if (r == 0)
        r = receive_answer(c);
    if (r == -ETIMEDOUT)
        r = c->heard ? -ETIME : -ENOMSG;
    if (c->refused && c->code == USBIP_OP_REP_EXT_IMPORT)
        receive_reason(c);
    free(c->bytes);
    if (r < 0) {
        plain_socket_close(c->fd);
        free(c->list);
        c->list = NULL;
    }
    return r;
}

/* --- calls ------------------------------------------------------------------------------------ */

int usbip_call_list(const struct usbip_server *s, int ms, bool extended, int *watch,
                    struct usbip_found **list, size_t *count)
{
    uint8_t flags[USBIP_EXT_LIST_SIZE];
    struct call c = {.descriptors = NULL};

    put_be32(flags, watch ? USBIP_EXT_KEEP : 0);
    int r = extended ? ask(s, ms, USBIP_OP_REQ_EXT_LIST, flags, sizeof flags, &c)
                     : ask(s, ms, USBIP_OP_REQ_DEVLIST, NULL, 0, &c);
    if (r < 0)
        return r;
    *list = c.list;
    *count = c.count;
    if (extended && watch)
        *watch = c.fd;
    else
        plain_socket_close(c.fd);
    return 0;
}

size_t usbip_call_greeting(const struct usbip_server *s, uint8_t *said, size_t room)
{
    const long long deadline = usbip_clock_ms() + GREETING_MS;
    const struct usbip_op op = {.version = USBIP_VERSION, .code = USBIP_OP_REQ_DEVLIST};
    const int fd = open_connection(s, deadline);
    uint8_t request[USBIP_OP_SIZE];
    int n = 0;

    if (fd < 0)
        return 0;
    usbip_put_op(&op, request);
    if (send_all(fd, request, sizeof request, deadline) == 0 && wait_for(fd, false, deadline) == 0)
        n = plain_socket_recv(fd, said, room);
    plain_socket_close(fd);
    return n > 0 ? (size_t)n : 0;
}

int usbip_call_next(int watch, int ms, struct usbip_found **list, size_t *count)
{
    struct call c;

    begin(&c, watch, USBIP_OP_REP_EXT_LIST, ms);
    const int n = plain_socket_peek(watch);
    if (n == -EAGAIN)
        return n;
    int r = n > 0 ? receive_answer(&c) : -EPROTO;
    if (r < 0) {
        free(c.list);
        return r;
    }
    *list = c.list;
    *count = c.count;
    return 0;
}

int usbip_call_describe(const struct usbip_server *s, const char *busid, struct buf *descriptors)
{
    uint8_t name[USBIP_BUSID_SIZE];
    struct call c = {.descriptors = descriptors};

    put_text(name, busid, sizeof name);
    int r = ask(s, USBIP_CALL_TIMEOUT_MS, USBIP_OP_REQ_EXT_DESCRIPTORS, name, sizeof name, &c);
    if (r == 0)
        plain_socket_close(c.fd);
    return r;
}

int usbip_call_import(const struct usbip_server *s, const char *busid,
                      const struct usbip_ext_import *terms, struct usbip_imported *imported)
{
    uint8_t request[USBIP_EXT_IMPORT_SIZE];
    struct call c = {.descriptors = NULL};
    int r;

    imported->reason[0] = '\0';
    if (terms) {
        usbip_ext_put_import(terms, request);
        r = ask(s, USBIP_CALL_TIMEOUT_MS, USBIP_OP_REQ_EXT_IMPORT, request, sizeof request, &c);
    } else {
        put_text(request, busid, USBIP_BUSID_SIZE);
        r = ask(s, USBIP_CALL_TIMEOUT_MS, USBIP_OP_REQ_IMPORT, request, USBIP_BUSID_SIZE, &c);
    }
    if (r < 0) {
        memcpy(imported->reason, c.reason, sizeof c.reason);
        return r;
    }
    *imported =
        (struct usbip_imported){.fd = c.fd, .device = c.list[0].device, .grant = c.reader.grant};
    free(c.list);
    return 0;
}
