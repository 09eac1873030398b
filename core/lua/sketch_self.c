/* self: what the functions of a plugin in Lua get first. Its parameters and what it registered are fields; to
 * write to a field that is registered puts the new items in the same storage, as as_assign does. */
#include "lua/sketch.h"

#include "plugin/param.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define METHODS "assay.sketch.self" /* in the registry */

static const char self_tag = 0;

typedef struct {
    const void *tag; /* each instance has a metatable of its own, so that parameters are plain fields */
    const sketch *of;
} self_object;

instance *sketch_self(lua_State *L)
{
    const self_object *u = lua_touserdata(L, 1);
    const frame *f = context_of(host_of(L)->c)->frame;
    if (!u || lua_rawlen(L, 1) != sizeof *u || u->tag != &self_tag)
        luaL_typeerror(L, 1, "self");
    if (!f || f->owner->script != u->of)
        lua_host_raise(L, "this self belongs to a call that has ended");
    return f->owner;
}

void sketch_check(lua_State *L)
{
    if (!context_ok(host_of(L)->c))
        lua_host_raise_context(L);
}

/* ---- fields ---- */

static void push_numbers(lua_State *L, const as_param *q, const void *field)
{
    bool reals = q->type == AS_PARAM_REALS;
    int n = reals ? ((const as_reals *)field)->n : ((const as_ints *)field)->n;
    lua_createtable(L, n, 0);
    for (int k = 0; k < n; k++) {
        if (reals)
            lua_pushnumber(L, ((const as_reals *)field)->at[k]);
        else
            lua_pushinteger(L, ((const as_ints *)field)->at[k]);
        lua_rawseti(L, -2, k + 1);
    }
}

static void push_parameter(lua_State *L, const as_param *q, const void *params)
{
    const void *field = (const char *)params + q->offset;
    int length = 0;
    const char *word;
    switch (q->type) {
    case AS_PARAM_REAL:
        lua_pushnumber(L, *(const double *)field);
        break;
    case AS_PARAM_INT:
        lua_pushinteger(L, *(const int *)field);
        break;
    case AS_PARAM_BOOL:
        lua_pushboolean(L, *(const bool *)field);
        break;
    case AS_PARAM_CHOICE:
        word = param_word(q, *(const int *)field, &length);
        lua_pushlstring(L, word, (size_t)length);
        break;
    case AS_PARAM_STRING:
        lua_pushstring(L, *(const char *const *)field);
        break;
    case AS_PARAM_REALS:
    case AS_PARAM_INTS:
        push_numbers(L, q, field);
        break;
    case AS_PARAM_TENSOR:
        if (*(const as_t *)field) {
            lua_host_push_tensor(L, *(const as_t *)field);
            handle_keep(handle_at(L, -1));
            break;
        }
        lua_pushboolean(L, 0); /* not given */
        break;
    case AS_PARAM_END:
        lua_pushnil(L);
    }
}

/* The registered tensor of the name; NULL when there is none. */
static as_t registered_tensor(const instance *i, const char *name)
{
    for (int k = 0; k < i->state_count; k++)
        if (i->state[k].tensor && strcmp(i->state[k].name, name) == 0)
            return i->state[k].tensor;
    return NULL;
}

/* values' __index, for what is no parameter and was not registered in setup: a tensor of this sampling, a
 * counter, a method. (values, key); upvalues: the instance's half, counters' places, methods */
static int read_field(lua_State *L)
{
    const frame *f = context_of(host_of(L)->c)->frame;
    if (lua_type(L, 2) == LUA_TSTRING && f && f->owner->script == lua_touserdata(L, lua_upvalueindex(1))) {
        as_t x = registered_tensor(f->owner, lua_tostring(L, 2));
        lua_pushvalue(L, 2);
        if (x) {
            lua_host_push_tensor(L, x);
            return 1;
        }
        if (lua_rawget(L, lua_upvalueindex(2)) == LUA_TNUMBER) {
            lua_pushinteger(L, ((const sketch_state *)f->owner->self)->counter[lua_tointeger(L, -1)]);
            return 1;
        }
    }
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(3)) != LUA_TNIL)
        return 1;
    return lua_host_raise(L, "self has no \"%s\": it is no parameter and was not registered in setup",
                          luaL_tolstring(L, 2, NULL));
}

static int write_field(lua_State *L)
{
    instance *i = sketch_self(L);
    const sketch *s = i->script;
    const char *name = luaL_checkstring(L, 2);
    as_t buffer = registered_tensor(i, name);
    if (buffer) {
        as_t x = tensor_at(L, 3);
        if (!x)
            return lua_host_raise(L, "self.%s = a %s, expected a tensor", name, luaL_typename(L, 3));
        as_assign(i->ctx, buffer, x);
        sketch_check(L);
        return 0;
    }
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->counters);
    if (lua_getfield(L, -1, name) != LUA_TNUMBER)
        return lua_host_raise(L, "self.%s = ...: nothing is kept that setup did not register", name);
    int whole;
    lua_Integer value = lua_tointegerx(L, 3, &whole);
    if (!whole || value < INT_MIN || value > INT_MAX)
        return lua_host_raise(L, "self.%s = %s, expected a whole number", name, luaL_tolstring(L, 3, NULL));
    ((sketch_state *)i->self)->counter[lua_tointeger(L, -1)] = (int)value;
    return 0;
}

/* ---- registering ---- */

static int register_tensor(lua_State *L, as_t (*put)(as_ctx *c, const char *name, as_t x))
{
    instance *i = sketch_self(L);
    const char *name = luaL_checkstring(L, 2);
    as_t x = lua_host_check_tensor(L, 3);
    if (param_find(&i->plugin->d, name))
        return lua_host_raise(L, "\"%s\" is a parameter's name already", name);
    x = put(i->ctx, name, x);
    sketch_check(L);
    lua_host_push_tensor(L, x);
    if (!i->setting_up) /* goes with the sampling */
        return 1;
    handle_keep(handle_at(L, -1));
    lua_rawgeti(L, LUA_REGISTRYINDEX, ((const sketch *)i->script)->values);
    lua_pushvalue(L, -2);
    lua_setfield(L, -2, name);
    lua_pop(L, 1);
    return 1;
}

static int parameter(lua_State *L)
{
    return register_tensor(L, as_parameter);
}

static int buffer(lua_State *L)
{
    return register_tensor(L, as_buffer);
}

static int per_item(lua_State *L)
{
    return register_tensor(L, as_per_item);
}

/* self:counter(name, value): an integer that is saved, 0 if no value is said */
static int counter(lua_State *L)
{
    instance *i = sketch_self(L);
    sketch *s = i->script;
    const char *name = luaL_checkstring(L, 2);
    lua_Integer value = luaL_optinteger(L, 3, 0);
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->counters);
    bool known = lua_getfield(L, -1, name) == LUA_TNUMBER; /* a reset registers it again */
    if (!known && s->counter_count == SKETCH_COUNTERS)
        return lua_host_raise(L, "more than %d counters", SKETCH_COUNTERS);
    int place = known ? (int)lua_tointeger(L, -1) : s->counter_count;
    sketch_state *state = i->self;
    as_counter(i->ctx, name, state ? &state->counter[place] : NULL);
    sketch_check(L);
    state->counter[place] = (int)value;
    lua_pushinteger(L, place);
    lua_setfield(L, -3, name);
    s->counter_count += !known;
    return 0;
}

/* ---- results ---- */

/* self:report(name, number or tensor) */
static int tell(lua_State *L)
{
    instance *i = sketch_self(L);
    const char *name = luaL_checkstring(L, 2);
    as_t x = tensor_at(L, 3);
    if (x)
        as_report(i->ctx, name, x);
    else
        as_report_real(i->ctx, name, luaL_checknumber(L, 3));
    sketch_check(L);
    return 0;
}

static int verdict(lua_State *L)
{
    instance *i = sketch_self(L);
    as_verdict(i->ctx, luaL_checkstring(L, 2));
    sketch_check(L);
    return 0;
}

static int training(lua_State *L)
{
    lua_pushboolean(L, sketch_self(L)->training);
    return 1;
}

/* self:fail(format, ...): the call fails with this text, without a line in front */
static int fail(lua_State *L)
{
    instance *i = sketch_self(L);
    lua_getfield(L, 2, "format"); /* a string's methods */
    lua_replace(L, 1);
    lua_call(L, lua_gettop(L) - 1, 1);
    context_fail(i->ctx, "%s", lua_tostring(L, -1));
    lua_pushliteral(L, "failed"); /* unwinds; the context holds the text */
    return lua_error(L);
}

/* self:read(file) -> the bytes of a file of the data set's folder */
static int read_file(lua_State *L)
{
    instance *i = sketch_self(L);
    size_t size;
    const unsigned char *bytes = as_read(i->ctx, luaL_checkstring(L, 2), &size);
    sketch_check(L);
    lua_pushlstring(L, (const char *)bytes, size);
    return 1;
}

void sketch_self_methods(lua_State *L)
{
    static const luaL_Reg methods[] = {{"parameter", parameter}, {"buffer", buffer},
                                       {"per_item", per_item},   {"counter", counter},
                                       {"report", tell},         {"verdict", verdict},
                                       {"training", training},   {"fail", fail},
                                       {"read", read_file},      {0}};
    luaL_setfuncs(L, methods, 0);
    sketch_random_methods(L);
    sketch_sampling_methods(L);
}

/* ---- the object ---- */

void sketch_open_self(lua_State *L)
{
    lua_newtable(L);
    sketch_self_methods(L);
    lua_setfield(L, LUA_REGISTRYINDEX, METHODS);
}

/* Pushes the table behind self: parameters, tensors registered in setup, the rest by read_field. */
static void push_values(lua_State *L, const instance *i, sketch *s)
{
    lua_newtable(L);
    for (const as_param *q = i->plugin->d.params; q && q->type != AS_PARAM_END; q++) {
        push_parameter(L, q, i->params);
        lua_setfield(L, -2, q->name);
    }
    lua_createtable(L, 0, 1);
    lua_pushlightuserdata(L, s);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    s->counters = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_getfield(L, LUA_REGISTRYINDEX, METHODS);
    lua_pushcclosure(L, read_field, 3);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
}

const sketch *sketch_of(lua_State *L, instance *i)
{
    sketch *s = i->script;
    if (s && s->self != LUA_NOREF)
        return s;
    if (s)
        sketch_release(i); /* memory was out half way */
    s = calloc(1, sizeof *s);
    if (!s)
        luaL_error(L, "out of memory");
    *s = (sketch){host_of(L), LUA_NOREF, LUA_NOREF, LUA_NOREF, LUA_NOREF, 0, 0};
    i->script = s;
    lua_Debug calls = {.source = i->plugin->name};
    snprintf(calls.short_src, sizeof calls.short_src, "%s", i->plugin->name);
    s->place = host_place(s->host, &calls);
    if (s->place == UINT32_MAX)
        luaL_error(L, "out of memory");
    lua_rawgetp(L, LUA_REGISTRYINDEX, i->plugin->d.params);
    s->description = luaL_ref(L, LUA_REGISTRYINDEX);
    push_values(L, i, s);
    self_object *u = lua_newuserdatauv(L, sizeof *u, 0);
    *u = (self_object){&self_tag, s};
    lua_createtable(L, 0, 2);
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, write_field);
    lua_setfield(L, -2, "__newindex");
    lua_setmetatable(L, -2);
    s->self = luaL_ref(L, LUA_REGISTRYINDEX);
    s->values = luaL_ref(L, LUA_REGISTRYINDEX);
    return s;
}

void sketch_release(instance *i)
{
    sketch *s = i->script;
    const int references[] = {s->description, s->self, s->values, s->counters};
    for (size_t k = 0; k < sizeof references / sizeof *references; k++)
        luaL_unref(s->host->main, LUA_REGISTRYINDEX, references[k]);
    free(s);
    i->script = NULL;
}
