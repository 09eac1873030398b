/* JSON and Lua values: how plans and jobs travel between the processes. */
#ifndef ASSAY_LUA_JOB_JSON_H
#define ASSAY_LUA_JOB_JSON_H

#include "base/error.h"

#include <cjson/cJSON.h>
#include <lua.h>

/* Pushes a value; whole numbers up to 2^53 become integers, null becomes nil. A list gets the list's
 * metatable (job_json_list), so that an empty one stays a list. */
void job_json_push(lua_State *L, const cJSON *json);

/* The value at `index`: tables with the list's metatable or with items are lists, all others objects, whose
 * keys must be strings and are written in sorted order. Owned: cJSON_Delete. NULL and `e` for what JSON
 * cannot say. */
cJSON *job_json_from(lua_State *L, int index, as_error *e);

/* Marks the table at the top as a list. */
void job_json_list(lua_State *L);
bool job_json_is_list(lua_State *L, int index);

#endif
