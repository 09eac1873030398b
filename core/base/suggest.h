/* "did you mean ...?" for misspelt names. */
#ifndef ASSAY_BASE_SUGGEST_H
#define ASSAY_BASE_SUGGEST_H

#include <stddef.h>

/* The candidate nearest to `word` by edit distance (swapped neighbours count one), or NULL when none is near
 * enough to be what was meant: at most a third of the word's length, at least one edit. */
const char *suggest(const char *word, const char *const *candidates, size_t n);

#endif
