/* One run under way in this process, as scripts see it: the `run` object's C half. Its rows go through the
 * store; what the engine does by itself (a plugin made, a data file read, a Lua file loaded) is noted through
 * hooks. */
#ifndef ASSAY_LUA_RUN_SESSION_H
#define ASSAY_LUA_RUN_SESSION_H

#include "base/breadcrumb.h"
#include "lua/run_sources.h"
#include "results/store.h"

#include <lua.h>

typedef struct {
    store *store; /* NULL: a rehearsal, nothing is written to a database */
    int64_t id;
    int attempt;
    char stage[8]; /* "run" or "pool" */
    char *arm;
    bool has_seed;
    int64_t seed;
    char *artifacts;  /* the folder of all artifacts */
    char uuid[64];    /* the run's folder in it */
    int64_t *members; /* stage "pool" */
    size_t n_members;
    bool allow_nan;
    breadcrumb *crumb;
    as_error trouble; /* the first row a hook could not write; the run fails with it */
} run_session;

void run_session_free(run_session *s);

/* Rows about where the run is made, and the sources, data files and plugins from here on (those of `sources`
 * so far, too). One session a process can be watched; the hooks end with run_session_unwatch. */
bool run_session_watch(run_session *s, run_sources *sources, const store_build_info *build, as_error *e);
void run_session_unwatch(run_session *s, run_sources *sources);

/* Ends the run in the database: done, or failed or out_of_memory with this text. */
bool run_session_finish(run_session *s, const char *status, const char *error, as_error *e);

/* Puts the module "assay.runtime" into package.preload. */
void run_module_install(lua_State *L);

/* Pushes the object that stands for `s`, which must outlive the state, as lua/assay/run.lua makes it. Raises.
 */
void run_module_push(lua_State *L, run_session *s);

#endif
