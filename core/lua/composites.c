/* Methods made of several operations (assay/composites.h), and those with more than one result. */
#include "lua/internal.h"

#include "tensor/alloc.h"

static as_t axis_dropped(as_ctx *c, as_t y, int axis)
{
    return context_ok(c) && axis != AS_ALL ? as_squeeze(c, y, axis) : y;
}

/* x:var(), x:var(axis, correction): the axis goes */
static int var(lua_State *L)
{
    as_t x = lua_host_check_tensor(L, 1);
    int axis = lua_isnoneornil(L, 2) ? AS_ALL : axis_argument(L, 2, "var", x);
    int64_t correction = luaL_optinteger(L, 3, 0);
    lua_host *h = host_of(L);
    handle *u = handle_new(L, h);
    as_scope s = scope_open(h->c);
    return host_finish(L, h, u, s, axis_dropped(h->c, as_var(h->c, x, axis, correction), axis));
}

/* Two results from two computations in one scope. */
static int two_results(lua_State *L, as_scope s, as_t first, as_t second, handle *a, handle *b)
{
    lua_host *h = host_of(L);
    if (context_ok(h->c)) {
        handle_fill(L, h, a, first);
        handle_fill(L, h, b, second);
    }
    scope_close(h->c, s, NULL);
    return context_ok(h->c) ? 2 : lua_host_raise_context(L);
}

/* x:sort(axis, descending) -> values, places; the last axis if not said */
static int sort(lua_State *L)
{
    as_t x = lua_host_check_tensor(L, 1);
    int axis = lua_isnoneornil(L, 2) ? x->rank - 1 : axis_argument(L, 2, "sort", x);
    bool descending = lua_toboolean(L, 3);
    lua_host *h = host_of(L);
    handle *a = handle_new(L, h), *b = handle_new(L, h);
    as_scope s = scope_open(h->c);
    as_t place = as_argsort(h->c, x, axis, descending);
    return two_results(L, s, as_gather(h->c, x, place, axis), place, a, b);
}

/* x:top_k(k, axis) -> values, places, the largest first; the last axis if not said */
static int top_k(lua_State *L)
{
    as_t x = lua_host_check_tensor(L, 1);
    int64_t k = luaL_checkinteger(L, 2);
    int axis = lua_isnoneornil(L, 3) ? x->rank - 1 : axis_argument(L, 3, "top_k", x);
    lua_host *h = host_of(L);
    handle *a = handle_new(L, h), *b = handle_new(L, h);
    as_scope s = scope_open(h->c);
    as_t place = as_top_k(h->c, x, k, axis);
    return two_results(L, s, as_gather(h->c, x, place, axis), place, a, b);
}

/* x:eigh() -> values in ascending order, vectors (a column each) */
static int eigh(lua_State *L)
{
    as_t x = lua_host_check_tensor(L, 1);
    lua_host *h = host_of(L);
    handle *a = handle_new(L, h), *b = handle_new(L, h);
    as_scope s = scope_open(h->c);
    as_t values, vectors;
    as_eigh(h->c, x, &values, &vectors);
    return two_results(L, s, values, vectors, a, b);
}

/* x:svd() -> U [M,K], values [K] in descending order, V^T [K,N] */
static int svd(lua_State *L)
{
    as_t x = lua_host_check_tensor(L, 1), part[3];
    lua_host *h = host_of(L);
    handle *u[3] = {handle_new(L, h), handle_new(L, h), handle_new(L, h)};
    as_scope s = scope_open(h->c);
    as_svd(h->c, x, part);
    for (int i = 0; i < 3 && context_ok(h->c); i++)
        handle_fill(L, h, u[i], part[i]);
    scope_close(h->c, s, NULL);
    return context_ok(h->c) ? 3 : lua_host_raise_context(L);
}

/* x:assignment("max") -> the column of each row, from 0; "min" if not said */
static int assignment(lua_State *L)
{
    static const char *const goals[] = {"min", "max", NULL};
    as_t x = lua_host_check_tensor(L, 1);
    as_attr attr = {{luaL_checkoption(L, 2, "min", goals)}, {0}};
    return host_op(L, AS_OP_ASSIGNMENT, &x, 1, &attr);
}

/* x:flip(axis) */
static int flip(lua_State *L)
{
    as_t x = lua_host_check_tensor(L, 1);
    int axis = axis_argument(L, 2, "flip", x);
    lua_host *h = host_of(L);
    handle *u = handle_new(L, h);
    as_scope s = scope_open(h->c);
    return host_finish(L, h, u, s, as_flip(h->c, x, axis));
}

/* x:roll(by, axis) */
static int roll(lua_State *L)
{
    as_t x = lua_host_check_tensor(L, 1);
    int64_t by = luaL_checkinteger(L, 2);
    int axis = axis_argument(L, 3, "roll", x);
    lua_host *h = host_of(L);
    handle *u = handle_new(L, h);
    as_scope s = scope_open(h->c);
    return host_finish(L, h, u, s, as_roll(h->c, x, by, axis));
}

/* x:tile(times, axis) */
static int tile(lua_State *L)
{
    as_t x = lua_host_check_tensor(L, 1);
    int64_t times = luaL_checkinteger(L, 2);
    int axis = axis_argument(L, 3, "tile", x);
    lua_host *h = host_of(L);
    handle *u = handle_new(L, h);
    as_scope s = scope_open(h->c);
    return host_finish(L, h, u, s, as_tile(h->c, x, times, axis));
}

/* x:pad(axis, before, after, value): 0 if not said */
static int pad(lua_State *L)
{
    as_t x = lua_host_check_tensor(L, 1);
    int axis = axis_argument(L, 2, "pad", x);
    int64_t before = luaL_checkinteger(L, 3), after = luaL_optinteger(L, 4, before);
    double value = luaL_optnumber(L, 5, 0);
    lua_host *h = host_of(L);
    handle *u = handle_new(L, h);
    as_scope s = scope_open(h->c);
    return host_finish(L, h, u, s, as_pad(h->c, x, axis, before, after, value));
}

/* x:split(size, axis) -> a list of slices of at most `size` items, views; the first axis if not said */
static int split(lua_State *L)
{
    as_t x = lua_host_check_tensor(L, 1);
    int64_t size = luaL_checkinteger(L, 2);
    int axis = lua_isnoneornil(L, 3) && x->rank ? 0 : axis_argument(L, 3, "split", x);
    if (size < 1)
        return lua_host_raise(L, "split: pieces of %lld items, expected at least 1", (long long)size);
    lua_host *h = host_of(L);
    lua_newtable(L);
    for (int64_t at = 0, k = 1; at < x->size[axis]; at += size, k++) {
        handle *u = handle_new(L, h);
        as_scope s = scope_open(h->c);
        host_finish(L, h, u, s, as_slice(h->c, x, axis, at, at + size, 1));
        lua_rawseti(L, -2, k);
    }
    return 1;
}

/* a:squared_distances(b): a [...,M,D], b [...,N,D] -> [...,M,N] */
static int squared_distances(lua_State *L)
{
    as_t a = lua_host_check_tensor(L, 1), b = lua_host_check_tensor(L, 2);
    lua_host *h = host_of(L);
    handle *u = handle_new(L, h);
    as_scope s = scope_open(h->c);
    return host_finish(L, h, u, s, as_squared_distances(h->c, a, b));
}

/* x:clip_norm(limit): x scaled down to a norm of at most `limit` */
static int clip_norm(lua_State *L)
{
    as_t x = lua_host_check_tensor(L, 1);
    double limit = luaL_checknumber(L, 2);
    lua_host *h = host_of(L);
    handle *u = handle_new(L, h);
    as_scope s = scope_open(h->c);
    return host_finish(L, h, u, s, as_clip_norm(h->c, x, limit));
}

/* as.attention(q, k, v, mask): softmax(q k^T / sqrt(D) + mask) v; mask may be nil */
static int attention(lua_State *L)
{
    as_t q = lua_host_check_tensor(L, 1), k = lua_host_check_tensor(L, 2), v = lua_host_check_tensor(L, 3);
    as_t mask = lua_isnoneornil(L, 4) ? NULL : lua_host_check_tensor(L, 4);
    lua_host *h = host_of(L);
    handle *u = handle_new(L, h);
    as_scope s = scope_open(h->c);
    return host_finish(L, h, u, s, as_attention(h->c, q, k, v, mask));
}

/* core.memory_limit(bytes): an operation that would need more fails; 0 is no limit */
static int memory_limit(lua_State *L)
{
    lua_Integer bytes = luaL_checkinteger(L, 1);
    if (bytes < 0)
        return lua_host_raise(L, "memory_limit: %lld bytes", (long long)bytes);
    alloc_limit((size_t)bytes);
    return 0;
}

void tensor_open_composites(lua_State *L)
{
    static const luaL_Reg functions[] = {{"var", var},
                                         {"sort", sort},
                                         {"top_k", top_k},
                                         {"eigh", eigh},
                                         {"svd", svd},
                                         {"assignment", assignment},
                                         {"flip", flip},
                                         {"roll", roll},
                                         {"tile", tile},
                                         {"pad", pad},
                                         {"split", split},
                                         {"squared_distances", squared_distances},
                                         {"clip_norm", clip_norm},
                                         {0}};
    luaL_setfuncs(L, functions, 0);
}

void core_open_composites(lua_State *L)
{
    static const luaL_Reg functions[] = {{"attention", attention}, {"memory_limit", memory_limit}, {0}};
    luaL_setfuncs(L, functions, 0);
}
