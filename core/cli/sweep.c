/* assay sweep FILE: an experiment at many points. */
#include "cli/launch.h"

#include <inttypes.h>
#include <limits.h>

static const option options[] = {LAUNCH_OPTIONS};

static int report(const supervisor_outcome *o, const char *script, const char *db, bool all)
{
    (void)script, (void)all;
    as_error e = {0};
    char sql[1024], flag[PATH_MAX + 8];
    snprintf(sql, sizeof sql,
             "SELECT p.arm, p.number AS point, " LAUNCH_VALUES_SQL " AS \"values\","
             " sum(r.status = 'done') AS seeds, avg(headline) FILTER (WHERE status = 'done') AS mean,"
             " stddev(headline) FILTER (WHERE status = 'done') AS stddev, round(sum(seconds), 1) AS seconds"
             " FROM sweep_point p JOIN sweep_run w ON w.point_id = p.id JOIN runs r ON r.id = w.run_id"
             " WHERE p.sweep_id = %" PRId64 " AND r.stage = 'run' GROUP BY p.id ORDER BY p.arm, p.number",
             o->sweep);
    store *s = store_open(db, STORE_READ, &e);
    if (s)
        printf("%s, sweep %" PRId64 "%s%s\n", o->name, o->sweep, *o->headline ? ": " : "", o->headline);
    bool ok = s && query_run(s, sql, QUERY_TABLE, stdout, &e);
    store_close(s);
    if (!ok)
        return command_failed(&e);
    printf(
        "\nin %s; try next:\n  assay runs%s --where \"id IN (SELECT run_id FROM sweep_run JOIN sweep_point p"
        " ON p.id = point_id WHERE p.sweep_id = %" PRId64 ")\"\n",
        db, launch_db_option(db, flag, sizeof flag), o->sweep);
    return EXIT_OK;
}

static int run(const command *self, int argc, char **argv)
{
    return launch(self, argc, argv, &(launch_kind){.mode = "sweep", .definition = true, .report = report});
}

const command command_sweep = {
    .name = "sweep",
    .doc = "run an experiment at many points: a grid or random draws of its parameters",
    .operands = "FILE.lua [SWEEP.yaml]",
    .example = "assay sweep experiments/quickstart.lua sweep.yaml -j 2 --dry-run",
    .more = "What to vary stands in the YAML file or under `sweep` in the script:\n"
            "  method: random            # or grid, all combinations, if not given\n"
            "  count: 20                 # random points\n"
            "  seed: 1                   # of the draw\n"
            "  over:\n"
            "    params.lr: { from: 1e-4, to: 1e-1, log: true }\n"
            "    params.width: [64, 128]\n"
            "    arms.ldr_kl.loss.normalize: # choices, or range and scale, from the plugin's table\n"
            "Runs that are done are not repeated, so an interrupted sweep goes on with the same command;\n"
            "two of them at once share the runs.\n",
    .options = options,
    .n_options = COUNT_OF(options),
    .run = run,
};
