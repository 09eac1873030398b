/* Runs an experiment: asks the planner what it consists of, starts a worker for each run, keeps what the
 * workers print, and writes the end of every run the worker could not write itself (crashed, timeout,
 * out_of_memory, interrupted). */
#ifndef ASSAY_SUPERVISOR_SUPERVISOR_H
#define ASSAY_SUPERVISOR_SUPERVISOR_H

#include "base/error.h"

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define SUPERVISOR_JOBS_MAX 64

typedef struct {
    const char *script; /* as the user wrote it */
    const char *const
        *plan_args; /* handed on to the planner: --config F --set K=V --seed N --seeds K --arm NAME */
    size_t n_plan_args;
    const char *db;      /* the database's path */
    int jobs;            /* runs at once, 1 to SUPERVISOR_JOBS_MAX; each worker gets cores / jobs threads */
    bool again;          /* repeat runs that are already done, begin anew those that could be resumed */
    bool rebuild_stale;  /* repeat those that another build of Assay made */
    int max_failures;    /* start no more after so many have not ended done; 0: never */
    double time_limit;   /* seconds a run may take; 0: what the script says */
    double memory_limit; /* bytes a run may hold beside the engine; 0: what the script says */
    FILE *talk; /* progress, the workers' output, reports; live line and colours only if it is a terminal */
} supervisor_options;

typedef struct {
    char name[128];     /* the experiment's */
    char headline[128]; /* the metric that stands for a run, empty if there is none */
    int64_t *runs;      /* every run made or found done already, in order; owned: supervisor_outcome_free */
    size_t n_runs;
    int planned, done, skipped; /* of the planned runs: ended done now, found done already */
    int64_t last, troubled;     /* the last run, and the first that did not end done; 0 if there is none */
    int claims;                 /* that the experiment declares */
    int64_t experiment;         /* its row */
    char *trial;                /* why its verdicts are a rehearsal; NULL: they are not, or there is no job */
    char *judge;       /* the job of supervisor_judge; NULL while runs are missing, or without claims */
    bool interrupted;  /* by Ctrl-C, SIGTERM or SIGHUP */
    bool misuse;       /* with false: the user's script name, option or value was wrong */
    int64_t sweep;     /* its row; 0 for none */
    cJSON *definition; /* of a sweep: the plan's "sweep" with its "seeds"; owned as `runs` */
} supervisor_outcome;

/* Runs everything; returns when no worker is left. A run that fails or crashes does not stop the others and
 * is no failure of this call: compare done + skipped with planned. While it runs, SIGINT, SIGTERM and SIGHUP
 * are taken as the wish to stop: workers get SIGTERM, after two seconds (or a second Ctrl-C) SIGKILL, and
 * read `interrupted`. Fails with the planner's line, or when the database cannot be written; `out` is valid
 * (and to be freed) in any case. */
bool supervisor_run(const supervisor_options *options, supervisor_outcome *out, as_error *e);

/* What supervisor_run would do, nothing started and nothing written: a list of {"arm", "seed", "values",
 * "state": done | running | resume | new, "run", "why"}. Owned: cJSON_Delete. NULL with `e`; `out` as above.
 */
cJSON *supervisor_look(const supervisor_options *options, supervisor_outcome *out, as_error *e);

/* Makes one run again, as a new row, from the sources and parameters in the database; of the options script
 * and plan_args are not read. */
bool supervisor_repeat(const supervisor_options *options, int64_t run, supervisor_outcome *out, as_error *e);

/* The same run under gdb at the terminal, nothing written to the database. -> gdb's exit code, -1 with `e` */
int supervisor_debug(const char *db, int64_t run, as_error *e);

/* Judges claims in one worker process: a job an experiment, as supervisor_run left it. The verdicts are rows
 * of the database. A claim that cannot be computed is judged `unclear`; that is no failure of this call. */
bool supervisor_judge(const char *db, char *const *jobs, size_t n, as_error *e);

void supervisor_outcome_free(supervisor_outcome *out);

#endif
