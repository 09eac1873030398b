#include "lua/statistics_module.h"

#include "lua/host.h"
#include "results/statistics.h"

#include <stdint.h>

/* A list of numbers at `index` as an array that Lua collects; *n may be 0. */
static double *numbers(lua_State *L, int index, size_t *n)
{
    luaL_checktype(L, index, LUA_TTABLE);
    *n = lua_rawlen(L, index);
    double *x = lua_newuserdatauv(L, (*n + 1) * sizeof *x, 0);
    for (size_t i = 0; i < *n; i++) {
        lua_rawgeti(L, index, (lua_Integer)i + 1);
        if (!lua_isnumber(L, -1))
            luaL_error(L, "statistics: item %d is a %s, expected a number", (int)i + 1, luaL_typename(L, -1));
        x[i] = lua_tonumber(L, -1);
        lua_pop(L, 1);
    }
    return x;
}

static int mean(lua_State *L)
{
    size_t n;
    const double *x = numbers(L, 1, &n);
    lua_pushnumber(L, statistics_mean(x, n));
    return 1;
}

static int quantile(lua_State *L)
{
    size_t n;
    double *x = numbers(L, 1, &n);
    lua_pushnumber(L, statistics_quantile(x, n, luaL_checknumber(L, 2)));
    return 1;
}

/* The 95 % intervals, a function each: (list) -> low, high. */
static int interval(lua_State *L, void (*of)(double *, size_t, double *, double *))
{
    size_t n;
    double low, high, *x = numbers(L, 1, &n);
    of(x, n, &low, &high);
    lua_pushnumber(L, low);
    lua_pushnumber(L, high);
    return 2;
}

static void by_t(double *x, size_t n, double *low, double *high)
{
    statistics_ci95(x, n, low, high);
}

static void by_wilcoxon(double *x, size_t n, double *low, double *high)
{
    statistics_wilcoxon_ci95(x, n, low, high);
}

static int t_interval(lua_State *L)
{
    return interval(L, by_t);
}

static int sign_interval(lua_State *L)
{
    return interval(L, statistics_sign_ci95);
}

static int wilcoxon_interval(lua_State *L)
{
    return interval(L, by_wilcoxon);
}

static int p_value(lua_State *L, double (*of)(const double *, size_t))
{
    size_t n;
    const double *x = numbers(L, 1, &n);
    lua_pushnumber(L, of(x, n));
    return 1;
}

static int sign_p(lua_State *L)
{
    return p_value(L, statistics_sign_p);
}

static int wilcoxon_p(lua_State *L)
{
    return p_value(L, statistics_wilcoxon_p);
}

/* (list, list) -> correlation of their ranks */
static int correlation(lua_State *L, double (*of)(const double *, const double *, size_t))
{
    size_t n, m;
    const double *x = numbers(L, 1, &n), *y = numbers(L, 2, &m);
    if (n != m)
        return luaL_error(L, "statistics: lists of %d and %d numbers have no correlation", (int)n, (int)m);
    lua_pushnumber(L, of(x, y, n));
    return 1;
}

static int spearman(lua_State *L)
{
    return correlation(L, statistics_spearman);
}

static int kendall(lua_State *L)
{
    return correlation(L, statistics_kendall);
}

/* statistics.resample(draw, list of places): fills it anew, places from 1; its length stays */
static int resample(lua_State *L)
{
    lua_Integer draw = luaL_checkinteger(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    size_t n = lua_rawlen(L, 2), *index = lua_newuserdatauv(L, (n + 1) * sizeof *index, 0);
    statistics_resample((uint64_t)draw, n, index);
    for (size_t i = 0; i < n; i++) {
        lua_pushinteger(L, (lua_Integer)index[i] + 1);
        lua_rawseti(L, 2, (lua_Integer)i + 1);
    }
    return 0;
}

/* statistics.bootstrap(list, median?) -> list of the resamples' means or medians */
static int bootstrap(lua_State *L)
{
    size_t n;
    const double *x = numbers(L, 1, &n);
    double *drawn = lua_newuserdatauv(L, STATISTICS_DRAWS * sizeof *drawn, 0);
    if (!statistics_bootstrap(x, n, lua_toboolean(L, 2), drawn))
        return luaL_error(L, n ? "out of memory" : "statistics: nothing to draw from");
    lua_createtable(L, STATISTICS_DRAWS, 0);
    for (int i = 0; i < STATISTICS_DRAWS; i++) {
        lua_pushnumber(L, drawn[i]);
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

static int open_module(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"mean", mean},
        {"quantile", quantile},
        {"t_interval", t_interval},
        {"sign_interval", sign_interval},
        {"wilcoxon_interval", wilcoxon_interval},
        {"sign_p", sign_p},
        {"wilcoxon_p", wilcoxon_p},
        {"spearman", spearman},
        {"kendall", kendall},
        {"resample", resample},
        {"bootstrap", bootstrap},
        {0},
    };
    luaL_newlib(L, functions);
    lua_pushinteger(L, STATISTICS_DRAWS);
    lua_setfield(L, -2, "draws");
    return 1;
}

void statistics_module_install(lua_State *L)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    lua_pushcfunction(L, open_module);
    lua_setfield(L, -2, "assay.statistics");
    lua_pop(L, 1);
}
