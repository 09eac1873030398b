/* The results store: every run, parameter, number and file of Assay in one SQLite database, with the files
 * themselves in the folder `artifacts` beside it. schema.sql says what the tables hold; query.h asks
 * questions of them.
 *
 * A call that changes something returns after its commit, so a process that dies later loses nothing;
 * store_sync bounds what a power cut can take. Several processes may hold one database open and write at
 * once; each waits for the others up to ten seconds. A store belongs to one thread at a time.
 *
 * Every function returning bool fails with one line in `e` that begins with the database's path. Texts passed
 * in are borrowed; NULL stands for "unknown" wherever a comment does not forbid it. Moments are kept as
 * ISO-8601 UTC. */
#ifndef ASSAY_RESULTS_STORE_H
#define ASSAY_RESULTS_STORE_H

#include "base/error.h"

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define STORE_UUID 37 /* 36 characters and the end */

typedef struct store store;

typedef enum {
    STORE_READ,  /* the file must exist; save for what it and STORE_WRITE do, it is not written */
    STORE_WRITE, /* made when missing, with its folder */
    STORE_COPY,  /* a copy of it as it is at this moment, in a temporary file without a name and with the
                    present schema: the file itself is never written, whatever its schema */
} store_mode;

/* The database to use: `option` (the value of --db) if not NULL, else $ASSAY_DB, else results/assay.db.
 * ->  borrowed: `option`, the environment's or a constant text */
const char *store_locate(const char *option);

/* Opens `path`. Running runs whose process is gone become `lost`; an older schema is migrated after a copy to
 * PATH.bak-vN.
 * ->  owned (store_close), or NULL
 * fails naming the file and the way out: missing (STORE_READ), unwritable, not a database, another
 * application's, or written by a newer assay (STORE_READ opens it, see store_version) */
store *store_open(const char *path, store_mode mode, as_error *e);

/* NULL is fine. */
void store_close(store *s);

const char *store_path(const store *s); /* as given to store_open */
const char *
store_artifacts(const store *s); /* the folder of the artifacts: the database's folder + "/artifacts" */

/* The schema version of the file and the one this program writes; file > program only in STORE_READ. */
int store_version(const store *s);
int store_version_known(void);

/* Flushes all committed rows of all processes to the disk: what a power cut may take is what came after the
 * last sync. Cheap when there is nothing new; the supervisor calls it every second. */
bool store_sync(store *s, as_error *e);

/* ---- before a run: the supervisor ---- */

typedef struct {
    const char *name;     /* required */
    const char *paper;    /* "arXiv:2112.14869" */
    const char *doc;      /* one line */
    const char *headline; /* the metric that stands for a run in tables */
    const char *script;   /* required; its path as the user gave it */
    const char *source;   /* required; the script's full text */
} store_experiment_info;

/* The row equal in all six fields, or a new one. */
bool store_experiment(store *s, const store_experiment_info *x, int64_t *id, as_error *e);

typedef struct {
    int64_t experiment;
    const char *stage; /* "run", or "pool" for the run over all finished runs of an arm */
    const char *arm;   /* required */
    bool has_seed;     /* true for stage "run", false for stage "pool" */
    int64_t seed;
    const char *identity; /* required; the hash of what was declared: see design.md, "Identity" */
    const cJSON *params;  /* object or NULL; {"a":{"b":1}} becomes the row "a.b", lists stay one JSON text */
    const cJSON *config;  /* the arm's object or NULL; the same under "arm.": "arm.loss.params.lam0" */
    int threads;          /* given to the worker, 0 unknown */
    int64_t seen;         /* the newest run there was when an equal one was looked for */
    bool alone;           /* not beside a running one of this identity, nor after one made since `seen` */
    const int64_t *members; /* stage "pool": the runs it reads */
    size_t n_members;
} store_run_info;

/* A new run in status `running` with its attempt 1. Until store_run_process it belongs to the calling
 * process. *id is 0 and nothing was made if it was to be alone and is not. */
bool store_create_run(store *s, const store_run_info *r, int64_t *id, char uuid[STORE_UUID], as_error *e);

/* From now on the run belongs to process `pid` of this machine: when that is gone, the run is lost. */
bool store_run_process(store *s, int64_t run, pid_t pid, as_error *e);

/* The same for the calling process, which is about to make this attempt; `mine` is false, and nothing
 * changed, if the run is not running (any more) or at another attempt. */
bool store_take_run(store *s, int64_t run, int attempt, bool *mine, as_error *e);

/* Resume: the run is `running` again, in the calling process, and `attempt` is the number to log with; 0 if
 * somebody else was faster, and it is running or done. */
bool store_begin_attempt(store *s, int64_t run, int *attempt, as_error *e);

/* Why an earlier run does not stand for one that is asked for. */
enum { STORE_CHANGE = 4200 };
typedef struct {
    int64_t run;             /* 0: there is no earlier run */
    char text[STORE_CHANGE]; /* "own.csv has changed" */
} store_change;

/* The newest `done` run of this identity whose Lua files (see store_source) and data (see store_data_use) all
 * still are on disk as recorded; 0 if there is none and the run has to be made: `change` then says what is
 * wrong with the newest. */
bool store_find_equal(store *s, const char *identity, int64_t *run, store_change *change, as_error *e);

/* The newest run of all, 0 if there is none. */
bool store_newest_run(store *s, int64_t *run, as_error *e);

/* A run of this identity that is `running` now, in a process that lives; 0 if there is none. */
bool store_find_running(store *s, const char *identity, int64_t *run, as_error *e);

/* ---- during a run: the worker ---- */

typedef struct {
    const char *name; /* "test/accuracy" */
    double value;     /* NaN is kept as NULL */
} store_value;

/* Logs all values in one transaction and returns after its commit; on failure none is kept. Names of
 * wall-clock seconds, rates and memory get metric_name.clock = 1: `rerun --verify` does not compare them. In
 * a later attempt, a value that differs in its bits from an earlier attempt's at that step also leaves an
 * event, unless it is a clock. fails 'metric "loss" was already logged at step 3 of run 12' (the same within
 * one call), 'no run 99'
 */
bool store_log(store *s, int64_t run, int attempt, int64_t step, const store_value *values, size_t n,
               as_error *e);

typedef struct {
    const char *kind, *name, *version; /* "losses", "poly1", "1.0.0"; required */
    const char *path;                  /* of the .so */
    const char *source_hash;           /* required; compiled in by the build: the plugin's identity */
    const char *so_sha256;             /* evidence */
} store_plugin_info;

/* The run used this plugin; saying so twice is fine. */
bool store_plugin_use(store *s, int64_t run, const store_plugin_info *p, as_error *e);

typedef struct {
    const char *kind, *name, *source_hash, *version; /* required */
    bool passed;
    const char *report; /* JSON: [{"check", "result", "text"}] */
} store_check_info;

/* The conformance check of a plugin, in place of an earlier one of the same source. */
bool store_plugin_check(store *s, const store_check_info *c, as_error *e);

/* The report kept for this source, and when it was made (UTC); *report NULL when there is none. Owned: free()
 * both. */
bool store_plugin_report(store *s, const char *kind, const char *name, const char *source_hash, char **report,
                         char **at, as_error *e);

typedef struct {
    const char *dataset; /* "mnist"; required */
    const char *path;    /* of one file; required */
    const char *sha256;  /* required */
    int64_t size_bytes;
} store_data_info;

/* The run read this file; saying so twice is fine. */
bool store_data_use(store *s, int64_t run, const store_data_info *d, as_error *e);

/* The run loaded this Lua file. `path` as reachable from the current folder, `text` its whole content. `own`
 * marks the files of lua/assay: recorded, but a change in them does not make a run again (store_find_equal).
 */
bool store_source(store *s, int64_t run, const char *path, const char *text, bool own, as_error *e);

typedef struct {
    const char *version;     /* assay's own */
    const char *git_commit;  /* 40 digits */
    const char *dirty_diff;  /* the uncommitted changes; NULL for a clean tree */
    const char *compiler;    /* "gcc 12.2.0" */
    const char *build_type;  /* "Release" */
    const char *blas;        /* "OpenBLAS 0.3.21" */
    const char *blas_kernel; /* "SkylakeX" */
} store_build_info;

/* The build and the machine the run is made with; the machine is read from the kernel. */
bool store_build(store *s, int64_t run, const store_build_info *b, as_error *e);
bool store_host(store *s, int64_t run, as_error *e);

/* Something worth telling happened: kind "warning", "checkpoint", ...; step < 0 for none. */
bool store_event(store *s, int64_t run, int attempt, int64_t step, const char *kind, const char *text,
                 as_error *e);

/* Records the file at store_artifacts() + "/" + path, which must be complete: its size and hash are taken
 * now. kind  model | data | image | plot | text | log | job | other name  unique in the run; recording it
 * again describes the file anew (a checkpoint written over) */
bool store_artifact(store *s, int64_t run, int attempt, const char *name, const char *kind, const char *path,
                    as_error *e);

/* ->  *path owned (free): where the file is; fails 'run 12 (ce, seed 3) has no artifact "model"; it has:
 * stdout' */
bool store_artifact_path(store *s, int64_t run, const char *name, char **path, as_error *e);

/* ---- the end of a run: `done`, `failed` by the worker, the others by the supervisor ---- */

typedef struct {
    const char *status; /* done | failed | crashed | timeout | out_of_memory | interrupted | lost */
    const char *error;  /* one line or more; NULL for done */
    int signal;         /* that killed the process, 0 for none */
    const char *plugin; /* "losses/poly1": what ran when it crashed */
    const char *call;   /* "forward" */
    bool has_step;
    int64_t step; /* of the crash */
} store_end_info;

/* Ends a run that is `running` or was taken for `lost`.
 * fails 'run 12 already ended: done' */
bool store_finish(store *s, int64_t run, const store_end_info *end, as_error *e);

/* ->  *status a constant text; fails 'no run 99' */
bool store_run_status(store *s, int64_t run, const char **status, as_error *e);

typedef struct {
    char *arm;
    int done, total; /* runs of stage "run" */
    int values;      /* done runs with a headline value: what mean and stddev are over */
    double mean;     /* NaN without values */
    double stddev;   /* with n - 1, NaN below two values */
    double seconds;  /* of all its runs, failed and pool runs too */
} store_arm_summary;

/* One row an arm over the given runs, arms in the order they first appear.
 * ->  *arms owned (store_free_summary) */
bool store_summary(store *s, const int64_t *runs, size_t n, store_arm_summary **arms, size_t *n_arms,
                   as_error *e);
void store_free_summary(store_arm_summary *arms, size_t n_arms);

#endif
