/* The Lua files a process loads, noted as they are loaded, text and all: a run keeps what it was made from.
 */
#ifndef ASSAY_LUA_RUN_SOURCES_H
#define ASSAY_LUA_RUN_SOURCES_H

#include "base/error.h"

#include <lua.h>
#include <stddef.h>

typedef struct {
    char *path, *text;
    size_t size;
    bool own; /* one of lua/assay */
} run_source;

typedef struct {
    run_source *list;
    size_t n, capacity;
    const char *library; /* the folder that holds assay/, borrowed */
    /* Told of every file from now on; NULL: nobody. Keeps its own errors. */
    void (*hook)(void *self, const run_source *source);
    void *self;
} run_sources;

/* Makes `require`, dofile and loadfile of this state note what they load. `sources` must outlive the state.
 */
void run_sources_install(lua_State *L, run_sources *sources);

/* Reads and compiles a Lua file and pushes the function; `name` is what error messages call it. Fails with
 * Lua's line for a syntax error, or "cannot read PATH: reason" and *missing set. */
bool run_sources_load(lua_State *L, run_sources *sources, const char *path, const char *name, bool *missing,
                      as_error *e);

void run_sources_free(run_sources *sources);

#endif
