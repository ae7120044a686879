/*
 * USB/IP's records and the reader, on sessions of the Linux kernel as they were recorded: every
 * message is read, written again, and has to be the same bytes; in pieces of any size; and cut at
 * every byte.
 */
#include "proto/usbip.h"
#include "proto/usbip_reader.h"
#include "proto/usbip_urbs.h"

#include <dirent.h>
#include <errno.h>

#include "test.h"

enum { SESSION_MAX = 256 * 1024, PAYLOAD_MAX = 128 * 1024, SEQNUMS = 4096 };

/* One side of one connection. */
struct side {
    struct usbip_reader reader;
    bool server; /* reads what the server sends */
    bool dead;
    size_t waiting; /* bytes that were fed and are not in `again` yet */
    uint8_t payload[PAYLOAD_MAX];
    struct usbip_packet packets[USBIP_PACKETS_MAX];
    struct usbip_body body;
    uint8_t fed[SESSION_MAX];
    size_t fed_len;
    uint8_t again[SESSION_MAX];
    size_t again_len;
    int records;
};

static struct side client_bytes, server_bytes;
static bool in_of[SEQNUMS]; /* of the URBs that the client has sent */
static size_t piece;        /* bytes handed on at once; 0: all there are */

static void write_again(struct side *s, const void *data, size_t len)
{
    CHECK(s->again_len + len <= SESSION_MAX);
    memcpy(s->again + s->again_len, data, len);
    s->again_len += len;
}

static void write_op(struct side *s)
{
    const struct usbip_reader *r = &s->reader;
    uint8_t bytes[USBIP_OP_SIZE];

    usbip_put_op(&r->op, bytes);
    write_again(s, bytes, sizeof bytes);
    if (r->op.code == USBIP_OP_REQ_IMPORT)
        write_again(s, r->busid, sizeof r->busid);
    if (r->op.code == USBIP_OP_REP_DEVLIST) {
        const uint8_t count[] = {0, 0, 0, (uint8_t)r->count};

        write_again(s, count, sizeof count);
    }
}

static void write_urb(struct side *s)
{
    uint8_t bytes[USBIP_URB_SIZE], packet[USBIP_PACKET_SIZE];

    usbip_put_urb(&s->reader.urb, bytes);
    write_again(s, bytes, sizeof bytes);
    write_again(s, s->payload, s->body.payload);
    for (size_t i = 0; i < s->body.packets; i++) {
        usbip_put_packet(&s->packets[i], packet);
        write_again(s, packet, sizeof packet);
    }
}

static void take_urb(struct side *s)
{
    const struct usbip_urb *u = &s->reader.urb;

    CHECK(u->seqnum < SEQNUMS);
    if (u->command == USBIP_CMD_SUBMIT)
        in_of[u->seqnum] = u->direction == USBIP_DIR_IN;
    CHECK(usbip_urb_body(u, in_of[u->seqnum], PAYLOAD_MAX, &s->body) == 0);
    usbip_reader_body(&s->reader, s->payload, s->packets, &s->body);
}

/* Takes one record. Returns false when there is none. */
static bool take(struct side *s, const uint8_t **data, size_t *len)
{
    uint8_t bytes[USBIP_DEVICE_SIZE];

    switch (usbip_reader_next(&s->reader, data, len)) {
    case USBIP_READ_OP:
        write_op(s);
        if (s->reader.op.code == USBIP_OP_REP_IMPORT && s->reader.op.status != USBIP_ST_OK)
            s->dead = true;
        break;
    case USBIP_READ_DEVICE:
        usbip_put_device(&s->reader.device, bytes);
        write_again(s, bytes, USBIP_DEVICE_SIZE);
        if (s->reader.op.code == USBIP_OP_REP_IMPORT) {
            usbip_reader_begin_urbs(&client_bytes.reader);
            usbip_reader_begin_urbs(&server_bytes.reader);
        }
        break;
    case USBIP_READ_INTERFACE:
        usbip_put_interface(&s->reader.interface, bytes);
        write_again(s, bytes, USBIP_INTERFACE_SIZE);
        break;
    case USBIP_READ_URB:
        take_urb(s);
        return true;
    case USBIP_READ_BODY:
        write_urb(s);
        break;
    case USBIP_READ_BAD:
        CHECK(false); /* a recorded message is no message */
        break;
    case USBIP_READ_NOTHING:
        return false;
    }
    s->records++;
    return true;
}

static void feed(struct side *s, const uint8_t *data, size_t len)
{
    memcpy(s->fed + s->fed_len, data, len);
    s->fed_len += len;
    while (len > 0) {
        const uint8_t *at = data;
        size_t part = piece && piece < len ? piece : len, left = part;
        uint8_t *into;
        size_t room = usbip_reader_room(&s->reader, &into);

        if (room > 0 && s->records % 2) { /* every other payload is read into place */
            part = part < room ? part : room;
            memcpy(into, data, part);
            usbip_reader_filled(&s->reader, part);
            left = 0;
        }
        while (take(s, &at, &left))
            ;
        CHECK(left == 0);
        data += part;
        len -= part;
    }
}

static void begin_connection(void)
{
    struct side *sides[] = {&client_bytes, &server_bytes};

    for (int i = 0; i < 2; i++) {
        memset(sides[i], 0, sizeof *sides[i]);
        usbip_reader_init(&sides[i]->reader);
        sides[i]->server = i == 1;
    }
}

static void check_side(const struct side *s, const char *file)
{
    if (s->fed_len != s->again_len || memcmp(s->fed, s->again, s->fed_len) != 0) {
        fprintf(stderr, "%s: %zu bytes of the %s, %zu written again\n", file, s->fed_len,
                s->server ? "server" : "client", s->again_len);
        CHECK(s->fed_len == s->again_len && memcmp(s->fed, s->again, s->fed_len) == 0);
    }
}

static size_t hex(const char *text, uint8_t bytes[static 64])
{
    size_t len = 0;
    unsigned value;
    int used;

    while (len < 64 && sscanf(text, " %2x%n", &value, &used) == 1) {
        bytes[len++] = (uint8_t)value;
        text += used;
    }
    return len;
}

/* Replays the connections of a file. `cut`: the client's last message may be incomplete. */
static int replay(const char *file)
{
    char path[512], line[512];
    uint8_t bytes[64];
    int records = 0;

    snprintf(path, sizeof path, VECTORS "/usbip/%s", file);
    FILE *f = fopen(path, "r");
    CHECK(f);
    begin_connection();
    while (fgets(line, sizeof line, f)) {
        if (strncmp(line, "connection", 10) == 0) {
            check_side(&client_bytes, file);
            check_side(&server_bytes, file);
            records += client_bytes.records + server_bytes.records;
            begin_connection();
        } else if (line[0] == '>' || line[0] == '<') {
            feed(line[0] == '>' ? &client_bytes : &server_bytes, bytes, hex(line + 1, bytes));
        }
    }
    fclose(f);
    check_side(&client_bytes, file);
    check_side(&server_bytes, file);
    return records + client_bytes.records + server_bytes.records;
}

static void recorded_sessions_are_read_and_written(void)
{
    static const size_t pieces[] = {0, 1, 7, 47};
    DIR *folder = opendir(VECTORS "/usbip");
    int files = 0;

    CHECK(folder);
    for (struct dirent *e = readdir(folder); e; e = readdir(folder)) {
        if (!strstr(e->d_name, ".txt"))
            continue;
        files++;
        for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
            piece = pieces[i];
            CHECK(replay(e->d_name) > 1);
        }
    }
    closedir(folder);
    CHECK(files >= 14);
}

/* --- by hand ------------------------------------------------------------------------------------
 */

static void urb_fields_stand_where_they_should(void)
{
    const struct usbip_urb u = {.command = USBIP_CMD_SUBMIT,
                                .seqnum = 1,
                                .devid = 0x10002,
                                .direction = USBIP_DIR_IN,
                                .ep = 15,
                                .flags = 0x200,
                                .length = 512,
                                .start_frame = 3,
                                .packets = -1,
                                .interval = 4,
                                .setup = {0x80, 6, 0, 1, 0, 0, 18, 0}};
    static const uint8_t want[USBIP_URB_SIZE] =
        "\0\0\0\1\0\0\0\1\0\1\0\2\0\0\0\1\0\0\0\17\0\0\2\0\0\0\2\0\0\0\0\3\377\377\377\377\0\0\0\4"
        "\200\6\0\1\0\0\22\0";
    uint8_t bytes[USBIP_URB_SIZE];
    struct usbip_urb got;

    usbip_put_urb(&u, bytes);
    CHECK(memcmp(bytes, want, sizeof want) == 0);
    CHECK(usbip_get_urb(bytes, &got) == 0 && got.packets == -1 && got.length == 512);
}

static void texts_of_devices_end(void)
{
    uint8_t bytes[USBIP_DEVICE_SIZE];
    struct usbip_device d;

    memset(bytes, 'x', sizeof bytes);
    usbip_get_device(bytes, &d);
    CHECK(strlen(d.path) == USBIP_PATH_SIZE - 1 && strlen(d.busid) == USBIP_BUSID_SIZE - 1);
    usbip_put_device(&d, bytes);
    CHECK(bytes[USBIP_PATH_SIZE - 1] == 0 && bytes[USBIP_PATH_SIZE + USBIP_BUSID_SIZE - 1] == 0);
}

static void impossible_urbs_are_refused(void)
{
    struct usbip_urb u = {.command = USBIP_CMD_SUBMIT, .length = 100};
    struct usbip_body body;

    CHECK(usbip_urb_body(&u, 0, 100, &body) == 0 && body.payload == 100 && body.packets == 0);
    CHECK(usbip_urb_body(&u, 0, 99, &body) == -EMSGSIZE);
    u.direction = USBIP_DIR_IN;
    CHECK(usbip_urb_body(&u, 0, 100, &body) == 0 && body.payload == 0);
    CHECK(usbip_urb_body(&u, 0, 99, &body) == -EMSGSIZE); /* it would be allocated all the same */
    u.direction = 2;
    CHECK(usbip_urb_body(&u, 0, 100, &body) == -EPROTO);
    u.direction = 0;
    u.ep = 16;
    CHECK(usbip_urb_body(&u, 0, 100, &body) == -EPROTO);
    u.ep = 1;
    u.length = -1;
    CHECK(usbip_urb_body(&u, 0, 100, &body) == -EPROTO);
    u.length = 0;
    u.packets = USBIP_PACKETS_MAX + 1;
    CHECK(usbip_urb_body(&u, 0, 100, &body) == -EPROTO);
    u.packets = -2;
    CHECK(usbip_urb_body(&u, 0, 100, &body) == -EPROTO);
    u.packets = USBIP_PACKETS_MAX;
    CHECK(usbip_urb_body(&u, 0, 100, &body) == 0 && body.packets == USBIP_PACKETS_MAX);
}

static void no_commands_are_bad(void)
{
    static const uint8_t text[USBIP_URB_SIZE] = "GET / HTTP/1.0";
    const uint8_t *data = text;
    const uint8_t *no_data = NULL;
    size_t len = sizeof text, none = 0;
    struct usbip_reader r;

    usbip_reader_init(&r);
    usbip_reader_begin_urbs(&r);
    CHECK(usbip_reader_next(&r, &no_data, &none) == USBIP_READ_NOTHING);
    CHECK(usbip_reader_next(&r, &data, &len) == USBIP_READ_BAD);
    data = text;
    len = sizeof text;
    CHECK(usbip_reader_next(&r, &data, &len) == USBIP_READ_BAD && len == sizeof text);
}

static void bodies_can_be_dropped(void)
{
    const struct usbip_urb u = {.command = USBIP_CMD_SUBMIT, .length = 5, .packets = 2};
    const struct usbip_urb unlink = {.command = USBIP_CMD_UNLINK, .seqnum = 9};
    uint8_t bytes[2 * USBIP_URB_SIZE + 5 + 2 * USBIP_PACKET_SIZE] = {0};
    const uint8_t *data = bytes;
    size_t len = sizeof bytes;
    struct usbip_reader r;
    struct usbip_body body;

    usbip_put_urb(&u, bytes);
    usbip_put_urb(&unlink, bytes + sizeof bytes - USBIP_URB_SIZE);
    usbip_reader_init(&r);
    usbip_reader_begin_urbs(&r);
    CHECK(usbip_reader_next(&r, &data, &len) == USBIP_READ_URB);
    CHECK(usbip_urb_body(&r.urb, 0, 5, &body) == 0);
    usbip_reader_skip(&r, &body);
    uint8_t *into;
    CHECK(usbip_reader_room(&r, &into) == 0);
    CHECK(usbip_reader_next(&r, &data, &len) == USBIP_READ_BODY);
    CHECK(usbip_reader_next(&r, &data, &len) == USBIP_READ_URB && r.urb.seqnum == 9 && len == 0);
}

static void urbs_are_found_by_number(void)
{
    enum { COUNT = 1000 };
    static struct usbip_urbs_entry entries[COUNT];
    struct usbip_urbs urbs = {0};

    CHECK(!usbip_urbs_find(&urbs, 1));
    for (uint32_t i = 0; i < COUNT; i++) {
        entries[i].seqnum = i * 0x10001u;
        CHECK(usbip_urbs_add(&urbs, &entries[i]) == 0);
    }
    struct usbip_urbs_entry twin = {.seqnum = 0x10001u};
    CHECK(usbip_urbs_add(&urbs, &twin) == -EEXIST && urbs.count == COUNT);
    for (uint32_t i = 0; i < COUNT; i += 2)
        usbip_urbs_remove(&urbs, &entries[i]);
    for (uint32_t i = 0; i < COUNT; i++)
        CHECK(usbip_urbs_find(&urbs, i * 0x10001u) == (i % 2 ? &entries[i] : NULL));
    CHECK(urbs.oldest == &entries[1] && urbs.youngest == &entries[COUNT - 1]);
    for (uint32_t i = 1; i < COUNT; i += 2)
        usbip_urbs_remove(&urbs, urbs.oldest);
    CHECK(urbs.count == 0 && !urbs.oldest && !urbs.youngest);
    usbip_urbs_free(&urbs);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(recorded_sessions_are_read_and_written),
        TEST(urb_fields_stand_where_they_should),
        TEST(texts_of_devices_end),
        TEST(impossible_urbs_are_refused),
        TEST(no_commands_are_bad),
        TEST(bodies_can_be_dropped),
        TEST(urbs_are_found_by_number),
    };

    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
