/* assay run FILE: an experiment, from its plan to the table of its results. */
#include "cli/cli.h"

#include "supervisor/supervisor.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static struct {
    const char *config, *db, *time_limit, *memory_limit;
    option_list set, seed, arm;
    int seeds, jobs;
    bool again, trace_nan;
} given = {.jobs = 1};

static const option options[] = {
    {"config", 0, OPTION_TEXT, &given.config, "FILE", "parameters from a YAML file"},
    {"set", 0, OPTION_LIST, &given.set, "KEY=VALUE", "one parameter, by its dotted name; may be repeated"},
    {"seed", 0, OPTION_LIST, &given.seed, "N", "this seed instead of the script's; may be repeated"},
    {"seeds", 0, OPTION_COUNT, &given.seeds, "N", "the seeds 1 to N instead of the script's"},
    {"arm", 0, OPTION_LIST, &given.arm, "ARM", "this arm only; may be repeated"},
    {"db", 0, OPTION_TEXT, &given.db, "FILE", "the database (else $ASSAY_DB, else results/assay.db)"},
    {"jobs", 'j', OPTION_COUNT, &given.jobs, "N", "runs at once, 1 if not given; each has cores / N threads"},
    {"again", 0, OPTION_FLAG, &given.again, NULL,
     "repeat runs that are done, resume none from its checkpoint"},
    {"trace-nan", 0, OPTION_FLAG, &given.trace_nan, NULL,
     "stop at the first operation or gradient that makes a NaN and name it; slower, implies --again"},
    {"time-limit", 0, OPTION_TEXT, &given.time_limit, "TIME", "stop a run after so long: 90, 10m, 2h"},
    {"memory-limit", 0, OPTION_TEXT, &given.memory_limit, "SIZE", "what a run may hold: bytes, 500M, 2G"},
};

static bool add_all(option_list *to, const char *name, const option_list *values)
{
    bool ok = true;
    for (size_t i = 0; ok && i < values->n; i++)
        ok = option_list_add(to, name) && option_list_add(to, values->item[i]);
    return ok;
}

/* The options the planner reads. `seeds` is room for a number's text. */
static bool planner_arguments(option_list *to, char seeds[16])
{
    bool ok = true;
    if (given.config)
        ok = option_list_add(to, "--config") && option_list_add(to, given.config);
    ok = ok && add_all(to, "--set", &given.set) && add_all(to, "--seed", &given.seed) &&
         add_all(to, "--arm", &given.arm);
    if (ok && given.seeds) {
        snprintf(seeds, 16, "%d", given.seeds);
        ok = option_list_add(to, "--seeds") && option_list_add(to, seeds);
    }
    return ok;
}

/* The statement whose rows are the table: the runs of this call, by arm, pool runs below. Owned. */
static char *table_query(const supervisor_outcome *o)
{
    char *sql = NULL;
    size_t size;
    FILE *f = open_memstream(&sql, &size);
    if (!f)
        return NULL;
    fputs("SELECT iif(stage = 'pool', runs.arm || ' (pool)', runs.arm) AS arm,"
          " CASE WHEN stage = 'pool' THEN NULL"
          "      WHEN sum(status = 'done') = count(*) THEN count(*)"
          "      ELSE sum(status = 'done') || ' of ' || count(*) END AS seeds,"
          " avg(headline) FILTER (WHERE status = 'done') AS mean,"
          " stddev(headline) FILTER (WHERE status = 'done') AS stddev,"
          " round(sum(seconds), 1) AS seconds"
          " FROM runs WHERE id IN (",
          f);
    for (size_t i = 0; i < o->n_runs; i++)
        fprintf(f, "%s%" PRId64, i ? "," : "", o->runs[i]);
    fputs(") GROUP BY stage, runs.arm ORDER BY stage DESC, min(id)", f);
    if (fclose(f) == 0)
        return sql;
    free(sql);
    return NULL;
}

static bool print_results(const supervisor_outcome *o, const char *db, as_error *e)
{
    store *s = store_open(db, STORE_READ, e);
    char *sql = s ? table_query(o) : NULL;
    bool ok = sql || error_set(e, "out of memory");
    if (ok) {
        printf("%s%s%s\n", o->name, *o->headline ? ": " : "", o->headline);
        ok = query_run(s, sql, QUERY_TABLE, stdout, e);
    }
    free(sql);
    store_close(s);
    if (!ok)
        return false;
    bool usual = strcmp(db, "results/assay.db") == 0;
    const char *flag = usual ? "" : " --db ", *value = usual ? "" : db;
    int64_t run = o->troubled ? o->troubled : o->last;
    printf("\nin %s; try next:\n", db);
    printf("  assay runs%s%s\n", flag, value);
    printf("  assay show %" PRId64 "%s%s\n", run, flag, value);
    printf("  assay query%s%s \"SELECT arm, seed, step, name, value FROM curve WHERE run_id = %" PRId64
           "\"\n",
           flag, value, run);
    return true;
}

/* A positive number with an optional unit: the letters of `units`, each `step` times the one before. */
static bool read_amount(const char *text, const char *units, double step, double *out)
{
    char *end;
    double value = strtod(text, &end);
    for (const char *unit = units; *unit && *end; unit++) {
        value *= unit == units ? 1 : step;
        if (*end == *unit && !end[1])
            end++;
    }
    *out = value;
    return end != text && !*end && value > 0 && value < 1e18;
}

/* What --time-limit and --memory-limit say. */
static bool read_limits(const command *self, supervisor_options *o)
{
    if (given.time_limit && !read_amount(given.time_limit, "smh", 60, &o->time_limit)) {
        command_misused(self, "--time-limit is \"%s\", expected a time like 90, 90s, 10m or 2h",
                        given.time_limit);
        return false;
    }
    if (given.memory_limit && !read_amount(given.memory_limit, "BKMG", 1024, &o->memory_limit)) {
        command_misused(self, "--memory-limit is \"%s\", expected a size like 500000000, 500M or 2G",
                        given.memory_limit);
        return false;
    }
    return true;
}

static int run_script(const command *self, const char *script)
{
    char seeds[16];
    option_list arguments = {0};
    as_error e = {0};
    supervisor_outcome outcome = {0};
    const char *db = store_locate(given.db);
    if (!planner_arguments(&arguments, seeds))
        return command_misused(self, "out of memory");
    supervisor_options o = {.script = script,
                            .plan_args = arguments.item,
                            .n_plan_args = arguments.n,
                            .db = db,
                            .jobs = given.jobs,
                            .again = given.again || given.trace_nan,
                            .talk = stderr};
    if (!read_limits(self, &o)) {
        option_list_free(&arguments);
        return EXIT_USAGE;
    }
    bool ok = command_trace_nan(given.trace_nan, &e) && supervisor_run(&o, &outcome, &e);
    option_list_free(&arguments);
    int code = EXIT_FAILED;
    if (!ok) {
        command_failed(&e);
        code = outcome.misuse ? EXIT_USAGE : EXIT_FAILED;
    } else if (outcome.n_runs > 0 && !print_results(&outcome, db, &e)) {
        command_failed(&e);
    } else if (outcome.done + outcome.skipped == outcome.planned) {
        code = EXIT_OK;
    } else if (outcome.interrupted) {
        fprintf(stderr, "stopped with %d of %d runs done; the same command makes the others\n",
                outcome.done + outcome.skipped, outcome.planned);
    } else {
        fprintf(stderr, "%d of %d runs are not done\n", outcome.planned - outcome.done - outcome.skipped,
                outcome.planned);
    }
    supervisor_outcome_free(&outcome);
    return code;
}

static int run(const command *self, int argc, char **argv)
{
    option_list files = {0};
    int code;
    if (!command_read(self, argc, argv, &files))
        code = EXIT_USAGE;
    else if (files.n != 1)
        code =
            command_misused(self, "needs one experiment file, got %zu; example: %s", files.n, self->example);
    else if (given.jobs > SUPERVISOR_JOBS_MAX)
        code = command_misused(self, "-j is at most %d, not %d", SUPERVISOR_JOBS_MAX, given.jobs);
    else if (given.seeds && given.seed.n)
        code = command_misused(self, "--seeds and --seed exclude each other");
    else
        code = run_script(self, files.item[0]);
    option_list_free(&files);
    option_list_free(&given.set);
    option_list_free(&given.seed);
    option_list_free(&given.arm);
    return code;
}

const command command_run = {
    .name = "run",
    .doc = "run an experiment: every arm with every seed",
    .operands = "FILE.lua",
    .example = "assay run experiments/quickstart.lua --set lr=0.01 --seeds 3",
    .more = "Runs that are already done with the same script, parameters and plugins are not repeated.\n"
            "Ctrl-C stops the runs under way; the same command then makes what is missing, and goes on with\n"
            "a run that kept a checkpoint (also one that crashed, ran out of time or memory, or was lost).\n"
            "Exit code: 0 if every run is done, 1 if not, 2 if an option or value is wrong.\n"
            "ASSAY_WORKER names another engine program than the assay-worker beside this one.\n",
    .options = options,
    .n_options = COUNT_OF(options),
    .run = run,
};
