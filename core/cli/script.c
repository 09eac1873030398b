/* assay script: a file of Lua with the engine at hand, outside of any experiment. */
#include "cli/cli.h"

#include "supervisor/paths.h"
#include "supervisor/process.h"

#include <stdlib.h>
#include <string.h>

static struct {
    int threads;
} given;

static const option options[] = {
    {"threads", 0, OPTION_COUNT, &given.threads, "N", "threads of the engine; all cores if not given"},
};

/* The place of FILE: what follows it is the script's own, whatever it looks like. */
static int file_place(int argc, char **argv)
{
    int at = 1;
    while (at < argc && argv[at][0] == '-' && strcmp(argv[at], "--") != 0)
        at += strcmp(argv[at], "--threads") == 0 ? 2 : 1;
    return at < argc ? at : argc;
}

static int start_engine(char **words, int n)
{
    as_error e = {0};
    path_text worker;
    const char **argv = calloc((size_t)n + 3, sizeof *argv);
    if (!argv)
        error_set(&e, "out of memory");
    if (!argv || !path_of_worker(worker, &e) || !command_threads(given.threads, &e)) {
        free(argv);
        return command_failed(&e);
    }
    argv[0] = worker;
    argv[1] = "script";
    for (int i = 0; i < n; i++)
        argv[2 + i] = words[i];
    int code = process_run(argv, &e);
    free(argv);
    if (code > 128) {
        char name[32];
        error_set(&e, "%s: the engine ended by %s", words[0],
                  process_signal_name(code - 128, name, sizeof name));
    }
    return code < 0 || code > 128 ? command_failed(&e) : code;
}

static int run(const command *self, int argc, char **argv)
{
    int at = file_place(argc, argv);
    if (!command_read(self, at, argv, NULL))
        return EXIT_USAGE;
    at += at < argc && strcmp(argv[at], "--") == 0;
    if (at >= argc)
        return command_misused(self, "which file? example: %s", self->example);
    return start_engine(argv + at, argc - at);
}

const command command_script = {
    .name = "script",
    .doc = "run a Lua file with tensors, networks and plugins at hand, outside of any experiment",
    .operands = "FILE [ARGUMENTS]",
    .example = "assay script ask.lua",
    .more = "The file begins with local as = require \"assay\". `arg` holds what follows it, as in lua; "
            "modules beside\n"
            "it are found by require. Nothing is logged: what is to be kept is an experiment (assay run). A "
            "-- in\n"
            "front of FILE leaves --help and -h to the script.\n",
    .options = options,
    .n_options = COUNT_OF(options),
    .run = run,
};
