/*
 * USB/IP's first phase against servers by hand, one thread each, over loopback: every answer is
 * also cut at every byte and sent in pieces, and what a server may claim is held against it.
 */
#include "usbip_call.h"
#include "usbip_clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/buf.h"
#include "proto/bytes.h"
#include "test.h"
#include "usbip_trouble.h"

enum { ANSWER_MAX = 8192, PATIENCE_MS = 60000 /* with a piece for each byte */ };

/* --- a server --------------------------------------------------------------------------------- */

static struct {
    int listener;
    struct usbip_server address;
    uint8_t answer[ANSWER_MAX];
    size_t len, piece;
    uint8_t asked[128];
    size_t asked_len;
    bool stays; /* until the client closes */
} server = {.listener = -1};

static void *serve(void *ctx)
{
    int fd = accept(server.listener, NULL, NULL);

    (void)ctx;
    server.asked_len = 0;
    ssize_t n = recv(fd, server.asked, sizeof server.asked, 0);
    server.asked_len = n > 0 ? (size_t)n : 0;
    for (size_t sent = 0; sent < server.len;) {
        size_t part = server.len - sent < server.piece ? server.len - sent : server.piece;

        n = send(fd, server.answer + sent, part, MSG_NOSIGNAL);
        if (n <= 0)
            break;
        sent += (size_t)n;
        if (server.piece < 64)
            usleep(20); /* to be a piece of its own */
    }
    if (server.stays)
        recv(fd, &(char){0}, 1, 0);
    close(fd);
    return NULL;
}

static pthread_t begin(size_t len, size_t piece)
{
    pthread_t thread;

    if (server.listener < 0) {
        struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t size = sizeof sa;

        server.listener = socket(AF_INET, SOCK_STREAM, 0);
        CHECK(bind(server.listener, (struct sockaddr *)&sa, size) == 0);
        CHECK(listen(server.listener, 4) == 0);
        CHECK(getsockname(server.listener, (struct sockaddr *)&sa, &size) == 0);
        snprintf(server.address.host, sizeof server.address.host, "127.0.0.1");
        snprintf(server.address.port, sizeof server.address.port, "%u", ntohs(sa.sin_port));
    }
    server.len = len;
    server.piece = piece;
    CHECK(pthread_create(&thread, NULL, serve, NULL) == 0);
    return thread;
}

static void end(pthread_t thread)
{
    pthread_join(thread, NULL);
}

/* --- answers ---------------------------------------------------------------------------------- */

static size_t put_op(uint8_t *at, uint16_t code, uint32_t status)
{
    usbip_put_op(&(struct usbip_op){USBIP_VERSION, code, status}, at);
    return USBIP_OP_SIZE;
}

static size_t put_device(uint8_t *at, const char *busid, uint8_t interfaces)
{
    struct usbip_device d = {.path = "/x",
                             .busnum = 1,
                             .devnum = 2,
                             .speed = 3,
                             .vendor = 0x0403,
                             .product = 0x6010,
                             .interfaces = interfaces};

    snprintf(d.busid, sizeof d.busid, "%s", busid);
    usbip_put_device(&d, at);
    return USBIP_DEVICE_SIZE;
}

/* Two devices, with two and no interfaces; or what is said to be `count`. */
static size_t put_list(uint32_t count, bool extended)
{
    uint8_t *a = server.answer;
    size_t n = put_op(a, extended ? USBIP_OP_REP_EXT_LIST : USBIP_OP_REP_DEVLIST, 0);

    put_be32(a + n, count);
    n += 4;
    for (int i = 0; i < 2; i++) {
        n += put_device(a + n, i == 0 ? "1-1" : "1-2", i == 0 ? 2 : 0);
        if (extended) {
            const struct usbip_ext_entry e = {
                .name = "ice", .user = "a:1", .state = USBIP_EXT_USED};
            usbip_ext_put_entry(&e, a + n);
            n += USBIP_EXT_ENTRY_SIZE;
        }
        for (int k = 0; k < 2 && i == 0; k++) {
            usbip_put_interface(&(struct usbip_interface){0xff, 1, (uint8_t)k}, a + n);
            n += USBIP_INTERFACE_SIZE;
        }
    }
    return n;
}

/* --- tests ------------------------------------------------------------------------------------ */

static void addresses_are_read(void)
{
    static const struct {
        const char *text, *host, *port;
    } good[] = {{"host", "host", "3240"}, {"host:1", "host", "1"},
                {"[::1]:5", "::1", "5"},  {"[fe80::1%eth0]", "fe80::1%eth0", "3240"},
                {"::1", "::1", "3240"},   {"10.0.0.1:65535", "10.0.0.1", "65535"}};
    static const char *const bad[] = {"",     ":1",     "host:", "host:x",
                                      "[::1", "[::1]5", "[]:1",  "host:1234567890"};
    struct usbip_server s;

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        CHECK(usbip_server_parse(good[i].text, &s) == 0);
        CHECK_TEXT(s.host, good[i].host);
        CHECK_TEXT(s.port, good[i].port);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(usbip_server_parse(bad[i], &s) == -EINVAL);
    char text[400];
    memset(text, 'a', sizeof text);
    text[399] = '\0';
    CHECK(usbip_server_parse(text, &s) == -EINVAL);
}

static void list_of(size_t len, size_t piece, bool extended)
{
    struct usbip_found *list;
    size_t count;
    int watch = -1;
    pthread_t thread = begin(len, piece);

    CHECK(usbip_call_list(&server.address, PATIENCE_MS, extended, extended ? &watch : NULL, &list,
                          &count) == 0);
    CHECK(count == 2 && list[0].device.interfaces == 2 && list[1].device.interfaces == 0);
    CHECK_TEXT(list[0].device.busid, "1-1");
    CHECK_TEXT(list[1].device.busid, "1-2");
    CHECK(list[0].interfaces[1].interface_protocol == 1);
    CHECK_TEXT(list[1].entry.name, extended ? "ice" : "");
    CHECK(list[0].entry.state == (extended ? USBIP_EXT_USED : USBIP_EXT_FREE));
    free(list);
    if (watch >= 0)
        close(watch);
    end(thread);
    CHECK(server.asked_len == (extended ? 12 : 8) && get_be16(server.asked) == USBIP_VERSION);
}

static void lists_come_in_pieces(void)
{
    for (int extended = 0; extended < 2; extended++) {
        size_t len = put_list(2, extended);

        for (size_t piece = 1; piece < 400; piece = piece * 3 + 1)
            list_of(len, piece, extended);
    }
}

static void cut_lists_are_errors(void)
{
    struct usbip_found *list;
    size_t count;

    for (int extended = 0; extended < 2; extended++) {
        size_t len = put_list(2, extended);

        for (size_t cut = 0; cut < len; cut++) {
            pthread_t thread = begin(cut, ANSWER_MAX);

            CHECK(usbip_call_list(&server.address, USBIP_CALL_TIMEOUT_MS, extended, NULL, &list,
                                  &count) == -EPROTO);
            end(thread);
        }
    }
}

static int list_error(size_t len)
{
    struct usbip_found *list;
    size_t count;
    pthread_t thread = begin(len, ANSWER_MAX);
    int r = usbip_call_list(&server.address, USBIP_CALL_TIMEOUT_MS, false, NULL, &list, &count);

    if (r == 0)
        free(list);
    end(thread);
    return r;
}

static void lies_are_errors(void)
{
    CHECK(list_error(put_list(3, false)) == -EPROTO);          /* and closes */
    CHECK(list_error(put_list(UINT32_MAX, false)) == -EPROTO); /* at once */
    CHECK(list_error(put_list(USBIP_CALL_DEVICES_MAX + 1, false)) == -EPROTO);
    size_t len = put_list(2, false);
    put_be16(server.answer, 0x0106);
    CHECK(list_error(len) == -EPROTO);
    CHECK(list_error(put_op(server.answer, USBIP_OP_REP_IMPORT, 0)) == -EPROTO);
    CHECK(list_error(put_op(server.answer, USBIP_OP_REP_DEVLIST, USBIP_ST_ERROR)) == -EIO);
    memset(server.answer, 'A', 400);
    CHECK(list_error(400) == -EPROTO);
    /* many interfaces: what there is no room for is left out */
    len = put_op(server.answer, USBIP_OP_REP_DEVLIST, 0);
    put_be32(server.answer + len, 1);
    len += 4;
    len += put_device(server.answer + len, "1-1", 255);
    memset(server.answer + len, 0xff, 255 * 4);
    CHECK(list_error(len + 255 * 4) == 0);
    CHECK(list_error(len + 255 * 4 - 1) == -EPROTO);
    len = put_list(0, false);
    CHECK(list_error(len) == 0); /* what stands behind it is not read */
}

static void imports_leave_what_follows(void)
{
    struct usbip_imported i;
    size_t len = put_op(server.answer, USBIP_OP_REP_IMPORT, 0);

    len += put_device(server.answer + len, "1-1", 1);
    for (size_t cut = 0; cut < len; cut++) {
        pthread_t thread = begin(cut, ANSWER_MAX);

        CHECK(usbip_call_import(&server.address, "1-1", NULL, &i) == -EPROTO);
        end(thread);
    }
    memcpy(server.answer + len, "URBs", 4);
    server.stays = true;
    pthread_t thread = begin(len + 4, ANSWER_MAX);
    CHECK(usbip_call_import(&server.address, "1-1", NULL, &i) == 0);
    CHECK(i.device.vendor == 0x0403 && i.grant.grace_ms == 0);
    CHECK(fcntl(i.fd, F_GETFD) == FD_CLOEXEC && fcntl(i.fd, F_GETFL) & O_NONBLOCK);
    char bytes[8];
    struct pollfd p = {i.fd, POLLIN, 0};
    CHECK(poll(&p, 1, 5000) == 1);
    CHECK(recv(i.fd, bytes, sizeof bytes, 0) == 4 && memcmp(bytes, "URBs", 4) == 0);
    close(i.fd);
    end(thread);
    server.stays = false;
    CHECK(server.asked_len == 40 && memcmp(server.asked + 8, "1-1", 4) == 0);
}

static void refusals_are_told_apart(void)
{
    static const struct {
        uint32_t status;
        int error;
    } all[] = {{USBIP_ST_NA, -ENODEV},    {USBIP_ST_DEV_BUSY, -EBUSY}, {USBIP_ST_DEV_ERR, -EIO},
               {USBIP_ST_NODEV, -ENODEV}, {USBIP_ST_ERROR, -EIO},      {77, -EIO}};
    struct usbip_imported i;
    char text[UNREACHED_TEXT_MAX];

    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        pthread_t thread = begin(put_op(server.answer, USBIP_OP_REP_IMPORT, all[k].status), 8);

        CHECK(usbip_call_import(&server.address, "1-1", NULL, &i) == all[k].error);
        usbip_trouble_of_import(&server.address, all[k].error, "", text);
        CHECK(strlen(text) > 10);
        end(thread);
    }
}

static void a_refusal_says_why(void)
{
    static const char why[USBIP_EXT_REASON_SIZE] = "no permission\x1b[2J: join\xc2\x9bplugdev";
    const struct usbip_ext_import terms = {.busid = "1-1"};
    struct usbip_imported i;
    char text[UNREACHED_TEXT_MAX];
    size_t len = put_op(server.answer, USBIP_OP_REP_EXT_IMPORT, USBIP_ST_DEV_ERR);

    memcpy(server.answer + len, why, sizeof why);
    for (size_t cut = 0; cut <= sizeof why; cut++) {
        pthread_t thread = begin(len + cut, ANSWER_MAX);

        CHECK(usbip_call_import(&server.address, "1-1", &terms, &i) == -EIO);
        CHECK(cut == sizeof why ? strlen(i.reason) == strlen(why) : i.reason[0] == '\0');
        end(thread);
    }
    usbip_trouble_of_import(&server.address, -EIO, i.reason, text);
    CHECK_TEXT(text, "it cannot have the device: no permission [2J: join  plugdev");
    usbip_trouble_of_import(&server.address, -EBUSY, "10.0.0.9:5000 has it", text);
    CHECK(strstr(text, "somebody else has the device: 10.0.0.9:5000 has it"));
    usbip_trouble_of_import(&server.address, -EIO, "", text);
    CHECK(strstr(text, "its log says why")); /* usbipd's */
}

/* The program that opens the device waits meanwhile. */
static void a_reason_is_not_waited_for_long(void)
{
    const struct usbip_ext_import terms = {.busid = "1-1"};
    const long long begun = usbip_clock_ms();
    struct usbip_imported i;

    server.stays = true;
    pthread_t thread =
        begin(put_op(server.answer, USBIP_OP_REP_EXT_IMPORT, USBIP_ST_DEV_ERR), ANSWER_MAX);
    CHECK(usbip_call_import(&server.address, "1-1", &terms, &i) == -EIO && !i.reason[0]);
    CHECK(usbip_clock_ms() - begun < 4000);
    end(thread);
    server.stays = false;
}

static void descriptors_are_bounded(void)
{
    struct buf b;
    size_t len = put_op(server.answer, USBIP_OP_REP_EXT_DESCRIPTORS, 0);

    put_be32(server.answer + len, 100);
    memset(server.answer + len + 4, 7, 100);
    len += 4 + 100;
    buf_init(&b, USBIP_EXT_DESCRIPTORS_MAX);
    for (size_t cut = 0; cut < len; cut++) {
        pthread_t thread = begin(cut, ANSWER_MAX);

        CHECK(usbip_call_describe(&server.address, "1-1", &b) == -EPROTO && b.len == 0);
        end(thread);
    }
    pthread_t thread = begin(len, 13);
    CHECK(usbip_call_describe(&server.address, "1-1", &b) == 0 && b.len == 100);
    end(thread);
    put_be32(server.answer + 8, USBIP_EXT_DESCRIPTORS_MAX + 1);
    thread = begin(len, ANSWER_MAX);
    CHECK(usbip_call_describe(&server.address, "1-1", &b) == -EPROTO);
    end(thread);
    buf_free(&b);
}

static void nobody_listens(void)
{
    struct usbip_server s = server.address;
    struct usbip_found *list;
    size_t count;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof sa;

    CHECK(bind(fd, (struct sockaddr *)&sa, size) == 0); /* and does not listen */
    getsockname(fd, (struct sockaddr *)&sa, &size);
    snprintf(s.host, sizeof s.host, "127.0.0.1");
    snprintf(s.port, sizeof s.port, "%u", ntohs(sa.sin_port));
    CHECK(usbip_call_list(&s, USBIP_CALL_TIMEOUT_MS, false, NULL, &list, &count) == -ECONNREFUSED);
    close(fd);
}

static const struct test tests[] = {
    TEST(addresses_are_read),         TEST(lists_come_in_pieces),
    TEST(cut_lists_are_errors),       TEST(lies_are_errors),
    TEST(imports_leave_what_follows), TEST(refusals_are_told_apart),
    TEST(a_refusal_says_why),         TEST(a_reason_is_not_waited_for_long),
    TEST(descriptors_are_bounded),    TEST(nobody_listens)};
TEST_MAIN(tests)
