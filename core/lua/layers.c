/* Layers as one call each: what nn.lua would compose of several operations, without a handle for each of the
 * values between. */
#include "lua/internal.h"

/* core.linear(x, weight, bias) -> x weight^T + bias. x [..., in], weight [out, in], bias [out] or nil */
static int linear(lua_State *L)
{
    as_t x = lua_host_check_tensor(L, 1), w = lua_host_check_tensor(L, 2), b = tensor_at(L, 3);
    if (w->rank != 2 || x->rank < 1 || x->size[x->rank - 1] != w->size[1]) {
        char text[TENSOR_TEXT];
        return lua_host_raise(L, "nn.linear %lld -> %lld: input %s, expected [..., %lld]",
                              (long long)w->size[1], (long long)w->size[0], tensor_shape_text(x, text),
                              (long long)w->size[1]);
    }
    lua_host *h = host_of(L);
    handle *u = handle_new(L, h);
    as_scope s = scope_open(h->c);
    if (b)
        return host_finish(L, h, u, s, as_linear(h->c, x, w, b));
    bool row = x->rank == 1;
    as_t y = as_matmul(h->c, row ? as_unsqueeze(h->c, x, 0) : x, as_transpose(h->c, w));
    return host_finish(L, h, u, s, row ? as_squeeze(h->c, y, 0) : y);
}

/* core.conv2d(x, weight, bias, {stride h, w, padding h, w, dilation h, w, groups}) */
static int conv2d(lua_State *L)
{
    as_t in[3] = {lua_host_check_tensor(L, 1), lua_host_check_tensor(L, 2), tensor_at(L, 3)};
    luaL_checktype(L, 4, LUA_TTABLE);
    as_attr attr = {{0}, {0}};
    for (int i = 0; i < 7; i++) {
        lua_rawgeti(L, 4, i + 1);
        attr.i[i] = luaL_checkinteger(L, -1);
        lua_pop(L, 1);
    }
    if (in[0]->rank != 4 || in[0]->size[1] != in[1]->size[1] * attr.i[6]) {
        char text[TENSOR_TEXT];
        return lua_host_raise(L, "nn.conv2d %lld -> %lld: input %s, expected [B, %lld, H, W]",
                              (long long)(in[1]->size[1] * attr.i[6]), (long long)in[1]->size[0],
                              tensor_shape_text(in[0], text), (long long)(in[1]->size[1] * attr.i[6]));
    }
    return host_op(L, AS_OP_CONV2D, in, in[2] ? 3 : 2, &attr);
}

/* x, then weight and bias: one of them alone is helped out with the other's neutral value. Returns how many.
 */
static int norm_inputs(as_ctx *c, as_t in[3], as_t x, as_t weight, as_t bias)
{
    in[0] = x;
    in[1] = weight || !bias ? weight : tensor_full(c, x->dtype, tensor_dims(bias), 1);
    in[2] = bias;
    return bias ? 3 : weight ? 2 : 1;
}

/* core.layer_norm(x, n, eps, weight, bias): over the last n axes; weight and bias of their sizes, or nil */
static int layer_norm(lua_State *L)
{
    as_t x = lua_host_check_tensor(L, 1), weight = tensor_at(L, 4), bias = tensor_at(L, 5), in[3];
    int n = (int)luaL_checkinteger(L, 2);
    as_attr attr = {{n}, {luaL_checknumber(L, 3)}};
    if (n < 1 || n > x->rank)
        return lua_host_raise(L, "nn.layer_norm over %d axes: input of rank %d", n, x->rank);
    lua_host *h = host_of(L);
    handle *u = handle_new(L, h);
    as_scope s = scope_open(h->c);
    int inputs = norm_inputs(h->c, in, x, weight, bias);
    return host_finish(L, h, u, s, tape_op(h->c, AS_OP_LAYER_NORM, in, inputs, &attr));
}

/* core.group_norm(x, groups, eps, weight, bias): x [B, C, ...], weight and bias [C] or nil */
static int group_norm(lua_State *L)
{
    as_t x = lua_host_check_tensor(L, 1), weight = tensor_at(L, 4), bias = tensor_at(L, 5), in[3];
    int64_t groups = luaL_checkinteger(L, 2);
    as_attr attr = {{groups}, {luaL_checknumber(L, 3)}};
    if (x->rank < 2 || groups < 1 || x->size[1] % groups != 0) {
        char text[TENSOR_TEXT];
        return lua_host_raise(L, "nn.group_norm of %lld groups: input %s, expected [B, C, ...], C a multiple",
                              (long long)groups, tensor_shape_text(x, text));
    }
    lua_host *h = host_of(L);
    handle *u = handle_new(L, h);
    as_scope s = scope_open(h->c);
    int inputs = norm_inputs(h->c, in, x, weight, bias);
    return host_finish(L, h, u, s, tape_op(h->c, AS_OP_GROUP_NORM, in, inputs, &attr));
}

/* The running statistics move towards those of this batch; the variance's is the unbiased one. */
static void batch_norm_track(as_ctx *c, as_t running, as_t batch, double momentum, double unbias)
{
    bool before = tape_recording(c, false);
    as_t flat = as_reshape(c, batch, AS_DIMS(running->count));
    as_t moved = as_add(c, as_scale(c, running, 1 - momentum), as_scale(c, flat, momentum * unbias));
    if (context_ok(c))
        tensor_assign(c, running, moved);
    tape_recording(c, before);
}

/* core.batch_norm(x, eps, weight, bias, running_mean, running_var, mode, momentum): x [B, C, ...]; mode
 * "train" uses the batch's statistics and moves the running ones, "batch_stats" only uses them, "eval" uses
 * the running ones. */
static int batch_norm(lua_State *L)
{
    as_t x = lua_host_check_tensor(L, 1), weight = tensor_at(L, 3), bias = tensor_at(L, 4);
    as_t running_mean = lua_host_check_tensor(L, 5), running_var = lua_host_check_tensor(L, 6);
    double eps = luaL_checknumber(L, 2), momentum = luaL_checknumber(L, 8);
    char mode = *luaL_checkstring(L, 7);
    if (x->rank < 2 || x->size[1] != running_mean->count) {
        char text[TENSOR_TEXT];
        return lua_host_raise(L, "nn.batch_norm %lld: input %s, expected [B, %lld, ...]",
                              (long long)running_mean->count, tensor_shape_text(x, text),
                              (long long)running_mean->count);
    }
    lua_host *h = host_of(L);
    as_ctx *c = h->c;
    handle *u = handle_new(L, h);
    as_scope s = scope_open(c);
    as_attr attr = {{mode == 'e'}, {eps}};
    as_t in[4] = {x, NULL}, moments;
    if (mode == 'e') {
        as_dims row = {2, {1, running_mean->count}};
        as_t rows[3] = {as_reshape(c, running_mean, row), NULL, as_reshape(c, running_var, row)};
        rows[1] = as_rsqrt(c, as_shift(c, rows[2], eps));
        moments = as_concat(c, rows, 3, 0);
    } else {
        moments = tape_op(c, AS_OP_BATCH_MOMENTS, &x, 1, &attr);
        if (mode == 't') {
            double n = (double)x->count / (double)x->size[1];
            batch_norm_track(c, running_mean, as_slice(c, moments, 0, 0, 1, 1), momentum, 1);
            batch_norm_track(c, running_var, as_slice(c, moments, 0, 2, 3, 1), momentum,
                             n > 1 ? n / (n - 1) : 1);
        }
    }
    int inputs = 1 + norm_inputs(c, in + 1, x, weight, bias);
    in[0] = x;
    in[1] = moments;
    return host_finish(L, h, u, s, tape_op(c, AS_OP_BATCH_NORM, in, inputs, &attr));
}

void core_open_layers(lua_State *L)
{
    static const luaL_Reg functions[] = {{"linear", linear},         {"conv2d", conv2d},
                                         {"layer_norm", layer_norm}, {"group_norm", group_norm},
                                         {"batch_norm", batch_norm}, {0}};
    luaL_setfuncs(L, functions, 0);
}
