#include "worker/worker.h"

#include "lua/host.h"
#include "lua/run_session.h"
#include "plugin/load.h"
#include "plugin/services.h"
#include "tensor/context.h"
#include "tensor/pool.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- where things are ---- */

/* lua/ of the source tree for a build in build/PRESET, share/assay/lua of the prefix for an installed
 * program. */
static bool find_library(char out[4096], as_error *e)
{
    static const char *const places[] = {"../../lua", "../share/assay/lua", "../../share/assay/lua"};
    char program[PATH_MAX], probe[PATH_MAX + 64];
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    if (n <= 0)
        return error_set(e, "cannot read /proc/self/exe: %s", strerror(errno));
    program[n] = 0;
    *strrchr(program, '/') = 0;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        snprintf(probe, sizeof probe, "%s/%s/assay/init.lua", program, places[i]);
        char *real = access(probe, R_OK) == 0 ? realpath(probe, NULL) : NULL;
        if (!real)
            continue;
        size_t length = strlen(real) - strlen("/assay/init.lua");
        bool fits = length < 4096;
        if (fits)
            snprintf(out, 4096, "%.*s", (int)length, real);
        free(real);
        return fits || error_set(e, "%s: the path is too long", program);
    }
    return error_set(e, "assay's Lua library is not at %s/../../lua nor under share/assay/lua", program);
}

/* Lua modules in C: BUILD/lua of a build, lib/assay/lua of the prefix for an installed program. */
static void find_modules(lua_State *L)
{
    char program[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    if (n <= 0)
        return;
    program[n] = 0;
    *strrchr(program, '/') = 0;
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "cpath");
    lua_pushfstring(L, "%s/lua/?.so;%s/../../lib/assay/lua/?.so;%s", program, program, lua_tostring(L, -1));
    lua_setfield(L, -3, "cpath");
    lua_pop(L, 2);
}

const char *engine_short_path(const char *path)
{
    char here[PATH_MAX];
    if (path[0] != '/' || !getcwd(here, sizeof here))
        return path;
    size_t n = strlen(here);
    return strncmp(path, here, n) == 0 && path[n] == '/' ? path + n + 1 : path;
}

/* ---- where a script is ---- */

/* "x.lua:12: ", the innermost line that is not lua/assay's; empty if there is none. Allocates nothing. */
static void find_place(const engine *n, lua_State *L, char *out, size_t size)
{
    lua_Debug ar;
    size_t length = strlen(n->library);
    *out = 0;
    for (int level = 0; !*out && lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "Sl", &ar);
        bool ours = ar.source[0] == '@' && strncmp(ar.source + 1, n->library, length) == 0;
        if (ar.currentline > 0 && !ours)
            snprintf(out, size, "%s:%d: ", ar.short_src, ar.currentline);
    }
}

int engine_raise(const engine *n, lua_State *L, const char *text)
{
    char place[sizeof n->lacked];
    find_place(n, L, place, sizeof place);
    lua_pushfstring(L, "%s%s", place, text);
    return lua_error(L);
}

static void *alloc_or_note(void *self, void *block, size_t before, size_t size)
{
    engine *n = self;
    void *now = n->alloc(n->alloc_self, block, before, size);
    if (!now && size > 0)
        find_place(n, n->L, n->lacked, sizeof n->lacked);
    return now;
}

/* ---- life ---- */

static int threads_wanted(int threads)
{
    const char *given = getenv("ASSAY_THREADS");
    if (threads > 0 || !given || !*given)
        return threads;
    int n = atoi(given);
    return n > 0 ? n : 0;
}

bool engine_open(engine *n, uint64_t seed, int threads, as_error *e)
{
    *n = (engine){0};
    if (!find_library(n->library, e))
        return false;
    n->c = context_new(services_table(), seed);
    if (!n->c)
        return error_set(e, "out of memory");
    pool_start(threads_wanted(threads));
    n->L = lua_host_new(n->c, n->library);
    if (!n->L)
        return error_set(e, "out of memory");
    n->alloc = lua_getallocf(n->L, &n->alloc_self);
    lua_setallocf(n->L, alloc_or_note, n);
    find_modules(n->L);
    n->sources.library = n->library;
    run_sources_install(n->L, &n->sources);
    run_module_install(n->L);
    return true;
}

void engine_close(engine *n)
{
    if (n->L)
        lua_host_free(n->L);
    if (n->c)
        context_free(n->c);
    run_sources_free(&n->sources);
}

static const as_module *open_and_load(void *self, const char *path, as_error *e)
{
    if (!engine_open(self, 0, 1, e)) /* which puts the state's own loader in place of this one */
        return NULL;
    const load_scripts *now = load_language_now();
    return now->load(now->self, path, e);
}

void engine_on_demand(engine *n)
{
    static load_scripts first = {.load = open_and_load};
    *n = (engine){0};
    first.self = n;
    load_language(&first);
}

/* ---- scripts ---- */

/* `require "helper"` finds helper.lua beside the script, `require "shared.helper"` also what stands in a
 * folder beside the script's own. */
static void add_folders(lua_State *L, const char *script)
{
    const char *slash = strrchr(script, '/');
    if (slash)
        lua_pushlstring(L, script, (size_t)(slash - script));
    else
        lua_pushliteral(L, ".");
    const char *folder = lua_tostring(L, -1), *last = strrchr(folder, '/');
    if (last)
        lua_pushlstring(L, folder, (size_t)(last - folder));
    else
        lua_pushstring(L, strcmp(folder, ".") == 0 ? ".." : ".");
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "path");
    lua_pushfstring(L, "%s;%s/?.lua;%s/?.lua", lua_tostring(L, -1), folder, lua_tostring(L, -3));
    lua_setfield(L, -3, "path");
    lua_pop(L, 4);
}

bool engine_load(engine *n, const char *script, bool *missing, as_error *e)
{
    const char *name = engine_short_path(script);
    add_folders(n->L, name);
    return run_sources_load(n->L, &n->sources, name, name, missing, e);
}

bool engine_load_text(engine *n, const char *script, const char *text, as_error *e)
{
    const char *name = engine_short_path(script);
    add_folders(n->L, name);
    lua_pushfstring(n->L, "@%s", name);
    int status = luaL_loadbufferx(n->L, text, strlen(text), lua_tostring(n->L, -1), "t");
    lua_remove(n->L, -2);
    return status == LUA_OK || error_set(e, "%s", lua_tostring(n->L, -1));
}

/* Turns an error value into a text, and adds the stack on demand; the planner's tables stay. */
static int handle(lua_State *L)
{
    if (lua_istable(L, 1) && !luaL_getmetafield(L, 1, "__tostring"))
        return 1;
    lua_settop(L, 1);
    if (lua_isnil(L, 1))
        lua_pushliteral(L, "the error's value is nil");
    else
        luaL_tolstring(L, 1, NULL);
    const char *wish = getenv("ASSAY_TRACEBACK");
    if (wish && strcmp(wish, "1") == 0)
        luaL_traceback(L, L, lua_tostring(L, -1), 1);
    return 1;
}

bool engine_call(engine *n, int arguments, int results)
{
    int base = lua_gettop(n->L) - arguments;
    lua_pushcfunction(n->L, handle);
    lua_insert(n->L, base);
    int status = lua_pcall(n->L, arguments, results, base);
    lua_remove(n->L, base);
    if (status == LUA_ERRMEM) {
        lua_pushfstring(n->L, "%s%s", n->lacked, lua_tostring(n->L, -1));
        lua_remove(n->L, -2);
    } else if (status != LUA_OK && lua_type(n->L, -1) != LUA_TTABLE && !lua_tostring(n->L, -1)) {
        lua_pop(n->L, 1);
        lua_pushliteral(n->L, "error without a text");
    }
    return status == LUA_OK;
}
