#include "lua/sketch.h"

#include "base/suggest.h"

#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Growth of Lua's own memory, in percent, between two young collections. */
#define YOUNG_GROWTH 20
#define OLD_GROWTH 100

/* ---- errors ---- */

bool host_user_line(lua_State *L, lua_Debug *ar)
{
    const lua_host *h = host_of(L);
    size_t n = strlen(h->library);
    lua_Debug at;
    bool found = false;
    for (int level = 0; lua_getstack(L, level, &at); level++) {
        lua_getinfo(L, "Sl", &at);
        if (at.currentline <= 0)
            continue;
        bool users = n == 0 || strncmp(at.source, h->library, n) != 0;
        if (users || !found)
            *ar = at;
        found = true;
        if (users)
            break;
    }
    return found;
}

/* Pushes "file:line: " of the user's line, "" where there is none. */
static void push_where(lua_State *L)
{
    lua_Debug ar;
    if (host_user_line(L, &ar))
        lua_pushfstring(L, "%s:%d: ", ar.short_src, ar.currentline);
    else
        lua_pushliteral(L, "");
}

uint32_t host_place(lua_host *h, const lua_Debug *ar)
{
    for (uint32_t i = 0; i < h->place_count; i++)
        if (h->places[i].source == ar->source && h->places[i].line == ar->currentline &&
            strncmp(h->places[i].text, ar->short_src, strlen(ar->short_src)) == 0)
            return i;
    script_place *grown = realloc(h->places, (h->place_count + 1) * sizeof *grown);
    if (!grown)
        return UINT32_MAX;
    h->places = grown;
    script_place *p = &grown[h->place_count];
    p->source = ar->source;
    p->line = ar->currentline;
    snprintf(p->text, sizeof p->text, ar->currentline ? "%s:%d" : "%s", ar->short_src, ar->currentline);
    return h->place_count++;
}

/* For the context: places from 1. Of the main thread, which is also where a coroutine was resumed. */
static uint32_t line_here(void *script)
{
    lua_host *h = script;
    lua_Debug ar;
    return host_user_line(h->main, &ar) ? host_place(h, &ar) + 1 : 0;
}

static const char *line_text(const void *script, uint32_t line)
{
    return ((const lua_host *)script)->places[line - 1].text;
}

static int raise_text(lua_State *L, const char *text)
{
    push_where(L);
    lua_pushstring(L, text);
    lua_concat(L, 2);
    return lua_error(L);
}

int lua_host_raise(lua_State *L, const char *format, ...)
{
    char text[sizeof((as_error *)0)->text];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return raise_text(L, text);
}

int lua_host_raise_context(lua_State *L)
{
    as_error e = {{0}};
    context_take_error(host_of(L)->c, &e);
    return raise_text(L, e.text);
}

const char *lua_host_suggest(const char *word, const char *const *names, size_t n, char *buffer, size_t size)
{
    const char *nearest = suggest(word, names, n);
    if (nearest)
        snprintf(buffer, size, "; did you mean \"%s\"?", nearest);
    else
        buffer[0] = 0;
    return buffer;
}

/* ---- what lua/assay itself asks for ---- */

/* core.fail(text): an error at the user's line. */
static int fail(lua_State *L)
{
    return raise_text(L, luaL_checkstring(L, 1));
}

/* core.suggest(word, list of names) -> ' (did you mean "...?")' or "" */
static int suggest_name(lua_State *L)
{
    const char *word = luaL_checkstring(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    size_t n = lua_rawlen(L, 2), filled = 0;
    const char **names = lua_newuserdatauv(L, (n + 1) * sizeof *names, 0);
    for (size_t i = 1; i <= n; i++) {
        if (lua_rawgeti(L, 2, (lua_Integer)i) == LUA_TSTRING)
            names[filled++] = lua_tostring(L, -1); /* the list keeps it */
        lua_pop(L, 1);
    }
    char buffer[128];
    lua_pushstring(L, lua_host_suggest(word, names, filled, buffer, sizeof buffer));
    return 1;
}

/* core.where() -> "file:line" of the user's line */
static int where(lua_State *L)
{
    push_where(L);
    size_t n;
    const char *text = lua_tolstring(L, -1, &n);
    lua_pushlstring(L, text, n >= 2 ? n - 2 : 0);
    return 1;
}

/* ---- the state ---- */

static int open_core(lua_State *L)
{
    static const luaL_Reg functions[] = {{"fail", fail}, {"suggest", suggest_name}, {"where", where}, {0}};
    lua_getfield(L, LUA_REGISTRYINDEX, "assay.core");
    luaL_setfuncs(L, functions, 0);
    return 1;
}

/* The handles' metatable and the method table, which "assay.core" offers as `methods` for additions in Lua.
 */
static void make_metatable(lua_State *L, lua_host *h)
{
    lua_newtable(L); /* metatable */
    lua_newtable(L); /* methods */
    tensor_open_methods(L);
    tensor_open_shapes(L);
    tensor_open_reading(L);
    tensor_open_gradients(L);
    lua_pushvalue(L, -1);
    lua_setfield(L, -4, "methods"); /* assay.core */
    lua_pushcclosure(L, tensor_index, 1);
    lua_setfield(L, -2, "__index");
    tensor_open_arithmetic(L);
    tensor_open_handles(L);
    tensor_open_text(L);
    lua_pushliteral(L, "tensor");
    lua_setfield(L, -2, "__name");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    h->metatable = luaL_ref(L, LUA_REGISTRYINDEX);
}

static int host_collected(lua_State *L)
{
    lua_host *h = lua_touserdata(L, 1);
    for (int i = 0; i < h->stream_count; i++)
        free(h->streams[i].name);
    free(h->streams);
    free(h->places);
    context_of(h->c)->lines = NULL;
    h->streams = NULL;
    h->places = NULL;
    h->stream_count = 0;
    h->place_count = 0;
    return 0;
}

/* The host lives in the state, so that whoever closes it (os.exit does) frees all. Made first: collected
 * last.
 */
static lua_host *make_host(lua_State *L, as_ctx *c, const char *library)
{
    size_t size = sizeof(lua_host) + strlen(library) + 16;
    lua_host *h = lua_newuserdatauv(L, size, 0);
    memset(h, 0, size);
    static const script_lines lines = {line_here, line_text};
    h->c = c;
    h->main = L;
    context_of(c)->lines = &lines;
    context_of(c)->script = h;
    snprintf(h->library, size - sizeof *h, "@%s/assay/", library);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, host_collected);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    lua_rawsetp(L, LUA_REGISTRYINDEX, h);
    *(lua_host **)lua_getextraspace(L) = h;
    return h;
}

/* Everything that can raise; protected by lua_host_new. (context, library folder) */
static int open_state(lua_State *L)
{
    const char *library = lua_tostring(L, 2);
    lua_host *h = make_host(L, lua_touserdata(L, 1), library);
    luaL_openlibs(L);
    lua_pushcfunction(L, sorted_pairs);
    lua_setglobal(L, "pairs");

    lua_getglobal(L, "math");
    lua_getfield(L, -1, "randomseed");
    lua_pushinteger(L, (lua_Integer)((context *)h->c)->seed);
    lua_pushinteger(L, 0);
    lua_call(L, 2, 0);
    lua_pop(L, 1);

    lua_getglobal(L, "package");
    lua_getfield(L, -1, "path");
    lua_pushfstring(L, "%s/?.lua;%s/?/init.lua;%s", library, library, lua_tostring(L, -1));
    lua_setfield(L, -3, "path");
    lua_pop(L, 1);
    lua_getfield(L, -1, "preload");
    lua_pushcfunction(L, open_core);
    lua_setfield(L, -2, "assay.core");
    lua_pop(L, 2);

    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, "assay.core");
    make_metatable(L, h);
    core_open_making(L);
    core_open_drawing(L);
    core_open_isolation(L);
    core_open_operations(L);
    core_open_scopes(L);
    core_open_gradients(L);
    core_open_layers(L);
    core_open_optimizer(L);
    core_open_files(L);
    core_open_readers(L);
    core_open_pictures(L);
    core_open_plugins(L);
    sketch_open(L);
    return 0;
}

lua_State *lua_host_new(as_ctx *c, const char *library)
{
    lua_State *L = luaL_newstate();
    if (!L)
        return NULL;
    lua_gc(L, LUA_GCGEN, YOUNG_GROWTH, OLD_GROWTH);
    lua_pushcfunction(L, open_state);
    lua_pushlightuserdata(L, c);
    lua_pushstring(L, library);
    if (lua_pcall(L, 2, 0, 0) == LUA_OK)
        return L;
    lua_host_free(L);
    return NULL;
}

void lua_host_free(lua_State *L)
{
    if (!L)
        return;
    lua_close(L);
    sketch_close();
}

as_ctx *lua_host_context(lua_State *L)
{
    return host_of(L)->c;
}
