/* Operations on several tensors, as functions: as.concat, as.stack, as.weighted_sum, and what else the
 * library in Lua asks of C. */
#include "lua/internal.h"

#include "base/breadcrumb.h"
#include "tensor/alloc.h"

#include <time.h>

/* as.concat({a, b}, axis) */
static int concat(lua_State *L)
{
    int n;
    as_t *x = list_argument(L, 1, "concat", &n, 0);
    as_attr attr = {{axis_argument(L, 2, "concat", x[0])}, {0}};
    return host_op(L, AS_OP_CONCAT, x, n, &attr);
}

/* as.stack({a, b}, axis): along a new axis, the first if not said */
static int stack(lua_State *L)
{
    lua_settop(L, 2);
    int n;
    as_t *x = list_argument(L, 1, "stack", &n, 0);
    int axis = axis_of(L, luaL_optinteger(L, 2, 1), "stack", x[0]->rank + 1, x[0]);
    lua_host *h = host_of(L);
    handle *u = handle_new(L, h);
    as_scope s = scope_open(h->c);
    for (int i = 0; i < n; i++)
        x[i] = as_unsqueeze(h->c, x[i], axis);
    as_attr attr = {{axis}, {0}};
    return host_finish(L, h, u, s, tape_op(h->c, AS_OP_CONCAT, x, n, &attr));
}

/* as.weighted_sum({a, b}, {0.5, 0.5}): summed in double; the weights a list or an f64 tensor */
static int weighted_sum(lua_State *L)
{
    lua_settop(L, 2);
    int n;
    as_t *x = list_argument(L, 1, "weighted_sum", &n, 1);
    as_t weights = tensor_at(L, 2);
    double *list = NULL;
    if (!weights) {
        luaL_checktype(L, 2, LUA_TTABLE);
        if ((int)lua_rawlen(L, 2) != n)
            return lua_host_raise(L, "weighted_sum: %d weights for %d tensors", (int)lua_rawlen(L, 2), n);
        list = lua_newuserdatauv(L, (size_t)n * sizeof *list, 0);
        for (int i = 0; i < n; i++) {
            lua_rawgeti(L, 2, i + 1);
            list[i] = luaL_checknumber(L, -1);
            lua_pop(L, 1);
        }
    }
    lua_host *h = host_of(L);
    handle *u = handle_new(L, h);
    as_scope s = scope_open(h->c);
    x[n] = weights ? weights : tensor_from(h->c, AS_F64, AS_DIMS(n), list);
    return host_finish(L, h, u, s, tape_op(h->c, AS_OP_WEIGHTED_SUM, x, n + 1, NULL));
}

/* core.is_tensor(value) */
static int is_tensor(lua_State *L)
{
    lua_pushboolean(L, handle_at(L, 1) != NULL);
    return 1;
}

/* core.step(step, total): where the training loop is, for the supervisor */
static int step(lua_State *L)
{
    breadcrumb *b = breadcrumb_here();
    atomic_store_explicit(&b->step, luaL_checkinteger(L, 1), memory_order_relaxed);
    atomic_store_explicit(&b->total, luaL_optinteger(L, 2, 0), memory_order_relaxed);
    return 0;
}

/* core.operations() -> a list of { name =, form =, doc = }, the table's rows */
static int operations(lua_State *L)
{
    lua_newtable(L);
    for (int code = 0, n = 0; code < AS_OP_END; code++) {
        const op *row = op_at((as_op_code)code);
        if (!row)
            continue;
        lua_createtable(L, 0, 3);
        lua_pushstring(L, row->name);
        lua_setfield(L, -2, "name");
        lua_pushstring(L, row->form);
        lua_setfield(L, -2, "form");
        lua_pushstring(L, row->doc);
        lua_setfield(L, -2, "doc");
        lua_rawseti(L, -2, ++n);
    }
    return 1;
}

/* core.memory(anew) -> bytes of tensors in use, the most there were; counted anew from here if `anew` */
static int memory(lua_State *L)
{
    bool anew = lua_toboolean(L, 1);
    lua_pushinteger(L, (lua_Integer)alloc_in_use());
    lua_pushinteger(L, (lua_Integer)alloc_peak());
    if (anew)
        alloc_reset_peak();
    return 2;
}

/* core.clock() -> seconds from a fixed point, for durations */
static int clock_seconds(lua_State *L)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    lua_pushnumber(L, (double)t.tv_sec + 1e-9 * (double)t.tv_nsec);
    return 1;
}

void core_open_operations(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"concat", concat},       {"stack", stack},         {"weighted_sum", weighted_sum},
        {"step", step},           {"memory", memory},       {"operations", operations},
        {"is_tensor", is_tensor}, {"clock", clock_seconds}, {0}};
    luaL_setfuncs(L, functions, 0);
    core_open_composites(L);
}
