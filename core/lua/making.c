/* New tensors: from nested lists, filled, counted. Sizes are arguments or one list, which may carry options:
 * as.zeros(64, 10), as.zeros{64, 10, dtype = "f64"}. */
#include "lua/internal.h"

/* ---- from nested lists ---- */

/* Sizes by the first item at each depth. Leaves what it looked at on the stack. */
static as_dims list_dims(lua_State *L, int index)
{
    as_dims d = {0, {0}};
    lua_pushvalue(L, index);
    while (lua_istable(L, -1)) {
        if (d.rank == AS_MAX_RANK)
            lua_host_raise(L, "tensor: lists nested deeper than %d", AS_MAX_RANK);
        luaL_checkstack(L, 4, "tensor");
        d.size[d.rank] = (int64_t)lua_rawlen(L, -1);
        if (d.size[d.rank++] == 0)
            break;
        lua_rawgeti(L, -1, 1);
    }
    return d;
}

typedef struct {
    as_dims dims;
    as_dtype dtype;
    void *items;
    int64_t at;
    int64_t index[AS_MAX_RANK];
} list_reader;

static void put_item(lua_State *L, list_reader *r)
{
    int fits;
    if (r->dtype == AS_I64) {
        ((int64_t *)r->items)[r->at] = lua_tointegerx(L, -1, &fits);
    } else {
        double value = lua_tonumberx(L, -1, &fits);
        if (r->dtype == AS_F32)
            ((float *)r->items)[r->at] = (float)value;
        else
            ((double *)r->items)[r->at] = value;
    }
    if (!fits || lua_type(L, -1) != LUA_TNUMBER)
        lua_host_raise(L, "tensor: item %lld is %s, expected a%s number", (long long)r->at + 1,
                       luaL_tolstring(L, -1, NULL), r->dtype == AS_I64 ? " whole" : "");
    r->at++;
}

/* Reads the value at the top, `depth` lists deep. */
static void read_list(lua_State *L, list_reader *r, int depth)
{
    if (depth == r->dims.rank) {
        put_item(L, r);
        return;
    }
    luaL_checkstack(L, 4, "tensor");
    int64_t n = lua_istable(L, -1) ? (int64_t)lua_rawlen(L, -1) : -1;
    if (n != r->dims.size[depth])
        lua_host_raise(L, "tensor: ragged lists: %lld items at depth %d, where the first has %lld",
                       (long long)n, depth + 1, (long long)r->dims.size[depth]);
    for (int64_t i = 1; i <= n; i++) {
        lua_rawgeti(L, -1, i);
        read_list(L, r, depth + 1);
        lua_pop(L, 1);
    }
}

/* Items are read into memory of Lua's, so that a wrong one leaves nothing behind. */
static int from_lists(lua_State *L, as_dtype dtype)
{
    lua_settop(L, 1);
    lua_host *h = host_of(L);
    if (tensor_at(L, 1)) {
        as_t x = tensor_at(L, 1);
        as_attr attr = {{dtype}, {0}};
        return host_op(L, AS_OP_CAST, &x, 1, &attr);
    }
    list_reader r = {.dims = list_dims(L, 1), .dtype = dtype};
    lua_settop(L, 1);
    int64_t count = 1;
    for (int i = 0; i < r.dims.rank; i++)
        count *= r.dims.size[i];
    r.items = lua_newuserdatauv(L, (size_t)(count ? count : 1) * 8, 0);
    lua_pushvalue(L, 1);
    read_list(L, &r, 0);
    handle *u = handle_new(L, h);
    as_scope s = scope_open(h->c);
    return host_finish(L, h, u, s, tensor_from(h->c, dtype, r.dims, r.items));
}

/* as.tensor(lists, dtype): the working float if not said */
static int tensor(lua_State *L)
{
    luaL_checkany(L, 1);
    return from_lists(L, dtype_argument(L, 2, context_of(host_of(L)->c)->working));
}

/* as.i64{0, 3, 1} */
static int i64(lua_State *L)
{
    luaL_checkany(L, 1);
    return from_lists(L, AS_I64);
}

/* core.bytes(text, first, last): a text's bytes as numbers 0 to 255 in the working float; places as
 * string.sub has them */
static int bytes(lua_State *L)
{
    size_t size;
    const unsigned char *text = (const unsigned char *)luaL_checklstring(L, 1, &size);
    lua_Integer first = luaL_checkinteger(L, 2), last = luaL_checkinteger(L, 3);
    lua_host *h = host_of(L);
    if (last < 0)
        last += (lua_Integer)size + 1;
    if (first < 1 || last > (lua_Integer)size || first > last + 1)
        return lua_host_raise(L, "bytes %d to %d of a text of %d", (int)first, (int)last, (int)size);
    handle *u = handle_new(L, h);
    as_scope s = scope_open(h->c);
    as_t x = tensor_new(h->c, context_of(h->c)->working, (as_dims){1, {last - first + 1}});
    for (int64_t i = 0; context_ok(h->c) && i < x->count; i++) {
        if (x->dtype == AS_F32)
            ((float *)x->data)[i] = text[first - 1 + i];
        else
            ((double *)x->data)[i] = text[first - 1 + i];
    }
    return host_finish(L, h, u, s, x);
}

/* ---- filled ---- */

static int filled(lua_State *L, const char *name, int first, double value)
{
    static const char *const options[] = {"dtype"};
    check_options(L, first, name, options, 1);
    as_dims d = dims_argument(L, first, name, false);
    as_dtype dtype = option_dtype(L, first);
    lua_host *h = host_of(L);
    handle *u = handle_new(L, h);
    as_scope s = scope_open(h->c);
    return host_finish(L, h, u, s, tensor_full(h->c, dtype, d, value));
}

static int zeros(lua_State *L)
{
    return filled(L, "zeros", 1, 0);
}

static int ones(lua_State *L)
{
    return filled(L, "ones", 1, 1);
}

/* as.full(0.5, 64, 10), as.full(0.5, {64, 10}) */
static int full(lua_State *L)
{
    return filled(L, "full", 2, luaL_checknumber(L, 1));
}

/* as.arange(n) -> i64 0, 1, ... n-1 */
static int arange(lua_State *L)
{
    int64_t n = luaL_checkinteger(L, 1);
    lua_host *h = host_of(L);
    handle *u = handle_new(L, h);
    as_scope s = scope_open(h->c);
    return host_finish(L, h, u, s, tensor_arange(h->c, n));
}

void core_open_making(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"tensor", tensor}, {"i64", i64},   {"bytes", bytes},   {"zeros", zeros},
        {"ones", ones},     {"full", full}, {"arange", arange}, {0}};
    luaL_setfuncs(L, functions, 0);
}
