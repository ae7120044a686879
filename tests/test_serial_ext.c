/* Messages of ours in the COM-PORT option: each is written, read, and cut at every byte. */
#include "proto/serial_ext.h"

#include <errno.h>

#include "rfc2217_text.h"
#include "test.h"

static uint8_t payload[SERIAL_EXT_MAX];

static struct serial_ext_text text(const char *words)
{
    return (struct serial_ext_text){(const uint8_t *)words, strlen(words)};
}

static bool is(struct serial_ext_text got, const char *want)
{
    return got.len == strlen(want) && memcmp(got.bytes, want, got.len) == 0;
}

static void a_signature_says_its_version(void)
{
    static const struct {
        const char *signature;
        unsigned version;
    } cases[] = {
        {"com2net/0.1.0 ext=1", 1},
        {"net2pty/0.1.0 ext=1 x=2", 1},
        {"com2net 0.1.0", 0},
        {"com2net/1 ext=", 0},
        {"ext=1", 0},
        {"a next=1", 0},
        {"a ext=12", 12},
        {"a ext=99999999999", 9999},
        {"", 0},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct serial_ext_text s = text(cases[i].signature);

        CHECK(serial_ext_version(s.bytes, s.len) == cases[i].version);
    }
}

static void a_name_has_1_to_64_bytes(void)
{
    struct serial_ext_text name;

    CHECK(serial_ext_get_name(payload, 0, &name) == -EBADMSG);
    CHECK(serial_ext_get_name((const uint8_t *)"esp32", 5, &name) == 0 && is(name, "esp32"));
    CHECK(serial_ext_get_name(payload, SERIAL_EXT_NAME_MAX, &name) == 0);
    CHECK(serial_ext_get_name(payload, SERIAL_EXT_NAME_MAX + 1, &name) == -EBADMSG);
}

static void a_state_goes_there_and_back(void)
{
    const struct serial_ext_port_state s = {SERIAL_EXT_WAITING, 0x01020304,
                                            text("two are before you")};
    const size_t len = serial_ext_put_state(&s, payload);
    struct serial_ext_port_state back;

    CHECK(len == 5 + s.text.len);
    CHECK(serial_ext_get_state(payload, len, &back) == 0);
    CHECK(back.state == s.state && back.place == s.place && is(back.text, "two are before you"));
    for (size_t cut = 0; cut < len; cut++)
        CHECK(serial_ext_get_state(payload, cut, &back) == (cut < 5 ? -EBADMSG : 0));
}

static void an_entry_goes_there_and_back(void)
{
    const struct serial_ext_entry e = {.state = SERIAL_EXT_BUSY,
                                       .since_s = 3600,
                                       .name = text("esp32"),
                                       .kind = text("serial"),
                                       .owner = text("[::1]:5000")};
    const size_t len = serial_ext_put_entry(&e, payload);
    struct serial_ext_entry back;

    CHECK(serial_ext_get_entry(payload, len, &back) == 0);
    CHECK(back.state == SERIAL_EXT_BUSY && back.since_s == 3600);
    CHECK(is(back.name, "esp32") && is(back.kind, "serial") && is(back.owner, "[::1]:5000"));
    for (size_t cut = 0; cut < len; cut++)
        CHECK(serial_ext_get_entry(payload, cut, &back) == -EBADMSG);
    payload[len] = 1; /* what a newer version adds */
    CHECK(serial_ext_get_entry(payload, len + 1, &back) == 0);
}

static void an_identity_goes_there_and_back(void)
{
    const struct serial_ext_identity i = {.vid = 0x0403,
                                          .pid = 0x6010,
                                          .interface = 1,
                                          .serial = text("A50285BI"),
                                          .product = text("Dual RS232"),
                                          .manufacturer = text("FTDI"),
                                          .place = text("1-1.2")};
    const size_t len = serial_ext_put_identity(&i, payload);
    struct serial_ext_identity back;

    CHECK(serial_ext_get_identity(payload, len, &back) == 0);
    CHECK(back.vid == 0x0403 && back.pid == 0x6010 && back.interface == 1);
    CHECK(is(back.serial, "A50285BI") && is(back.product, "Dual RS232"));
    CHECK(is(back.manufacturer, "FTDI") && is(back.place, "1-1.2"));
    for (size_t cut = 0; cut < len; cut++)
        CHECK(serial_ext_get_identity(payload, cut, &back) == -EBADMSG);
}

static void resumes_go_there_and_back(void)
{
    for (uint8_t kind = SERIAL_EXT_BEGIN; kind <= SERIAL_EXT_ACK; kind++) {
        struct serial_ext_resume r = {.kind = kind}, back;

        if (kind == SERIAL_EXT_BEGIN || kind == SERIAL_EXT_RESUME)
            memcpy(r.token, "0123456789abcdef", sizeof r.token);
        if (kind >= SERIAL_EXT_RESUME && kind != SERIAL_EXT_REFUSE)
            r.received = 0x0102030405060708;
        if (kind == SERIAL_EXT_GRANT)
            r.grace_s = 90;
        const size_t len = serial_ext_put_resume(&r, payload);
        CHECK(serial_ext_get_resume(payload, len, &back) == 0);
        CHECK(back.kind == r.kind && back.received == r.received && back.grace_s == r.grace_s);
        CHECK(memcmp(back.token, r.token, sizeof r.token) == 0);
        for (size_t cut = 0; cut < len; cut++)
            CHECK(serial_ext_get_resume(payload, cut, &back) == -EBADMSG);
    }
    payload[0] = SERIAL_EXT_ACK + 1;
    struct serial_ext_resume back;
    CHECK(serial_ext_get_resume(payload, sizeof payload, &back) == -EBADMSG);
}

static void texts_that_are_too_long_are_cut(void)
{
    static char words[1000];
    struct serial_ext_port_state s;
    struct serial_ext_entry e;
    struct serial_ext_identity i;

    memset(words, 'x', sizeof words - 1);
    const struct serial_ext_text much = text(words);
    size_t len = serial_ext_put_state(&(struct serial_ext_port_state){.text = much}, payload);
    CHECK(len == SERIAL_EXT_MAX && serial_ext_get_state(payload, len, &s) == 0);
    len = serial_ext_put_entry(
        &(struct serial_ext_entry){.name = much, .kind = much, .owner = much}, payload);
    CHECK(len == SERIAL_EXT_MAX && serial_ext_get_entry(payload, len, &e) == 0);
    len = serial_ext_put_identity(
        &(struct serial_ext_identity){
            .serial = much, .product = much, .manufacturer = much, .place = much},
        payload);
    CHECK(len == SERIAL_EXT_MAX && serial_ext_get_identity(payload, len, &i) == 0);
}

/* As rfc2217.h carries it, and as the trace says it. */
static const char *described(uint8_t command, size_t len)
{
    static char words[RFC2217_DESCRIPTION_MAX];
    const struct rfc2217_message m = {
        .command = command, .from_server = true, .text = payload, .text_len = len};
    struct rfc2217_message back;
    uint8_t body[RFC2217_BODY_MAX];

    const size_t size = rfc2217_encode(&m, body);
    CHECK(size == 1 + len && body[0] == command + RFC2217_FROM_SERVER);
    CHECK(rfc2217_decode(body, size, &back) == 0 && back.command == command);
    rfc2217_describe(&back, words);
    return words;
}

static void the_trace_says_them_in_words(void)
{
    size_t len = serial_ext_put_state(
        &(struct serial_ext_port_state){.state = SERIAL_EXT_AWAY, .text = text("un\nplugged")},
        payload);

    CHECK_TEXT(described(RFC2217_STATE, len), "STATE away: un.plugged");
    CHECK_TEXT(described(RFC2217_STATE, 3), "STATE ?");
    payload[0] = 77;
    CHECK_TEXT(described(RFC2217_STATE, 5), "STATE unknown");
    len = serial_ext_put_resume(
        &(struct serial_ext_resume){.kind = SERIAL_EXT_RESUME, .token = {1, 2}, .received = 5},
        payload);
    CHECK_TEXT(described(RFC2217_RESUME, len), "RESUME resume 5"); /* the token is a secret */
    CHECK_TEXT(described(RFC2217_RESUME, 1), "RESUME ?");
    CHECK_TEXT(described(RFC2217_LIST, 0), "LIST ?");
}

static const struct test tests[] = {
    TEST(a_signature_says_its_version),    TEST(a_name_has_1_to_64_bytes),
    TEST(a_state_goes_there_and_back),     TEST(an_entry_goes_there_and_back),
    TEST(an_identity_goes_there_and_back), TEST(resumes_go_there_and_back),
    TEST(texts_that_are_too_long_are_cut), TEST(the_trace_says_them_in_words),
};

TEST_MAIN(tests)
