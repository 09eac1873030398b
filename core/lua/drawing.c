/* Random tensors, and the script's streams. Each draws from the stream of the name in `stream` ("script" if
 * not said); with `items` each place of the first axis is drawn from the stream of its own item, so that it
 * does not depend on the others: as.randn { 64, 10, stream = "noise", items = batch.index }. */
#include "lua/internal.h"

#include "tensor/draw.h"

/* The options at `index` into r; pushes the items' tensor, which keeps it. -> the stream */
static random_stream *read_options(lua_State *L, int index, draw_request *r)
{
    const char *name = NULL;
    if (lua_istable(L, index)) {
        if (lua_getfield(L, index, "items") != LUA_TNIL)
            r->items = lua_host_check_tensor(L, -1);
        if (lua_getfield(L, index, "stream") != LUA_TNIL)
            name = luaL_checkstring(L, -1);
        lua_pop(L, 1);
    }
    return host_stream(L, name);
}

static int draw(lua_State *L, random_stream *stream, const draw_request *r)
{
    lua_host *h = host_of(L);
    handle *u = handle_new(L, h);
    as_scope s = scope_open(h->c);
    return host_finish(L, h, u, s, draw_tensor(h->c, stream, r));
}

/* Floats of the sizes and options at `first`. */
static int drawn(lua_State *L, const char *name, int first, draw_request r)
{
    static const char *const options[] = {"dtype", "stream", "items"};
    check_options(L, first, name, options, 3);
    r.dims = dims_argument(L, first, name, false);
    r.dtype = option_dtype(L, first);
    random_stream *stream = read_options(L, first, &r);
    return draw(L, stream, &r);
}

static int randn(lua_State *L)
{
    return drawn(L, "randn", 1, (draw_request){.kind = DRAW_NORMAL});
}

/* uniform in [0, 1) */
static int uniform(lua_State *L)
{
    return drawn(L, "rand", 1, (draw_request){.kind = DRAW_UNIFORM});
}

/* -1 or 1 */
static int rademacher(lua_State *L)
{
    return drawn(L, "rademacher", 1, (draw_request){.kind = DRAW_SIGN});
}

/* as.gamma(shape, 64, 10): scale 1 */
static int gamma_(lua_State *L)
{
    return drawn(L, "gamma", 2, (draw_request){.kind = DRAW_GAMMA, .a = luaL_checknumber(L, 1)});
}

/* as.beta(a, b, 64, 10): in [0, 1] */
static int beta(lua_State *L)
{
    draw_request r = {.kind = DRAW_BETA, .a = luaL_checknumber(L, 1), .b = luaL_checknumber(L, 2)};
    return drawn(L, "beta", 3, r);
}

/* as.randint(below, 64) -> i64 in 0 .. below-1 */
static int randint(lua_State *L)
{
    static const char *const options[] = {"stream", "items"};
    draw_request r = {.kind = DRAW_BELOW, .below = luaL_checkinteger(L, 1)};
    check_options(L, 2, "randint", options, 2);
    r.dims = dims_argument(L, 2, "randint", false);
    random_stream *stream = read_options(L, 2, &r);
    return draw(L, stream, &r);
}

/* as.permutation(n), as.permutation(n, {stream = "shuffle"}) -> i64[n] */
static int permutation(lua_State *L)
{
    static const char *const options[] = {"stream", "items"};
    draw_request r = {.kind = DRAW_PERMUTATION, .below = luaL_checkinteger(L, 1)};
    check_options(L, 2, "permutation", options, 2);
    random_stream *stream = read_options(L, 2, &r);
    return draw(L, stream, &r);
}

/* as.categorical(weights, {n =, stream =, items =}): classes from 0 with the odds of the last axis */
static int categorical(lua_State *L)
{
    static const char *const options[] = {"n", "stream", "items"};
    draw_request r = {.kind = DRAW_CATEGORICAL, .weights = lua_host_check_tensor(L, 1)};
    check_options(L, 2, "categorical", options, 3);
    if (lua_istable(L, 2)) {
        if (lua_getfield(L, 2, "n") != LUA_TNIL) {
            r.draws = luaL_checkinteger(L, -1);
            if (r.draws < 1)
                return lua_host_raise(L, "categorical: n is %lld, expected at least 1", (long long)r.draws);
        }
        lua_pop(L, 1);
    }
    random_stream *stream = read_options(L, 2, &r);
    return draw(L, stream, &r);
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

void core_open_drawing(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"randn", randn},   {"rand", uniform},    {"rademacher", rademacher},   {"gamma", gamma_},
        {"beta", beta},     {"randint", randint}, {"permutation", permutation}, {"categorical", categorical},
        {"seeded", seeded}, {"streams", streams}, {"set_stream", set_stream},   {0}};
    luaL_setfuncs(L, functions, 0);
}
