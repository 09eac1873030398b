/* assay run FILE: an experiment, from its plan to the table of its results. */
#include "cli/launch.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

static const option options[] = {
    LAUNCH_OPTIONS,
    {"smoke", 0, OPTION_FLAG, &launch_given.smoke, NULL,
     "the script's smoke settings: a quick look that proves nothing"},
};

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

/* The experiment's claims, once they are judged. */
static bool print_claims(store *s, const supervisor_outcome *o, as_error *e)
{
    const char *name = o->name;
    if (!o->judge)
        return true;
    putchar('\n');
    return command_print_claims(s, &name, 1, o->trial, QUERY_TABLE, stdout, e);
}

static int report(const supervisor_outcome *o, const char *script, const char *db, bool all)
{
    (void)script;
    as_error e = {0};
    if (!all && o->claims)
        fputs("claims are judged when all runs are done\n", stderr);
    else if (o->judge && !supervisor_judge(db, &o->judge, 1, &e))
        return command_failed(&e);
    store *s = store_open(db, STORE_READ, &e);
    char *sql = s ? table_query(o) : NULL, flag[PATH_MAX + 8];
    bool ok = sql || error_set(&e, "out of memory");
    if (ok) {
        printf("%s%s%s\n", o->name, *o->headline ? ": " : "", o->headline);
        ok = query_run(s, sql, QUERY_TABLE, stdout, &e) && print_claims(s, o, &e);
    }
    free(sql);
    store_close(s);
    if (!ok)
        return command_failed(&e);
    launch_db_option(db, flag, sizeof flag);
    int64_t run = o->troubled ? o->troubled : o->last;
    printf("\nin %s; try next:\n", db);
    printf("  assay runs%s\n", flag);
    printf("  assay show %" PRId64 "%s\n", run, flag);
    printf("  assay query%s \"SELECT arm, seed, step, name, value FROM curve WHERE run_id = %" PRId64 "\"\n",
           flag, run);
    return EXIT_OK;
}

static int run(const command *self, int argc, char **argv)
{
    return launch(self, argc, argv, &(launch_kind){.mode = "run", .report = report});
}

const command command_run = {
    .name = "run",
    .doc = "run an experiment: every arm with every seed",
    .operands = "FILE.lua",
    .example = "assay run experiments/quickstart.lua --set params.lr=0.01 --seeds 3",
    .more =
        "Runs that are already done with the same script, parameters, plugins and data are not repeated.\n"
        "Ctrl-C stops the runs under way; the same command then makes what is missing, and goes on with\n"
        "a run that kept a checkpoint (also one that crashed, ran out of time or memory, or was lost).\n"
        "Exit code: 0 if every run is done, 1 if not, 2 if an option or value is wrong.\n"
        "ASSAY_WORKER names another engine program than the assay-worker beside this one.\n",
    .options = options,
    .n_options = COUNT_OF(options),
    .run = run,
};
