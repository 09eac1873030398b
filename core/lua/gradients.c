/* Gradients from Lua: x:backward(), x.grad, as.grad, as.no_grad. */
#include "lua/internal.h"

#include "autograd/per_sample.h"

static int backward(lua_State *L)
{
    as_t x = lua_host_check_tensor(L, 1);
    as_ctx *c = host_of(L)->c;
    as_scope s = scope_open(c);
    tape_backward(c, x);
    scope_close(c, s, NULL);
    return context_ok(c) ? 0 : lua_host_raise_context(L);
}

/* x:detach(): the same items without history */
static int detach(lua_State *L)
{
    as_t x = lua_host_check_tensor(L, 1);
    lua_host *h = host_of(L);
    handle *u = handle_new(L, h);
    as_scope s = scope_open(h->c);
    /* never x itself: it may come to require a gradient */
    return host_finish(L, h, u, s, x->requires_grad ? tape_detach(h->c, x) : tensor_alias(h->c, x));
}

/* x:clone(): a copy of the items, without history */
static int clone(lua_State *L)
{
    as_t x = lua_host_check_tensor(L, 1);
    lua_host *h = host_of(L);
    handle *u = handle_new(L, h);
    as_scope s = scope_open(h->c);
    as_t dense = tensor_dense(h->c, x);
    as_t y = context_ok(h->c) ? tensor_from(h->c, (as_dtype)x->dtype, tensor_dims(x), dense->data) : dense;
    return host_finish(L, h, u, s, y);
}

/* x:requires_grad_(), x:requires_grad_(false) */
static int require(lua_State *L)
{
    as_t x = lua_host_check_tensor(L, 1);
    as_ctx *c = host_of(L)->c;
    tape_require(c, x, lua_isnoneornil(L, 2) || lua_toboolean(L, 2));
    if (!context_ok(c))
        return lua_host_raise_context(L);
    lua_settop(L, 1);
    return 1;
}

/* x:drop_grad(): x.grad is nil again */
static int drop_grad(lua_State *L)
{
    as_t x = lua_host_check_tensor(L, 1);
    tensor_unref(x->grad);
    x->grad = NULL;
    lua_settop(L, 1);
    return 1;
}

/* as.grad(y, xs, {create_graph =, grad =}) -> d y / d x of one tensor, or a list of them */
static int grad(lua_State *L)
{
    static const char *const options[] = {"create_graph", "grad"};
    as_t y = lua_host_check_tensor(L, 1), one = tensor_at(L, 2), grad_y = NULL;
    check_options(L, 3, "grad", options, 2);
    bool create_graph = option_bool(L, 3, "create_graph", false);
    lua_settop(L, 3);
    if (lua_istable(L, 3) && lua_getfield(L, 3, "grad") != LUA_TNIL)
        grad_y = lua_host_check_tensor(L, -1);
    int n = 1;
    as_t *x = one ? &one : list_argument(L, 2, "grad", &n, 0);
    as_t *result = lua_newuserdatauv(L, (size_t)n * sizeof *result, 0);
    lua_host *h = host_of(L);
    handle **u = lua_newuserdatauv(L, (size_t)n * sizeof *u, 0);
    lua_createtable(L, n, 0);
    for (int i = 0; i < n; i++) {
        u[i] = handle_new(L, h);
        lua_rawseti(L, -2, i + 1);
    }
    as_scope s = scope_open(h->c);
    if (!tape_gradients(h->c, y, grad_y, x, n, create_graph, result)) {
        scope_close(h->c, s, NULL);
        return lua_host_raise_context(L);
    }
    for (int i = 0; i < n; i++)
        handle_fill(L, h, u[i], result[i]);
    scope_close(h->c, s, NULL);
    if (one)
        lua_rawgeti(L, -1, 1);
    return 1;
}

/* as.per_sample_norms(losses, parameters) -> [B]: of each item's gradient. losses [B], in eval mode */
static int per_sample_norms(lua_State *L)
{
    as_t loss = lua_host_check_tensor(L, 1), norm = NULL;
    int n;
    lua_settop(L, 2);
    as_t *x = list_argument(L, 2, "per_sample_norms", &n, 0);
    lua_host *h = host_of(L);
    handle *u = handle_new(L, h);
    as_scope s = scope_open(h->c);
    tape_per_sample(h->c, loss, x, n, &norm, NULL);
    return host_finish(L, h, u, s, norm ? norm : loss);
}

/* as.per_sample_grad(losses, parameters) -> a list of [B, sizes of the parameter] */
static int per_sample_grad(lua_State *L)
{
    as_t loss = lua_host_check_tensor(L, 1);
    int n;
    lua_settop(L, 2);
    as_t *x = list_argument(L, 2, "per_sample_grad", &n, 0);
    lua_host *h = host_of(L);
    as_t *each = lua_newuserdatauv(L, (size_t)n * sizeof *each, 0);
    handle **u = lua_newuserdatauv(L, (size_t)n * sizeof *u, 0);
    lua_createtable(L, n, 0);
    for (int i = 0; i < n; i++) {
        u[i] = handle_new(L, h);
        lua_rawseti(L, -2, i + 1);
    }
    as_scope s = scope_open(h->c);
    if (tape_per_sample(h->c, loss, x, n, NULL, each))
        for (int i = 0; i < n; i++)
            handle_fill(L, h, u[i], each[i]);
    scope_close(h->c, s, NULL);
    return context_ok(h->c) ? 1 : lua_host_raise_context(L);
}

/* as.no_grad(f, ...): nothing is recorded in f */
static int no_grad(lua_State *L)
{
    luaL_checkany(L, 1);
    as_ctx *c = host_of(L)->c;
    bool before = tape_recording(c, false);
    int status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
    tape_recording(c, before);
    return status == LUA_OK ? lua_gettop(L) : lua_error(L);
}

/* core.recording(on) -> as it was */
static int recording(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_pushboolean(L, tape_recording(host_of(L)->c, lua_toboolean(L, 1)));
    return 1;
}

void tensor_open_gradients(lua_State *L)
{
    static const luaL_Reg functions[] = {{"backward", backward},   {"detach", detach},
                                         {"clone", clone},         {"requires_grad_", require},
                                         {"drop_grad", drop_grad}, {0}};
    luaL_setfuncs(L, functions, 0);
}

void core_open_gradients(lua_State *L)
{
    static const luaL_Reg functions[] = {{"grad", grad},
                                         {"per_sample_norms", per_sample_norms},
                                         {"per_sample_grad", per_sample_grad},
                                         {"no_grad", no_grad},
                                         {"recording", recording},
                                         {0}};
    luaL_setfuncs(L, functions, 0);
}
