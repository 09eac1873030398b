#include "lua/results_module.h"

#include "lua/host.h"
#include "lua/job_json.h"
#include "results/query.h"

#include <math.h>

#define METATABLE "assay.store"

static store **slot(lua_State *L)
{
    return luaL_checkudata(L, 1, METATABLE);
}

/* store.open(path or nil) -> a database; nil: $ASSAY_DB, else results/assay.db */
static int open_database(lua_State *L)
{
    const char *path = store_locate(luaL_optstring(L, 1, NULL));
    store **s = lua_newuserdatauv(L, sizeof *s, 0);
    *s = NULL;
    luaL_setmetatable(L, METATABLE);
    as_error e = {0};
    *s = store_open(path, STORE_READ, &e);
    return *s ? 1 : lua_host_raise(L, "%s", e.text);
}

/* The arguments from place 3 on. */
static query_value *read_values(lua_State *L, size_t n)
{
    query_value *values = lua_newuserdatauv(L, (n + 1) * sizeof *values, 0);
    for (size_t i = 0; i < n; i++) {
        int place = 3 + (int)i;
        switch (lua_type(L, place)) {
        case LUA_TNIL:
            values[i] = (query_value){.type = QUERY_NULL};
            break;
        case LUA_TBOOLEAN:
            values[i] = (query_value){.type = QUERY_INTEGER, .integer = lua_toboolean(L, place)};
            break;
        case LUA_TNUMBER:
            if (lua_isinteger(L, place))
                values[i] = (query_value){.type = QUERY_INTEGER, .integer = lua_tointeger(L, place)};
            else
                values[i] = (query_value){.type = QUERY_REAL, .real = lua_tonumber(L, place)};
            break;
        case LUA_TSTRING:
            values[i] = (query_value){.type = QUERY_TEXT, .text = lua_tostring(L, place)};
            break;
        default:
            lua_host_raise(L, "query: value %d is a %s, expected a number, a string, a boolean or nil",
                           (int)i + 1, luaL_typename(L, place));
        }
    }
    return values;
}

static void push_value(lua_State *L, const query_value *v)
{
    switch (v->type) {
    case QUERY_NULL:
        lua_pushnil(L);
        break;
    case QUERY_INTEGER:
        lua_pushinteger(L, v->integer);
        break;
    case QUERY_REAL:
        lua_pushnumber(L, v->real);
        break;
    case QUERY_TEXT:
        lua_pushstring(L, v->text);
        break;
    }
}

/* What cannot raise and what can: rows come one by one, and the statement is closed before anything is
 * raised. */
static int push_rows(lua_State *L)
{
    query_rows *rows = lua_touserdata(L, 1);
    lua_newtable(L);
    for (lua_Integer place = 1; query_rows_next(rows); place++) {
        int columns = query_rows_columns(rows);
        lua_createtable(L, 0, columns);
        for (int i = 0; i < columns; i++) {
            query_value v = query_rows_value(rows, i);
            push_value(L, &v);
            lua_setfield(L, -2, query_rows_name(rows, i));
        }
        lua_rawseti(L, -2, place);
    }
    return 1;
}

/* The same for columns of numbers: a list each, NULL as NaN. */
static int push_columns(lua_State *L)
{
    query_rows *rows = lua_touserdata(L, 1);
    int columns = query_rows_columns(rows);
    luaL_checkstack(L, columns + 1, "too many columns");
    for (int i = 0; i < columns; i++)
        lua_newtable(L);
    for (lua_Integer place = 1; query_rows_next(rows); place++) {
        for (int i = 0; i < columns; i++) {
            query_value v = query_rows_value(rows, i);
            if (v.type == QUERY_NULL)
                lua_pushnumber(L, NAN);
            else
                push_value(L, &v);
            lua_rawseti(L, i + 2, place);
        }
    }
    return columns;
}

/* (store, sql, values...) -> what `push` makes of the rows */
static int ask(lua_State *L, lua_CFunction push)
{
    store *s = *slot(L);
    const char *sql = luaL_checkstring(L, 2);
    int top = lua_gettop(L);
    if (!s)
        return lua_host_raise(L, "query: this database was closed before");
    size_t n = (size_t)lua_gettop(L) - 2;
    query_value *values = read_values(L, n);
    as_error e = {0};
    query_rows *rows = query_rows_open(s, sql, values, n, &e);
    if (!rows)
        return lua_host_raise(L, "%s", e.text);
    lua_settop(L, top); /* what the values stood in is not needed any more: they are bound */
    lua_pushcfunction(L, push);
    lua_pushlightuserdata(L, rows);
    int status = lua_pcall(L, 1, LUA_MULTRET, 0);
    bool ok = query_rows_close(rows, &e);
    if (status != LUA_OK)
        return lua_error(L);
    return ok ? lua_gettop(L) - top : lua_host_raise(L, "%s", e.text);
}

/* store:query(sql, values...) -> list of rows { column = value }; NULL is nil */
static int query(lua_State *L)
{
    return ask(L, push_rows);
}

/* store:columns(sql, values...) -> a list for each column; NULL is NaN */
static int columns(lua_State *L)
{
    return ask(L, push_columns);
}

static int close_database(lua_State *L)
{
    store **s = slot(L);
    store_close(*s);
    *s = NULL;
    return 0;
}

static int open_module(lua_State *L)
{
    static const luaL_Reg functions[] = {{"open", open_database}, {0}};
    static const luaL_Reg methods[] = {
        {"query", query}, {"columns", columns}, {"close", close_database}, {0}};
    static const luaL_Reg events[] = {{"__gc", close_database}, {"__close", close_database}, {0}};
    luaL_newmetatable(L, METATABLE);
    luaL_setfuncs(L, events, 0);
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    luaL_newlib(L, functions);
    return 1;
}

void results_module_install(lua_State *L)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    lua_pushcfunction(L, open_module);
    lua_setfield(L, -2, "assay.store");
    lua_pop(L, 1);
}
