/* Reading a sub-command's arguments from one table, which also writes its help text. Long options take
 * `--name VALUE` or `--name=VALUE`, short ones `-j 4` or `-j4`; options and operands may be mixed; after `--`
 * everything is an operand. An unknown option is refused with the nearest name. */
#ifndef ASSAY_CLI_OPTIONS_H
#define ASSAY_CLI_OPTIONS_H

#include "base/error.h"

#include <stddef.h>

/* Several strings, borrowed from argv. Zeroed is empty; release with option_list_free. */
typedef struct {
    const char **item;
    size_t n;
} option_list;

typedef enum {
    OPTION_FLAG,  /* bool: given or not */
    OPTION_TEXT,  /* const char *: the last one given */
    OPTION_COUNT, /* int from 1 */
    OPTION_LIST,  /* option_list: every one given, in order */
} option_kind;

typedef struct {
    const char *name; /* "seed" for --seed, NULL if there is only a letter */
    char letter;      /* 'j' for -j, 0 if there is none */
    option_kind kind;
    void *to;          /* where the value goes, of the type its kind says; untouched if not given */
    const char *value; /* the value's name in the help, "N"; NULL for a flag */
    const char *doc;
} option;

/* Reads argv[1 .. argc-1]. `operands` receives what is no option (may be NULL: then there must be none).
 * Fails `unknown option --sed; did you mean --seed?`, `--seed needs a value`, `-j needs a whole number from
 * 1, not "x"`, `unexpected argument "x"`. */
bool options_read(int argc, char **argv, const option *table, size_t n, option_list *operands, as_error *e);

/* Appends; false when memory is out. */
bool option_list_add(option_list *list, const char *text);
void option_list_free(option_list *list);

/* The option as it is typed, for the help: "-j N", "--seed N". Returns `out`. */
const char *option_spelling(const option *o, char *out, size_t size);

#endif
