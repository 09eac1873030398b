/* + - * / ^ and unary - on tensors and numbers. Numbers become options of an operation, never tensors. This
 * is the path whose cost a training loop feels: no allocation but the handle, no lookup by name. */
#include "lua/internal.h"

#include <math.h>

int host_finish(lua_State *L, lua_host *h, handle *u, as_scope s, as_t y)
{
    if (!context_ok(h->c)) {
        scope_close(h->c, s, NULL);
        return lua_host_raise_context(L);
    }
    handle_fill(L, h, u, y);
    scope_close(h->c, s, NULL);
    return 1;
}

int host_op(lua_State *L, as_op_code code, const as_t *in, int n, const as_attr *attr)
{
    lua_host *h = host_of(L);
    handle *u = handle_new(L, h);
    as_scope s = scope_open(h->c);
    return host_finish(L, h, u, s, tape_op(h->c, code, in, n, attr));
}

static int affine(lua_State *L, as_t x, double factor, double shift)
{
    as_attr attr = {{0}, {factor, shift}};
    return host_op(L, AS_OP_AFFINE, &x, 1, &attr);
}

static int power(lua_State *L, as_t x, double exponent)
{
    if (exponent == 2)
        return host_op(L, AS_OP_SQUARE, &x, 1, NULL);
    if (exponent == 0.5)
        return host_op(L, AS_OP_SQRT, &x, 1, NULL);
    as_attr attr = {{0}, {exponent, 0}};
    return host_op(L, AS_OP_POWER, &x, 1, &attr);
}

static int tensor_and_number(lua_State *L, as_op_code code, as_t x, double r)
{
    switch (code) {
    case AS_OP_ADD:
        return affine(L, x, 1, r);
    case AS_OP_SUB:
        return affine(L, x, 1, -r);
    case AS_OP_MUL:
        return affine(L, x, r, 0);
    case AS_OP_DIV:
        return affine(L, x, 1 / r, 0);
    default:
        return power(L, x, r);
    }
}

/* r / x = r * x^-1, r ^ x = exp(x log r): two steps, the first held by the scope. */
static int in_two_steps(lua_State *L, as_t x, as_op_code first, as_attr one, as_op_code second, as_attr two)
{
    lua_host *h = host_of(L);
    handle *u = handle_new(L, h);
    as_scope s = scope_open(h->c);
    as_t y = tape_op(h->c, first, &x, 1, &one);
    return host_finish(L, h, u, s, tape_op(h->c, second, &y, 1, &two));
}

static int number_and_tensor(lua_State *L, as_op_code code, double r, as_t x)
{
    switch (code) {
    case AS_OP_ADD:
        return affine(L, x, 1, r);
    case AS_OP_SUB:
        return affine(L, x, -1, r);
    case AS_OP_MUL:
        return affine(L, x, r, 0);
    case AS_OP_DIV:
        return in_two_steps(L, x, AS_OP_POWER, (as_attr){{0}, {-1, 0}}, AS_OP_AFFINE, (as_attr){{0}, {r, 0}});
    default:
        return in_two_steps(L, x, AS_OP_AFFINE, (as_attr){{0}, {log(r), 0}}, AS_OP_EXP, (as_attr){{0}, {0}});
    }
}

static int wrong_operand(lua_State *L, as_op_code code)
{
    int other = tensor_at(L, 1) ? 2 : 1;
    return lua_host_raise(L, "%s: operand %d is a %s, expected a tensor or a number", op_at(code)->name,
                          other, luaL_typename(L, other));
}

static inline int binary(lua_State *L, as_op_code code)
{
    as_t in[2] = {tensor_at(L, 1), tensor_at(L, 2)};
    if (in[0] && in[1])
        return host_op(L, code, in, 2, NULL);
    if (in[0] && lua_type(L, 2) == LUA_TNUMBER)
        return tensor_and_number(L, code, in[0], lua_tonumber(L, 2));
    if (in[1] && lua_type(L, 1) == LUA_TNUMBER)
        return number_and_tensor(L, code, lua_tonumber(L, 1), in[1]);
    return wrong_operand(L, code);
}

static int add(lua_State *L)
{
    return binary(L, AS_OP_ADD);
}

static int sub(lua_State *L)
{
    return binary(L, AS_OP_SUB);
}

static int mul(lua_State *L)
{
    return binary(L, AS_OP_MUL);
}

static int divide(lua_State *L)
{
    return binary(L, AS_OP_DIV);
}

static int raise(lua_State *L)
{
    return binary(L, AS_OP_POW);
}

static int negate(lua_State *L)
{
    as_t x = lua_host_check_tensor(L, 1);
    return host_op(L, AS_OP_NEG, &x, 1, NULL);
}

void tensor_open_arithmetic(lua_State *L)
{
    static const luaL_Reg functions[] = {{"__add", add},
                                         {"__sub", sub},
                                         {"__mul", mul},
                                         {"__div", divide},
                                         {"__pow", raise},
                                         {"__unm", negate},
                                         {0}};
    luaL_setfuncs(L, functions, 0);
}
