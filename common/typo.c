#include "typo.h"

#include <stdbool.h>
#include <string.h>

enum { WORD_MAX = 32 };

static unsigned least(unsigned a, unsigned b, unsigned c)
{
    unsigned least_of_two = a < b ? a : b;

    return least_of_two < c ? least_of_two : c;
}

static char small(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Letters to insert, to take out, to replace or to exchange with their neighbour (Damerau's and
 * Levenshtein's distance, of strings aligned). Both are shorter than WORD_MAX. */
static unsigned distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    unsigned d[WORD_MAX + 1][WORD_MAX + 1];

    for (unsigned i = 0; i <= a_len; i++)
        d[i][0] = i;
    for (unsigned j = 0; j <= b_len; j++)
        d[0][j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        for (size_t j = 1; j <= b_len; j++) {
            const bool same = small(a[i - 1]) == small(b[j - 1]);

            d[i][j] = least(d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + !same);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1, d[i][j]);
        }
    }
    return d[a_len][b_len];
}

void typo_begin(struct typo *t, const char *typed, size_t len)
{
    *t = (struct typo){.typed = typed, .len = len, .distance = len < 4 ? 2 : 3};
}

void typo_offer(struct typo *t, const char *word)
{
    const size_t len = strlen(word);

    if (t->len == 0 || t->len > WORD_MAX || len > WORD_MAX || len < 2)
        return;
    unsigned d = distance(t->typed, t->len, word, len);
    if (d < t->distance && d < len) {
        t->distance = d;
        t->best = word;
    }
}
