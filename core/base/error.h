/* Why something failed, as one line for the person at the keyboard. Functions that can fail take an as_error,
 * fill it once and return false (or NULL); nobody but the command line prints. */
#ifndef ASSAY_BASE_ERROR_H
#define ASSAY_BASE_ERROR_H

#include <stdbool.h>

typedef struct {
    char text[1024]; /* empty while nothing failed */
} as_error;

/* Writes the text and returns false, so that `return error_set(e, ...)` reads well. The first text wins: a
 * later, less exact one does not replace it. */
bool error_set(as_error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
