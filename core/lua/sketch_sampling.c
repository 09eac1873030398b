/* Samplers and hooks in Lua: the position as an object, the calls of hooks. Hooks may be in C, and hooks in
 * Lua act in samplers in C: both meet in the services. */
#include "lua/sketch.h"

#include <math.h>
#include <string.h>

#define SAMPLE "assay.sketch.sample"

typedef struct {
    const frame *f;
    as_sample *at;
} sample_object;

void sketch_push_sample(lua_State *L, as_sample *s)
{
    sample_object *u = lua_newuserdatauv(L, sizeof *u, 0);
    *u = (sample_object){context_of(host_of(L)->c)->frame, s};
    luaL_setmetatable(L, SAMPLE);
}

/* The position behind the object, which must be one of the calls under way. */
static as_sample *sample_at(lua_State *L, int index)
{
    const sample_object *u = luaL_checkudata(L, index, SAMPLE);
    for (const frame *f = context_of(host_of(L)->c)->frame; f; f = f->outer)
        if (f == u->f && f->sample == u->at)
            return u->at;
    lua_host_raise(L, "this position belongs to a call that has ended");
    return NULL;
}

static as_t *field_of(as_sample *s, const char *key)
{
    return strcmp(key, "x") == 0        ? &s->x
           : strcmp(key, "x_mean") == 0 ? &s->x_mean
           : strcmp(key, "logw") == 0   ? &s->logw
                                        : NULL;
}

static int read_sample(lua_State *L)
{
    as_sample *s = sample_at(L, 1);
    const char *key = luaL_checkstring(L, 2);
    as_t *x = field_of(s, key);
    if (x && *x)
        lua_host_push_tensor(L, *x);
    else if (x)
        lua_pushnil(L);
    else if (strcmp(key, "steps") == 0)
        lua_pushinteger(L, s->steps);
    else
        return lua_host_raise(L, "a position has x, x_mean, logw and steps, no \"%s\"", key);
    return 1;
}

static int write_sample(lua_State *L)
{
    as_sample *s = sample_at(L, 1);
    const char *key = luaL_checkstring(L, 2);
    as_t *field = field_of(s, key);
    if (strcmp(key, "steps") == 0) {
        s->steps = (int)luaL_checkinteger(L, 3);
        return 0;
    }
    if (!field)
        return lua_host_raise(L, "a position has x, x_mean, logw and steps, no \"%s\"", key);
    as_t x = lua_isnil(L, 3) ? NULL : tensor_at(L, 3);
    if (!x && !lua_isnil(L, 3))
        return lua_host_raise(L, "%s = a %s, expected a tensor", key, luaL_typename(L, 3));
    *field = x ? scope_hold(host_of(L)->c, tensor_ref(x)) : NULL;
    return 0;
}

/* ---- points ---- */

static const struct {
    const char *name;
    size_t offset;
} reals[] = {{"t", offsetof(as_point, t)},
             {"t_next", offsetof(as_point, t_next)},
             {"alpha", offsetof(as_point, alpha)},
             {"sigma", offsetof(as_point, sigma)}};

void sketch_push_point(lua_State *L, const as_point *at)
{
    lua_createtable(L, 0, 5);
    for (size_t k = 0; k < sizeof reals / sizeof *reals; k++) {
        lua_pushnumber(L, *(const double *)((const char *)at + reals[k].offset));
        lua_setfield(L, -2, reals[k].name);
    }
    lua_pushinteger(L, at->index);
    lua_setfield(L, -2, "index");
}

/* What the table at the index does not say is NaN. */
static as_point read_point(lua_State *L, int index)
{
    static const char *const names[] = {"t", "t_next", "alpha", "sigma", "index"};
    as_point at = {.index = 0};
    luaL_checktype(L, index, LUA_TTABLE);
    check_options(L, index, "point", names, 5);
    for (size_t k = 0; k < sizeof reals / sizeof *reals; k++) {
        lua_getfield(L, index, reals[k].name);
        *(double *)((char *)&at + reals[k].offset) = luaL_optnumber(L, -1, NAN);
        lua_pop(L, 1);
    }
    lua_getfield(L, index, "index");
    at.index = (int)luaL_optinteger(L, -1, 0);
    lua_pop(L, 1);
    return at;
}

/* ---- what a sampler calls ---- */

/* self:guide(at, x, score) */
static int guide(lua_State *L)
{
    as_ctx *c = sketch_self(L)->ctx;
    as_point at = read_point(L, 2);
    as_t x = lua_host_check_tensor(L, 3), score = lua_host_check_tensor(L, 4);
    as_scope scope = scope_open(c);
    as_t y = as_guide(c, &at, x, score);
    sketch_check(L);
    lua_host_push_tensor(L, y);
    scope_close(c, scope, NULL);
    return 1;
}

/* (self, at, s) */
static int call_hooks(lua_State *L, void (*call)(as_ctx *c, const as_point *at, as_sample *s))
{
    as_ctx *c = sketch_self(L)->ctx;
    as_point at = read_point(L, 2);
    call(c, &at, sample_at(L, 3));
    sketch_check(L);
    return 0;
}

static int pre_step(lua_State *L)
{
    return call_hooks(L, as_pre_step);
}

static int moved(lua_State *L)
{
    return call_hooks(L, as_moved);
}

static int post_step(lua_State *L)
{
    return call_hooks(L, as_post_step);
}

static int guided(lua_State *L)
{
    lua_pushboolean(L, as_guided(sketch_self(L)->ctx));
    sketch_check(L);
    return 1;
}

/* self:resample(s, ancestors) */
static int resample(lua_State *L)
{
    as_ctx *c = sketch_self(L)->ctx;
    as_resample(c, sample_at(L, 2), lua_host_check_tensor(L, 3));
    sketch_check(L);
    return 0;
}

/* self:start_noise(noise, shape): the given one, or standard normal of the shape */
static int start_noise(lua_State *L)
{
    as_ctx *c = sketch_self(L)->ctx;
    as_scope scope = scope_open(c);
    as_t x = as_start_noise(c, tensor_at(L, 2), tensor_at(L, 3));
    sketch_check(L);
    lua_host_push_tensor(L, x);
    scope_close(c, scope, NULL);
    return 1;
}

void sketch_sampling_methods(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"guide", guide},         {"guided", guided},     {"pre_step", pre_step},       {"moved", moved},
        {"post_step", post_step}, {"resample", resample}, {"start_noise", start_noise}, {0}};
    static const luaL_Reg events[] = {{"__index", read_sample}, {"__newindex", write_sample}, {0}};
    luaL_setfuncs(L, methods, 0);
    luaL_newmetatable(L, SAMPLE);
    luaL_setfuncs(L, events, 0);
    lua_pop(L, 1);
}
