/* The calls of plugins in Lua: one C function for each shape of call. */
#include "lua/sketch.h"

#include "lua/state.h"

#include <string.h>

typedef int push_arguments(lua_State *L, const sketch_call *k);
typedef void take_results(lua_State *L, sketch_call *k, int first, int n);

typedef struct {
    sketch_call k;
    push_arguments *arguments; /* before the inputs; NULL for none */
    take_results *results;     /* NULL: what it returns is ignored */
    handle_scope scope;        /* drops what the call made, as the frame's scope does in C */
} work;

/* (work) */
static int run_protected(lua_State *L)
{
    work *w = lua_touserdata(L, 1);
    frame *f = w->k.f;
    luaL_checkstack(L, 2 * SIGNATURE_PLACES + 16, f->owner->plugin->name);
    const sketch *s = sketch_of(L, f->owner);
    w->scope.place = s->place;
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->description);
    lua_getfield(L, 2, f->call);
    lua_replace(L, 2);
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->self);
    int n = 1 + (w->arguments ? w->arguments(L, &w->k) : 0);
    n += sketch_push_inputs(L, f);
    lua_call(L, n, LUA_MULTRET);
    if (w->results)
        w->results(L, &w->k, 2, lua_gettop(L) - 1);
    return 0;
}

static as_t run(as_ctx *c, work *w)
{
    frame *f = context_of(c)->frame;
    lua_host *h = f->owner->plugin->module->scripts->self;
    lua_State *L = h->sketches;
    int top = lua_gettop(L);
    w->k.f = f;
    if (!lua_checkstack(L, 4))
        return context_fail(c, "the Lua stack is full");
    handle_scope_enter(h, &w->scope);
    lua_pushcfunction(L, run_protected);
    lua_pushlightuserdata(L, w);
    if (lua_pcall(L, 1, 0, 0) != LUA_OK) {
        const char *text = lua_tostring(L, -1);
        context_fail(c, "%s", text ? text : "an error value that is no text");
    }
    lua_settop(L, top);
    handle_scope_leave(h, &w->scope);
    return w->k.result;
}

/* ---- results ---- */

/* The tensor at the index in the frame's scope, where it outlives its handle; NULL for nil. */
static as_t take_tensor(lua_State *L, int index, const char *what)
{
    as_t x = tensor_at(L, index);
    if (!x && !lua_isnil(L, index))
        lua_host_raise(L, "%s is a %s, expected a tensor", what, luaL_typename(L, index));
    return x ? scope_hold(host_of(L)->c, tensor_ref(x)) : NULL;
}

static void take_one(lua_State *L, sketch_call *k, int first, int n)
{
    k->result = n > 0 ? take_tensor(L, first, "what the call returned") : NULL;
}

static void take_rest(lua_State *L, int first, int n)
{
    for (int i = 1; i < n; i++)
        as_output(host_of(L)->c, i, take_tensor(L, first + i, "an output"));
}

static void take_outputs(lua_State *L, sketch_call *k, int first, int n)
{
    take_one(L, k, first, n);
    take_rest(L, first, n);
}

/* A sample's x is in its fields. */
static void take_beside_x(lua_State *L, sketch_call *k, int first, int n)
{
    (void)k;
    take_rest(L, first - 1, n + 1);
}

/* A table of named tensors, each handed to `put`. */
static void take_named(lua_State *L, int first, int n, const char *what,
                       void (*put)(as_ctx *c, const char *name, as_t x))
{
    int count = 0;
    if (n < 1)
        lua_host_raise(L, "%s: nothing was returned, expected a table of named tensors", what);
    const named_tensor *list = state_argument(L, first, what, &count);
    for (int i = 0; i < count; i++)
        put(host_of(L)->c, list[i].name, list[i].tensor);
}

static void take_state(lua_State *L, sketch_call *k, int first, int n)
{
    (void)k;
    take_named(L, first, n, "the merged state", as_state_put);
    take_rest(L, first, n);
}

static void take_fields(lua_State *L, sketch_call *k, int first, int n)
{
    take_named(L, first, n, k->split, as_field);
}

static void take_splits(lua_State *L, sketch_call *k, int first, int n)
{
    (void)k;
    if (n < 1 || !lua_istable(L, first))
        lua_host_raise(L, "returned a %s, expected a list of splits' names",
                       n < 1 ? "nil" : luaL_typename(L, first));
    for (lua_Integer i = 1; lua_rawgeti(L, first, i) != LUA_TNIL; i++) {
        if (lua_type(L, -1) != LUA_TSTRING)
            lua_host_raise(L, "split %d is a %s, expected a name", (int)i, luaL_typename(L, -1));
        as_split(host_of(L)->c, lua_tostring(L, -1));
        lua_pop(L, 1);
    }
}

/* ---- arguments ---- */

static int push_sample(lua_State *L, const sketch_call *k)
{
    sketch_push_sample(L, k->sample);
    return 1;
}

static int push_step(lua_State *L, const sketch_call *k)
{
    sketch_push_sample(L, k->sample);
    lua_pushinteger(L, k->index);
    return 2;
}

static int push_guide(lua_State *L, const sketch_call *k)
{
    sketch_push_point(L, k->at);
    lua_host_push_tensor(L, k->x);
    lua_host_push_tensor(L, k->score);
    return 3;
}

static int push_hook(lua_State *L, const sketch_call *k)
{
    sketch_push_point(L, k->at);
    sketch_push_sample(L, k->sample);
    return 2;
}

static int push_split(lua_State *L, const sketch_call *k)
{
    lua_pushstring(L, k->split);
    return 1;
}

/* ---- the calls ---- */

static as_t run_call(as_ctx *c, const void *params, const as_t *in)
{
    (void)params, (void)in;
    return run(c, &(work){.results = take_outputs});
}

static as_t run_merge(as_ctx *c, const void *params, const as_t *in)
{
    (void)params, (void)in;
    return run(c, &(work){.results = take_state});
}

static void run_sample(as_ctx *c, const void *params, const as_t *in, as_sample *s)
{
    (void)params, (void)in;
    run(c, &(work){.k = {.sample = s}, .arguments = push_sample});
}

static void run_finish(as_ctx *c, const void *params, const as_t *in, as_sample *s)
{
    (void)params, (void)in;
    run(c, &(work){.k = {.sample = s}, .arguments = push_sample, .results = take_beside_x});
}

static void run_advance(as_ctx *c, const void *params, const as_t *in, as_sample *s, int index)
{
    (void)params, (void)in;
    run(c, &(work){.k = {.sample = s, .index = index}, .arguments = push_step});
}

static as_t run_guide(as_ctx *c, const void *params, const as_t *in, const as_point *at, as_t x, as_t score)
{
    (void)params, (void)in;
    return run(
        c, &(work){.k = {.at = at, .x = x, .score = score}, .arguments = push_guide, .results = take_one});
}

static void run_hook(as_ctx *c, const void *params, const as_t *in, const as_point *at, as_sample *s)
{
    (void)params, (void)in;
    run(c, &(work){.k = {.at = at, .sample = s}, .arguments = push_hook});
}

static void run_open(as_ctx *c, const void *params)
{
    (void)params;
    run(c, &(work){.results = take_splits});
}

static void run_read(as_ctx *c, const void *params, const char *split)
{
    (void)params;
    run(c, &(work){.k = {.split = split}, .arguments = push_split, .results = take_fields});
}

static void run_validate(as_ctx *c, const void *params)
{
    (void)params;
    run(c, &(work){0});
}

static void run_setup(as_ctx *c, const void *params, void *self)
{
    (void)params, (void)self;
    run(c, &(work){0});
}

static bool has(lua_State *L, int description, const char *name)
{
    bool is = lua_getfield(L, description, name) == LUA_TFUNCTION;
    lua_pop(L, 1);
    return is;
}

void sketch_set_calls(lua_State *L, int description, as_plugin *d)
{
#define CALL(name, function)                                                                                 \
    if (has(L, description, #name))                                                                          \
    d->name = function
    CALL(validate, run_validate);
    CALL(setup, run_setup);
    CALL(forward, run_call);
    CALL(step, run_call);
    CALL(score, run_call);
    CALL(merge, run_merge);
    CALL(start, run_sample);
    CALL(advance, run_advance);
    CALL(finish, run_finish);
    CALL(open, run_open);
    CALL(read, run_read);
    CALL(draw, run_call);
    CALL(guide, run_guide);
    CALL(pre_step, run_hook);
    CALL(update, run_hook);
    CALL(post_step, run_hook);
    CALL(adapt, run_call);
#undef CALL
    d->state_size = d->setup ? sizeof(sketch_state) : 0;
}
