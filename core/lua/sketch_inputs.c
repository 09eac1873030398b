/* What a call of a plugin in Lua is given: tensors, and models, optimizers, states and data sets as objects
 * that reach the host's services, so that the same checks stand between both sides as for a plugin in C. They
 * work while their call does. */
#include "lua/sketch.h"

#include "lua/plugin_arguments.h"
#include "lua/state.h"

#include <string.h>

#define MODEL "assay.sketch.model"
#define GROUP "assay.sketch.group"
#define SOURCE "assay.sketch.source"

typedef struct {
    const void *of; /* the instance's half */
    int place;
} input_object;

/* The input at index 1 of a method, of the call under way. */
static int input_place(lua_State *L, const char *type)
{
    const input_object *u = luaL_checkudata(L, 1, type);
    const frame *f = context_of(host_of(L)->c)->frame;
    if (!f || f->owner->script != u->of)
        lua_host_raise(L, "this input belongs to a call that has ended");
    return u->place;
}

static void push_object(lua_State *L, const frame *f, int place, const char *type)
{
    input_object *u = lua_newuserdatauv(L, sizeof *u, 0);
    *u = (input_object){f->owner->script, place};
    luaL_setmetatable(L, type);
}

/* ---- states ---- */

static void push_state(lua_State *L, const as_state *s)
{
    as_ctx *c = host_of(L)->c;
    int n = as_state_size(c, s);
    state_push(L, n);
    for (int k = 0; k < n; k++) {
        as_scope scope = scope_open(c);
        state_add(L, k + 1, as_state_name(c, s, k), as_state_tensor(c, s, k));
        scope_close(c, scope, NULL);
    }
}

static as_state *read_state(lua_State *L, int index, const char *what)
{
    as_ctx *c = host_of(L)->c;
    int n;
    const named_tensor *list = state_argument(L, index, what, &n);
    as_state *s = as_state_new(c);
    for (int k = 0; k < n && s; k++)
        as_state_set(c, s, list[k].name, list[k].tensor);
    lua_pop(L, 1);
    sketch_check(L);
    return s;
}

/* ---- models ---- */

int sketch_tensors(lua_State *L, int first, int last, as_t out[SIGNATURE_PLACES])
{
    int n = last - first + 1;
    if (n > SIGNATURE_PLACES)
        lua_host_raise(L, "%d inputs, at most %d", n, SIGNATURE_PLACES);
    for (int k = 0; k < n; k++)
        out[k] = lua_host_check_tensor(L, first + k);
    return n;
}

/* Pushes y, which lies in the scope opened before it was made, and closes that. */
static int push_result(lua_State *L, as_scope scope, as_t y)
{
    sketch_check(L);
    lua_host_push_tensor(L, y);
    scope_close(host_of(L)->c, scope, NULL);
    return 1;
}

/* model(inputs...) */
static int model_call(lua_State *L)
{
    as_ctx *c = host_of(L)->c;
    int place = input_place(L, MODEL);
    as_t in[SIGNATURE_PLACES];
    int n = sketch_tensors(L, 2, lua_gettop(L), in);
    as_scope scope = scope_open(c);
    return push_result(L, scope, as_model_call(c, as_model_in(c, place), in, n));
}

/* model:call_with(theta, inputs...) */
static int model_call_with(lua_State *L)
{
    as_ctx *c = host_of(L)->c;
    int place = input_place(L, MODEL);
    as_t in[SIGNATURE_PLACES];
    int n = sketch_tensors(L, 3, lua_gettop(L), in);
    const as_state *theta = read_state(L, 2, "call_with: theta");
    as_scope scope = scope_open(c);
    return push_result(L, scope, as_call_with(c, as_model_in(c, place), theta, in, n));
}

/* The words of a list at the top, at most SIGNATURE_PLACES; pops nothing: it holds them. */
static int read_words(lua_State *L, const char *out[SIGNATURE_PLACES])
{
    int n = (int)luaL_len(L, -1);
    luaL_argcheck(L, n <= SIGNATURE_PLACES, 2, "too many taps");
    for (int k = 0; k < n; k++) {
        lua_rawgeti(L, -1, k + 1);
        out[k] = luaL_checkstring(L, -1);
        lua_pop(L, 1);
    }
    return n;
}

/* model:call { inputs..., outputs = 2, read = { "h" }, replace = { h = x } } -> outputs, then { h = tensor }
 */
static int model_request(lua_State *L)
{
    static const char *const names[] = {"outputs", "read", "replace"};
    as_ctx *c = host_of(L)->c;
    int place = input_place(L, MODEL);
    luaL_checktype(L, 2, LUA_TTABLE);
    check_options(L, 2, "call", names, 3);
    lua_settop(L, 2);
    const char *read[SIGNATURE_PLACES], *replace[SIGNATURE_PLACES];
    as_t in[SIGNATURE_PLACES], out[SIGNATURE_PLACES], value[SIGNATURE_PLACES], with[SIGNATURE_PLACES];
    int n = (int)lua_rawlen(L, 2);
    luaL_checkstack(L, n + 16, "a model's inputs");
    for (int k = 0; k < n; k++)
        lua_rawgeti(L, 2, k + 1);
    as_request r = {.size = sizeof r, .in = in, .out = out, .read = read, .value = value};
    r.in_count = sketch_tensors(L, 3, lua_gettop(L), in);
    lua_getfield(L, 2, "outputs");
    lua_Integer outputs = luaL_optinteger(L, -1, 1);
    luaL_argcheck(L, outputs >= 0 && outputs <= SIGNATURE_PLACES, 2, "outputs is out of range");
    r.out_count = (int)outputs;
    if (lua_getfield(L, 2, "read") != LUA_TNIL)
        r.read_count = read_words(L, read);
    if (lua_getfield(L, 2, "replace") != LUA_TNIL)
        for (lua_pushnil(L); lua_next(L, -2) && r.replace_count < SIGNATURE_PLACES; lua_pop(L, 1)) {
            replace[r.replace_count] = luaL_checkstring(L, -2);
            with[r.replace_count++] = lua_host_check_tensor(L, lua_gettop(L));
        }
    r.replace = replace;
    r.with = with;
    as_scope scope = scope_open(c);
    as_model_request(c, as_model_in(c, place), &r);
    sketch_check(L);
    for (int k = 0; k < r.out_count; k++) {
        if (out[k])
            lua_host_push_tensor(L, out[k]);
        else
            lua_pushnil(L);
    }
    lua_createtable(L, 0, r.read_count);
    for (int k = 0; k < r.read_count; k++) {
        lua_host_push_tensor(L, value[k]);
        lua_setfield(L, -2, read[k]);
    }
    scope_close(c, scope, NULL);
    return r.out_count + (r.read_count > 0);
}

/* model:state() -> the trained tensors themselves, by name */
static int model_state(lua_State *L)
{
    as_ctx *c = host_of(L)->c;
    const as_state *s = as_model_state(c, as_model_in(c, input_place(L, MODEL)));
    sketch_check(L);
    push_state(L, s);
    return 1;
}

/* model:mode "train" | "eval" | "batch_stats" */
static int model_mode(lua_State *L)
{
    static const char *const words[] = {"train", "eval", "batch_stats", NULL};
    as_ctx *c = host_of(L)->c;
    int place = input_place(L, MODEL);
    as_model_mode(c, as_model_in(c, place), (as_mode)luaL_checkoption(L, 2, NULL, words));
    sketch_check(L);
    return 0;
}

/* f:evaluate(theta) -> the number the script's function makes of a state */
static int model_evaluate(lua_State *L)
{
    as_ctx *c = host_of(L)->c;
    int place = input_place(L, MODEL);
    const as_state *theta = read_state(L, 2, "evaluate: theta");
    double value = as_evaluate(c, as_model_in(c, place), theta);
    sketch_check(L);
    lua_pushnumber(L, value);
    return 1;
}

/* ---- optimizers ---- */

/* optimizer:update(loss, clip) */
static int group_update(lua_State *L)
{
    as_ctx *c = host_of(L)->c;
    int place = input_place(L, GROUP);
    as_t loss = lua_host_check_tensor(L, 2);
    double clip = luaL_optnumber(L, 3, 0);
    as_update(c, as_group_in(c, place), loss, clip);
    sketch_check(L);
    return 0;
}

/* ---- the data set a data set is made from ---- */

/* source.splits -> their names; source.train -> a table of tensors */
static int read_source(lua_State *L)
{
    as_ctx *c = host_of(L)->c;
    int place = input_place(L, SOURCE);
    const char *key = luaL_checkstring(L, 2);
    if (strcmp(key, "splits") == 0) {
        int n = as_source_count(c, place);
        sketch_check(L);
        lua_createtable(L, n, 0);
        for (int k = 0; k < n; k++) {
            lua_pushstring(L, as_source_split(c, place, k));
            lua_rawseti(L, -2, k + 1);
        }
        return 1;
    }
    const as_state *fields = as_source(c, place, key);
    sketch_check(L);
    push_state(L, fields);
    return 1;
}

/* ---- all of a call's ---- */

/* The script's own handle, where this is the call it made: another one would cost 0.2 us. */
static bool push_own_handle(lua_State *L, const frame *f, int place)
{
    const border *b = host_of(L)->border;
    int index = b && b->arguments ? b->arguments->handle[place] : 0;
    if (index == 0 || plugin_at(b->L, b->object)->i != f->owner)
        return false;
    if (handle_at(b->L, index)->x != f->tensor[place])
        return false;
    lua_pushvalue(b->L, index);
    lua_xmove(b->L, L, 1);
    return true;
}

static void push_input(lua_State *L, const frame *f, int place)
{
    const signature_item *item = &f->owner->plugin->signature->in[place];
    const argument *a = &f->in[place];
    if (a->tensor) {
        if (!push_own_handle(L, f, place))
            lua_host_push_tensor(L, f->tensor[place]);
    } else if (a->model) {
        push_object(L, f, place, MODEL);
    } else if (a->group) {
        push_object(L, f, place, GROUP);
    } else if (a->dataset) {
        push_object(L, f, place, SOURCE);
    } else if (a->states && item->type == SIGNATURE_STATE) {
        push_state(L, a->states[0]);
    } else if (a->states) {
        lua_createtable(L, a->state_count, 0);
        for (int k = 0; k < a->state_count; k++) {
            push_state(L, a->states[k]);
            lua_rawseti(L, -2, k + 1);
        }
    } else {
        lua_pushnil(L);
    }
}

int sketch_push_inputs(lua_State *L, const frame *f)
{
    int n = f->owner->plugin->signature->in_count;
    for (int k = 0; k < n; k++)
        push_input(L, f, k);
    return n;
}

static void add_type(lua_State *L, const char *name, const luaL_Reg *methods, const char *event,
                     lua_CFunction on_event)
{
    luaL_newmetatable(L, name);
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, on_event);
    lua_setfield(L, -2, event);
    lua_pop(L, 1);
}

void sketch_open_inputs(lua_State *L)
{
    static const luaL_Reg model[] = {{"call_with", model_call_with}, {"call", model_request},
                                     {"state", model_state},         {"mode", model_mode},
                                     {"evaluate", model_evaluate},   {0}};
    static const luaL_Reg group[] = {{"update", group_update}, {0}}, none[] = {{0}};
    add_type(L, MODEL, model, "__call", model_call);
    add_type(L, GROUP, group, "__call", group_update);
    add_type(L, SOURCE, none, "__index", read_source);
}
