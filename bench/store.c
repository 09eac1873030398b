/* What the results store costs with many rows: bench_store [ROWS] makes a database of that many metric rows
 * (10 million if not given) in $TMPDIR and prints the median time of each question. bench/store.md has the
 * numbers. */
#include "results/internal.h"
#include "results/merge.h"
#include "results/query.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define RUNS 100
#define NAMES 8
#define REPEATS 7

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Runs through the store, their rows by one statement: logging them would take minutes. */
static bool fill(store *s, int64_t rows, as_error *e)
{
    int64_t experiment, run, name;
    char uuid[STORE_UUID];
    store_experiment_info x = {.name = "bench", .headline = "m0", .script = "b.lua", .source = "return"};
    if (!store_experiment(s, &x, &experiment, e))
        return false;
    for (int i = 0; i < RUNS; i++) {
        store_run_info r = {.experiment = experiment,
                            .stage = "run",
                            .arm = i % 2 ? "a" : "b",
                            .has_seed = true,
                            .seed = i / 2,
                            .identity = "bench"};
        if (!store_create_run(s, &r, &run, uuid, e) ||
            !store_finish(s, run, &(store_end_info){.status = "done"}, e))
            return false;
    }
    for (int i = 0; i < NAMES; i++) {
        char text[8];
        snprintf(text, sizeof text, "m%d", i);
        if (!sql_number(s, "bench", "INSERT INTO metric_name (name, clock) VALUES (?1, 0) RETURNING id",
                        BINDINGS(bind_text(text)), 0, &name, e))
            return false;
    }
    if (!sql_do(s, "cannot make the rows",
                "INSERT INTO run_metric (run_id, name_id) SELECT run.id, name.id FROM run, metric_name name",
                NULL, 0, e))
        return false;
    return sql_do(s, "cannot make the rows",
                  "INSERT INTO metric (run_id, attempt, step, name_id, value, at)"
                  " WITH RECURSIVE step(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM step WHERE n < ?1)"
                  " SELECT run.id, 1, step.n, name.id, 1.0 / (step.n + name.id), step.n * 0.01"
                  " FROM run CROSS JOIN step CROSS JOIN metric_name name",
                  BINDINGS(bind_int(rows / (RUNS * NAMES))), e);
}

static bool ask(store *s, const char *what, const char *sql, as_error *e)
{
    double ms[REPEATS];
    FILE *out = fopen("/dev/null", "w");
    bool ok = out != NULL;
    for (int i = 0; i < REPEATS && ok; i++) {
        double start = now_ms();
        ok = query_run(s, sql, QUERY_CSV, out, e);
        ms[i] = now_ms() - start;
    }
    if (out)
        fclose(out);
    if (!ok)
        return false;
    qsort(ms, REPEATS, sizeof *ms, ascending);
    printf("%-52s median %8.2f ms, least %8.2f ms\n", what, ms[REPEATS / 2], ms[0]);
    return true;
}

static bool ask_all(const char *path, int64_t steps, as_error *e)
{
    char curve[256];
    snprintf(curve, sizeof curve, "one curve of %" PRId64 " steps", steps);
    double start = now_ms();
    store *s = store_open(path, STORE_READ, e);
    printf("%-52s %8.2f ms\n", "opening", now_ms() - start);
    bool ok =
        s &&
        ask(s, "runs, the last 50 (assay runs)",
            "SELECT id, experiment, arm, seed, stage, status, headline FROM (SELECT * FROM runs"
            " ORDER BY id DESC LIMIT 50) ORDER BY id",
            e) &&
        ask(s, curve, "SELECT step, value FROM curve WHERE run_id = 50 AND name = 'm3' ORDER BY step", e) &&
        ask(s, "last_metric of one run", "SELECT name, step, value FROM last_metric WHERE run_id = 50", e) &&
        ask(s, "best_metric of one run", "SELECT * FROM best_metric WHERE run_id = 50", e);
    store_close(s);
    return ok;
}

static void tell(void *self, const char *line)
{
    fprintf(self, "%s\n", line);
}

/* Into a new database beside it, and once more, when there is nothing to take. */
static bool merge(const char *path, as_error *e)
{
    char target[4300];
    snprintf(target, sizeof target, "%s.merged", path);
    store *s = store_open(target, STORE_WRITE, e);
    bool ok = s != NULL;
    for (int i = 0; i < 2 && ok; i++) {
        store_merged out;
        double start = now_ms();
        ok = store_merge(s, &path, 1, tell, stderr, &out, e);
        printf("%-52s %8.0f ms\n", i ? "merging it again" : "merging it into an empty database",
               now_ms() - start);
    }
    store_close(s);
    return ok;
}

int main(int argc, char **argv)
{
    int64_t rows = argc > 1 ? strtoll(argv[1], NULL, 10) : 10000000;
    const char *base = getenv("TMPDIR");
    char folder[4096], path[4200], command[4300];
    as_error e = {0};
    snprintf(folder, sizeof folder, "%s/assay-bench-XXXXXX", base && *base ? base : "/tmp");
    if (rows < RUNS * NAMES || !mkdtemp(folder)) {
        fprintf(stderr, "usage: bench_store [ROWS]; at least %d, in a folder that can be written\n",
                RUNS * NAMES);
        return 2;
    }
    snprintf(path, sizeof path, "%s/a.db", folder);
    double start = now_ms();
    store *s = store_open(path, STORE_WRITE, &e);
    bool ok = s && fill(s, rows, &e);
    store_close(s);
    if (ok)
        printf("%" PRId64 " rows of %d runs made in %.1f s\n", rows / (RUNS * NAMES) * RUNS * NAMES, RUNS,
               1e-3 * (now_ms() - start));
    ok = ok && ask_all(path, rows / (RUNS * NAMES), &e) && merge(path, &e);
    if (!ok)
        fprintf(stderr, "%s\n", e.text);
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command) == 0 && ok ? 0 : 1;
}
