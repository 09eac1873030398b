#include "lua/plan_overrides.h"

#include <lauxlib.h>

static const char *const words[] = {
    [CONFIG_NULL] = "null",     [CONFIG_BOOL] = "bool", [CONFIG_INTEGER] = "integer", [CONFIG_REAL] = "real",
    [CONFIG_STRING] = "string", [CONFIG_LIST] = "list", [CONFIG_MAP] = "map",
};

static bool push_value(lua_State *L, const config_node *node)
{
    switch (node->kind) {
    case CONFIG_BOOL:
        lua_pushboolean(L, node->boolean);
        return true;
    case CONFIG_INTEGER:
        lua_pushinteger(L, node->integer);
        return true;
    case CONFIG_REAL:
        lua_pushnumber(L, node->real);
        return true;
    case CONFIG_STRING:
        lua_pushstring(L, node->string);
        return true;
    default:
        return false;
    }
}

void plan_overrides_push(lua_State *L, const config_node *node)
{
    luaL_checkstack(L, 6, "too many nested settings");
    lua_createtable(L, 0, 4);
    lua_pushstring(L, words[node->kind]);
    lua_setfield(L, -2, "kind");
    lua_pushstring(L, node->source);
    lua_setfield(L, -2, "source");
    lua_pushstring(L, node->key); /* nil for none */
    lua_setfield(L, -2, "name");
    if (push_value(L, node)) {
        lua_setfield(L, -2, "value");
        return;
    }
    lua_createtable(L, (int)node->count, 0);
    lua_Integer place = 0;
    for (const config_node *child = node->child; child; child = child->next) {
        plan_overrides_push(L, child);
        lua_rawseti(L, -2, ++place);
    }
    lua_setfield(L, -2, "items");
}
