/* Overrides as the planner's Lua half reads them. */
#ifndef ASSAY_LUA_PLAN_OVERRIDES_H
#define ASSAY_LUA_PLAN_OVERRIDES_H

#include "config/config.h"

#include <lua.h>

/* Pushes { kind = "real", source = "sweep.yaml:12", name = key or nil, value = 2.0 or items = { node, ... }
 * }. */
void plan_overrides_push(lua_State *L, const config_node *node);

#endif
