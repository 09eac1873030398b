/* assay repl: the engine at the keyboard. */
#include "cli/cli.h"

#include "supervisor/paths.h"
#include "supervisor/process.h"

#include <signal.h>

static struct {
    int threads;
} given;

static const option options[] = {
    {"threads", 0, OPTION_COUNT, &given.threads, "N", "threads of the engine; all cores if not given"},
};

/* Ctrl-C is for the engine, which interrupts what it computes; an engine that crashed is told here. */
static int start_engine(void)
{
    as_error e = {0};
    path_text worker;
    if (!path_of_worker(worker, &e) || !command_threads(given.threads, &e))
        return command_failed(&e);
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    sigaction(SIGINT, &ignore, &before);
    int code = process_run((const char *[]){worker, "repl", NULL}, &e);
    sigaction(SIGINT, &before, NULL);
    if (code > 128) {
        char name[32];
        error_set(&e, "the engine ended by %s; what was typed is in the history",
                  process_signal_name(code - 128, name, sizeof name));
    }
    return code < 0 || code > 128 ? command_failed(&e) : code;
}

static int run(const command *self, int argc, char **argv)
{
    return command_read(self, argc, argv, NULL) ? start_engine() : EXIT_USAGE;
}

const command command_repl = {
    .name = "repl",
    .doc = "try things at the keyboard: Lua with tensors, networks and plugins",
    .operands = "",
    .example = "echo 'as.tensor { 1, 2, 4 }:log():sum()' | assay repl",
    .more =
        "`as` and `nn` are loaded. An expression's value is printed, a tensor as a line of facts about it;\n"
        "a command goes on over several lines until it is complete. Tab completes names, the arrow keys\n"
        "bring back lines of earlier sessions ($XDG_STATE_HOME/assay/history, else ~/.local/state/...),\n"
        "Ctrl-C stops a computation, Ctrl-D leaves. Without a terminal it reads standard input to its end;\n"
        "the exit code is then 1 if there was an error.\n",
    .options = options,
    .n_options = COUNT_OF(options),
    .run = run,
};
