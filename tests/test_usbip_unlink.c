/*
 * URBs of an imported device that nobody wants any more, and what servers make of their unlinks.
 */
#include "usbip_link_stage.h"

static void answer_unlink(uint32_t seqnum, int status)
{
    const struct usbip_urb u = {.command = USBIP_RET_UNLINK, .seqnum = seqnum, .status = status};
    uint8_t bytes[USBIP_URB_SIZE];

    usbip_put_urb(&u, bytes);
    say(bytes, sizeof bytes);
    usbip_link_step(&the_link);
}

static void unlinks_are_answered_either_way(void)
{
    uint8_t in[64];

    begin();
    struct usbip_link_urb *u = urb(0x81, in, 64);
    usbip_link_submit(&the_link, u);
    uint32_t seqnum = got_urb().seqnum;
    usbip_link_unlink(&the_link, u);
    usbip_link_unlink(&the_link, u);
    struct usbip_urb unlink = got_urb();
    CHECK(unlink.command == USBIP_CMD_UNLINK && unlink.unlink == seqnum);
    answer_unlink(unlink.seqnum, USBIP_ECONNRESET);
    takes(u, USBIP_ECONNRESET, 0);
    /* it was done before, with data */
    u = urb(0x81, in, 64);
    usbip_link_submit(&the_link, u);
    seqnum = got_urb().seqnum;
    usbip_link_unlink(&the_link, u);
    unlink = got_urb();
    answer(seqnum, 0, 3, "abc");
    takes(u, 0, 3);
    answer_unlink(unlink.seqnum, 0);
    CHECK(!usbip_link_take(&the_link) && the_link.fd >= 0 && the_link.urbs.unlinked == 0);
    /* a server that says 0, and nothing else: it is over all the same */
    u = urb(0x81, in, 64);
    usbip_link_submit(&the_link, u);
    got_urb();
    usbip_link_unlink(&the_link, u);
    answer_unlink(got_urb().seqnum, 0);
    takes(u, USBIP_ECONNRESET, 0);
    end();
}

static void unlinks_need_no_answer(void)
{
    uint8_t in[64];

    begin();
    struct usbip_link_urb *u = urb(0x81, in, 64);
    usbip_link_submit(&the_link, u);
    const uint32_t seqnum = got_urb().seqnum;
    usbip_link_unlink(&the_link, u);
    int ms = usbip_link_timeout(&the_link);
    CHECK(ms > 0 && ms <= USBIP_LINK_UNLINK_MS);
    usbip_link_step(&the_link);
    CHECK(!usbip_link_take(&the_link));
    usleep((unsigned)(ms + 20) * 1000);
    usbip_link_step(&the_link);
    takes(u, USBIP_ECONNRESET, 0);
    CHECK(usbip_link_timeout(&the_link) < 0);
    memset(in, 0, sizeof in);
    answer(seqnum, 0, 3, "abc"); /* late: its data go nowhere */
    CHECK(!usbip_link_take(&the_link) && the_link.fd >= 0 && in[0] == 0 &&
          the_link.urbs.numbered.count == 0);
    end();
}

static void forgotten_ones_leave_no_trace(void)
{
    uint8_t *in = malloc(64), bytes[USBIP_URB_SIZE + 64];

    begin();
    struct usbip_link_urb *u = urb(0x81, in, 64);
    usbip_link_submit(&the_link, u);
    size_t len = put_answer(bytes, got_urb().seqnum, 0, 64, in);
    say(bytes, USBIP_URB_SIZE + 10); /* its answer is being read */
    usbip_link_step(&the_link);
    usbip_link_forget(&the_link, u);
    free(in);
    say(bytes + USBIP_URB_SIZE + 10, len - USBIP_URB_SIZE - 10);
    usbip_link_step(&the_link);
    CHECK(!usbip_link_take(&the_link) && the_link.urbs.numbered.count == 0 && the_link.fd >= 0 &&
          the_link.urbs.unlinked == 0);
    end();
}

static void unlinks_wait_for_the_end_of_a_record(void)
{
    enum { SIZE = 1 << 20 };
    static uint8_t data[SIZE], bytes[SIZE];
    uint8_t in[8];
    size_t sum = 0;

    begin();
    struct usbip_link_urb *waiting = urb(0x81, in, sizeof in), *large = urb(0x02, data, SIZE);
    usbip_link_submit(&the_link, waiting);
    const uint32_t seqnum = got_urb().seqnum;
    usbip_link_submit(&the_link, large); /* a part of it goes */
    usbip_link_unlink(&the_link, waiting);
    CHECK(usbip_link_wants_to_send(&the_link) && !usbip_link_take(&the_link));
    const uint32_t of_large = got_urb().seqnum;
    while (sum < SIZE) {
        sum += got(bytes + sum, SIZE - sum);
        usbip_link_step(&the_link);
    }
    const struct usbip_urb unlink = got_urb();
    CHECK(unlink.command == USBIP_CMD_UNLINK && unlink.unlink == seqnum);
    answer_unlink(unlink.seqnum, USBIP_ECONNRESET);
    takes(waiting, USBIP_ECONNRESET, 0);
    answer(of_large, 0, SIZE, NULL);
    takes(large, 0, SIZE);
    CHECK(the_link.urbs.due == 0 && the_link.urbs.unlinked == 0 &&
          the_link.urbs.numbered.count == 0);
    end();
}

/* What is done and not taken yet cannot be cancelled, and is not touched by trying. */
static void done_ones_are_not_cancelled(void)
{
    uint8_t in[8], other[8];

    begin();
    struct usbip_link_urb *u = urb(0x81, in, 8), *second = urb(0x81, other, 8);
    usbip_link_submit(&the_link, u);
    usbip_link_submit(&the_link, second);
    const uint32_t seqnum = got_urb().seqnum;
    answer(got_urb().seqnum, 0, 1, "b");
    answer(seqnum, 0, 1, "a");
    CHECK(!usbip_link_unlink(&the_link, u) && !usbip_link_unlink(&the_link, second));
    CHECK(the_link.urbs.unlinked == 0 && the_link.urbs.due == 0 &&
          usbip_link_timeout(&the_link) < 0);
    takes(second, 0, 1);
    usbip_link_forget(&the_link, u);
    CHECK(!usbip_link_take(&the_link) && the_link.fd >= 0);
    u = urb(0x81, in, 8); /* and nothing stands in the way of what follows */
    usbip_link_submit(&the_link, u);
    answer(got_urb().seqnum, 0, 2, "cd");
    takes(u, 0, 2);
    end();
}

/* In the child of a fork nothing answers: what it cancels is cancelled at once. */
static void abandoned_ones_can_be_cancelled(void)
{
    static uint8_t out[1 << 20];
    uint8_t in[8];

    begin();
    struct usbip_link_urb *sent = urb(0x81, in, 8), *part = urb(0x02, out, sizeof out);
    struct usbip_link_urb *queued = urb(0x81, in, 8), *left = urb(0x81, in, 8);
    usbip_link_submit(&the_link, sent);
    usbip_link_submit(&the_link, part);
    usbip_link_submit(&the_link, queued);
    usbip_link_submit(&the_link, left);
    usbip_link_abandon(&the_link);
    CHECK(usbip_link_unlink(&the_link, part) && usbip_link_unlink(&the_link, sent) &&
          usbip_link_unlink(&the_link, queued));
    takes(part, USBIP_ECONNRESET, 0);
    takes(sent, USBIP_ECONNRESET, 0);
    takes(queued, USBIP_ECONNRESET, 0);
    end(); /* and frees the last */
}

/* Late answers to unlinks are as many as there were unlinks; a server that makes up more is none.
 */
static void strays_end_the_connection(void)
{
    uint8_t in[8];
    int strays = 0;

    begin();
    for (int i = 0; i < 1000; i++) {
        struct usbip_link_urb *u = urb(0x81, in, sizeof in);

        usbip_link_submit(&the_link, u);
        const uint32_t seqnum = got_urb().seqnum;
        usbip_link_unlink(&the_link, u);
        answer(seqnum, 0, 0, NULL);
        takes(u, 0, 0);
        answer_unlink(got_urb().seqnum, 0);
    }
    while (the_link.fd >= 0 && strays < 10000) {
        answer_unlink(0x7fffffff, 0);
        strays++;
    }
    CHECK(the_link.error == -EPROTO && strays > 20 && strays < 2000);
    end();
}

/* The connection takes no byte: the next URB has its number, and nothing of it has gone. */
static void unlinks_of_what_has_not_gone_leave_no_trace(void)
{
    uint8_t out[8] = {0}, in[8], bytes[4096];

    begin();
    while (send(the_link.fd, bytes, 1, MSG_DONTWAIT) > 0)
        ;
    struct usbip_link_urb *u = urb(0x02, out, sizeof out), *next = urb(0x81, in, sizeof in);
    usbip_link_submit(&the_link, u);
    usbip_link_submit(&the_link, next);
    CHECK(the_link.urbs.first == u && the_link.offset == 0);
    while (got(bytes, sizeof bytes) > 0)
        ;
    usbip_link_unlink(&the_link, u);
    takes(u, USBIP_ECONNRESET, 0);
    usbip_link_step(&the_link);
    CHECK(got_urb().ep == 1 && got(bytes, sizeof bytes) == 0);
    usbip_link_forget(&the_link, next);
    end();
}

/* A server that reads no more: one that is cancelled is done in time all the same. */
static void unlinks_of_what_is_sent_in_part_end(void)
{
    static uint8_t out[1 << 20];

    begin();
    struct usbip_link_urb *u = urb(0x02, out, sizeof out);
    usbip_link_submit(&the_link, u);
    CHECK(the_link.urbs.first == u && the_link.offset > 0);
    usbip_link_unlink(&the_link, u);
    answer_unlink(0, 0); /* of no unlink: none was sent */
    CHECK(the_link.urbs.first == u && !usbip_link_take(&the_link));
    usleep((USBIP_LINK_UNLINK_MS + 50) * 1000);
    usbip_link_step(&the_link);
    CHECK(the_link.fd < 0);
    takes(u, USBIP_ESHUTDOWN, 0);
    CHECK(usbip_link_timeout(&the_link) < 0);
    end();
}

static const struct test tests[] = {
    TEST(unlinks_are_answered_either_way),
    TEST(unlinks_need_no_answer),
    TEST(unlinks_of_what_has_not_gone_leave_no_trace),
    TEST(unlinks_of_what_is_sent_in_part_end),
    TEST(forgotten_ones_leave_no_trace),
    TEST(unlinks_wait_for_the_end_of_a_record),
    TEST(done_ones_are_not_cancelled),
    TEST(abandoned_ones_can_be_cancelled),
    TEST(strays_end_the_connection),
};

TEST_MAIN(tests)
