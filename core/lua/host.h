/* Lua inside the worker: the state, and what C code that serves scripts needs: tensors as Lua values, errors
 * at the script's line. Bindings live here; networks, optimizers and data are lua/assay/. */
#ifndef ASSAY_LUA_HOST_H
#define ASSAY_LUA_HOST_H

#include "tensor/tensor.h"

#include <lauxlib.h>
#include <lua.h>

/* A state with the standard library, `pairs` in sorted order, math.random seeded from the context's seed,
 * generational collection, `library` (the folder that holds assay/) first in package.path, and the C half of
 * the library as the module "assay.core". `c` is borrowed and must outlive the state. NULL when out of
 * memory. Close with lua_host_free. */
lua_State *lua_host_new(as_ctx *c, const char *library);
void lua_host_free(lua_State *L);

as_ctx *lua_host_context(lua_State *L);

/* Raises "file:line: text" at the innermost line outside lua/assay, so that the user's line is named even
 * when a library function found the mistake. Does not return. */
int lua_host_raise(lua_State *L, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Raises the failure the context holds. */
int lua_host_raise_context(lua_State *L);

/* ---- tensors as Lua values ---- */

/* The tensor at a stack index, borrowed from its handle; NULL if the value is no tensor. Raises if it was
 * dropped by a scope. */
as_t lua_host_tensor(lua_State *L, int index);
/* The same, but raises "f: argument INDEX is a ..., expected a tensor", at the script's line. */
as_t lua_host_check_tensor(lua_State *L, int index);
/* Pushes a new handle, which takes a reference of its own. x must be held by someone while this may fail. */
void lua_host_push_tensor(lua_State *L, as_t x);
/* What a tensor or a number at the index is as a number; false if it is neither, or has several items. */
bool lua_host_number(lua_State *L, int index, double *out);

/* The nearest of the names to `word`, as "; did you mean \"...\"?" for the end of a text, or "". Pushes
 * nothing; the buffer is the caller's. */
const char *lua_host_suggest(const char *word, const char *const *names, size_t n, char *buffer, size_t size);

#endif
