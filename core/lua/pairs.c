/* `pairs` in sorted order: numbers by value, strings by bytes, then false and true, then the rest as they
 * come. Lua's own order follows addresses and a random seed, and would make runs differ from process to
 * process. `next` stays as it is. */
#include "lua/internal.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    int rank; /* 0 number, 1 string, 2 boolean, 3 other */
    int place;
    double number;
    lua_Integer integer; /* of integers: beyond 2^53 doubles cannot tell them apart */
    const char *text;
    size_t length;
} sort_key;

static int compare(const void *pa, const void *pb)
{
    const sort_key *a = pa, *b = pb;
    if (a->rank != b->rank)
        return a->rank - b->rank;
    if (a->rank == 1) {
        size_t n = a->length < b->length ? a->length : b->length;
        int order = memcmp(a->text, b->text, n);
        return order ? order : (a->length > b->length) - (a->length < b->length);
    }
    if (a->number != b->number)
        return a->number < b->number ? -1 : 1;
    if (a->integer != b->integer)
        return a->integer < b->integer ? -1 : 1;
    return a->place - b->place;
}

/* (table, key) -> key, value; upvalues: the sorted keys, the place reached. Entries set to nil meanwhile are
 * passed over, as `next` does. */
static int step(lua_State *L)
{
    lua_settop(L, 1);
    lua_Integer place = lua_tointeger(L, lua_upvalueindex(2));
    for (;;) {
        if (lua_rawgeti(L, lua_upvalueindex(1), ++place) == LUA_TNIL)
            return 1;
        lua_pushvalue(L, -1);
        if (lua_rawget(L, 1) != LUA_TNIL) {
            lua_pushinteger(L, place);
            lua_replace(L, lua_upvalueindex(2));
            return 2;
        }
        lua_settop(L, 1);
    }
}

static void describe(lua_State *L, int index, sort_key *k)
{
    switch (lua_type(L, index)) {
    case LUA_TNUMBER:
        k->rank = 0;
        k->number = lua_tonumber(L, index);
        k->integer = lua_isinteger(L, index) ? lua_tointeger(L, index) : 0;
        break;
    case LUA_TSTRING:
        k->rank = 1;
        k->text = lua_tolstring(L, index, &k->length);
        break;
    case LUA_TBOOLEAN:
        k->rank = 2;
        k->number = lua_toboolean(L, index);
        break;
    default:
        k->rank = 3;
    }
}

int sorted_pairs(lua_State *L)
{
    luaL_checkany(L, 1);
    if (luaL_getmetafield(L, 1, "__pairs") != LUA_TNIL) {
        lua_pushvalue(L, 1);
        lua_call(L, 1, 3);
        return 3;
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    int n = 0;
    for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1))
        n++;
    lua_createtable(L, n, 0); /* 2: the keys as they come; holds the strings while they are sorted */
    sort_key *keys = lua_newuserdatauv(L, (size_t)(n > 0 ? n : 1) * sizeof *keys, 0); /* 3 */
    memset(keys, 0, (size_t)(n > 0 ? n : 1) * sizeof *keys);
    int i = 0;
    for (lua_pushnil(L); lua_next(L, 1) && i < n; i++) {
        lua_pop(L, 1);
        keys[i].place = i + 1;
        describe(L, -1, &keys[i]);
        lua_pushvalue(L, -1);
        lua_rawseti(L, 2, i + 1);
    }
    lua_settop(L, 3);
    bool sorted = true;
    for (i = 1; i < n && sorted; i++)
        sorted = compare(&keys[i - 1], &keys[i]) < 0;
    if (sorted) {
        lua_settop(L, 2);
    } else {
        qsort(keys, (size_t)n, sizeof *keys, compare);
        lua_createtable(L, n, 0); /* 4 */
        for (i = 0; i < n; i++) {
            lua_rawgeti(L, 2, keys[i].place);
            lua_rawseti(L, 4, i + 1);
        }
    }
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, step, 2);
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    return 3;
}
