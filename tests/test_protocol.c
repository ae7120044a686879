/*
 * Beginnings of connections, cut at every byte.
 */
#include "proto/protocol.h"

#include "test.h"

struct beginning {
    enum protocol is;
    enum protocol resting; /* if nothing follows */
    const char *bytes;
    size_t len;
};

#define BEGINNING(is, resting, bytes)                                                              \
    {                                                                                              \
        PROTOCOL_##is, PROTOCOL_##resting, bytes, sizeof bytes - 1                                 \
    }

static const struct beginning beginnings[] = {
    /* clients of today: net2pty and hub4com, pyserial, gensio, telnet(1) to port 23 */
    BEGINNING(TELNET, TELNET, "\377\373\054"),
    BEGINNING(TELNET, TELNET, "\377\375\001\377\373\003"),
    BEGINNING(TELNET, TELNET, "\377\375\003\377\373\030\377\373\037"),
    BEGINNING(TELNET, TELNET, "\377\372\054\001\0\0\0\0\377\360"),
    BEGINNING(TELNET, TELNET, "\377\376\001\377\372\030"),
    BEGINNING(OPEN, TELNET, "\377\375\003"),
    BEGINNING(OPEN, TELNET, "\377\375\003\377"),
    BEGINNING(DATA, DATA, "\377\375\003x"),
    BEGINNING(DATA, DATA, "\377\375\003\377\377"),
    BEGINNING(TELNET, TELNET, "\377\375\003\377\361"),
    BEGINNING(DATA, DATA, "\377\375\003\377\360"),
    BEGINNING(OPEN, DATA, "\377"),
    BEGINNING(OPEN, DATA, "\377\376"),
    BEGINNING(DATA, DATA, "\377\377"),
    BEGINNING(DATA, DATA, "\377\360"),
    BEGINNING(DATA, DATA, "\377\361"),
    BEGINNING(DATA, DATA, "\377\372\030"),
    BEGINNING(DATA, DATA, "\377\373\002"),
    BEGINNING(DATA, DATA, "\377\373\220"),
    BEGINNING(USBIP, USBIP, "\001\021\200\005\0\0\0\0"),
    BEGINNING(USBIP, USBIP, "\001\021\200\003\0\0\0\0001-1"),
    BEGINNING(USBIP, USBIP, "\001\021\214\001\0\0\0\0"),
    BEGINNING(USBIP, USBIP, "\001\021\214\377\0\0\0\0"),
    BEGINNING(OPEN, DATA, "\001\021\200\005\0\0\0"),
    BEGINNING(DATA, DATA, "\001\021\200\001\0\0\0\0"),
    BEGINNING(DATA, DATA, "\001\021\201\003\0\0\0\0"),
    BEGINNING(DATA, DATA, "\001\021\200\005\0\1\0\0"),
    BEGINNING(DATA, DATA, "\001\006\200\005"),
    BEGINNING(OPEN, DATA, "\001"),
    BEGINNING(TLS, TLS, "\026\003\001\002\0\001\0\001\374\003\003"),
    BEGINNING(TLS, TLS, "\026\003\003\000\305\001\0\000\301\003\003"),
    BEGINNING(DATA, DATA, "\026\003\005"),
    BEGINNING(DATA, DATA, "\026\003\001\002\0\002"),
    BEGINNING(DATA, DATA, "\026\026"),
    BEGINNING(SSH, SSH, "SSH-2.0-x"),
    BEGINNING(DATA, DATA, "SSL"),
    BEGINNING(HTTP, HTTP, "GET / HTTP/1.1"),
    BEGINNING(HTTP, HTTP, "HEAD /"),
    BEGINNING(HTTP, HTTP, "POST /x"),
    BEGINNING(HTTP, HTTP, "PUT /"),
    BEGINNING(HTTP, HTTP, "DELETE /"),
    BEGINNING(HTTP, HTTP, "OPTIONS /"),
    BEGINNING(HTTP, HTTP, "PATCH /"),
    BEGINNING(HTTP, HTTP, "TRACE /"),
    BEGINNING(HTTP, HTTP, "CONNECT /"),
    BEGINNING(OPEN, DATA, "GET "),
    BEGINNING(OPEN, DATA, "P"),
    BEGINNING(DATA, DATA, "GET\t/"),
    BEGINNING(DATA, DATA, "get /"),
    BEGINNING(DATA, DATA, "PI"),
    BEGINNING(DATA, DATA, "AT\r"),
    BEGINNING(DATA, DATA, "\0"),
};

static void beginnings_are_told(void)
{
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
        const struct beginning *b = &beginnings[i];
        const uint8_t *bytes = (const uint8_t *)b->bytes;

        CHECK(protocol_tell(bytes, b->len) == b->is);
        CHECK(protocol_tell_resting(bytes, b->len) == b->resting);
        CHECK(protocol_name(b->is)[0]);
    }
}

/* A decision stands, whatever follows; and it is never another one before. */
static void a_decision_stands_wherever_it_is_cut(void)
{
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
        const uint8_t *bytes = (const uint8_t *)beginnings[i].bytes;
        enum protocol told = PROTOCOL_OPEN;

        for (size_t len = 0; len <= beginnings[i].len; len++) {
            enum protocol now = protocol_tell(bytes, len);

            CHECK(told == PROTOCOL_OPEN || now == told);
            told = now;
        }
        CHECK(told == beginnings[i].is);
    }
}

static void nothing_is_open(void)
{
    CHECK(protocol_tell(NULL, 0) == PROTOCOL_OPEN);
    CHECK(protocol_tell_resting(NULL, 0) == PROTOCOL_OPEN);
}

/* Likewise for bytes by chance, most of which look like something for a while. */
static void so_many_bytes_decide(void)
{
    uint32_t state = 1;

    for (int i = 0; i < 200000; i++) {
        const struct beginning *b = &beginnings[i % (int)(sizeof beginnings / sizeof *beginnings)];
        uint8_t bytes[PROTOCOL_BEGINNING_MAX];
        enum protocol told = PROTOCOL_OPEN;

        for (size_t at = 0; at < sizeof bytes; at++) {
            state = state * 1103515245 + 12345;
            bytes[at] = at < b->len && state >> 29 ? (uint8_t)b->bytes[at] : (uint8_t)(state >> 16);
        }
        for (size_t len = 0; len <= sizeof bytes; len++) {
            enum protocol now = protocol_tell(bytes, len);

            CHECK(told == PROTOCOL_OPEN || now == told);
            told = now;
        }
        CHECK(told != PROTOCOL_OPEN);
    }
}

static const struct test tests[] = {
    TEST(beginnings_are_told),
    TEST(a_decision_stands_wherever_it_is_cut),
    TEST(nothing_is_open),
    TEST(so_many_bytes_decide),
};

int main(int argc, char **argv)
{
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
