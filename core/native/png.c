/* require "assay.png": an SVG's text as the bytes of a PNG, by librsvg. A Lua module of its own, so that only
 * who wants a PNG loads librsvg and what it needs (40 libraries, 30 ms). */
#include <cairo.h>
#include <lauxlib.h>
#include <librsvg/rsvg.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_PIXELS = 20000 }; /* a side: cairo's images end at 32767 */

typedef struct {
    unsigned char *bytes;
    size_t n, room;
} buffer;

static cairo_status_t append(void *to, const unsigned char *bytes, unsigned n)
{
    buffer *b = to;
    if (b->n + n > b->room) {
        size_t room = 2 * (b->n + n);
        unsigned char *more = realloc(b->bytes, room);
        if (!more)
            return CAIRO_STATUS_NO_MEMORY;
        b->bytes = more;
        b->room = room;
    }
    memcpy(b->bytes + b->n, bytes, n);
    b->n += n;
    return CAIRO_STATUS_SUCCESS;
}

/* Draws and encodes; what went wrong into `problem`. */
static gboolean render(RsvgHandle *svg, int width, int height, buffer *out, GError **problem)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
    cairo_t *cr = cairo_create(surface);
    RsvgRectangle whole = {0, 0, width, height};
    gboolean ok = rsvg_handle_render_document(svg, cr, &whole, problem);
    cairo_destroy(cr);
    cairo_status_t status =
        ok ? cairo_surface_write_to_png_stream(surface, append, out) : CAIRO_STATUS_SUCCESS;
    if (status != CAIRO_STATUS_SUCCESS)
        g_set_error_literal(problem, g_quark_from_static_string("assay"), 1, cairo_status_to_string(status));
    cairo_surface_destroy(surface);
    return ok && status == CAIRO_STATUS_SUCCESS;
}

/* png.render(svg, width, height) -> bytes */
static int png_render(lua_State *L)
{
    size_t n;
    const char *text = luaL_checklstring(L, 1, &n);
    lua_Integer width = luaL_checkinteger(L, 2), height = luaL_checkinteger(L, 3);
    if (width < 1 || height < 1 || width > MOST_PIXELS || height > MOST_PIXELS)
        return luaL_error(L, "a PNG of %d x %d pixels: a side has 1 to %d", (int)width, (int)height,
                          MOST_PIXELS);
    GError *problem = NULL;
    buffer out = {0};
    RsvgHandle *svg = rsvg_handle_new_from_data((const guint8 *)text, n, &problem);
    gboolean ok = svg && render(svg, (int)width, (int)height, &out, &problem);
    if (svg)
        g_object_unref(svg);
    if (ok)
        lua_pushlstring(L, (char *)out.bytes, out.n);
    else
        lua_pushfstring(L, "cannot make a PNG: %s", problem ? problem->message : "unknown reason");
    free(out.bytes);
    g_clear_error(&problem);
    return ok ? 1 : lua_error(L);
}

__attribute__((visibility("default"))) int luaopen_assay_png(lua_State *L);

int luaopen_assay_png(lua_State *L)
{
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, png_render);
    lua_setfield(L, -2, "render");
    return 1;
}
