/*
 * URBs of an imported device and their answers: in any order, cut at every byte, posted, and what
 * no server should say.
 */
#include "usbip_link_stage.h"

static void answers_come_in_any_order(void)
{
    uint8_t in[64], out[3] = "out", bytes[128];

    begin();
    struct usbip_link_urb *first = urb(0x81, in, sizeof in), *second = urb(0x02, out, sizeof out);
    usbip_link_submit(&the_link, first);
    usbip_link_submit(&the_link, second);
    struct usbip_urb a = got_urb(), b = got_urb();
    CHECK(a.command == USBIP_CMD_SUBMIT && a.devid == DEVID && a.ep == 1 && a.length == 64);
    CHECK(a.direction == USBIP_DIR_IN && b.direction == USBIP_DIR_OUT && b.ep == 2);
    CHECK(got(bytes, sizeof bytes) == 3 && memcmp(bytes, "out", 3) == 0);
    answer(b.seqnum, 0, 3, NULL);
    takes(second, 0, 3);
    answer(a.seqnum, USBIP_EPIPE, 2, "in"); /* data come whatever the status is */
    CHECK(memcmp(in, "in", 2) == 0);
    takes(first, USBIP_EPIPE, 2);
    CHECK(!usbip_link_take(&the_link));
    end();
}

static void answers_are_cut_at_every_byte(void)
{
    uint8_t bytes[2 * USBIP_URB_SIZE + 5];

    for (size_t cut = 1; cut < sizeof bytes; cut++) {
        uint8_t in[64], other[64];

        begin();
        struct usbip_link_urb *first = urb(0x81, in, 64), *second = urb(0x81, other, 64);
        usbip_link_submit(&the_link, first);
        usbip_link_submit(&the_link, second);
        size_t len = put_answer(bytes, got_urb().seqnum, 0, 5, "hello");
        len += put_answer(bytes + len, got_urb().seqnum, 0, 0, NULL);
        CHECK(len == sizeof bytes);
        say(bytes, cut);
        usbip_link_step(&the_link);
        say(bytes + cut, len - cut);
        usbip_link_step(&the_link);
        CHECK(memcmp(in, "hello", 5) == 0);
        takes(first, 0, 5);
        takes(second, 0, 0);
        end();
        /* the end in the middle: nothing is left waiting */
        begin();
        first = urb(0x81, in, 64);
        usbip_link_submit(&the_link, first);
        put_answer(bytes, got_urb().seqnum, 0, 5, "hello");
        say(bytes, cut < USBIP_URB_SIZE + 5 ? cut : USBIP_URB_SIZE);
        close(server);
        usbip_link_step(&the_link); /* the bytes, */
        usbip_link_step(&the_link); /* and the end */
        CHECK(the_link.fd < 0 && usbip_link_take(&the_link) == first &&
              first->status == USBIP_ESHUTDOWN);
        usbip_link_urb_free(first);
        usbip_link_free(&the_link);
    }
}

static struct usbip_link_urb *post(size_t length)
{
    static uint8_t data[USBIP_LINK_POSTED_MAX];
    struct usbip_link_urb *u = urb(0x02, data, length);

    u->post = true;
    usbip_link_submit(&the_link, u);
    return u;
}

static void posted_ones_are_done_when_sent(void)
{
    uint8_t bytes[1 << 16], in[8];
    uint32_t seqnum = 0;

    begin();
    for (int i = 0; i < USBIP_LINK_POSTED_COUNT; i++)
        takes(post(1), 0, 1);
    struct usbip_link_urb *over = post(1); /* the window is full */
    CHECK(!usbip_link_take(&the_link) && !usbip_link_wants_to_send(&the_link));
    CHECK(got(bytes, sizeof bytes) == USBIP_LINK_POSTED_COUNT * (USBIP_URB_SIZE + 1));
    answer(++seqnum, 0, 1, NULL);
    takes(over, 0, 1);
    /* a barrier is sent when all are answered, and what is behind it after it */
    struct usbip_link_urb *barrier = urb(0x80, in, 8), *behind = urb(0x81, in, 8);
    barrier->barrier = true;
    got_urb();
    got(bytes, sizeof bytes);
    usbip_link_submit(&the_link, barrier);
    usbip_link_submit(&the_link, behind);
    while (seqnum < USBIP_LINK_POSTED_COUNT)
        answer(++seqnum, 0, 1, NULL);
    CHECK(got(bytes, sizeof bytes) == 0);
    answer(++seqnum, USBIP_EPIPE, 0, NULL); /* nobody waits for it, but it is remembered */
    CHECK(the_link.posted_error == USBIP_EPIPE && the_link.urbs.posted_count == 0 &&
          the_link.urbs.posted_bytes == 0);
    CHECK(got_urb().ep == 0 && got_urb().ep == 1);
    answer(++seqnum, 0, 0, NULL);
    takes(barrier, 0, 0);
    answer(++seqnum, 0, 0, NULL);
    takes(behind, 0, 0);
    end();
}

static void data_are_posted_without_a_urb(void)
{
    static const uint8_t large[USBIP_LINK_POSTED_MAX + 1];
    uint8_t out[] = "ab", bytes[4096];

    begin();
    CHECK(!usbip_link_post(&the_link, 0x02, large, sizeof large)); /* more than the window */
    CHECK(usbip_link_post(&the_link, 0x02, out, 2));
    CHECK(usbip_link_post(&the_link, 0x02, NULL, 0));
    CHECK(the_link.urbs.posted_count == 2 && the_link.urbs.posted_bytes == 2);
    struct usbip_urb first = got_urb();
    CHECK(first.ep == 2 && first.direction == USBIP_DIR_OUT && first.length == 2);
    CHECK(got(bytes, 2) == 2 && memcmp(bytes, "ab", 2) == 0);
    CHECK(got_urb().length == 0);
    answer(first.seqnum, 0, 2, NULL);
    CHECK(the_link.urbs.posted_count == 1);
    answer(first.seqnum + 1, USBIP_EPIPE, 0, NULL);
    CHECK(the_link.urbs.posted_count == 0 && !usbip_link_take(&the_link));
    CHECK(the_link.posted_error == USBIP_EPIPE);
    CHECK(!usbip_link_post(&the_link, 0x02, out, 2)); /* that is to be told first */
    the_link.posted_error = 0;
    for (int i = 0; i < USBIP_LINK_POSTED_COUNT; i++)
        CHECK(usbip_link_post(&the_link, 0x02, out, 1));
    CHECK(!usbip_link_post(&the_link, 0x02, out, 1)); /* the window is full */
    end();
    CHECK(!usbip_link_post(&the_link, 0x02, out, 1));
}

/* What the connection does not take at once is a copy, and others do not overtake it. */
static void posted_data_may_change(void)
{
    uint8_t out[] = "old", bytes[4096];

    begin();
    while (send(the_link.fd, bytes, 1, MSG_DONTWAIT) > 0)
        ;
    CHECK(usbip_link_post(&the_link, 0x02, out, 3));
    CHECK(the_link.urbs.first && the_link.urbs.posted_count == 0);
    memcpy(out, "new", 3);
    CHECK(!usbip_link_post(&the_link, 0x02, out, 3));
    while (got(bytes, sizeof bytes) > 0)
        ;
    usbip_link_step(&the_link);
    uint32_t seqnum = got_urb().seqnum;
    CHECK(got(bytes, sizeof bytes) == 3 && memcmp(bytes, "old", 3) == 0);
    CHECK(!the_link.urbs.first && the_link.urbs.posted_count == 1);
    answer(seqnum, 0, 3, NULL);
    CHECK(the_link.urbs.posted_count == 0 && !usbip_link_take(&the_link));
    while (send(the_link.fd, bytes, 1, MSG_DONTWAIT) > 0)
        ;
    CHECK(usbip_link_post(&the_link, 0x02, out, 3)); /* and is freed when the link ends */
    end();
}

static void posted_bytes_are_bounded(void)
{
    uint8_t bytes[2 * USBIP_LINK_POSTED_MAX];

    begin();
    takes(post(USBIP_LINK_POSTED_MAX), 0, USBIP_LINK_POSTED_MAX);
    struct usbip_link_urb *over = post(1);
    CHECK(!usbip_link_take(&the_link));
    while (got(bytes, sizeof bytes) > 0)
        ;
    answer(1, 0, USBIP_LINK_POSTED_MAX, NULL);
    takes(over, 0, 1);
    CHECK(!usbip_sync_flush(&the_link, 50)); /* one is not answered */
    end();
}

/* What is larger than the window is waited for, or nobody would hear that the device takes nothing.
 */
static void large_ones_are_not_posted(void)
{
    static uint8_t data[USBIP_LINK_POSTED_MAX + 1], bytes[2 * USBIP_LINK_POSTED_MAX];
    size_t sum = 0;

    begin();
    takes(post(1), 0, 1);
    struct usbip_link_urb *large = urb(0x02, data, sizeof data);
    large->post = true;
    usbip_link_submit(&the_link, large);
    for (int i = 0; i < 1000; i++) { /* they do not wait for each other */
        sum += got(bytes, sizeof bytes);
        usbip_link_step(&the_link);
    }
    CHECK(sum == 2 * USBIP_URB_SIZE + 1 + sizeof data);
    CHECK(!usbip_link_take(&the_link));
    answer(1, 0, 1, NULL);
    answer(2, USBIP_ETIMEDOUT, 4096, NULL);
    takes(large, USBIP_ETIMEDOUT, 4096);
    CHECK(the_link.posted_error == 0 && the_link.urbs.posted_bytes == 0);
    end();
}

static void large_ones_are_sent_in_parts(void)
{
    enum { SIZE = 1 << 20 };
    static uint8_t data[SIZE], bytes[SIZE];
    size_t sum = 0;

    begin();
    for (size_t i = 0; i < SIZE; i++)
        data[i] = (uint8_t)(i * 7 >> 3);
    struct usbip_link_urb *u = urb(0x02, data, SIZE), *waiting = urb(0x81, bytes, 8);
    usbip_link_submit(&the_link, u);
    usbip_link_submit(&the_link, waiting);
    CHECK(usbip_link_wants_to_send(&the_link));
    usbip_link_unlink(&the_link, waiting); /* nothing of it is sent */
    takes(waiting, USBIP_ECONNRESET, 0);
    const uint32_t seqnum = got_urb().seqnum;
    while (sum < SIZE) {
        sum += got(bytes + sum, SIZE - sum);
        usbip_link_step(&the_link);
    }
    CHECK(memcmp(data, bytes, SIZE) == 0);
    answer(seqnum, 0, SIZE, NULL);
    takes(u, 0, SIZE);
    CHECK(got(bytes, SIZE) == 0);
    end();
}

static void packets_get_their_places(void)
{
    uint8_t in[30], bytes[USBIP_URB_SIZE + 5 + 3 * USBIP_PACKET_SIZE];

    begin();
    struct usbip_link_urb *u = usbip_link_urb_new(3);
    u->owner = &the_link;
    u->address = 0x83;
    u->data = in;
    u->length = sizeof in;
    for (uint32_t i = 0; i < 3; i++)
        u->packets[i] = (struct usbip_packet){.offset = 10 * i, .length = 10};
    usbip_link_submit(&the_link, u);
    const struct usbip_urb sent = got_urb();
    CHECK(sent.packets == 3 && got(bytes, sizeof bytes) == 3 * USBIP_PACKET_SIZE);
    const struct usbip_urb head = {
        .command = USBIP_RET_SUBMIT, .seqnum = sent.seqnum, .actual = 5, .packets = 3};
    const uint32_t sizes[] = {2, 0, 3};
    usbip_put_urb(&head, bytes);
    memcpy(bytes + USBIP_URB_SIZE, "aaccc", 5);
    for (uint32_t i = 0; i < 3; i++) {
        const struct usbip_packet p = {.offset = 10 * i, .length = 10, .actual = sizes[i]};

        usbip_put_packet(&p, bytes + USBIP_URB_SIZE + 5 + i * USBIP_PACKET_SIZE);
    }
    say(bytes, sizeof bytes);
    usbip_link_step(&the_link);
    CHECK(memcmp(in, "aa", 2) == 0 && memcmp(in + 20, "ccc", 3) == 0);
    CHECK(u->packets[0].actual == 2 && u->packets[1].actual == 0 && u->packets[2].actual == 3);
    takes(u, 0, 5);
    end();
}

/* Two packets of 10 bytes to or from an endpoint, answered by what the server says of them and, if
 * it is IN, so many bytes. */
static struct usbip_link_urb *answered_packets(uint8_t address, uint8_t *data,
                                               const struct usbip_packet told[static 2], int actual)
{
    uint8_t bytes[USBIP_URB_SIZE + 20 + 2 * USBIP_PACKET_SIZE] = {0};
    struct usbip_link_urb *u = usbip_link_urb_new(2);
    size_t len = USBIP_URB_SIZE + (address & 0x80 ? (size_t)actual : 0);

    u->owner = &the_link;
    u->address = address;
    u->data = data;
    u->length = 20;
    for (uint32_t i = 0; i < 2; i++)
        u->packets[i] = (struct usbip_packet){.offset = 10 * i, .length = 10};
    usbip_link_submit(&the_link, u);
    const struct usbip_urb head = {
        .command = USBIP_RET_SUBMIT, .seqnum = got_urb().seqnum, .actual = actual, .packets = 2};
    while (got(bytes, sizeof bytes) > 0)
        ;
    usbip_put_urb(&head, bytes);
    memset(bytes + USBIP_URB_SIZE, 'x', 20);
    for (size_t i = 0; i < 2; i++, len += USBIP_PACKET_SIZE)
        usbip_put_packet(&told[i], bytes + len);
    say(bytes, len);
    usbip_link_step(&the_link);
    return u;
}

static void packets_move_no_more_than_was_asked(void)
{
    static const struct usbip_packet large[] = {{.actual = 0}, {.actual = 11}},
                                     huge[] = {{.actual = INT32_MAX}, {.actual = INT32_MAX}},
                                     elsewhere[] = {{.offset = 20, .length = 99, .actual = 3},
                                                    {.offset = 0, .length = 0, .actual = 2}};
    for (int in = 0; in < 2; in++) {
        const uint8_t address = in ? 0x83 : 0x03;
        uint8_t data[20] = {0};

        for (int lie = 0; lie < 2; lie++) {
            begin();
            takes(answered_packets(address, data, lie ? huge : large, 11), USBIP_ESHUTDOWN, 0);
            CHECK(the_link.fd < 0 && the_link.error == -EPROTO);
            end();
        }
        memset(data, 0, sizeof data);
        begin(); /* where they lie is not the server's to say */
        struct usbip_link_urb *u = answered_packets(address, data, elsewhere, 5);
        CHECK(u->packets[0].offset == 0 && u->packets[1].offset == 10);
        CHECK(u->packets[0].length == 10 && u->packets[0].actual == 3 && u->packets[1].actual == 2);
        CHECK(!in || (memcmp(data, "xxx", 3) == 0 && memcmp(data + 10, "xx", 3) == 0));
        takes(u, 0, 5);
        end();
    }
}

/* Small servers send a whole string, whatever was asked for: the rest of it goes nowhere, however
 * it comes, and what stands behind it is the next answer. */
static void answers_longer_than_asked_are_cut(void)
{
    static uint8_t bytes[2 * USBIP_URB_SIZE + 40000 + 3];
    static const size_t lengths[] = {9, 300, 40000}; /* the last one is read into place, in part */

    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        const size_t cuts[] = {1,
                               USBIP_URB_SIZE,
                               USBIP_URB_SIZE + 5,
                               USBIP_URB_SIZE + 8,
                               USBIP_URB_SIZE + 9,
                               USBIP_URB_SIZE + lengths[i]};

        for (size_t k = 0; k < sizeof cuts / sizeof *cuts; k++) {
            uint8_t in[16], other[8];

            begin();
            memset(in, '.', sizeof in);
            struct usbip_link_urb *u = urb(0x81, in, 8), *next = urb(0x81, other, 8);
            usbip_link_submit(&the_link, u);
            usbip_link_submit(&the_link, next);
            memset(bytes, 'x', sizeof bytes);
            put_answer(bytes, got_urb().seqnum, 0, (int)lengths[i], NULL);
            size_t len = USBIP_URB_SIZE + lengths[i];
            len += put_answer(bytes + len, got_urb().seqnum, 0, 3, "abc");
            say(bytes, cuts[k]);
            usbip_link_step(&the_link);
            say(bytes + cuts[k], len - cuts[k]);
            usbip_link_step(&the_link);
            usbip_link_step(&the_link);
            CHECK(memcmp(in, "xxxxxxxx........", 16) == 0 && memcmp(other, "abc", 3) == 0);
            takes(u, 0, 8);
            takes(next, 0, 3);
            end();
        }
    }
}

static void lies_end_the_connection(void)
{
    for (int lie = 0; lie < 6; lie++) {
        uint8_t in[8], bytes[256] = {0};
        struct usbip_urb head = {.command = USBIP_RET_SUBMIT};

        begin();
        struct usbip_link_urb *u = urb(0x81, in, sizeof in);
        usbip_link_submit(&the_link, u);
        head.seqnum = got_urb().seqnum;
        if (lie == 0)
            head.actual = 8 + USBIP_LINK_EXCESS_MAX + 1; /* more than anybody sends by mistake */
        if (lie == 1)
            head.actual = INT32_MAX;
        if (lie == 2)
            head.actual = -1;
        if (lie == 3)
            head.seqnum += 7; /* nothing that was asked */
        if (lie == 4)
            head.command = USBIP_CMD_SUBMIT;
        usbip_put_urb(&head, bytes);
        if (lie == 5)
            memset(bytes, 'x', sizeof bytes);
        say(bytes, sizeof bytes);
        usbip_link_step(&the_link);
        CHECK(the_link.fd < 0);
        takes(u, USBIP_ESHUTDOWN, 0);
        struct usbip_link_urb *late = urb(0x81, in, sizeof in);
        usbip_link_submit(&the_link, late);
        takes(late, USBIP_ESHUTDOWN, 0);
        end();
    }
}

static void answers_come_once(void)
{
    uint8_t in[8];

    begin();
    struct usbip_link_urb *u = urb(0x81, in, sizeof in);
    usbip_link_submit(&the_link, u);
    const uint32_t seqnum = got_urb().seqnum;
    answer(seqnum, 0, 0, NULL);
    takes(u, 0, 0);
    answer(seqnum, 0, 0, NULL);
    CHECK(the_link.fd < 0 && !usbip_link_take(&the_link));
    end();
}

static void waiting_ends(void)
{
    const uint8_t setup[8] = {0x80, 6, 0, 1, 0, 0, 18, 0};
    uint8_t data[18], in[8];

    begin();
    struct usbip_link_urb *other = urb(0x81, in, sizeof in);
    usbip_link_submit(&the_link, other);
    const uint32_t seqnum = got_urb().seqnum;
    CHECK(usbip_sync_control(&the_link, setup, data, 50) == USBIP_ETIMEDOUT);
    answer(seqnum, 0, 0, NULL); /* what else is under way goes on */
    takes(other, 0, 0);
    close(server);
    CHECK(usbip_sync_control(&the_link, setup, data, 5000) == USBIP_ESHUTDOWN);
    usbip_link_free(&the_link);
}

static const struct test tests[] = {
    TEST(answers_come_in_any_order),
    TEST(answers_are_cut_at_every_byte),
    TEST(posted_ones_are_done_when_sent),
    TEST(data_are_posted_without_a_urb),
    TEST(posted_data_may_change),
    TEST(posted_bytes_are_bounded),
    TEST(large_ones_are_not_posted),
    TEST(large_ones_are_sent_in_parts),
    TEST(packets_get_their_places),
    TEST(packets_move_no_more_than_was_asked),
    TEST(answers_longer_than_asked_are_cut),
    TEST(lies_end_the_connection),
    TEST(answers_come_once),
    TEST(waiting_ends),
};

TEST_MAIN(tests)
