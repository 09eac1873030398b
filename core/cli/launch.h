/* What run, sweep and tune have in common: their options, starting the supervisor, its outcome in words. */
#ifndef ASSAY_CLI_LAUNCH_H
#define ASSAY_CLI_LAUNCH_H

#include "cli/cli.h"
#include "supervisor/supervisor.h"

typedef struct {
    const char *config, *db, *time_limit, *memory_limit;
    option_list set, seed, arm;
    int seeds, jobs, max_failures;
    bool again, trace_nan, rebuild_stale, dry_run, json, smoke;
} launch_options;

extern launch_options launch_given;

#define LAUNCH_OPTIONS                                                                                       \
    {"config", 0, OPTION_TEXT, &launch_given.config, "FILE.yaml", "parameters from a YAML file"},            \
        {"set",       0,                                                                                     \
         OPTION_LIST, &launch_given.set,                                                                     \
         "KEY=VALUE", "one value of the script, by its path: params.lr=0.01; may be repeated"},              \
        {"seed",      0,                                                                                     \
         OPTION_LIST, &launch_given.seed,                                                                    \
         "N",         "this seed instead of the script's; may be repeated"},                                 \
        {"seeds", 0, OPTION_COUNT, &launch_given.seeds, "N", "the seeds 1 to N instead of the script's"},    \
        {"arm", 0, OPTION_LIST, &launch_given.arm, "ARM", "this arm only; may be repeated"},                 \
        {"db",        0,                                                                                     \
         OPTION_TEXT, &launch_given.db,                                                                      \
         "FILE",      "the database (else $ASSAY_DB, else results/assay.db)"},                               \
        {"jobs",       'j',                                                                                  \
         OPTION_COUNT, &launch_given.jobs,                                                                   \
         "N",          "runs at once, 1 if not given; each has cores / N threads"},                          \
        {"again",     0,                                                                                     \
         OPTION_FLAG, &launch_given.again,                                                                   \
         NULL,        "repeat runs that are done, resume none from its checkpoint"},                         \
        {"trace-nan",                                                                                        \
         0,                                                                                                  \
         OPTION_FLAG,                                                                                        \
         &launch_given.trace_nan,                                                                            \
         NULL,                                                                                               \
         "stop at the first operation or gradient that makes a NaN and name it; slower, implies --again"},   \
        {"rebuild-stale",                                                                                    \
         0,                                                                                                  \
         OPTION_FLAG,                                                                                        \
         &launch_given.rebuild_stale,                                                                        \
         NULL,                                                                                               \
         "repeat runs that another build of Assay made"},                                                    \
        {"max-failures",                                                                                     \
         0,                                                                                                  \
         OPTION_COUNT,                                                                                       \
         &launch_given.max_failures,                                                                         \
         "N",                                                                                                \
         "begin no more runs after N have failed"},                                                          \
        {"dry-run", 0, OPTION_FLAG, &launch_given.dry_run, NULL, "say what would be run, and run nothing"},  \
        {"json", 0, OPTION_FLAG, &launch_given.json, NULL, "with --dry-run: as JSON"},                       \
        {"time-limit", 0,                                                                                    \
         OPTION_TEXT,  &launch_given.time_limit,                                                             \
         "TIME",       "stop a run after so long: 90, 10m, 2h"},                                             \
    {                                                                                                        \
        "memory-limit", 0, OPTION_TEXT, &launch_given.memory_limit, "SIZE",                                  \
            "what a run may hold: bytes, 500M, 2G"                                                           \
    }

/* One way of launching. */
typedef struct {
    const char *mode;   /* run | sweep | tune, as the planner knows them */
    bool definition;    /* a YAML file may follow the script */
    const bool *marked; /* what --marked of tune gave; else NULL */
    /* Prints what came out; of `all`, every planned run is done. -> the exit code, EXIT_OK unless something
     * else is wrong */
    int (*report)(const supervisor_outcome *o, const char *script, const char *db, bool all);
} launch_kind;

int launch(const command *self, int argc, char **argv, const launch_kind *kind);

/* " --db FILE" unless it is the usual one. */
const char *launch_db_option(const char *db, char *out, size_t size);

/* SQL for the values of a sweep's point as people read them, "lr=0.1 loss.lam=2": of the JSON column
 * `params`. */
#define LAUNCH_VALUES_SQL                                                                                    \
    "(SELECT group_concat(replace(iif(substr(key, 1, 4) = 'arm.', substr(key, 5), key), '.params.', '.') "   \
    "|| '=' ||"                                                                                              \
    " value, ' ') FROM json_each(params))"

#endif
