/* What stands where on a command's line, read from the texts of its help: a word in lower case is itself, one
 * in capitals says what is wanted. For the writers of completion scripts. */
#ifndef ASSAY_CLI_COMPLETION_H
#define ASSAY_CLI_COMPLETION_H

#include "cli/cli.h"

typedef enum {
    PLACE_FREE, /* nothing to offer */
    PLACE_FILE,
    PLACE_FOLDER,
    PLACE_RUN,
    PLACE_PLUGIN,
    PLACE_ARM,
    PLACE_DATA,
} place;

/* What the name of an operand or of an option's value stands for: "FILE.lua", "RUN", "KIND/NAME". */
place completion_place(const char *word, size_t n);

/* "lua" of "FILE.lua", "" of "FILE" and of a file to be written */
void completion_extension(const char *word, size_t n, char out[16]);

/* The operands to be typed as they stand, " WORD" each. */
void completion_literals(const command *c, FILE *out);
bool completion_has_literals(const command *c); /* they come first */

/* The i-th operand, from 0, of those that have something to offer, of equal ones in a row the first; NULL for
 * none. The second is told from the first by its ending. */
const char *completion_operand(const command *c, size_t i, size_t *n);

void completion_bash(FILE *out);
void completion_zsh(FILE *out);

#endif
