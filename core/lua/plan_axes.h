/* What the planner asks about the parameters of a sweep. */
#ifndef ASSAY_LUA_PLAN_AXES_H
#define ASSAY_LUA_PLAN_AXES_H

#include <lua.h>

/* ("losses/poly1", name) -> { type = "real", low =, high =, low_open =, high_open =, range = "-1 to 10",
 * log =, words = list of a choice }; or nil, text */
int plan_axes_parameter(lua_State *L);

/* (seed, name, number) -> in [0, 1): a function of the three */
int plan_axes_uniform(lua_State *L);

#endif
