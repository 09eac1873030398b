/* From tensors to Lua: sizes, items, text; and changes in place. */
#include "lua/internal.h"

#include <string.h>

static void push_item(lua_State *L, const struct as_tensor *x, const int64_t *index)
{
    if (x->dtype != AS_I64) {
        lua_pushnumber(L, tensor_get(x, index));
        return;
    }
    int64_t at = 0; /* through a double large integers would change */
    for (int i = 0; i < x->rank; i++)
        at += index[i] * x->stride[i];
    lua_pushinteger(L, ((const int64_t *)x->data)[at]);
}

/* x:item() -> the only item as a number */
static int item(lua_State *L)
{
    as_t x = lua_host_check_tensor(L, 1);
    as_ctx *c = host_of(L)->c;
    double value = c->services->item(c, x); /* a conformance check gives again what leaves the graph */
    if (!context_ok(c))
        return lua_host_raise_context(L);
    if (x->requires_grad)
        lua_pushnumber(L, value);
    else
        push_item(L, x, (int64_t[AS_MAX_RANK]){0});
    return 1;
}

static void push_list(lua_State *L, const struct as_tensor *x, int axis, int64_t *index)
{
    luaL_checkstack(L, 3, "tolist");
    if (axis == x->rank) {
        push_item(L, x, index);
        return;
    }
    lua_createtable(L, (int)x->size[axis], 0);
    for (index[axis] = 0; index[axis] < x->size[axis]; index[axis]++) {
        push_list(L, x, axis + 1, index);
        lua_rawseti(L, -2, index[axis] + 1);
    }
    index[axis] = 0;
}

/* x:tolist() -> numbers in nested lists; a number for a scalar */
static int tolist(lua_State *L)
{
    as_t x = lua_host_check_tensor(L, 1);
    int64_t index[AS_MAX_RANK] = {0};
    push_list(L, x, 0, index);
    return 1;
}

/* x:shape() -> {64, 10} */
static int shape(lua_State *L)
{
    as_t x = lua_host_check_tensor(L, 1);
    lua_createtable(L, x->rank, 0);
    for (int i = 0; i < x->rank; i++) {
        lua_pushinteger(L, x->size[i]);
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

/* x:size(axis) -> 64 */
static int size(lua_State *L)
{
    as_t x = lua_host_check_tensor(L, 1);
    lua_pushinteger(L, x->size[axis_argument(L, 2, "size", x)]);
    return 1;
}

/* x:count() -> number of items */
static int count(lua_State *L)
{
    lua_pushinteger(L, lua_host_check_tensor(L, 1)->count);
    return 1;
}

/* a:equal(b): same dtype, sizes and bits */
static int equal(lua_State *L)
{
    as_t a = lua_host_check_tensor(L, 1), b = lua_host_check_tensor(L, 2);
    as_ctx *c = host_of(L)->c;
    bool same = tensor_equal(c, a, b);
    if (!context_ok(c))
        return lua_host_raise_context(L);
    lua_pushboolean(L, same);
    return 1;
}

/* x:bytes() -> the items' bytes, row-major, little-endian: for hashes and files of other formats */
static int bytes(lua_State *L)
{
    as_t x = lua_host_check_tensor(L, 1);
    as_ctx *c = host_of(L)->c;
    luaL_Buffer b;
    size_t n = (size_t)x->count * tensor_item_bytes((as_dtype)x->dtype);
    char *out = luaL_buffinitsize(L, &b, n);
    as_scope s = scope_open(c);
    as_t dense = tensor_dense(c, x);
    if (context_ok(c))
        memcpy(out, dense->data, n);
    scope_close(c, s, NULL);
    if (!context_ok(c))
        return lua_host_raise_context(L);
    luaL_pushresultsize(&b, n);
    return 1;
}

static int to_text(lua_State *L)
{
    handle *u = handle_at(L, 1);
    char text[TENSOR_TEXT];
    lua_pushstring(L, u && u->x ? tensor_summary(u->x, text) : "tensor (dropped)");
    return 1;
}

/* #x, the size of the first axis */
static int length(lua_State *L)
{
    as_t x = lua_host_check_tensor(L, 1);
    if (x->rank == 0)
        return lua_host_raise(L, "# of a scalar, which has no axis");
    lua_pushinteger(L, x->size[0]);
    return 1;
}

static int concatenate(lua_State *L)
{
    luaL_tolstring(L, 1, NULL);
    luaL_tolstring(L, 2, NULL);
    lua_concat(L, 2);
    return 1;
}

/* ---- in place: outside the tape, same storage; each returns x ---- */

static int assign(lua_State *L, as_t x, as_t y, as_scope s)
{
    as_ctx *c = host_of(L)->c;
    if (context_ok(c))
        tensor_assign(c, x, y);
    scope_close(c, s, NULL);
    if (!context_ok(c))
        return lua_host_raise_context(L);
    lua_settop(L, 1);
    return 1;
}

/* x:copy_(y), broadcasting y */
static int copy_(lua_State *L)
{
    as_t x = lua_host_check_tensor(L, 1), y = lua_host_check_tensor(L, 2);
    as_ctx *c = host_of(L)->c;
    as_scope s = scope_open(c);
    bool recording = tape_recording(c, false);
    y = as_expand(c, y, tensor_dims(x));
    tape_recording(c, recording);
    return assign(L, x, y, s);
}

static int fill(lua_State *L, double value)
{
    as_t x = lua_host_check_tensor(L, 1);
    as_ctx *c = host_of(L)->c;
    as_scope s = scope_open(c);
    as_t y = tensor_full(c, (as_dtype)x->dtype, tensor_dims(x), value);
    return assign(L, x, y, s);
}

static int fill_(lua_State *L)
{
    return fill(L, luaL_checknumber(L, 2));
}

static int zero_(lua_State *L)
{
    return fill(L, 0);
}

/* x:add_(y, factor): x + factor * y, y a tensor or a number */
static int add_(lua_State *L)
{
    as_t x = lua_host_check_tensor(L, 1), y = tensor_at(L, 2);
    double factor = luaL_optnumber(L, 3, 1), shift = y ? 0 : factor * luaL_checknumber(L, 2);
    as_ctx *c = host_of(L)->c;
    as_scope s = scope_open(c);
    bool recording = tape_recording(c, false);
    as_t sum = y ? as_add(c, x, factor == 1 ? y : as_scale(c, y, factor)) : as_shift(c, x, shift);
    tape_recording(c, recording);
    return assign(L, x, sum, s);
}

/* x:mul_(y), y a tensor or a number */
static int mul_(lua_State *L)
{
    as_t x = lua_host_check_tensor(L, 1), y = tensor_at(L, 2);
    double factor = y ? 1 : luaL_checknumber(L, 2);
    as_ctx *c = host_of(L)->c;
    as_scope s = scope_open(c);
    bool recording = tape_recording(c, false);
    as_t product = y ? as_mul(c, x, y) : as_scale(c, x, factor);
    tape_recording(c, recording);
    return assign(L, x, product, s);
}

/* ---- other types ---- */

static int cast(lua_State *L, as_dtype dtype)
{
    as_t x = lua_host_check_tensor(L, 1);
    as_attr attr = {{dtype}, {0}};
    return host_op(L, AS_OP_CAST, &x, 1, &attr);
}

static int to(lua_State *L)
{
    return cast(L, dtype_argument(L, 2, AS_F32));
}

static int to_f32(lua_State *L)
{
    return cast(L, AS_F32);
}

static int to_f64(lua_State *L)
{
    return cast(L, AS_F64);
}

static int to_i64(lua_State *L)
{
    return cast(L, AS_I64);
}

void tensor_open_reading(lua_State *L)
{
    static const luaL_Reg functions[] = {{"keep", tensor_keep}, {"item", item},   {"tolist", tolist},
                                         {"shape", shape},      {"size", size},   {"count", count},
                                         {"equal", equal},      {"bytes", bytes}, {"copy_", copy_},
                                         {"fill_", fill_},      {"zero_", zero_}, {"add_", add_},
                                         {"mul_", mul_},        {"to", to},       {"float", to_f32},
                                         {"double", to_f64},    {"long", to_i64}, {0}};
    luaL_setfuncs(L, functions, 0);
}

void tensor_open_text(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"__tostring", to_text}, {"__len", length}, {"__concat", concatenate}, {0}};
    luaL_setfuncs(L, functions, 0);
}
