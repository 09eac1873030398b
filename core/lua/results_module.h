/* "assay.store": a results database as a Lua value, for reading. lua/assay/results.lua is what scripts see.
 */
#ifndef ASSAY_LUA_RESULTS_MODULE_H
#define ASSAY_LUA_RESULTS_MODULE_H

#include <lua.h>

/* Puts the module into package.preload. */
void results_module_install(lua_State *L);

#endif
