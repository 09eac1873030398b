/* New tensors: from nested lists, filled, counted, drawn. Sizes are arguments or one list, which may carry
 * options: as.randn(64, 10), as.randn{64, 10, stream = "noise"}. */
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

/* ---- filled ---- */

static as_dtype option_dtype(lua_State *L, int index)
{
    as_dtype dtype = context_of(host_of(L)->c)->working;
    if (lua_istable(L, index)) {
        lua_getfield(L, index, "dtype");
        dtype = dtype_argument(L, -1, dtype);
        lua_pop(L, 1);
    }
    return dtype;
}

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

/* ---- drawn, from the script's stream of the name in `stream` ("script" if not said) ---- */

static random_stream *option_stream(lua_State *L, int index)
{
    const char *name = NULL;
    if (lua_istable(L, index)) {
        if (lua_getfield(L, index, "stream") != LUA_TNIL)
            name = luaL_checkstring(L, -1);
        random_stream *s = host_stream(L, name);
        lua_pop(L, 1);
        return s;
    }
    return host_stream(L, name);
}

typedef void draw_f32(random_stream *s, float *out, int64_t n);
typedef void draw_f64(random_stream *s, double *out, int64_t n);

static int drawn(lua_State *L, const char *name, draw_f32 *f32, draw_f64 *f64)
{
    static const char *const options[] = {"dtype", "stream"};
    check_options(L, 1, name, options, 2);
    as_dims d = dims_argument(L, 1, name, false);
    as_dtype dtype = option_dtype(L, 1);
    if (dtype == AS_I64)
        return lua_host_raise(L, "%s: dtype i64, expected \"f32\" or \"f64\"", name);
    random_stream *stream = option_stream(L, 1);
    lua_host *h = host_of(L);
    handle *u = handle_new(L, h);
    as_scope s = scope_open(h->c);
    as_t x = tensor_new(h->c, dtype, d);
    if (context_ok(h->c)) {
        if (dtype == AS_F32)
            f32(stream, x->data, x->count);
        else
            f64(stream, x->data, x->count);
    }
    return host_finish(L, h, u, s, x);
}

static int randn(lua_State *L)
{
    return drawn(L, "randn", random_normal_f32, random_normal_f64);
}

/* uniform in [0, 1) */
static int uniform(lua_State *L)
{
    return drawn(L, "rand", random_uniform_f32, random_uniform_f64);
}

/* -1 or 1 */
static int rademacher(lua_State *L)
{
    return drawn(L, "rademacher", random_sign_f32, random_sign_f64);
}

/* as.randint(below, 64) -> i64 in 0 .. below-1 */
static int randint(lua_State *L)
{
    static const char *const options[] = {"stream"};
    int64_t below = luaL_checkinteger(L, 1);
    if (below < 1)
        return lua_host_raise(L, "randint: below is %lld, expected at least 1", (long long)below);
    check_options(L, 2, "randint", options, 1);
    as_dims d = dims_argument(L, 2, "randint", false);
    random_stream *stream = option_stream(L, 2);
    lua_host *h = host_of(L);
    handle *u = handle_new(L, h);
    as_scope s = scope_open(h->c);
    as_t x = tensor_new(h->c, AS_I64, d);
    if (context_ok(h->c))
        random_below(stream, (uint64_t)below, x->data, x->count);
    return host_finish(L, h, u, s, x);
}

/* as.permutation(n), as.permutation(n, {stream = "shuffle"}) -> i64[n] */
static int permutation(lua_State *L)
{
    static const char *const options[] = {"stream"};
    int64_t n = luaL_checkinteger(L, 1);
    check_options(L, 2, "permutation", options, 1);
    random_stream *stream = option_stream(L, 2);
    lua_host *h = host_of(L);
    handle *u = handle_new(L, h);
    as_scope s = scope_open(h->c);
    as_t x = tensor_new(h->c, AS_I64, AS_DIMS(n));
    if (context_ok(h->c) && n > 0)
        random_permutation(stream, x->data, n);
    return host_finish(L, h, u, s, x);
}

/* core.seeded(stream, seed): the script's stream of this name starts anew from a seed of its own */
static int seeded(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    uint64_t seed = (uint64_t)luaL_checkinteger(L, 2);
    *host_stream(L, name) = random_named(seed, "script", 0, name);
    return 0;
}

/* core.streams() -> { name = { key, counter } } of the script's streams used so far */
static int streams(lua_State *L)
{
    const lua_host *h = host_of(L);
    lua_createtable(L, 0, h->stream_count);
    for (int i = 0; i < h->stream_count; i++) {
        const random_stream *s = &h->streams[i].stream;
        lua_createtable(L, 2, 0);
        lua_pushinteger(L, (lua_Integer)s->key);
        lua_rawseti(L, -2, 1);
        lua_pushinteger(L, (lua_Integer)s->counter);
        lua_rawseti(L, -2, 2);
        lua_setfield(L, -2, h->streams[i].name);
    }
    return 1;
}

/* core.set_stream(name, key, counter): the script's stream of this name goes on from there */
static int set_stream(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    uint64_t key = (uint64_t)luaL_checkinteger(L, 2), counter = (uint64_t)luaL_checkinteger(L, 3);
    *host_stream(L, name) = (random_stream){.key = key, .counter = counter};
    return 0;
}

void core_open_making(lua_State *L)
{
    static const luaL_Reg functions[] = {{"tensor", tensor},
                                         {"i64", i64},
                                         {"zeros", zeros},
                                         {"ones", ones},
                                         {"full", full},
                                         {"arange", arange},
                                         {"randn", randn},
                                         {"rand", uniform},
                                         {"randint", randint},
                                         {"rademacher", rademacher},
                                         {"permutation", permutation},
                                         {"seeded", seeded},
                                         {"streams", streams},
                                         {"set_stream", set_stream},
                                         {0}};
    luaL_setfuncs(L, functions, 0);
}
