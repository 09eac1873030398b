/* Random numbers of plugins in Lua: from the instance's streams, as in C. */
#include "lua/sketch.h"

/* Closes the scope that was opened before x was drawn, and pushes x. */
static int push_drawn(lua_State *L, as_ctx *c, as_scope scope, as_t x)
{
    sketch_check(L);
    lua_host_push_tensor(L, x);
    scope_close(c, scope, NULL);
    return 1;
}

/* self:randn(stream, sizes...) and its like: numbers of kind 0, 1, 2 */
static int draw(lua_State *L, int kind)
{
    as_ctx *c = sketch_self(L)->ctx;
    const char *stream = luaL_checkstring(L, 2);
    as_dims dims = dims_argument(L, 3, "random numbers", false);
    as_scope scope = scope_open(c);
    return push_drawn(L, c, scope, c->services->draw(c, stream, kind, dims));
}

static int draw_uniform(lua_State *L)
{
    return draw(L, 0);
}

static int draw_normal(lua_State *L)
{
    return draw(L, 1);
}

static int draw_signs(lua_State *L)
{
    return draw(L, 2);
}

/* self:randint(stream, below, sizes...) */
static int draw_integers(lua_State *L)
{
    as_ctx *c = sketch_self(L)->ctx;
    const char *stream = luaL_checkstring(L, 2);
    lua_Integer below = luaL_checkinteger(L, 3);
    as_dims dims = dims_argument(L, 4, "random integers", false);
    as_scope scope = scope_open(c);
    return push_drawn(L, c, scope, as_randint(c, stream, below, dims));
}

/* self:permutation(stream, n) */
static int draw_permutation(lua_State *L)
{
    as_ctx *c = sketch_self(L)->ctx;
    const char *stream = luaL_checkstring(L, 2);
    lua_Integer n = luaL_checkinteger(L, 3);
    as_scope scope = scope_open(c);
    return push_drawn(L, c, scope, as_permutation(c, stream, n));
}

/* self:gamma(stream, shape, sizes...) */
static int draw_gamma(lua_State *L)
{
    as_ctx *c = sketch_self(L)->ctx;
    const char *stream = luaL_checkstring(L, 2);
    double shape = luaL_checknumber(L, 3);
    as_dims dims = dims_argument(L, 4, "random numbers", false);
    as_scope scope = scope_open(c);
    return push_drawn(L, c, scope, c->services->gamma(c, stream, shape, dims));
}

/* self:beta(stream, a, b, sizes...) */
static int draw_beta(lua_State *L)
{
    as_ctx *c = sketch_self(L)->ctx;
    const char *stream = luaL_checkstring(L, 2);
    double a = luaL_checknumber(L, 3), b = luaL_checknumber(L, 4);
    as_dims dims = dims_argument(L, 5, "random numbers", false);
    as_scope scope = scope_open(c);
    return push_drawn(L, c, scope, c->services->beta(c, stream, a, b, dims));
}

/* self:categorical(stream, weights, n) */
static int draw_categories(lua_State *L)
{
    as_ctx *c = sketch_self(L)->ctx;
    const char *stream = luaL_checkstring(L, 2);
    as_t weights = lua_host_check_tensor(L, 3);
    lua_Integer n = luaL_optinteger(L, 4, 0);
    as_scope scope = scope_open(c);
    return push_drawn(L, c, scope, c->services->categorical(c, stream, weights, n));
}

void sketch_random_methods(lua_State *L)
{
    static const luaL_Reg methods[] = {{"rand", draw_uniform},
                                       {"randn", draw_normal},
                                       {"rademacher", draw_signs},
                                       {"randint", draw_integers},
                                       {"permutation", draw_permutation},
                                       {"gamma", draw_gamma},
                                       {"beta", draw_beta},
                                       {"categorical", draw_categories},
                                       {0}};
    luaL_setfuncs(L, methods, 0);
}
