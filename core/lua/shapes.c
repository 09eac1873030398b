/* Methods that look at the same items in another shape, and indexing. Lua counts axes and places from 1, the
 * engine from 0. */
#include "lua/internal.h"

#include <string.h>

/* x:reshape(32, -1) or x:reshape{32, -1} */
static int dims_form(lua_State *L, as_op_code code, const char *name, bool open)
{
    as_t x = lua_host_check_tensor(L, 1);
    as_dims d = dims_argument(L, 2, name, open);
    as_attr attr = {{d.rank}, {0}};
    for (int i = 0; i < d.rank; i++)
        attr.i[i + 1] = d.size[i];
    return host_op(L, code, &x, 1, &attr);
}

static int reshape(lua_State *L)
{
    return dims_form(L, AS_OP_RESHAPE, "reshape", true);
}

static int expand(lua_State *L)
{
    return dims_form(L, AS_OP_EXPAND, "expand", false);
}

/* x:sum_to{64, 1}: sums what broadcasting to x would have repeated */
static int sum_to(lua_State *L)
{
    return dims_form(L, AS_OP_SUM_TO, "sum_to", false);
}

/* x:permute(1, 3, 2) */
static int permute(lua_State *L)
{
    as_t x = lua_host_check_tensor(L, 1);
    bool list = lua_istable(L, 2);
    int n = list ? (int)lua_rawlen(L, 2) : lua_gettop(L) - 1;
    if (n != x->rank)
        return lua_host_raise(L, "permute: %d axes given for a tensor of rank %d", n, x->rank);
    as_attr attr = {{n}, {0}};
    for (int i = 0; i < n; i++) {
        if (list)
            lua_rawgeti(L, 2, i + 1);
        attr.i[i + 1] = axis_argument(L, list ? -1 : i + 2, "permute", x);
    }
    return host_op(L, AS_OP_PERMUTE, &x, 1, &attr);
}

/* x:transpose() swaps the last two axes, x:transpose(a, b) these */
static int transpose(lua_State *L)
{
    as_t x = lua_host_check_tensor(L, 1);
    if (x->rank < 2)
        return lua_host_raise(L, "transpose: a tensor of rank %d, expected at least 2 axes", x->rank);
    int a = lua_isnoneornil(L, 2) ? x->rank - 2 : axis_argument(L, 2, "transpose", x);
    int b = lua_isnoneornil(L, 2) ? x->rank - 1 : axis_argument(L, 3, "transpose", x);
    as_attr attr = {{x->rank}, {0}};
    for (int i = 0; i < x->rank; i++)
        attr.i[i + 1] = i == a ? b : i == b ? a : i;
    return host_op(L, AS_OP_PERMUTE, &x, 1, &attr);
}

static int reshape_to(lua_State *L, as_t x, as_dims d)
{
    as_attr attr = {{d.rank}, {0}};
    for (int i = 0; i < d.rank; i++)
        attr.i[i + 1] = d.size[i];
    return host_op(L, AS_OP_RESHAPE, &x, 1, &attr);
}

/* x:squeeze(axis), without an axis of size 1 */
static int squeeze(lua_State *L)
{
    as_t x = lua_host_check_tensor(L, 1);
    int axis = axis_argument(L, 2, "squeeze", x);
    as_dims d = tensor_dims(x);
    if (d.size[axis] != 1)
        return lua_host_raise(L, "squeeze: axis %d has size %lld, not 1", axis + 1, (long long)d.size[axis]);
    for (int i = axis; i + 1 < d.rank; i++)
        d.size[i] = d.size[i + 1];
    d.rank--;
    return reshape_to(L, x, d);
}

/* x:unsqueeze(axis): the new axis of size 1 stands at `axis`, -1 is after the last */
static int unsqueeze(lua_State *L)
{
    as_t x = lua_host_check_tensor(L, 1);
    if (x->rank == AS_MAX_RANK)
        return lua_host_raise(L, "unsqueeze: the tensor has %d axes already", AS_MAX_RANK);
    int axis = axis_of(L, luaL_checkinteger(L, 2), "unsqueeze", x->rank + 1, x);
    as_dims d = tensor_dims(x);
    for (int i = d.rank; i > axis; i--)
        d.size[i] = d.size[i - 1];
    d.size[axis] = 1;
    d.rank++;
    return reshape_to(L, x, d);
}

/* x:flatten(first): the axes from `first` (1 if not said) as one */
static int flatten(lua_State *L)
{
    as_t x = lua_host_check_tensor(L, 1);
    as_dims d = tensor_dims(x);
    int axis = lua_isnoneornil(L, 2) || d.rank == 0 ? 0 : axis_argument(L, 2, "flatten", x);
    int64_t size = 1;
    for (int i = axis; i < d.rank; i++)
        size *= d.size[i];
    d.size[axis] = size;
    d.rank = axis + 1;
    return reshape_to(L, x, d);
}

/* x:slice(axis, first, last, step): both ends included, as in string.sub; -1 is the last */
static int slice(lua_State *L)
{
    as_t x = lua_host_check_tensor(L, 1);
    int axis = axis_argument(L, 2, "slice", x);
    int64_t n = x->size[axis];
    int64_t first = luaL_checkinteger(L, 3), last = luaL_optinteger(L, 4, -1),
            step = luaL_optinteger(L, 5, 1);
    if (step < 1)
        return lua_host_raise(L, "slice: step %lld, expected at least 1", (long long)step);
    first = first < 0 ? n + first : first - 1;
    last = last < 0 ? n + last + 1 : last;
    first = first < 0 ? 0 : first;
    last = last > n ? n : last;
    first = first > n ? n : first;
    as_attr attr = {{axis, first, last < first ? first : last, step}, {0}};
    return host_op(L, AS_OP_SLICE, &x, 1, &attr);
}

/* t[i], a view without the first axis */
static int item_view(lua_State *L, as_t x)
{
    if (x->rank == 0)
        return lua_host_raise(L, "[%lld] of a scalar, which has no axis", (long long)lua_tointeger(L, 2));
    lua_Integer i = lua_tointeger(L, 2);
    int64_t n = x->size[0];
    if (i == 0 || i > n || i < -n)
        return lua_host_raise(L, "[%lld] of axis 1, which has %lld places: 1 to %lld, or -1 (the last) back",
                              (long long)i, (long long)n, (long long)n);
    int64_t at = i < 0 ? n + i : i - 1;
    lua_host *h = host_of(L);
    handle *u = handle_new(L, h);
    as_scope s = scope_open(h->c);
    as_t y = as_slice(h->c, x, 0, at, at + 1, 1);
    as_dims d = tensor_dims(x);
    for (int k = 1; k < d.rank; k++)
        d.size[k - 1] = d.size[k];
    d.rank--;
    return host_finish(L, h, u, s, as_reshape(h->c, y, d));
}

/* Properties: x.dtype, x.rank, x.grad, x.requires_grad. False if it is none of them. */
static bool property(lua_State *L, as_t x, const char *key)
{
    if (strcmp(key, "grad") == 0) {
        if (x->grad)
            lua_host_push_tensor(L, x->grad);
        else
            lua_pushnil(L);
    } else if (strcmp(key, "dtype") == 0) {
        lua_pushstring(L, tensor_dtype_name((as_dtype)x->dtype));
    } else if (strcmp(key, "rank") == 0) {
        lua_pushinteger(L, x->rank);
    } else if (strcmp(key, "requires_grad") == 0) {
        lua_pushboolean(L, x->requires_grad);
    } else {
        return false;
    }
    return true;
}

static int no_such_method(lua_State *L, const char *key)
{
    const char **names = NULL;
    size_t n = 0;
    for (lua_pushnil(L); lua_next(L, lua_upvalueindex(1)); lua_pop(L, 1))
        n++;
    names = lua_newuserdatauv(L, (n + 1) * sizeof *names, 0);
    n = 0;
    for (lua_pushnil(L); lua_next(L, lua_upvalueindex(1)); lua_pop(L, 1))
        names[n++] = lua_tostring(L, -2);
    char nearest[128];
    return lua_host_raise(L, "tensors have no method or property \"%s\"%s", key,
                          lua_host_suggest(key, names, n, nearest, sizeof nearest));
}

int tensor_index(lua_State *L)
{
    if (lua_type(L, 2) == LUA_TSTRING) {
        lua_pushvalue(L, 2);
        if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL)
            return 1;
        const char *key = lua_tostring(L, 2);
        return property(L, lua_host_check_tensor(L, 1), key) ? 1 : no_such_method(L, key);
    }
    as_t x = lua_host_check_tensor(L, 1);
    if (lua_isinteger(L, 2))
        return item_view(L, x);
    as_t index = tensor_at(L, 2);
    if (!index)
        return lua_host_raise(L, "index of a tensor is a %s, expected a whole number or an i64 tensor",
                              luaL_typename(L, 2));
    as_t in[2] = {x, index};
    as_attr attr = {{0}, {0}};
    return host_op(L, AS_OP_INDEX_SELECT, in, 2, &attr);
}

void tensor_open_shapes(lua_State *L)
{
    static const luaL_Reg functions[] = {{"reshape", reshape},     {"expand", expand},
                                         {"permute", permute},     {"squeeze", squeeze},
                                         {"unsqueeze", unsqueeze}, {"flatten", flatten},
                                         {"slice", slice},         {"transpose", transpose},
                                         {"sum_to", sum_to},       {0}};
    luaL_setfuncs(L, functions, 0);
}
