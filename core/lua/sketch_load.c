/* From plugins/KIND/NAME.lua to descriptors. The file is read by lua/assay/plugin.lua; here its tables become
 * the structs a C file has compiled in. The texts stay Lua's: the registry holds them until the state closes.
 */
#include "lua/sketch.h"

#include "base/hash.h"

#include <stdio.h>
#include <string.h>

typedef struct {
    const char *path, *source_hash;
    const as_module *module;
} request;

/* The field at the top as a text that the description holds; NULL for none. */
static const char *text_field(lua_State *L, int table, const char *name)
{
    lua_getfield(L, table, name);
    const char *text = lua_tostring(L, -1); /* a string already, or nil: not converted */
    lua_pop(L, 1);
    return text;
}

static double number_field(lua_State *L, int table, const char *name)
{
    lua_getfield(L, table, name);
    double value = lua_tonumber(L, -1);
    lua_pop(L, 1);
    return value;
}

enum { FIELD = 16 }; /* bytes of the struct for each parameter: as much as the largest takes */

/* The table of parameters; the description holds it, and is found by its address. */
static const as_param *read_params(lua_State *L, int description)
{
    lua_getfield(L, description, "params");
    int list = lua_gettop(L), n = (int)lua_rawlen(L, list);
    as_param *params = lua_newuserdatauv(L, (size_t)(n + 1) * sizeof *params, 0);
    memset(params, 0, (size_t)(n + 1) * sizeof *params);
    lua_setfield(L, description, "table");
    for (int k = 0; k < n; k++) {
        lua_rawgeti(L, list, k + 1);
        int q = lua_gettop(L);
        params[k] = (as_param){
            .type = (as_param_type)number_field(L, q, "type"),
            .name = text_field(L, q, "name"),
            .offset = (size_t)k * FIELD,
            .value = number_field(L, q, "value"),
            .text = text_field(L, q, "text"),
            .range = text_field(L, q, "range"),
            .doc = text_field(L, q, "doc"),
            .unit = text_field(L, q, "unit"),
            .log = (int)number_field(L, q, "log"),
        };
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    lua_pushvalue(L, description);
    lua_rawsetp(L, LUA_REGISTRYINDEX, params);
    return params;
}

static void read_description(lua_State *L, int description, const char *source_hash, as_plugin *d)
{
    *d = (as_plugin){
        .size = sizeof *d,
        .source_hash = source_hash,
        .kind = text_field(L, description, "kind"),
        .name = text_field(L, description, "name"),
        .version = text_field(L, description, "version"),
        .paper = text_field(L, description, "paper"),
        .doc = text_field(L, description, "doc"),
        .signature = text_field(L, description, "signature"),
        .params = read_params(L, description),
    };
    for (const as_param *q = d->params; q->type != AS_PARAM_END; q++)
        d->params_size += FIELD;
    sketch_set_calls(L, description, d);
}

/* (request) */
static int load_protected(lua_State *L)
{
    request *r = lua_touserdata(L, 1);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "assay.plugin");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "load");
    lua_pushstring(L, r->path);
    lua_call(L, 1, 1);
    int list = lua_gettop(L), n = (int)lua_rawlen(L, list);
    struct {
        as_module module;
        char source_hash[HASH_TEXT];
        as_plugin plugin[];
    } *file = lua_newuserdatauv(L, sizeof *file + (size_t)n * sizeof file->plugin[0], 0);
    const as_plugin **plugins = lua_newuserdatauv(L, (size_t)(n + 1) * sizeof *plugins, 0);
    lua_rawsetp(L, LUA_REGISTRYINDEX, plugins);
    lua_rawsetp(L, LUA_REGISTRYINDEX, file);
    snprintf(file->source_hash, sizeof file->source_hash, "%s", r->source_hash);
    for (int k = 0; k < n; k++) {
        lua_rawgeti(L, list, k + 1);
        read_description(L, lua_gettop(L), file->source_hash, &file->plugin[k]);
        plugins[k] = &file->plugin[k];
        lua_pop(L, 1);
    }
    file->module = (as_module){LOAD_ABI_MAJOR, LOAD_ABI_MINOR, sizeof(as_plugin), (uint32_t)n, plugins};
    r->module = &file->module;
    return 0;
}

static const as_module *load(void *self, const char *path, as_error *e)
{
    lua_host *h = self;
    lua_State *L = h->sketches;
    char source_hash[HASH_TEXT];
    request r = {.path = path, .source_hash = source_hash};
    int top = lua_gettop(L);
    if (!hash_file(path, source_hash, e))
        return NULL;
    if (!lua_checkstack(L, 4)) {
        error_set(e, "%s: the Lua stack is full", path);
        return NULL;
    }
    lua_pushcfunction(L, load_protected);
    lua_pushlightuserdata(L, &r);
    if (lua_pcall(L, 1, 0, 0) != LUA_OK) {
        const char *text = lua_tostring(L, -1);
        error_set(e, "%s", text ? text : path);
    }
    lua_settop(L, top);
    return r.module;
}

static void collect(void *self)
{
    lua_host *h = self;
    lua_gc(h->sketches, LUA_GCCOLLECT);
    lua_gc(h->sketches, LUA_GCCOLLECT); /* what finalizers gave back */
}

static load_scripts scripts = {.load = load, .release = sketch_release, .collect = collect};

void sketch_open(lua_State *L)
{
    lua_host *h = host_of(L);
    h->sketches = lua_newthread(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &scripts);
    sketch_open_inputs(L);
    sketch_open_self(L);
    scripts.self = h;
    load_language(&scripts);
}

void sketch_close(void)
{
    load_language(NULL);
}
