/* The sub-commands of `assay`. Results go to stdout, everything said to the person to stderr; exit codes are
 * 0 ok, 1 failed, 2 wrong use. */
#ifndef ASSAY_CLI_CLI_H
#define ASSAY_CLI_CLI_H

#include "cli/options.h"
#include "results/query.h"
#include "results/store.h"

#include <stdio.h>

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

#define COUNT_OF(a) (sizeof(a) / sizeof *(a))

typedef struct command {
    const char *name;
    const char *doc;      /* one line */
    const char *operands; /* what follows "assay NAME" beside the options */
    const char *example;  /* one line, as typed */
    const char *more;     /* lines for the help, each ended; NULL for none */
    const option *options;
    size_t n_options;
    int (*run)(const struct command *self, int argc, char **argv); /* -> the exit code */
} command;

extern const command command_run, command_sweep, command_tune, command_runs, command_show, command_query,
    command_repl, command_script, command_plugins, command_data, command_note, command_tag, command_compare,
    command_rerun, command_rm, command_gc, command_db, command_export, command_reproduce, command_claims,
    command_build, command_test, command_bench, command_doctor, command_completion, command_plot,
    command_report, command_serve;

/* All of them (commands.c): dispatch, help, completion and the manual page follow from the list. */
extern const command *const commands[];
extern const size_t n_commands;

const command *command_find(const char *name); /* NULL for another word */
extern const char commands_about[];            /* what Assay is, in a sentence */
void commands_overview(FILE *out);
void commands_manual(FILE *out, const char *version); /* assay(1) as roff, from the same tables (manual.c) */
void command_help(const command *self, FILE *out);

/* The name is no command's: says so, with the nearest one. Returns EXIT_USAGE. */
int command_unknown(const char *word);

/* Reads the arguments by the command's own table; `operands` may be NULL if there must be none. On failure
 * says why and returns false: the command then returns EXIT_USAGE. */
bool command_read(const command *self, int argc, char **argv, option_list *operands);

/* "assay run: TEXT" on stderr. Returns EXIT_USAGE. */
int command_misused(const command *self, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The error's line on stderr, as it is: such lines begin with the file they are about. Returns EXIT_FAILED.
 */
int command_failed(const as_error *e);

/* What --threads of a command gave goes to the engines it starts; 0: not given. */
bool command_threads(int n, as_error *e);

/* --trace-nan of a command: for the engines it starts. */
bool command_trace_nan(bool wanted, as_error *e);

/* The options --json, --csv and --md of a command that prints tables. */
typedef struct {
    bool json, csv, md;
} command_format;

/* -> the one chosen, the plain table if none is; false (and said) if there are several */
bool command_format_chosen(const command *self, const command_format *flags, query_format *format);

/* Opens the database of --db (NULL: not given) for reading; NULL (and said) if that fails. */
store *command_open(const char *db);

/* The same for writing; a file that is not there is not made. */
store *command_open_writing(const char *db);

/* What differs between what two runs were made from (code, data, machine), as compare prints it. */
bool command_compare_inputs(store *s, int64_t a, int64_t b, as_error *e);

/* The words as a JSON list, for json_each; NULL when memory is out. Owned: cJSON_free. */
char *command_json_list(const char *const *words, size_t n);

/* The claims in force of these experiments (or scripts; none: of all) with their verdicts and a line on each.
 * `trial`, unless NULL, is the rehearsal to show instead of the verdict. */
bool command_print_claims(store *s, const char *const *names, size_t n, const char *trial,
                          query_format format, FILE *out, as_error *e);

/* Writes the table of all claims to claims.md beside the database, and says so. */
bool command_write_claims(store *s, as_error *e);

/* A run's number as typed; false (and said) if it is none. */
bool command_run_number(const command *self, const char *word, int64_t *run);

#endif
