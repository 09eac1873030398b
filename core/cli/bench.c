/* assay bench: bench/bench.lua in the engine. */
#include "cli/cli.h"

#include "supervisor/paths.h"
#include "supervisor/process.h"

#include <stdlib.h>

static struct {
    int threads;
} given;

static const option options[] = {
    {"threads", 0, OPTION_COUNT, &given.threads, "N",
     "the engine's threads (ASSAY_THREADS); all cores if not given"},
};

/* The plugins that only the bench calls are found by nobody else. */
static bool find_plugins(as_error *e)
{
    path_text program, folder;
    if (!path_of_program(program, e) || !path_join(folder, program, "bench/plugins", e))
        return false;
    return setenv("ASSAY_PLUGIN_PATH", folder, 1) == 0 || error_set(e, "out of memory");
}

static int run_cases(const option_list *cases)
{
    as_error e = {0};
    path_text worker, script;
    if (!path_of_worker(worker, &e) || !path_of_shared("bench/bench.lua", script, &e) ||
        !command_threads(given.threads, &e) || !find_plugins(&e))
        return command_failed(&e);
    option_list argv = {0};
    bool ok =
        option_list_add(&argv, worker) && option_list_add(&argv, "script") && option_list_add(&argv, script);
    for (size_t i = 0; ok && i < cases->n; i++)
        ok = option_list_add(&argv, cases->item[i]);
    ok = ok && option_list_add(&argv, NULL);
    if (!ok)
        error_set(&e, "out of memory");
    int code = e.text[0] ? -1 : process_run(argv.item, &e);
    option_list_free(&argv);
    return code < 0 ? command_failed(&e) : code;
}

static int run(const command *self, int argc, char **argv)
{
    option_list cases = {0};
    int code = command_read(self, argc, argv, &cases) ? run_cases(&cases) : EXIT_USAGE;
    option_list_free(&cases);
    return code;
}

const command command_bench = {
    .name = "bench",
    .doc = "measure the engine: all cases, or those named",
    .operands = "[CASE]...",
    .more =
        "The cases stand in bench/cases/*.lua, each with its name; bench/README.md says what they mean.\n",
    .example = "assay bench mlp_tiny --threads 1",
    .options = options,
    .n_options = COUNT_OF(options),
    .run = run,
};
