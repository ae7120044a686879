#include "peer.h"

#include "test.h"

static const struct peer *of(const char *text)
{
    return peer_of_signature((const uint8_t *)text, strlen(text));
}

static void servers_are_known_by_how_they_begin(void)
{
    CHECK(of("com2net 0.1.0")->purge_is_exact);
    CHECK(of("ser2net")->control_answers_lie && !of("ser2net")->purge_is_exact);
    CHECK(of("Sredird 2.2.1")->control_answers_lie);
    CHECK(!of("com2ne")->purge_is_exact);
    CHECK(!of("")->purge_is_exact && !of("unheard of")->control_answers_lie);
    CHECK(!peer_of_signature(NULL, 0)->purge_is_exact);
}

static void refusals_are_whole_words(void)
{
    CHECK(strstr(peer_refusal((const uint8_t *)"busy", 4), "in use"));
    CHECK(peer_refusal((const uint8_t *)"absent", 6));
    CHECK(peer_refusal((const uint8_t *)"failed", 6));
    CHECK(!peer_refusal((const uint8_t *)"busybox", 7));
    CHECK(!peer_refusal((const uint8_t *)"bus", 3));
    CHECK(!peer_refusal(NULL, 0));
}

static const struct test tests[] = {
    TEST(servers_are_known_by_how_they_begin),
    TEST(refusals_are_whole_words),
};

TEST_MAIN(tests)
