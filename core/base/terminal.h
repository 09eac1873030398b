/* Colours: on a terminal that knows them, and never when NO_COLOR is set. */
#ifndef ASSAY_BASE_TERMINAL_H
#define ASSAY_BASE_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

typedef enum {
    TERMINAL_PLAIN, /* ends the others */
    TERMINAL_BOLD,
    TERMINAL_GOOD,
    TERMINAL_BAD,
} terminal_style;

/* Whether `out` is a terminal that understands sequences: no file, no pipe, not TERM=dumb. */
bool terminal_understands(FILE *out);

/* The same, and NO_COLOR is unset or empty (https://no-color.org). */
bool terminal_colours(FILE *out);

/* The sequence that begins a style; "" unless `colours`. */
const char *terminal_sequence(bool colours, terminal_style style);

#endif
