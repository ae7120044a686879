/* The DFU state machine: every request in every state (DFU 1.1, A.2), status codes, and whole
 * downloads and uploads. */
#include "dfu.h"

#include "proto/usbip.h"
#include "test.h"

enum { OUT = 0x21, IN = 0xa1 };

static struct dfu dfu;
static uint64_t now_ms;
static uint8_t answer[DFU_BLOCK_MAX];
static uint8_t kept[8 * DFU_BLOCK_MAX];
static size_t kept_len;
static int keeps; /* what keep() returns */

static int keep(void *ctx, const uint8_t *data, size_t len)
{
    CHECK(ctx == &dfu && len <= sizeof kept);
    memcpy(kept, data, len);
    kept_len = len;
    return keeps;
}

static void begin(void)
{
    dfu_free(&dfu);
    dfu = (struct dfu){.keep = keep, .ctx = &dfu};
    keeps = 0;
    dfu_begin(&dfu, false);
}

static int ask(uint8_t type, uint8_t request, uint16_t value, uint16_t length)
{
    const struct usb_setup s = {type, request, value, 0, length};

    return dfu_control(&dfu, &s, answer, now_ms);
}

static int get_status(void)
{
    return ask(IN, DFU_GETSTATUS, 0, 6);
}

/* Asks for the status until it is this state, waiting as long as the device says. */
static void settle(enum dfu_state state)
{
    for (int i = 0; i < 4; i++) {
        CHECK(get_status() == 6 && answer[0] == DFU_OK && answer[2] == 0 && answer[3] == 0 &&
              answer[5] == 0);
        now_ms += answer[1];
        if (answer[4] == state)
            return;
    }
    CHECK(answer[4] == state);
}

static void send_block(uint16_t number, const void *data, uint16_t len)
{
    memcpy(answer, data, len);
    CHECK(ask(OUT, DFU_DNLOAD, number, len) == len);
}

/* Brings it to a state, by what is allowed. */
static void go_to(enum dfu_state state)
{
    begin();
    switch (state) {
    case DFU_APP_IDLE:
    case DFU_APP_DETACH:
        dfu_begin(&dfu, true);
        if (state == DFU_APP_DETACH)
            CHECK(ask(OUT, DFU_DETACH, 1000, 0) == 0);
        break;
    case DFU_IDLE:
    case DFU_MANIFEST_WAIT_RESET:
        break;
    case DFU_DNLOAD_SYNC:
    case DFU_DNBUSY:
    case DFU_DNLOAD_IDLE:
        send_block(0, "block", 5);
        if (state == DFU_DNBUSY)
            get_status();
        else if (state == DFU_DNLOAD_IDLE)
            settle(state);
        break;
    case DFU_MANIFEST_SYNC:
    case DFU_MANIFEST:
        go_to(DFU_DNLOAD_IDLE);
        CHECK(ask(OUT, DFU_DNLOAD, 1, 0) == 0);
        if (state == DFU_MANIFEST)
            get_status();
        break;
    case DFU_UPLOAD_IDLE:
        dfu.firmware = calloc(1, 100);
        dfu.len = 100;
        CHECK(ask(IN, DFU_UPLOAD, 0, 64) == 64);
        break;
    case DFU_ERROR:
        CHECK(ask(OUT, DFU_DNLOAD, 0, 0) == USBIP_EPIPE);
        break;
    }
    if (state != DFU_MANIFEST_WAIT_RESET)
        CHECK(dfu.state == state);
}

static const struct {
    const char *what;
    struct usb_setup setup;
} requests[] = {
    {"DETACH", {OUT, DFU_DETACH, 1000, 0, 0}},
    {"DNLOAD", {OUT, DFU_DNLOAD, 0, 0, 4}},
    {"DNLOAD 1", {OUT, DFU_DNLOAD, 1, 0, 4}},
    {"DNLOAD end", {OUT, DFU_DNLOAD, 1, 0, 0}},
    {"UPLOAD", {IN, DFU_UPLOAD, 0, 0, 64}},
    {"UPLOAD 1", {IN, DFU_UPLOAD, 1, 0, 64}},
    {"GETSTATUS", {IN, DFU_GETSTATUS, 0, 0, 6}},
    {"CLRSTATUS", {OUT, DFU_CLRSTATUS, 0, 0, 0}},
    {"GETSTATE", {IN, DFU_GETSTATE, 0, 0, 1}},
    {"ABORT", {OUT, DFU_ABORT, 0, 0, 0}},
    {"no such request", {OUT, 7, 0, 0, 0}},
    {"the wrong way", {OUT, DFU_GETSTATUS, 0, 0, 6}},
    {"another interface", {IN, DFU_GETSTATUS, 0, 1, 6}},
    {"a vendor's", {0xc1, 3, 0, 0, 6}},
};

enum { REQUESTS = sizeof requests / sizeof *requests };

/* What follows: the next state, with STALL or without. */
enum { STALL = 0x80, ERR = STALL | DFU_ERROR };
static const struct {
    enum dfu_state state;
    uint8_t next[REQUESTS];
} table[] = {
#define STALLS(n) STALL | n, STALL | n, STALL | n, STALL | n
    /* DETACH, DNLOAD, 1, end, UPLOAD, 1, GETSTATUS, CLRSTATUS, GETSTATE, ABORT, then wrong ones */
    {DFU_APP_IDLE,
     {1, STALL, STALL, STALL, STALL, STALL, 0, STALL, 0, STALL, STALLS(DFU_APP_IDLE)}},
    {DFU_APP_DETACH,
     {STALL, STALL, STALL, STALL, STALL, STALL, 1, STALL, 1, STALL, STALLS(DFU_APP_IDLE)}},
    {DFU_IDLE,
     {DFU_IDLE, DFU_DNLOAD_SYNC, ERR, ERR, DFU_IDLE, ERR, DFU_IDLE, ERR, DFU_IDLE, DFU_IDLE,
      STALLS(DFU_ERROR)}},
    {DFU_DNLOAD_SYNC,
     {ERR, ERR, ERR, ERR, ERR, ERR, DFU_DNBUSY, ERR, DFU_DNLOAD_SYNC, ERR, STALLS(DFU_ERROR)}},
    {DFU_DNBUSY, {ERR, ERR, ERR, ERR, ERR, ERR, ERR, ERR, ERR, ERR, STALLS(DFU_ERROR)}},
    {DFU_DNLOAD_IDLE,
     {ERR, ERR, DFU_DNLOAD_SYNC, DFU_MANIFEST_SYNC, ERR, ERR, DFU_DNLOAD_IDLE, ERR, DFU_DNLOAD_IDLE,
      DFU_IDLE, STALLS(DFU_ERROR)}},
    {DFU_MANIFEST_SYNC,
     {ERR, ERR, ERR, ERR, ERR, ERR, DFU_MANIFEST, ERR, DFU_MANIFEST_SYNC, ERR, STALLS(DFU_ERROR)}},
    {DFU_MANIFEST, {ERR, ERR, ERR, ERR, ERR, ERR, ERR, ERR, ERR, ERR, STALLS(DFU_ERROR)}},
    {DFU_UPLOAD_IDLE,
     {ERR, ERR, ERR, ERR, ERR, DFU_IDLE, DFU_UPLOAD_IDLE, ERR, DFU_UPLOAD_IDLE, DFU_IDLE,
      STALLS(DFU_ERROR)}},
    {DFU_ERROR,
     {ERR, ERR, ERR, ERR, ERR, ERR, DFU_ERROR, DFU_IDLE, DFU_ERROR, ERR, STALLS(DFU_ERROR)}},
};

static void every_request_in_every_state(void)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        for (int r = 0; r < REQUESTS; r++) {
            const unsigned next = table[i].next[r];

            go_to(table[i].state);
            const enum dfu_status before = dfu.status;
            int got = dfu_control(&dfu, &requests[r].setup, answer, now_ms);
            if ((got == USBIP_EPIPE) != (next >= STALL) || dfu.state != (next & 0x7f))
                fprintf(stderr, "state %d, %s: state %d, %d\n", (int)table[i].state,
                        requests[r].what, (int)dfu.state, got);
            CHECK((got == USBIP_EPIPE) == (next >= STALL));
            CHECK(dfu.state == (next & 0x7f));
            if (dfu.state == DFU_ERROR && table[i].state != DFU_ERROR)
                CHECK(dfu.status != DFU_OK);
            else if (dfu.state == DFU_ERROR)
                CHECK(dfu.status == before);
            else
                CHECK(dfu.status == DFU_OK);
            CHECK(!dfu.leaving || (table[i].state == DFU_IDLE && r == 0));
        }
    }
}

static void errors_say_what_was_wrong(void)
{
    go_to(DFU_IDLE);
    memset(answer, 0, sizeof answer);
    CHECK(ask(OUT, DFU_DNLOAD, 1, 4) == USBIP_EPIPE); /* begins with 0 */
    CHECK(get_status() == 6 && answer[0] == DFU_ERR_ADDRESS && answer[4] == DFU_ERROR);
    CHECK(ask(OUT, DFU_CLRSTATUS, 0, 0) == 0);
    CHECK(get_status() == 6 && answer[0] == DFU_OK && answer[4] == DFU_IDLE);
    CHECK(ask(OUT, DFU_ABORT, 0, 0) == 0 && ask(OUT, DFU_CLRSTATUS, 0, 0) == USBIP_EPIPE);
    CHECK(get_status() == 6 && answer[0] == DFU_ERR_STALLEDPKT);
    go_to(DFU_DNLOAD_IDLE);
    CHECK(ask(OUT, DFU_DNLOAD, 1, 0) == 0);
    keeps = -1;
    CHECK(get_status() == 6 && answer[0] == DFU_ERR_WRITE && answer[4] == DFU_ERROR);
    CHECK(dfu.len == 0);
    static uint8_t large[DFU_BLOCK_MAX + 1];
    const struct usb_setup too_large = {OUT, DFU_DNLOAD, 0, 0, sizeof large};
    go_to(DFU_IDLE);
    CHECK(dfu_control(&dfu, &too_large, large, 0) == USBIP_EPIPE);
    CHECK(get_status() == 6 && answer[0] == DFU_ERR_STALLEDPKT);
    begin();
    for (unsigned n = 0; n < DFU_FIRMWARE_MAX / DFU_BLOCK_MAX; n++) {
        CHECK(ask(OUT, DFU_DNLOAD, (uint16_t)n, DFU_BLOCK_MAX) == DFU_BLOCK_MAX);
        settle(DFU_DNLOAD_IDLE);
    }
    CHECK(ask(OUT, DFU_DNLOAD, DFU_FIRMWARE_MAX / DFU_BLOCK_MAX, 1) == USBIP_EPIPE);
    CHECK(get_status() == 6 && answer[0] == DFU_ERR_ADDRESS);
}

static void a_block_takes_its_time(void)
{
    go_to(DFU_IDLE);
    send_block(0, "abc", 3);
    CHECK(get_status() == 6 && answer[1] == DFU_BLOCK_MS && answer[4] == DFU_DNBUSY);
    now_ms += DFU_BLOCK_MS;
    CHECK(get_status() == 6 && answer[1] == 0 && answer[4] == DFU_DNLOAD_IDLE);
    go_to(DFU_IDLE);
    send_block(0, "abc", 3);
    CHECK(get_status() == 6);
    now_ms += DFU_BLOCK_MS - 1;
    CHECK(get_status() == USBIP_EPIPE && dfu.state == DFU_ERROR);
}

/* Sends a firmware in blocks of `size`, as dfu-util does. */
static void download(const uint8_t *data, size_t len, size_t size)
{
    uint16_t block = 0;

    for (size_t at = 0; at < len; at += size, block++) {
        send_block(block, data + at, (uint16_t)(len - at < size ? len - at : size));
        settle(DFU_DNLOAD_IDLE);
    }
    CHECK(ask(OUT, DFU_DNLOAD, block, 0) == 0);
    CHECK(get_status() == 6 && answer[1] == DFU_MANIFEST_MS && answer[4] == DFU_MANIFEST);
    now_ms += DFU_MANIFEST_MS;
    CHECK(get_status() == 6 && answer[0] == DFU_OK && answer[4] == DFU_IDLE);
}

static size_t upload(uint8_t *data, uint16_t size)
{
    size_t len = 0;
    uint16_t block = 0;

    for (;;) {
        int n = ask(IN, DFU_UPLOAD, block++, size);

        CHECK(n >= 0 && n <= size);
        memcpy(data + len, answer, (size_t)n);
        len += (size_t)n;
        CHECK(dfu.state == (n < size ? DFU_IDLE : DFU_UPLOAD_IDLE));
        if (n < size)
            return len;
    }
}

static void what_is_sent_comes_back(void)
{
    static uint8_t sent[4 * DFU_BLOCK_MAX], back[5 * DFU_BLOCK_MAX];
    static const size_t lengths[] = {1, 63, 64, 65, 1023, 1024, 1025, 4096};
    static const uint16_t sizes[] = {64, 1000, 1024};

    for (size_t i = 0; i < sizeof sent; i++)
        sent[i] = (uint8_t)(i * 7 + i / 256);
    begin();
    CHECK(upload(back, 64) == 0); /* nothing yet */
    for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++) {
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            const size_t len = lengths[l];

            download(sent, len, sizes[s]);
            CHECK(kept_len == len && memcmp(kept, sent, len) == 0);
            for (size_t u = 0; u < sizeof sizes / sizeof *sizes; u++)
                CHECK(upload(back, sizes[u]) == len && memcmp(back, sent, len) == 0);
        }
    }
}

static void what_is_not_complete_changes_nothing(void)
{
    static uint8_t back[DFU_BLOCK_MAX + 64];

    begin();
    download((const uint8_t *)"first", 5, 64);
    send_block(0, "second", 6);
    settle(DFU_DNLOAD_IDLE);
    CHECK(ask(OUT, DFU_ABORT, 0, 0) == 0);
    CHECK(upload(back, 64) == 5 && memcmp(back, "first", 5) == 0);
    send_block(0, "third", 5);
    dfu_interrupt(&dfu); /* the client has gone */
    CHECK(dfu.state == DFU_IDLE && upload(back, 64) == 5 && memcmp(back, "first", 5) == 0);
    download((const uint8_t *)"more than that", 14, 64); /* blocks begin with 0 again */
    CHECK(upload(back, 64) == 14);
}

static void modes_change_when_they_are_to(void)
{
    begin();
    dfu_begin(&dfu, true);
    CHECK(!dfu_is_leaving(&dfu));
    dfu_bus_reset(&dfu);
    CHECK(!dfu_is_leaving(&dfu) && dfu.state == DFU_APP_IDLE);
    CHECK(ask(OUT, DFU_DETACH, 1000, 0) == 0 && dfu_is_leaving(&dfu));
    dfu_interrupt(&dfu); /* who has asked for it does not wait */
    CHECK(dfu_is_leaving(&dfu));
    CHECK(ask(OUT, DFU_ABORT, 0, 0) == USBIP_EPIPE && !dfu_is_leaving(&dfu)); /* A.2.2 */
    dfu_begin(&dfu, false);
    dfu_bus_reset(&dfu); /* of an enumeration */
    CHECK(!dfu_is_leaving(&dfu) && dfu.state == DFU_IDLE);
    CHECK(ask(OUT, DFU_DETACH, 1000, 0) == 0 && dfu_is_leaving(&dfu)); /* dfu-util -R */
    dfu_begin(&dfu, false);
    CHECK(!dfu_is_leaving(&dfu));
    download((const uint8_t *)"new", 3, 64);
    CHECK(!dfu_is_leaving(&dfu));
    dfu_bus_reset(&dfu);
    CHECK(dfu_is_leaving(&dfu));
    dfu_begin(&dfu, true);
    CHECK(!dfu_is_leaving(&dfu) && dfu.state == DFU_APP_IDLE && dfu.len == 3);
    dfu_free(&dfu);
}

static void short_answers(void)
{
    begin();
    for (uint16_t len = 0; len < 6; len++)
        CHECK(ask(IN, DFU_GETSTATUS, 0, len) == len);
    CHECK(ask(IN, DFU_GETSTATE, 0, 0) == 0);
    CHECK(ask(IN, DFU_GETSTATE, 0, 1) == 1 && answer[0] == DFU_IDLE);
    CHECK(ask(IN, DFU_UPLOAD, 0, 0) == USBIP_EPIPE);
    dfu_free(&dfu);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(every_request_in_every_state),
        TEST(errors_say_what_was_wrong),
        TEST(a_block_takes_its_time),
        TEST(what_is_sent_comes_back),
        TEST(what_is_not_complete_changes_nothing),
        TEST(modes_change_when_they_are_to),
        TEST(short_answers),
    };

    int r = test_main(argc, argv, tests, sizeof tests / sizeof *tests);
    dfu_free(&dfu);
    return r;
}
