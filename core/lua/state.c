#include "lua/state.h"

#include <stdlib.h>
#include <string.h>

static int by_name(const void *a, const void *b)
{
    return strcmp(((const named_tensor *)a)->name, ((const named_tensor *)b)->name);
}

static as_t entry_tensor(lua_State *L, const char *what, const char *name)
{
    as_t x = tensor_at(L, -1);
    if (!x)
        lua_host_raise(L, "%s: \"%s\" is a %s, expected a tensor", what, name, luaL_typename(L, -1));
    return x;
}

named_tensor *state_argument(lua_State *L, int index, const char *what, int *n)
{
    index = lua_absindex(L, index);
    if (!lua_istable(L, index)) {
        lua_host_raise(L, "%s: expected a state (a table of named tensors), got a %s", what,
                       luaL_typename(L, index));
        return NULL;
    }
    *n = (int)lua_rawlen(L, index);
    bool listed = *n > 0;
    if (!listed)
        for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1))
            ++*n;
    named_tensor *list = lua_newuserdatauv(L, (size_t)(*n + 1) * sizeof *list, 0);
    int at = 0;
    for (int i = 1; listed && i <= *n; i++, at++) {
        if (lua_rawgeti(L, index, i) != LUA_TSTRING)
            lua_host_raise(L, "%s: place %d of the state's names is a %s, expected a string", what, i,
                           luaL_typename(L, -1));
        list[at].name = lua_tostring(L, -1);
        lua_rawget(L, index);
        list[at].tensor = entry_tensor(L, what, list[at].name);
        lua_pop(L, 1);
    }
    if (listed)
        return list;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1), at++) {
        if (lua_type(L, -2) != LUA_TSTRING)
            lua_host_raise(L, "%s: a key of the state is a %s, expected a name", what, luaL_typename(L, -2));
        list[at].name = lua_tostring(L, -2);
        list[at].tensor = entry_tensor(L, what, list[at].name);
    }
    qsort(list, (size_t)*n, sizeof *list, by_name);
    return list;
}

void state_push(lua_State *L, int n)
{
    lua_createtable(L, n, n);
}

void state_add(lua_State *L, int place, const char *name, as_t x)
{
    lua_pushstring(L, name);
    lua_rawseti(L, -2, place);
    lua_host_push_tensor(L, x);
    lua_setfield(L, -2, name);
}
