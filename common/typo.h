/* The word that a user may have meant who has typed an unknown word. */
#ifndef COMMON_TYPO_H
#define COMMON_TYPO_H

#include <stddef.h>

struct typo {
    const char *typed;
    size_t len;
    const char *best; /* the nearest of the words offered that is near enough; or NULL */
    unsigned distance;
};

/* Begins with the first `len` bytes of the typed text, which stay the caller's, as do the words. */
void typo_begin(struct typo *t, const char *typed, size_t len);
void typo_offer(struct typo *t, const char *word);

#endif
