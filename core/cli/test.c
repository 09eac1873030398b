/* assay test: the tests of the build tree this program stands in. */
#include "cli/cli.h"

#include "supervisor/paths.h"
#include "supervisor/process.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
    const char *label;
} given;

static const option options[] = {
    {"label", 'L', OPTION_TEXT, &given.label, "LABEL",
     "only tests of this label: unit, crash, lua, plugin, cli, docs, lint"},
};

/* ctest shows nothing of tests that passed: what in them could not run here is in its log. */
static void print_pending(const char *folder)
{
    as_error ignored = {0};
    path_text path;
    FILE *f = path_join(path, folder, "Testing/Temporary/LastTest.log", &ignored) ? fopen(path, "re") : NULL;
    char *line = NULL;
    size_t size = 0;
    while (f && getline(&line, &size, f) > 0)
        if (strncmp(line, "PENDING ", 8) == 0)
            fputs(line, stdout);
    free(line);
    if (f)
        fclose(f);
}

static int run_tests(const char *pattern)
{
    as_error e = {0};
    path_text folder, list;
    if (!path_of_program(folder, &e))
        return command_failed(&e);
    if (snprintf(list, sizeof list, "%s/CTestTestfile.cmake", folder) >= (int)sizeof list ||
        access(list, R_OK) != 0) {
        error_set(&e, "no tests in %s: this assay is an installed one; use ./assay test in its source tree",
                  folder);
        return command_failed(&e);
    }
    char jobs[24];
    snprintf(jobs, sizeof jobs, "%ld", sysconf(_SC_NPROCESSORS_ONLN));
    const char *argv[16] = {
        "ctest", "--test-dir", folder, "--parallel", jobs, "--output-on-failure", "--no-tests=error"};
    size_t n = 7;
    if (given.label) {
        argv[n++] = "-L";
        argv[n++] = given.label;
    }
    if (pattern) {
        argv[n++] = "-R";
        argv[n++] = pattern;
    }
    int code = process_run(argv, &e);
    if (code >= 0)
        print_pending(folder);
    return code < 0 ? command_failed(&e) : code;
}

static int run(const command *self, int argc, char **argv)
{
    option_list patterns = {0};
    int code = EXIT_USAGE;
    if (command_read(self, argc, argv, &patterns)) {
        if (patterns.n > 1)
            code = command_misused(self, "needs at most one pattern, got %zu", patterns.n);
        else
            code = run_tests(patterns.n ? patterns.item[0] : NULL);
    }
    option_list_free(&patterns);
    return code;
}

const command command_test = {
    .name = "test",
    .doc = "run the tests, or those whose name matches a pattern",
    .operands = "[PATTERN]",
    .example = "assay test -L unit",
    .more = "The pattern is a regular expression that a part of the name matches: cli/, losses/poly1. The "
            "output\n"
            "and the exit code are ctest's; then come tests that could not run here (PENDING), with the "
            "reason.\n",
    .options = options,
    .n_options = COUNT_OF(options),
    .run = run,
};
