#include "lua/run_sources.h"

#include <errno.h>
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The whole file, with a zero behind it. Owned. NULL with errno. */
static char *read_all(const char *path, size_t *size)
{
    FILE *f = fopen(path, "re");
    if (!f)
        return NULL;
    char *text = NULL;
    size_t n = 0, capacity = 0;
    for (;;) {
        if (n + 1 >= capacity) {
            capacity = capacity ? capacity * 2 : 16384;
            char *more = realloc(text, capacity);
            if (!more)
                break;
            text = more;
        }
        size_t got = fread(text + n, 1, capacity - n - 1, f);
        n += got;
        if (got == 0)
            break;
    }
    bool ok = text && !ferror(f) && feof(f);
    int reason = errno;
    fclose(f);
    if (!ok) {
        free(text);
        errno = reason ? reason : ENOMEM;
        return NULL;
    }
    text[n] = 0;
    *size = n;
    return text;
}

static bool is_own(const run_sources *s, const char *path)
{
    size_t n = s->library ? strlen(s->library) : 0;
    return n && strncmp(path, s->library, n) == 0 && strncmp(path + n, "/assay/", 7) == 0;
}

/* Takes `text` over. */
static void note(run_sources *s, const char *path, char *text, size_t size)
{
    for (size_t i = 0; i < s->n; i++)
        if (strcmp(s->list[i].path, path) == 0) {
            free(text);
            return;
        }
    if (s->n == s->capacity) {
        size_t capacity = s->capacity ? s->capacity * 2 : 16;
        run_source *more = realloc(s->list, capacity * sizeof *more);
        if (!more) {
            free(text);
            return;
        }
        s->list = more;
        s->capacity = capacity;
    }
    char *copy = strdup(path);
    if (!copy) {
        free(text);
        return;
    }
    run_source *source = &s->list[s->n++];
    *source = (run_source){.path = copy, .text = text, .size = size, .own = is_own(s, path)};
    if (s->hook)
        s->hook(s->self, source);
}

/* The first line may be #! for the shell. */
static const char *skip_shebang(const char *text, size_t *size)
{
    if (*text != '#')
        return text;
    const char *line = strchr(text, '\n');
    const char *rest = line ? line : text + *size;
    *size -= (size_t)(rest - text);
    return rest; /* its line break stays, so that lines keep their numbers */
}

bool run_sources_load(lua_State *L, run_sources *s, const char *path, const char *name, bool *missing,
                      as_error *e)
{
    size_t size;
    char *text = read_all(path, &size);
    *missing = !text;
    if (!text)
        return error_set(e, "cannot read %s: %s", path, strerror(errno));
    size_t length = size;
    const char *code = skip_shebang(text, &length);
    char *chunk = malloc(strlen(name) + 2);
    int status = LUA_ERRMEM;
    if (chunk) {
        sprintf(chunk, "@%s", name);
        status = luaL_loadbufferx(L, code, length, chunk, "t");
        free(chunk);
    } else {
        lua_pushliteral(L, "out of memory");
    }
    note(s, path, text, size);
    if (status == LUA_OK)
        return true;
    error_set(e, "%s", lua_tostring(L, -1));
    lua_pop(L, 1);
    return false;
}

static run_sources *sources_of(lua_State *L)
{
    return lua_touserdata(L, lua_upvalueindex(1));
}

/* Stands where Lua's own searcher of Lua files stood. */
static int search(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "searchpath");
    lua_pushvalue(L, 1);
    lua_getfield(L, -3, "path");
    lua_call(L, 2, 2);
    if (lua_isnil(L, -2))
        return 1; /* where it looked */
    lua_pop(L, 1);
    const char *path = lua_tostring(L, -1);
    bool missing;
    as_error e = {0};
    if (!run_sources_load(L, sources_of(L), path, path, &missing, &e))
        return luaL_error(L, "error loading module '%s': %s", name, e.text);
    lua_insert(L, -2); /* function, path */
    return 2;
}

static int load_file(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    bool missing;
    as_error e = {0};
    if (!run_sources_load(L, sources_of(L), path, path, &missing, &e)) {
        lua_pushnil(L);
        lua_pushstring(L, e.text);
        return 2;
    }
    if (!lua_isnone(L, 3)) {
        lua_pushvalue(L, 3);
        if (!lua_setupvalue(L, -2, 1))
            lua_pop(L, 1);
    }
    return 1;
}

static int do_file(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    bool missing;
    as_error e = {0};
    if (!run_sources_load(L, sources_of(L), path, path, &missing, &e))
        return luaL_error(L, "%s", e.text);
    int before = lua_gettop(L) - 1;
    lua_call(L, 0, LUA_MULTRET);
    return lua_gettop(L) - before;
}

static void push(lua_State *L, run_sources *sources, lua_CFunction f)
{
    lua_pushlightuserdata(L, sources);
    lua_pushcclosure(L, f, 1);
}

void run_sources_install(lua_State *L, run_sources *sources)
{
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "searchers");
    push(L, sources, search);
    lua_rawseti(L, -2, 2);
    lua_pop(L, 2);
    push(L, sources, load_file);
    lua_setglobal(L, "loadfile");
    push(L, sources, do_file);
    lua_setglobal(L, "dofile");
}

void run_sources_free(run_sources *s)
{
    for (size_t i = 0; i < s->n; i++) {
        free(s->list[i].path);
        free(s->list[i].text);
    }
    free(s->list);
    *s = (run_sources){0};
}
