/* Optimizers as Lua values, for what takes them as groups. */
#ifndef ASSAY_LUA_OPTIMIZERS_H
#define ASSAY_LUA_OPTIMIZERS_H

#include "autograd/optimizer.h"
#include "lua/internal.h"

/* The optimizer at a stack index, borrowed; NULL if it is none. */
optimizer *optimizer_at(lua_State *L, int index);

#endif
