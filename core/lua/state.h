/* States in Lua: tables { [1] = "w", [2] = "b", w = tensor, b = tensor }. The list gives the order; a table
 * without one is read in the names' sorted order. */
#ifndef ASSAY_LUA_STATE_H
#define ASSAY_LUA_STATE_H

#include "lua/internal.h"
#include "tensor/safetensors.h"

/* The entries of the table at `index`, held by it; pushes what holds the array. `what` begins the text when
 * it is no state. */
named_tensor *state_argument(lua_State *L, int index, const char *what, int *n);

/* Pushes an empty state; state_add appends to the one at the top. */
void state_push(lua_State *L, int n);
void state_add(lua_State *L, int place, const char *name, as_t x);

#endif
