/* run:log, the one call of a run object that sits in training loops. */
#ifndef ASSAY_LUA_RUN_LOG_H
#define ASSAY_LUA_RUN_LOG_H

#include "lua/run_session.h"

/* The session behind the run object at `index`; raises for anything else. */
run_session *run_log_session(lua_State *L, int index);

/* run:log(step, { name = value, ... }): numbers or tensors with one item, all in one transaction, kept when
 * it returns. Raises at the script's line. */
int run_log(lua_State *L);

/* runtime.scratch(database) -> the object of a new run of its own, arm "scratch", seed 1; for timing and
 * trying out what runs do. Its row ends as done when the object is collected. */
int run_scratch(lua_State *L);

#endif
