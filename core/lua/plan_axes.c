#include "lua/plan_axes.h"

#include "plugin/load.h"
#include "plugin/param.h"
#include "tensor/random.h"

#include <lauxlib.h>
#include <stdlib.h>

static const char *const types[] = {
    [AS_PARAM_REAL] = "real",     [AS_PARAM_INT] = "int",       [AS_PARAM_BOOL] = "bool",
    [AS_PARAM_CHOICE] = "choice", [AS_PARAM_STRING] = "string", [AS_PARAM_REALS] = "reals",
    [AS_PARAM_INTS] = "ints",     [AS_PARAM_TENSOR] = "tensor",
};

static void push_range(lua_State *L, const as_param *q)
{
    param_range r;
    char text[160];
    param_range_parse(q->range, &r); /* held when the plugin was loaded */
    lua_pushnumber(L, r.low);
    lua_setfield(L, -2, "low");
    lua_pushnumber(L, r.high);
    lua_setfield(L, -2, "high");
    lua_pushboolean(L, r.low_open);
    lua_setfield(L, -2, "low_open");
    lua_pushboolean(L, r.high_open);
    lua_setfield(L, -2, "high_open");
    lua_pushstring(L, param_range_text(&r, text));
    lua_setfield(L, -2, "range");
}

static void push_words(lua_State *L, const as_param *q)
{
    int length;
    const char *word;
    lua_newtable(L);
    for (int k = 0; (word = param_word(q, k, &length)); k++) {
        lua_pushlstring(L, word, (size_t)length);
        lua_rawseti(L, -2, k + 1);
    }
    lua_setfield(L, -2, "words");
}

int plan_axes_parameter(lua_State *L)
{
    as_error e = {0};
    const char *name = luaL_checkstring(L, 2);
    plugin *p = load_plugin_named(luaL_checkstring(L, 1), &e);
    const as_param *q = p ? param_find(&p->d, name) : NULL;
    if (!q) { /* the text with the nearest name is param_resolve's */
        cJSON *given = p ? cJSON_CreateObject() : NULL;
        cJSON_AddNullToObject(given, name);
        cJSON_Delete(p ? param_resolve(&p->d, given, &e) : NULL);
        cJSON_Delete(given);
        lua_pushnil(L);
        lua_pushstring(L, e.text);
        return 2;
    }
    lua_createtable(L, 0, 8);
    lua_pushstring(L, types[q->type]);
    lua_setfield(L, -2, "type");
    lua_pushboolean(L, q->log);
    lua_setfield(L, -2, "log");
    if (q->type == AS_PARAM_REAL || q->type == AS_PARAM_INT)
        push_range(L, q);
    if (q->type == AS_PARAM_CHOICE)
        push_words(L, q);
    return 1;
}

int plan_axes_uniform(lua_State *L)
{
    random_stream s = random_named((uint64_t)luaL_checkinteger(L, 1), luaL_checkstring(L, 2),
                                   (uint64_t)luaL_checkinteger(L, 3), "sweep");
    double out;
    random_uniform_f64(&s, &out, 1);
    lua_pushnumber(L, out);
    return 1;
}
