/*
 * Fuzzes one role of comport (ROLE says which) with what its peer sends, and checks that the events
 * are the same however the bytes are cut: whole, in two at a place that the input chooses, and one
 * by one.
 */
#include <stdlib.h>

#include "comport_journal.h"

static struct end whole, cut;

static void feed(struct end *e, const uint8_t *data, size_t len)
{
    for (size_t used = 0; used < len && !comport_failed(e->comport);)
        used += comport_receive(e->comport, data + used, len - used);
}

static void compare(void)
{
    end_output(&whole);
    end_output(&cut);
    if (strcmp(whole.journal.text, cut.journal.text) != 0) {
        fprintf(stderr, "whole:\n%s\ncut:\n%s\n", whole.journal.text, cut.journal.text);
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len < 2)
        return 0;
    size_t at = (size_t)(data[0] << 8 | data[1]) % (len - 1);
    bool start = data[0] & 0x80;
    data += 2;
    len -= 2;
    at = at < len ? at : len;

    for (int by_one = 0; by_one < 2; by_one++) {
        end_begin(&whole, ROLE);
        end_begin(&cut, ROLE);
        if (start) {
            comport_start(whole.comport);
            comport_start(cut.comport);
        }
        feed(&whole, data, len);
        if (by_one) {
            for (size_t i = 0; i < len; i++)
                feed(&cut, data + i, 1);
        } else {
            cut.pause = true;
            feed(&cut, data, at);
            feed(&cut, data + at, len - at);
        }
        compare();
        comport_free(whole.comport);
        comport_free(cut.comport);
    }
    return 0;
}
