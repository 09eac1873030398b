/* as.save(path, state) and as.load(path): safetensors files. */
#include "lua/state.h"

#include <stdlib.h>

static int save(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    int n;
    named_tensor *list = state_argument(L, 2, "save", &n);
    as_ctx *c = host_of(L)->c;
    as_scope s = scope_open(c);
    safetensors_save(c, path, list, n);
    scope_close(c, s, NULL);
    return context_ok(c) ? 0 : lua_host_raise_context(L);
}

typedef struct {
    named_tensor *list;
    int n;
} loaded;

static int push_loaded(lua_State *L)
{
    const loaded *l = lua_touserdata(L, 1);
    state_push(L, l->n);
    for (int i = 0; i < l->n; i++)
        state_add(L, i + 1, l->list[i].name, l->list[i].tensor);
    return 1;
}

static int load(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    as_ctx *c = host_of(L)->c;
    lua_pushcfunction(L, push_loaded);
    as_scope s = scope_open(c);
    loaded l = {NULL, 0};
    if (!safetensors_load(c, path, &l.list, &l.n)) {
        scope_close(c, s, NULL);
        return lua_host_raise_context(L);
    }
    lua_pushlightuserdata(L, &l);
    int status = lua_pcall(L, 1, 1, 0);
    scope_close(c, s, NULL);
    free(l.list);
    return status == LUA_OK ? 1 : lua_error(L);
}

void core_open_files(lua_State *L)
{
    static const luaL_Reg functions[] = {{"save", save}, {"load", load}, {0}};
    luaL_setfuncs(L, functions, 0);
}
