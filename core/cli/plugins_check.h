/* The conformance check as the command line offers it. */
#ifndef ASSAY_CLI_PLUGINS_CHECK_H
#define ASSAY_CLI_PLUGINS_CHECK_H

#include "cli/cli.h"

typedef struct {
    const char *const *what; /* KIND/NAME or FILE.so */
    size_t n;
    bool all, json;
    int seconds;    /* a plugin may take */
    const char *db; /* NULL: where assay run writes */
} plugins_check_options;

/* Checks, prints a report each and keeps it in the database. Returns the exit code. */
int plugins_check(const plugins_check_options *given);

#endif
