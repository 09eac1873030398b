/* The inside of the supervisor: one experiment under way. */
#ifndef ASSAY_SUPERVISOR_SESSION_H
#define ASSAY_SUPERVISOR_SESSION_H

#include "base/breadcrumb.h"
#include "results/store.h"
#include "supervisor/output.h"
#include "supervisor/paths.h"
#include "supervisor/plan.h"
#include "supervisor/progress.h"
#include "supervisor/supervisor.h"

#include <sys/types.h>

typedef enum {
    ITEM_WAITING,
    ITEM_RUNNING,
    ITEM_DONE,    /* by a worker of ours, or found done already */
    ITEM_TROUBLED /* ended otherwise, could not be started, or a pool run whose members are not all done */
} item_state;

/* One planned run. */
typedef struct {
    const cJSON *arm;    /* {"name":..., "config":...}; each point of a sweep has its own */
    const cJSON *seed;   /* NULL for a pool run */
    const cJSON *params; /* of the experiment */
    const cJSON
        *values;      /* what the point of a sweep gives values to, by the names of table param; else NULL */
    int number;       /* of the point, from 1 */
    int64_t point;    /* its row of sweep_point */
    int place;        /* from 1, in the order of the plan */
    char label[128];  /* "ldr_kl seed 2", "ldr_kl pool", "ldr_kl seed 2 lr=0.1" */
    char prefix[128]; /* "[ldr_kl/2] ", "[ldr_kl#14/2] " at point 14 */
    int64_t seen;     /* the newest run when its fate was looked up */
    bool elsewhere;   /* another process makes it: to be looked at again */
    item_state state;
    char identity[HASH_TEXT];
    int64_t run; /* its row, 0 before there is one */
    int attempt; /* from 1 */
    char uuid[STORE_UUID];
    const int64_t *members; /* of a pool run that is repeated; NULL: the runs of its arm in this session */
    size_t n_members;
} item;

/* A process that makes a run. */
typedef struct {
    item *item; /* NULL: free */
    pid_t pid;
    breadcrumb *crumb; /* shared with the worker */
    output out, err;
    double started; /* seconds on the monotonic clock */
    long oom_kills; /* the kernel's count at the start, -1 unknown */
    double stop_at; /* when its time is up, then when to kill it; 0 for never */
    bool told_to_stop, timed_out, killed;
    progress_rate rate;
} worker;

typedef struct {
    const supervisor_options *options;
    supervisor_outcome *outcome;
    plan plan;
    store *store;
    int64_t experiment;
    cJSON *claim_ids;                       /* {"better": 7} */
    path_text program, database, artifacts; /* assay-worker; absolute */
    item *items;
    int n_items;
    worker *workers;                 /* options->jobs of them */
    int threads;                     /* for each */
    double time_limit, memory_limit; /* of each run; 0: none */
    progress progress;
    double stop_at;        /* when to kill what is left; 0 while nobody wants to stop */
    double look_again;     /* when to see what other processes have made */
    int failures, n_stale; /* runs that did not end done; done ones by another build */
    bool full, abandoned;  /* the disk: nothing more begins; the database: nothing goes on */
    char *own_files;       /* assay's own Lua files as a run had them that was compared with the disk last */
    bool own_changed;
    double shown_at;        /* when the progress was shown last */
    double seconds_of_done; /* of all runs that ended done, together */
    int n_timed;            /* how many */
} session;

double session_now(void); /* seconds on the monotonic clock */

/* run.c: parts of a session's beginning and end. */
int session_cores(void); /* that this process may use */
bool session_open_store(session *s, as_error *e);
item *session_add_item(session *s, const cJSON *arm, const cJSON *seed); /* s->items has room */
void session_summarise(session *s);

/* claims.c: writes the plan's claims down, before the first run's row, and says what changed since the last
 * time. Then, when all runs are done, the job of judging them. */
bool claims_record(session *s, as_error *e);
bool claims_job(session *s, as_error *e);

/* job.c: writes UUID/job.json below the artifacts and records it. */
bool job_write(session *s, const item *it, const int64_t *members, size_t n_members, as_error *e);

/* worker.c: makes the run's row, its folder and its process in the free `w`. A run whose process cannot be
 * started ends as crashed; one that another process has begun meanwhile stays waiting. False only if the
 * database or the artifacts cannot be written. */
bool worker_start(session *s, worker *w, item *it, const int64_t *members, size_t n_members, as_error *e);

/* The member runs of a pool item, for the caller to free. */
bool worker_members(const session *s, const item *pool, int64_t **members, size_t *n, as_error *e);

/* end.c: the process of `w` is gone with `status` as from waitpid, and its output taken: records that, writes
 * the end of the run if the worker could not, says it, and frees `w`. */
bool end_run(session *s, worker *w, int status, as_error *e);

/* The kernel's count of processes killed for want of memory, in our cgroup if it keeps one, else in the whole
 * machine; -1 if it does not say. */
long end_oom_kills(void);

/* watch.c: whether the database's disk has too little room, noted in s->full: a run that begins on it only
 * fails in its turn. */
bool disk_is_full(session *s);

/* watch.c: whether waiting items stay so: the user's wish, a full disk, too many failures. */
bool begins_no_more(const session *s);

/* watch.c: starts every item as its turn comes and returns when no worker is left. */
bool watch_all(session *s, as_error *e);

#endif
