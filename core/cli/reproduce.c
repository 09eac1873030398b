/* assay reproduce FILE... | --all: runs what is missing, judges every claim, prints the table. */
#include "cli/cli.h"

#include "supervisor/supervisor.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
    const char *db;
    int jobs;
    bool all, smoke;
} given = {.jobs = 1};

static const option options[] = {
    {"all", 0, OPTION_FLAG, &given.all, NULL, "experiments/*.lua and experiments/*/experiment.lua"},
    {"jobs", 'j', OPTION_COUNT, &given.jobs, "N", "runs at once, 1 if not given; each has cores / N threads"},
    {"smoke", 0, OPTION_FLAG, &given.smoke, NULL, "the scripts' smoke settings: a rehearsal, no verdicts"},
    {"db", 0, OPTION_TEXT, &given.db, "FILE", "the database (else $ASSAY_DB, else results/assay.db)"},
};

/* What the experiments left to be judged and printed. */
typedef struct {
    const char **name; /* of the experiments, owned */
    char **job;        /* of supervisor_judge, owned */
    size_t n_names, n_jobs;
    bool trouble; /* a script or a run failed, or a person stopped it */
    bool stopped;
} harvest;

static void report(const char *script, const supervisor_outcome *o, harvest *h)
{
    int done = o->done + o->skipped;
    h->stopped = o->interrupted;
    h->trouble |= done < o->planned || o->interrupted;
    if (done < o->planned)
        fprintf(stderr, "%s: %d of %d runs are not done%s\n", script, o->planned - done, o->planned,
                o->claims ? "; its claims are not judged" : "");
    else if (o->claims == 0)
        fprintf(stderr, "%s: %d runs done; it declares no claims\n", script, done);
    else
        fprintf(stderr, "%s: %d runs done, %d of them before\n", script, done, o->skipped);
}

/* One experiment. What goes wrong with it is told and does not keep the others from running. */
static void make(const char *script, const char *db, harvest *h)
{
    static const char *const smoke[] = {"--smoke", "yes"};
    supervisor_options o = {.script = script,
                            .plan_args = smoke,
                            .n_plan_args = given.smoke ? 2 : 0,
                            .db = db,
                            .jobs = given.jobs,
                            .talk = stderr};
    supervisor_outcome outcome = {0};
    as_error e = {0};
    if (supervisor_run(&o, &outcome, &e)) {
        report(script, &outcome, h);
        if (outcome.claims)
            h->name[h->n_names++] = strdup(outcome.name);
        if (outcome.judge) {
            h->job[h->n_jobs++] = outcome.judge;
            outcome.judge = NULL;
        }
    } else {
        command_failed(&e);
        h->trouble = true;
    }
    supervisor_outcome_free(&outcome);
}

/* The table, and after a whole reproduction the file of it. */
static bool print(const char *db, const harvest *h, as_error *e)
{
    store *s = store_open(db, STORE_READ, e);
    bool ok = s && command_print_claims(s, h->name, h->n_names, given.smoke ? "--smoke" : NULL, QUERY_TABLE,
                                        stdout, e);
    if (ok && given.all && !given.smoke && !h->trouble)
        ok = command_write_claims(s, e);
    store_close(s);
    return ok;
}

static int reproduce(char *const *files, size_t n)
{
    as_error e = {0};
    const char *db = store_locate(given.db);
    harvest h = {.name = calloc(n + 1, sizeof *h.name), .job = calloc(n + 1, sizeof *h.job)};
    bool ok = (h.name && h.job) || error_set(&e, "out of memory");
    for (size_t i = 0; ok && i < n && !h.stopped; i++)
        make(files[i], db, &h);
    if (ok && h.n_jobs)
        ok = supervisor_judge(db, h.job, h.n_jobs, &e);
    if (!ok)
        command_failed(&e);
    if (h.n_names && !print(db, &h, &e)) {
        command_failed(&e);
        ok = false;
    }
    for (size_t i = 0; i < h.n_names; i++)
        free((void *)(uintptr_t)h.name[i]);
    for (size_t i = 0; i < h.n_jobs; i++)
        free(h.job[i]);
    free(h.name);
    free(h.job);
    return ok && !h.trouble ? EXIT_OK : EXIT_FAILED;
}

static int find_all(const command *self)
{
    glob_t found;
    int code = EXIT_USAGE;
    if (glob("experiments/*.lua", 0, NULL, &found) == GLOB_NOSPACE ||
        glob("experiments/*/experiment.lua", GLOB_APPEND, NULL, &found) == GLOB_NOSPACE)
        command_misused(self, "out of memory");
    else if (found.gl_pathc == 0)
        command_misused(self, "--all: no experiments/*.lua nor experiments/*/experiment.lua in this folder");
    else
        code = reproduce(found.gl_pathv, found.gl_pathc);
    globfree(&found);
    return code;
}

/* Files that are not there are found before anything runs. */
static int named(const command *self, const option_list *files)
{
    for (size_t i = 0; i < files->n; i++)
        if (access(files->item[i], R_OK) != 0)
            return command_misused(self, "cannot read %s", files->item[i]);
    return reproduce((char *const *)(uintptr_t)files->item, files->n);
}

static int run(const command *self, int argc, char **argv)
{
    option_list files = {0};
    int code;
    if (!command_read(self, argc, argv, &files))
        code = EXIT_USAGE;
    else if ((files.n == 0) == !given.all)
        code = command_misused(self, "needs experiment files or --all; example: %s", self->example);
    else if (given.jobs > SUPERVISOR_JOBS_MAX)
        code = command_misused(self, "-j is at most %d, not %d", SUPERVISOR_JOBS_MAX, given.jobs);
    else
        code = given.all ? find_all(self) : named(self, &files);
    option_list_free(&files);
    return code;
}

const command command_reproduce = {
    .name = "reproduce",
    .doc = "run what is missing of experiments and judge their claims",
    .operands = "FILE.lua...",
    .example = "assay reproduce --all -j 2",
    .more =
        "Runs that are done and unchanged are not repeated, as with assay run. After --all the table is "
        "also\n"
        "written to claims.md beside the database. With --smoke every verdict is a rehearsal.\n"
        "Exit code: 0 if every claim was judged, whatever the verdicts; 1 if runs or scripts failed; 2 for\n"
        "wrong use.\n",
    .options = options,
    .n_options = COUNT_OF(options),
    .run = run,
};
