/* assay-worker: the engine. Started by assay; by hand to repeat one run (assay-worker run JOB.json). */
#include "worker/worker.h"

#include "base/breadcrumb.h"
#include "plugin/load.h"

#include <cblas.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} modes[] = {
    {"plan", mode_plan},     {"run", mode_run},     {"judge", mode_judge},
    {"script", mode_script}, {"repl", mode_repl},   {"plugins", mode_plugins},
    {"doctor", mode_doctor}, {"check", mode_check}, {"library", mode_library},
};

int worker_say(int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    return code;
}

static void warn(void *self, const char *text)
{
    (void)self;
    worker_say(0, "assay: %s", text);
}

int main(int argc, char **argv)
{
    breadcrumb_catch();
    load_on_warning(warn, NULL);
    openblas_set_num_threads(1); /* the pool is the only source of threads */
    for (size_t i = 0; argc > 1 && i < sizeof modes / sizeof *modes; i++)
        if (strcmp(argv[1], modes[i].name) == 0) {
            int code = modes[i].run(argc - 2, argv + 2);
            if (fflush(stdout) != 0 && code == WORKER_OK)
                code = worker_say(WORKER_FAILED, "cannot write to stdout");
            return code;
        }
    return worker_say(
        WORKER_MISUSE,
        "usage: assay-worker plan SCRIPT [overrides] | run JOB.json | judge DATABASE JOB... | script FILE "
        "[args] | library MODULE OPTIONS | repl | "
        "plugins list [--json] | plugins show KIND/NAME [--json] | plugins meta [DIR] | doctor");
}
