/* What the planner says an experiment consists of, read and checked. */
#ifndef ASSAY_SUPERVISOR_PLAN_H
#define ASSAY_SUPERVISOR_PLAN_H

#include "base/error.h"
#include "base/hash.h"

#include <cjson/cJSON.h>
#include <limits.h>

typedef struct {
    cJSON *json;           /* the whole answer; everything below but `script` points into it */
    char script[PATH_MAX]; /* absolute */
    const char *name, *paper /* may be NULL */, *doc /* may be NULL */, *headline /* may be NULL */;
    const char *source; /* the script's text */
    const char *trial;  /* why these are not the runs its claims are about, NULL if they are */
    const cJSON *params, *arms, *seeds, *plugins, *claims /* may be NULL */;
    const cJSON *build; /* of the engine; may be NULL */
    const cJSON *sweep,
        *cells; /* of a sweep what it is and [{"arm", "params", "number", "values"}]; else NULL */
    bool pool;
    double time_limit;   /* seconds a run may take, 0: any */
    double memory_limit; /* bytes a run may hold, 0: any */
} plan;

/* Starts `worker plan SCRIPT ARGS...` and reads its answer. `talk` is what the planner wrote to stderr, and
 * to stdout before the plan (owned by the caller; NULL if nothing). `misuse` tells a wrong script name,
 * option or value (the planner's exit 2) from a script that fails by itself. */
bool plan_make(const char *worker, const char *script, const char *const *args, size_t n_args, plan *out,
               char **talk, bool *misuse, as_error *e);

/* Reads one line of JSON. Fails "the planner's answer ...". */
bool plan_read(const char *text, plan *out, as_error *e);

void plan_free(plan *p);

/* What one run is made from beside the plan's script and plugins. */
typedef struct {
    const cJSON *params, *arm; /* {"name":..., "config":...} */
    const cJSON *seed;         /* NULL for a pool run */
    const cJSON *members;      /* the identities of a pool run's members as a list of strings, else NULL */
} plan_part;

/* The declared part of one run as 64 hexadecimal digits: script source, parameters, arm and its
 * configuration, seed, plugin source hashes, and a pool run's members. Two runs with the same identity are
 * the same run. */
bool plan_identity(const plan *p, const plan_part *part, char out[HASH_TEXT]);

#endif
