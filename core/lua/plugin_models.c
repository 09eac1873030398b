/* Lua functions and callable objects as the models that plugins call. */
#include "lua/plugin_arguments.h"
#include "lua/state.h"

#include <string.h>

#define BOUND "assay.models" /* in the registry: address of a bound lua_model -> its value, weak */

typedef struct {
    const lua_model *m;
    const char *name; /* the method called on the value; NULL: the value itself */
    const as_state *theta;
    const as_t *in;
    int n;
    const as_request *request;
    as_state *out;
    as_mode mode;
    double number;
} model_call;

/* Pushes the Lua value. */
static void push_value(lua_State *L, const border *b, const lua_model *m)
{
    if (m->index) {
        lua_pushvalue(L, m->index);
        return;
    }
    luaL_getsubtable(L, LUA_REGISTRYINDEX, BOUND);
    if (lua_rawgetp(L, -1, m) == LUA_TNIL) {
        lua_pop(L, 1);
        lua_getiuservalue(L, b->object, 1);
        lua_rawgeti(L, -1, m->place + 1);
        lua_remove(L, -2);
    }
    lua_remove(L, -2);
}

void model_bind(lua_State *L, lua_model *m, int value)
{
    value = lua_absindex(L, value);
    m->index = 0;
    if (!luaL_getsubtable(L, LUA_REGISTRYINDEX, BOUND)) {
        lua_createtable(L, 0, 1);
        lua_pushliteral(L, "v");
        lua_setfield(L, -2, "__mode");
        lua_setmetatable(L, -2);
    }
    lua_pushvalue(L, value);
    lua_rawsetp(L, -2, m);
    lua_pop(L, 1);
}

/* Runs `f` with the call and the value; false leaves the failure in the context and the error value at its
 * place in the border. On success `results` values are at the top. */
static bool call_protected(as_ctx *c, model_call *k, lua_CFunction f, int results)
{
    border *b = k->m->host->border;
    lua_State *L = b->L;
    if (!lua_checkstack(L, 12)) {
        context_fail(c, "the Lua stack is full");
        return false;
    }
    lua_pushcfunction(L, f);
    lua_pushlightuserdata(L, k);
    push_value(L, b, k->m);
    lua_host *h = k->m->host;
    handle_scope *scope = h->scope; /* a plugin's in Lua, if one is the caller */
    h->scope = b->scope;
    int status = lua_pcall(L, 2, results, 0);
    h->scope = scope;
    if (status == LUA_OK)
        return true;
    const char *text = lua_tostring(L, -1);
    context_fail(c, "model: %s", text ? text : "an error value that is no text");
    lua_replace(L, b->error);
    b->raised = true;
    return false;
}

static void push_theta(lua_State *L, const as_state *theta)
{
    state_push(L, theta->count);
    for (int i = 0; i < theta->count; i++)
        state_add(L, i + 1, theta->entries[i].name, theta->entries[i].tensor);
}

/* ---- calls ---- */

/* (call, the Lua value) -> a tensor */
static int call_value(lua_State *L)
{
    const model_call *k = lua_touserdata(L, 1);
    luaL_checkstack(L, k->n + 8, "a model's inputs");
    int extra = 0;
    if (k->theta) {
        lua_getfield(L, 2, "call_with");
        lua_insert(L, 2);
        push_theta(L, k->theta);
        extra = 2;
    }
    for (int i = 0; i < k->n; i++)
        lua_host_push_tensor(L, k->in[i]);
    lua_call(L, k->n + extra, 1);
    if (!tensor_at(L, -1))
        return lua_host_raise(L, "the model returned a %s, expected a tensor", luaL_typename(L, -1));
    return 1;
}

static as_t call_with(as_ctx *c, as_model *model, const as_state *theta, const as_t *in, int n)
{
    model_call k = {.m = (const lua_model *)model, .theta = theta, .in = in, .n = n};
    if (!call_protected(c, &k, call_value, 1))
        return context_of(c)->inert;
    lua_State *L = k.m->host->border->L;
    as_t y = scope_hold(c, tensor_ref(handle_at(L, -1)->x));
    lua_pop(L, 1);
    return y;
}

static as_t call_plain(as_ctx *c, as_model *m, const as_t *in, int n)
{
    return call_with(c, m, NULL, in, n);
}

static void take(lua_State *L, as_ctx *c, int index, const char *what, as_t *out)
{
    as_t x = tensor_at(L, index);
    if (!x)
        lua_host_raise(L, "the model gave a %s for %s, expected a tensor", luaL_typename(L, index), what);
    *out = scope_hold(c, tensor_ref(x));
}

/* (call, the Lua value): its outputs and taps into the request's places. A model of its own taps is called
 * through :call, which gives what was read behind the outputs. */
static int call_request(lua_State *L)
{
    const model_call *k = lua_touserdata(L, 1);
    const as_request *r = k->request;
    as_ctx *c = host_of(L)->c;
    bool taps = r->read_count > 0 || r->replace_count > 0;
    luaL_checkstack(L, r->in_count + r->out_count + 12, "a model's inputs");
    lua_settop(L, 2);
    if (taps) {
        lua_getfield(L, 2, "call");
        lua_insert(L, 2);
        lua_createtable(L, r->in_count, 2);
    }
    for (int i = 0; i < r->in_count; i++) {
        lua_host_push_tensor(L, r->in[i]);
        if (taps)
            lua_rawseti(L, -2, i + 1);
    }
    if (taps) {
        lua_createtable(L, r->read_count, 0);
        for (int i = 0; i < r->read_count; i++) {
            lua_pushstring(L, r->read[i]);
            lua_rawseti(L, -2, i + 1);
        }
        lua_setfield(L, -2, "read");
        lua_createtable(L, 0, r->replace_count);
        for (int i = 0; i < r->replace_count; i++) {
            lua_host_push_tensor(L, r->with[i]);
            lua_setfield(L, -2, r->replace[i]);
        }
        lua_setfield(L, -2, "replace");
    }
    lua_call(L, taps ? 2 : r->in_count, LUA_MULTRET);
    int given = lua_gettop(L) - 1 - taps;
    for (int i = 0; i < r->read_count; i++) {
        lua_getfield(L, 1 + given + taps, r->read[i]);
        take(L, c, lua_gettop(L), r->read[i], &r->value[i]);
        lua_pop(L, 1);
    }
    for (int i = 0; i < r->out_count && i < given; i++)
        take(L, c, 2 + i, "an output", &r->out[i]);
    return 0;
}

static bool model_request(as_ctx *c, as_model *m, const as_request *r)
{
    model_call k = {.m = (const lua_model *)m, .request = r};
    return call_protected(c, &k, call_request, 0);
}

/* ---- parameters, modes ---- */

static int read_parameters(lua_State *L)
{
    const model_call *k = lua_touserdata(L, 1);
    int n;
    as_error e = {{0}};
    lua_getfield(L, 2, "named_parameters");
    lua_pushvalue(L, 2);
    lua_call(L, 1, 1);
    named_tensor *list = state_argument(L, -1, "the model's parameters", &n);
    for (int i = 0; i < n; i++)
        if (!state_put(k->out, list[i].name, list[i].tensor, &e))
            return lua_host_raise(L, "%s", e.text);
    return 0;
}

static bool model_state(as_ctx *c, as_model *m, as_state *out)
{
    model_call k = {.m = (const lua_model *)m, .out = out};
    return call_protected(c, &k, read_parameters, 0);
}

static const char *const modes[] = {"train", "eval", "batch_stats"};

static int set_mode(lua_State *L)
{
    model_call *k = lua_touserdata(L, 1);
    as_mode wanted = k->mode;
    if (wanted < AS_TRAIN || wanted > AS_BATCH_STATS)
        return lua_host_raise(L, "mode %d is unknown to this build", (int)wanted);
    lua_getfield(L, 2, "mode");
    const char *now = lua_tostring(L, -1);
    for (int i = 0; i < 3 && now; i++)
        if (strcmp(now, modes[i]) == 0)
            k->mode = (as_mode)i;
    lua_getfield(L, 2, modes[wanted]);
    lua_pushvalue(L, 2);
    lua_call(L, 1, 0);
    return 0;
}

static as_mode model_mode(as_ctx *c, as_model *m, as_mode mode)
{
    model_call k = {.m = (const lua_model *)m, .mode = mode};
    call_protected(c, &k, set_mode, 0);
    return k.mode;
}

static int read_number(lua_State *L)
{
    model_call *k = lua_touserdata(L, 1);
    lua_settop(L, 2);
    push_theta(L, k->theta);
    lua_call(L, 1, 1);
    if (!lua_host_number(L, -1, &k->number))
        return lua_host_raise(L, "the function returned a %s, expected a number", luaL_typename(L, -1));
    return 0;
}

static double model_evaluate(as_ctx *c, as_model *m, const as_state *theta)
{
    model_call k = {.m = (const lua_model *)m, .theta = theta};
    return call_protected(c, &k, read_number, 0) ? k.number : __builtin_nan("");
}

/* ---- reading ---- */

/* What the value offers, by the methods it has. */
static unsigned offers_of(lua_State *L, int value)
{
    static const struct {
        const char *method;
        unsigned offers;
    } methods[] = {{"call_with", MODEL_PARAMS | MODEL_BUFFERS},
                   {"taps", MODEL_TAPS},
                   {"clone", MODEL_CLONE},
                   {"batch_stats", MODEL_MODES},
                   {"group", MODEL_GROUPS}};
    unsigned offers = 0;
    for (size_t i = 0; i < sizeof methods / sizeof *methods && lua_istable(L, value); i++) {
        if (lua_getfield(L, value, methods[i].method) == LUA_TFUNCTION)
            offers |= methods[i].offers;
        lua_pop(L, 1);
    }
    return offers;
}

void model_read(lua_State *L, const char *what, plugin_arguments *a, int place, int value)
{
    bool callable = lua_isfunction(L, value);
    if (!callable && luaL_getmetafield(L, value, "__call") != LUA_TNIL) {
        lua_pop(L, 1);
        callable = !handle_at(L, value);
    }
    if (!callable)
        lua_host_raise(L, "%s is a %s, expected a model or a function", what, luaL_typename(L, value));
    unsigned offers = offers_of(L, value);
    a->models[place] = (lua_model){.model = {.offers = offers,
                                             .call = call_plain,
                                             .call_with = offers & MODEL_PARAMS ? call_with : NULL,
                                             .request = model_request,
                                             .state = offers & MODEL_PARAMS ? model_state : NULL,
                                             .mode = offers & MODEL_MODES ? model_mode : NULL,
                                             .evaluate = model_evaluate},
                                   .host = host_of(L),
                                   .index = value,
                                   .place = place};
    a->in[place].model = &a->models[place].model;
}
