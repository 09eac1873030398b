/* Methods of tensors from the table of operations: the numbering of ops.h says how each family takes its
 * options, the table gives the names. An operation is reachable as x:name(...). */
#include "lua/internal.h"

#include <math.h>
#include <string.h>

static as_op_code code_of(lua_State *L)
{
    return (as_op_code)lua_tointeger(L, lua_upvalueindex(1));
}

/* x:exp() */
static int unary(lua_State *L)
{
    as_t x = lua_host_check_tensor(L, 1);
    return host_op(L, code_of(L), &x, 1, NULL);
}

/* x:clamp(low, high); nil is no limit */
static int clamp(lua_State *L)
{
    as_t x = lua_host_check_tensor(L, 1);
    as_attr attr = {{0}, {luaL_optnumber(L, 2, -INFINITY), luaL_optnumber(L, 3, INFINITY)}};
    return host_op(L, code_of(L), &x, 1, &attr);
}

/* x:affine(factor, shift), x:power(exponent) */
static int reals(lua_State *L)
{
    as_t x = lua_host_check_tensor(L, 1);
    as_attr attr = {{0}, {luaL_checknumber(L, 2), luaL_optnumber(L, 3, 0)}};
    return host_op(L, code_of(L), &x, 1, &attr);
}

/* A number beside a tensor, as a scalar of its dtype, in the current scope. */
static as_t scalar_like(as_ctx *c, as_t x, double value)
{
    bool whole = x->dtype != AS_I64 || value == floor(value);
    return tensor_full(c, whole ? x->dtype : AS_F32, AS_SCALAR, value);
}

/* x:maximum(y), x:lt(0): both may be numbers but not at once */
static int binary(lua_State *L)
{
    as_op_code code = code_of(L);
    as_t in[2] = {tensor_at(L, 1), tensor_at(L, 2)};
    if (in[0] && in[1])
        return host_op(L, code, in, 2, NULL);
    int missing = in[0] ? 1 : 0;
    if (!in[1 - missing] || lua_type(L, missing + 1) != LUA_TNUMBER)
        return lua_host_raise(L, "%s: argument %d is a %s, expected a tensor or a number", op_at(code)->name,
                              missing + 1, luaL_typename(L, missing + 1));
    lua_host *h = host_of(L);
    double value = lua_tonumber(L, missing + 1);
    handle *u = handle_new(L, h);
    as_scope s = scope_open(h->c);
    in[missing] = scalar_like(h->c, in[1 - missing], value);
    return host_finish(L, h, u, s, tape_op(h->c, code, in, 2, NULL));
}

/* as.where(condition, yes, no) and condition:where(yes, no): yes or no may be numbers */
static int where(lua_State *L)
{
    as_t in[3] = {lua_host_check_tensor(L, 1), tensor_at(L, 2), tensor_at(L, 3)};
    double value[3] = {0};
    for (int i = 1; i < 3; i++)
        if (!in[i])
            value[i] = luaL_checknumber(L, i + 1);
    lua_host *h = host_of(L);
    handle *u = handle_new(L, h);
    as_scope s = scope_open(h->c);
    as_dtype dtype = in[1] ? in[1]->dtype : in[2] ? in[2]->dtype : context_of(h->c)->working;
    for (int i = 1; i < 3; i++)
        if (!in[i])
            in[i] = tensor_full(h->c, dtype, AS_SCALAR, value[i]);
    return host_finish(L, h, u, s, tape_op(h->c, AS_OP_WHERE, in, 3, NULL));
}

/* x:sum() over everything; x:sum(axis); x:sum{axis, axis, keep = true}. Axes go unless kept. */
static int reduce(lua_State *L)
{
    static const char *const options[] = {"keep"};
    as_op_code code = code_of(L);
    const char *name = op_at(code)->name;
    as_t x = lua_host_check_tensor(L, 1);
    as_attr attr = {{0}, {0}};
    if (lua_istable(L, 2)) {
        check_options(L, 2, name, options, 1);
        int n = (int)lua_rawlen(L, 2);
        for (int i = 1; i <= n; i++) {
            lua_rawgeti(L, 2, i);
            attr.i[0] |= (int64_t)1 << axis_argument(L, -1, name, x);
            lua_pop(L, 1);
        }
        attr.i[1] = option_bool(L, 2, "keep", false);
        if (n == 0)
            attr.i[0] = ((int64_t)1 << x->rank) - 1;
    } else if (lua_isnoneornil(L, 2)) {
        attr.i[0] = ((int64_t)1 << x->rank) - 1;
    } else {
        attr.i[0] = (int64_t)1 << axis_argument(L, 2, name, x);
    }
    return host_op(L, code, &x, 1, &attr);
}

/* x:softmax(axis), the last if not said */
static int along(lua_State *L)
{
    as_op_code code = code_of(L);
    as_t x = lua_host_check_tensor(L, 1);
    as_attr attr = {{x->rank - 1}, {0}};
    if (!lua_isnoneornil(L, 2))
        attr.i[0] = axis_argument(L, 2, op_at(code)->name, x);
    return host_op(L, code, &x, 1, &attr);
}

/* x:gather(index, axis), x:index_select(index, axis) */
static int pick(lua_State *L)
{
    as_op_code code = code_of(L);
    as_t in[2] = {lua_host_check_tensor(L, 1), lua_host_check_tensor(L, 2)};
    as_attr attr = {{axis_argument(L, 3, op_at(code)->name, in[0])}, {0}};
    return host_op(L, code, in, 2, &attr);
}

/* x:index_add(index, axis, size); x:scatter_add(index, axis, size), whose x may lack the axis */
static int put(lua_State *L)
{
    as_op_code code = code_of(L);
    as_t in[2] = {lua_host_check_tensor(L, 1), lua_host_check_tensor(L, 2)};
    int lacking =
        code == AS_OP_SCATTER_ADD && in[0]->rank == in[1]->rank && lua_tointeger(L, 3) == in[0]->rank + 1 ? 1
                                                                                                          : 0;
    as_attr attr = {{axis_of(L, luaL_checkinteger(L, 3), op_at(code)->name, in[0]->rank + lacking, in[0]),
                     luaL_checkinteger(L, 4)},
                    {0}};
    return host_op(L, code, in, 2, &attr);
}

/* logits:cross_entropy(labels, smoothing) */
static int cross_entropy(lua_State *L)
{
    as_t in[2] = {lua_host_check_tensor(L, 1), lua_host_check_tensor(L, 2)};
    as_attr attr = {{0}, {luaL_optnumber(L, 3, 0)}};
    return host_op(L, AS_OP_CROSS_ENTROPY, in, 2, &attr);
}

/* index:one_hot(classes) */
static int one_hot(lua_State *L)
{
    as_t x = lua_host_check_tensor(L, 1);
    as_attr attr = {{luaL_checkinteger(L, 2)}, {0}};
    return host_op(L, AS_OP_ONE_HOT, &x, 1, &attr);
}

/* x:conv2d(w, {stride =, padding =, dilation =, groups =}), each a number or {height, width} */
static int conv2d(lua_State *L)
{
    static const char *const options[] = {"stride", "padding", "dilation", "groups"};
    as_t in[2] = {lua_host_check_tensor(L, 1), lua_host_check_tensor(L, 2)};
    as_attr attr = {{1, 1, 0, 0, 1, 1, 1}, {0}};
    if (lua_istable(L, 3)) {
        check_options(L, 3, "conv2d", options, 4);
        for (int i = 0; i < 3; i++) {
            if (lua_getfield(L, 3, options[i]) != LUA_TNIL)
                pair_argument(L, -1, options[i], &attr.i[2 * i]);
            lua_pop(L, 1);
        }
        if (lua_getfield(L, 3, "groups") != LUA_TNIL)
            attr.i[6] = luaL_checkinteger(L, -1);
        lua_pop(L, 1);
    }
    return host_op(L, AS_OP_CONV2D, in, 2, &attr);
}

/* x:max_pool2d(kernel, {stride =, padding =}), avg_pool2d; the stride is the kernel if not said */
static int pool2d(lua_State *L)
{
    static const char *const options[] = {"stride", "padding"};
    as_t x = lua_host_check_tensor(L, 1);
    as_attr attr = {{0}, {0}};
    pair_argument(L, 2, "kernel", attr.i);
    attr.i[2] = attr.i[0];
    attr.i[3] = attr.i[1];
    if (lua_istable(L, 3)) {
        check_options(L, 3, op_at(code_of(L))->name, options, 2);
        for (int i = 0; i < 2; i++) {
            if (lua_getfield(L, 3, options[i]) != LUA_TNIL)
                pair_argument(L, -1, options[i], &attr.i[2 + 2 * i]);
            lua_pop(L, 1);
        }
    }
    return host_op(L, code_of(L), &x, 1, &attr);
}

/* x:resize2d({height, width}, "bilinear"); "nearest" if not said */
static int resize2d(lua_State *L)
{
    static const char *const modes[] = {"nearest", "bilinear", NULL};
    as_t x = lua_host_check_tensor(L, 1);
    as_attr attr = {{0}, {0}};
    pair_argument(L, 2, "resize2d: size", attr.i);
    attr.i[2] = luaL_checkoption(L, 3, "nearest", modes);
    return host_op(L, AS_OP_RESIZE2D, &x, 1, &attr);
}

/* How a script gives an operation its options, by the table's word for it. Forms that are missing here are
 * bound in shapes.c, operations.c and reading.c, or are not for scripts ("internal"). */
static const struct {
    const char *form;
    lua_CFunction function;
} forms[] = {
    {"unary", unary}, {"unary1", reals}, {"unary2", reals},    {"binary", binary},        {"ternary", where},
    {"axes", reduce}, {"axis", along},   {"index", pick},      {"scatter", put},          {"count", one_hot},
    {"conv", conv2d}, {"pool", pool2d},  {"resize", resize2d}, {"labels", cross_entropy},
};

static lua_CFunction form_of(const op *row, as_op_code code)
{
    if (code == AS_OP_CLAMP)
        return clamp; /* its limits may be nil */
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (strcmp(forms[i].form, row->form) == 0)
            return forms[i].function;
    return NULL;
}

void tensor_open_methods(lua_State *L)
{
    for (int code = 0; code < AS_OP_END; code++) {
        const op *row = op_at((as_op_code)code);
        lua_CFunction form = row ? form_of(row, (as_op_code)code) : NULL;
        if (!form)
            continue;
        lua_pushinteger(L, code);
        lua_pushcclosure(L, form, 1);
        lua_setfield(L, -2, row->name);
    }
    tensor_open_composites(L);
}
