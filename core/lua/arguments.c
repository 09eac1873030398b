/* Readers of what scripts pass: axes, sizes, lists of tensors, options. Each raises at the script's line. */
#include "lua/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int axis_of(lua_State *L, lua_Integer axis, const char *what, int rank, as_t x)
{
    if (axis >= 1 && axis <= rank)
        return (int)axis - 1;
    if (axis <= -1 && axis >= -rank)
        return (int)axis + rank;
    char text[TENSOR_TEXT];
    tensor_shape_text(x, text);
    if (rank == 0)
        return lua_host_raise(L, "%s: axis %lld of %s, which has none", what, (long long)axis, text);
    return lua_host_raise(L, "%s: axis %lld of %s; axes are 1 to %d, or -1 (the last) to -%d", what,
                          (long long)axis, text, rank, rank);
}

int axis_argument(lua_State *L, int index, const char *what, as_t x)
{
    return axis_of(L, luaL_checkinteger(L, index), what, x->rank, x);
}

as_dims dims_argument(lua_State *L, int index, const char *what, bool open)
{
    as_dims d = {0, {0}};
    bool list = lua_istable(L, index);
    int n = list ? (int)lua_rawlen(L, index) : lua_gettop(L) - index + 1;
    n = n < 0 ? 0 : n;
    if (n > AS_MAX_RANK) {
        lua_host_raise(L, "%s: %d sizes, at most %d axes", what, n, AS_MAX_RANK);
        return d;
    }
    d.rank = n;
    for (int i = 0; i < n; i++) {
        if (list)
            lua_rawgeti(L, index, i + 1);
        else
            lua_pushvalue(L, index + i);
        int exact;
        d.size[i] = lua_tointegerx(L, -1, &exact);
        if (!exact || (d.size[i] < 0 && !(open && d.size[i] == -1)))
            lua_host_raise(L, "%s: size %d is %s, expected a whole number from 0%s", what, i + 1,
                           luaL_tolstring(L, -1, NULL), open ? " (or -1: what is left)" : "");
        lua_pop(L, 1);
    }
    return d;
}

void pair_argument(lua_State *L, int index, const char *what, int64_t *pair)
{
    int exact[2] = {1, 1};
    if (lua_istable(L, index)) {
        for (int i = 0; i < 2; i++) {
            lua_rawgeti(L, index, i + 1);
            pair[i] = lua_tointegerx(L, -1, &exact[i]);
            lua_pop(L, 1);
        }
    } else {
        pair[0] = pair[1] = lua_tointegerx(L, index, &exact[0]);
    }
    if (!exact[0] || !exact[1])
        lua_host_raise(L, "%s is %s, expected a whole number or a list of two", what,
                       luaL_tolstring(L, index, NULL));
}

as_t *list_argument(lua_State *L, int index, const char *what, int *n, int extra)
{
    index = lua_absindex(L, index);
    if (!lua_istable(L, index)) {
        lua_host_raise(L, "%s: expected a list of tensors, got %s", what, luaL_typename(L, index));
        return NULL;
    }
    *n = (int)lua_rawlen(L, index);
    if (*n == 0)
        lua_host_raise(L, "%s: the list of tensors is empty", what);
    as_t *list = lua_newuserdatauv(L, (size_t)(*n + extra) * sizeof *list, 0);
    for (int i = 0; i < *n; i++) {
        lua_rawgeti(L, index, i + 1);
        list[i] = tensor_at(L, -1); /* the table keeps its handle */
        if (!list[i])
            lua_host_raise(L, "%s: item %d of the list is a %s, expected a tensor", what, i + 1,
                           luaL_typename(L, -1));
        lua_pop(L, 1);
    }
    return list;
}

void check_options(lua_State *L, int index, const char *what, const char *const *names, size_t n)
{
    if (!lua_istable(L, index))
        return;
    index = lua_absindex(L, index);
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            continue;
        const char *key = lua_tostring(L, -2);
        bool known = false;
        for (size_t i = 0; i < n && !known; i++)
            known = strcmp(key, names[i]) == 0;
        if (!known) {
            char nearest[128];
            lua_host_raise(L, "%s: no option \"%s\"%s", what, key,
                           lua_host_suggest(key, names, n, nearest, sizeof nearest));
        }
    }
}

as_dtype dtype_argument(lua_State *L, int index, as_dtype fallback)
{
    if (lua_isnoneornil(L, index))
        return fallback;
    const char *name = lua_tostring(L, index);
    for (as_dtype d = AS_F32; name && d <= AS_I64; d++)
        if (strcmp(name, tensor_dtype_name(d)) == 0)
            return d;
    return (as_dtype)lua_host_raise(L, "dtype is %s, expected \"f32\", \"f64\" or \"i64\"",
                                    luaL_tolstring(L, index, NULL));
}

bool option_bool(lua_State *L, int index, const char *name, bool fallback)
{
    if (!lua_istable(L, index))
        return fallback;
    if (lua_getfield(L, index, name) != LUA_TNIL)
        fallback = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return fallback;
}

as_dtype option_dtype(lua_State *L, int index)
{
    as_dtype dtype = context_of(host_of(L)->c)->working;
    if (lua_istable(L, index)) {
        lua_getfield(L, index, "dtype");
        dtype = dtype_argument(L, -1, dtype);
        lua_pop(L, 1);
    }
    return dtype;
}

random_stream *host_stream(lua_State *L, const char *name)
{
    lua_host *h = host_of(L);
    name = name ? name : "script";
    for (int i = 0; i < h->stream_count; i++)
        if (strcmp(h->streams[i].name, name) == 0)
            return &h->streams[i].stream;
    script_stream *grown = realloc(h->streams, (size_t)(h->stream_count + 1) * sizeof *grown);
    if (grown)
        h->streams = grown;
    char *copy = grown ? strdup(name) : NULL;
    if (!copy) {
        luaL_error(L, "out of memory");
        return NULL;
    }
    grown[h->stream_count] =
        (script_stream){.name = copy, .stream = random_named(((context *)h->c)->seed, "script", 0, name)};
    return &grown[h->stream_count++].stream;
}
