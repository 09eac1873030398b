/* The module "assay.statistics" of scripts: core/results/statistics.h on lists of numbers. */
#ifndef ASSAY_LUA_STATISTICS_MODULE_H
#define ASSAY_LUA_STATISTICS_MODULE_H

#include <lua.h>

void statistics_module_install(lua_State *L);

#endif
