/* What stands in pages and pictures as text: core.png_base64 of pixels, core.base64 of a file's bytes. */
#include "lua/internal.h"

#include "data/png.h"

#include <limits.h>
#include <math.h>
#include <nettle/base64.h>
#include <stdlib.h>

/* 0 to 1 becomes 0 to 255; NaN is black. */
static void to_bytes(const float *from, size_t n, unsigned char *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (unsigned char)(fminf(fmaxf(from[i], 0), 1) * 255 + 0.5F);
}

/* The PNG of f32[H,W,channels] in base64; owned, NULL when memory is out. */
static char *encode(const float *x, int64_t height, int64_t width, int channels, size_t *length)
{
    size_t count = (size_t)(height * width * channels), n = 0;
    unsigned char *pixels = malloc(count + 1), *png = NULL;
    if (pixels) {
        to_bytes(x, count, pixels);
        png = png_encode(pixels, (int)width, (int)height, channels, &n);
    }
    char *text = png ? malloc(BASE64_ENCODE_RAW_LENGTH(n)) : NULL;
    if (text)
        base64_encode_raw(text, n, png);
    *length = BASE64_ENCODE_RAW_LENGTH(n);
    free(pixels);
    free(png);
    return text;
}

/* core.png_base64(f32[H,W] or [H,W,3] in 0 to 1) -> string */
static int png_base64(lua_State *L)
{
    as_t x = lua_host_check_tensor(L, 1);
    int channels = x->rank == 3 ? (int)x->size[2] : 1;
    if (x->dtype != AS_F32 || x->rank < 2 || x->rank > 3 || (channels != 1 && channels != 3) ||
        x->size[0] < 1 || x->size[1] < 1 || x->size[0] > SHRT_MAX || x->size[1] > SHRT_MAX)
        return lua_host_raise(L, "png_base64: expected f32[H,W] or f32[H,W,3] of at most %d pixels a side",
                              SHRT_MAX);
    as_ctx *c = host_of(L)->c;
    as_scope s = scope_open(c);
    as_t dense = tensor_dense(c, x);
    size_t length = 0;
    char *text = context_ok(c) ? encode(dense->data, x->size[0], x->size[1], channels, &length) : NULL;
    scope_close(c, s, NULL);
    if (!context_ok(c))
        return lua_host_raise_context(L);
    if (!text)
        return lua_host_raise(L, "png_base64: out of memory");
    lua_pushlstring(L, text, length);
    free(text);
    return 1;
}

/* core.base64(bytes) -> string */
static int base64(lua_State *L)
{
    size_t n;
    const char *bytes = luaL_checklstring(L, 1, &n);
    luaL_Buffer out;
    char *to = luaL_buffinitsize(L, &out, BASE64_ENCODE_RAW_LENGTH(n));
    base64_encode_raw(to, n, (const uint8_t *)bytes);
    luaL_pushresultsize(&out, BASE64_ENCODE_RAW_LENGTH(n));
    return 1;
}

void core_open_pictures(lua_State *L)
{
    lua_pushcfunction(L, base64);
    lua_setfield(L, -2, "base64");
    lua_pushcfunction(L, png_base64);
    lua_setfield(L, -2, "png_base64");
}
