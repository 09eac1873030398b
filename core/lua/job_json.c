#include "lua/job_json.h"

#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define EXACT 9007199254740992.0 /* 2^53 */
#define DEPTH 64
#define LIST "assay.list"

void job_json_list(lua_State *L)
{
    luaL_newmetatable(L, LIST);
    lua_setmetatable(L, -2);
}

bool job_json_is_list(lua_State *L, int index)
{
    if (!lua_getmetatable(L, index))
        return false;
    luaL_getmetatable(L, LIST);
    bool same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return same;
}

static void push_children(lua_State *L, const cJSON *json)
{
    bool list = cJSON_IsArray(json);
    luaL_checkstack(L, 4, "too many nested values");
    lua_createtable(L, list ? cJSON_GetArraySize(json) : 0, list ? 0 : cJSON_GetArraySize(json));
    lua_Integer place = 0;
    const cJSON *child;
    cJSON_ArrayForEach(child, json)
    {
        job_json_push(L, child);
        if (list)
            lua_rawseti(L, -2, ++place);
        else
            lua_setfield(L, -2, child->string);
    }
    if (list)
        job_json_list(L);
}

void job_json_push(lua_State *L, const cJSON *json)
{
    double number = json ? json->valuedouble : 0;
    if (cJSON_IsNumber(json) && number == floor(number) && fabs(number) <= EXACT)
        lua_pushinteger(L, (lua_Integer)number);
    else if (cJSON_IsNumber(json))
        lua_pushnumber(L, number);
    else if (cJSON_IsBool(json))
        lua_pushboolean(L, cJSON_IsTrue(json));
    else if (cJSON_IsString(json))
        lua_pushstring(L, json->valuestring);
    else if (cJSON_IsArray(json) || cJSON_IsObject(json))
        push_children(L, json);
    else
        lua_pushnil(L);
}

static cJSON *value_from(lua_State *L, int index, int depth, as_error *e);

static cJSON *list_from(lua_State *L, int index, int depth, as_error *e)
{
    cJSON *list = cJSON_CreateArray();
    lua_Integer n = (lua_Integer)lua_rawlen(L, index);
    for (lua_Integer i = 1; list && i <= n; i++) {
        lua_rawgeti(L, index, i);
        cJSON *item = value_from(L, lua_gettop(L), depth + 1, e);
        lua_pop(L, 1);
        if (!item || !cJSON_AddItemToArray(list, item)) {
            cJSON_Delete(item);
            cJSON_Delete(list);
            return NULL;
        }
    }
    return list;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The keys of a table, sorted; they live as long as the table. NULL with `e` set. */
static const char **sorted_keys(lua_State *L, int index, size_t *n, as_error *e)
{
    size_t capacity = 0;
    *n = 0;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1))
        capacity++;
    const char **keys = calloc(capacity + 1, sizeof *keys);
    if (!keys) {
        error_set(e, "out of memory");
        return NULL;
    }
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING) {
            error_set(e, "a table with a key that is a %s cannot be written as JSON", luaL_typename(L, -2));
            lua_pop(L, 2);
            free(keys);
            return NULL;
        }
        keys[(*n)++] = lua_tostring(L, -2);
    }
    qsort(keys, *n, sizeof *keys, by_text);
    return keys;
}

static cJSON *object_from(lua_State *L, int index, int depth, as_error *e)
{
    size_t n;
    const char **keys = sorted_keys(L, index, &n, e);
    if (!keys)
        return NULL;
    cJSON *object = cJSON_CreateObject();
    for (size_t i = 0; object && i < n; i++) {
        lua_pushstring(L, keys[i]);
        lua_rawget(L, index);
        cJSON *item = value_from(L, lua_gettop(L), depth + 1, e);
        lua_pop(L, 1);
        if (!item || !cJSON_AddItemToObject(object, keys[i], item)) {
            cJSON_Delete(item);
            cJSON_Delete(object);
            object = NULL;
        }
    }
    free(keys);
    return object;
}

static cJSON *number_from(double number, as_error *e)
{
    if (isfinite(number))
        return cJSON_CreateNumber(number);
    error_set(e, "JSON has no number for NaN and infinity");
    return NULL;
}

static cJSON *value_from(lua_State *L, int index, int depth, as_error *e)
{
    if (depth > DEPTH || !lua_checkstack(L, 6)) {
        error_set(e, "a table nested deeper than %d cannot be written as JSON", DEPTH);
        return NULL;
    }
    switch (lua_type(L, index)) {
    case LUA_TNIL:
        return cJSON_CreateNull();
    case LUA_TBOOLEAN:
        return cJSON_CreateBool(lua_toboolean(L, index));
    case LUA_TNUMBER:
        return number_from(lua_tonumber(L, index), e);
    case LUA_TSTRING:
        return cJSON_CreateString(lua_tostring(L, index));
    case LUA_TTABLE:
        if (job_json_is_list(L, index) || lua_rawlen(L, index) > 0)
            return list_from(L, index, depth, e);
        return object_from(L, index, depth, e);
    default:
        error_set(e, "a %s cannot be written as JSON", luaL_typename(L, index));
        return NULL;
    }
}

cJSON *job_json_from(lua_State *L, int index, as_error *e)
{
    cJSON *json = value_from(L, lua_absindex(L, index), 0, e);
    if (!json)
        error_set(e, "out of memory");
    return json;
}
