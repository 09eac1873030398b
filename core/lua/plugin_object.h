/* Plugins as Lua objects, between plugin_object.c and plugin_call.c. */
#ifndef ASSAY_LUA_PLUGIN_OBJECT_H
#define ASSAY_LUA_PLUGIN_OBJECT_H

#include "lua/plugin_arguments.h"

/* The object at index 1; raises for anything else. */
plugin_object *plugin_check(lua_State *L);

/* Pushes what push(state) makes of it, frees the state, closes the scope; raises what push raised. */
int plugin_push_state(lua_State *L, as_state *s, lua_CFunction push, as_scope scope);

/* (kind, { name, ... }) -> a plugin object: core.plugin */
int plugin_new(lua_State *L);

/* __call: the main call of the plugin's kind. */
int plugin_call(lua_State *L);
/* Adds step, sample, start to the method table at the top, and makes the type of samplings. */
void plugin_open_calls(lua_State *L);

#endif
