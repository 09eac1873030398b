/* plugins meta: hands the table of operations and all plugins' descriptors to lua/assay/meta.lua, which
 * writes annotations for Lua language servers. */
#include "worker/plugins.h"
#include "worker/worker.h"

#include "autograd/tape.h"
#include "base/folder.h"
#include "lua/job_json.h"

#include <lauxlib.h>
#include <stdio.h>

static cJSON *operations_json(void)
{
    cJSON *list = cJSON_CreateArray();
    for (int code = 0; code < AS_OP_END; code++) {
        const op *row = op_at((as_op_code)code);
        if (!row)
            continue;
        cJSON *item = cJSON_CreateObject();
        cJSON_AddStringToObject(item, "name", row->name);
        cJSON_AddStringToObject(item, "form", row->form);
        cJSON_AddStringToObject(item, "doc", row->doc);
        cJSON_AddItemToArray(list, item);
    }
    return list;
}

/* require("assay.meta")(operations, plugins) -> { { name =, text = }, ... }, which stays at the top */
static int make_texts(lua_State *L)
{
    lua_getglobal(L, "require");
    lua_pushliteral(L, "assay.meta");
    lua_call(L, 1, 1);
    job_json_push(L, lua_touserdata(L, 1));
    job_json_push(L, lua_touserdata(L, 2));
    lua_call(L, 2, 1);
    return 1;
}

static bool write_file(const char *folder, const char *name, const char *text, size_t size, as_error *e)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s/%s.lua", folder, name) >= (int)sizeof path)
        return error_set(e, "%s: the path is too long", folder);
    FILE *f = fopen(path, "we");
    bool ok = f && fwrite(text, 1, size, f) == size;
    if (f)
        ok = fclose(f) == 0 && ok;
    if (!ok)
        return error_set(e, "cannot write %s", path);
    printf("%s\n", path);
    return true;
}

static bool write_texts(lua_State *L, const char *folder, as_error *e)
{
    bool ok = folder_make(folder, e);
    for (lua_Integer i = 1, n = luaL_len(L, -1); ok && i <= n; i++) {
        lua_geti(L, -1, i);
        lua_getfield(L, -1, "name");
        lua_getfield(L, -2, "text");
        size_t size;
        const char *text = lua_tolstring(L, -1, &size);
        ok = write_file(folder, lua_tostring(L, -2), text, size, e);
        lua_pop(L, 3);
    }
    return ok;
}

int plugins_meta(const char *folder)
{
    as_error e = {0};
    engine n = {0};
    int code = WORKER_OK;
    cJSON *operations = operations_json(), *rows = index_rows(NULL, &e);
    if (!rows || !engine_open(&n, 0, 1, &e)) {
        code = worker_say(WORKER_FAILED, "%s", e.text);
    } else {
        lua_pushcfunction(n.L, make_texts);
        lua_pushlightuserdata(n.L, operations);
        lua_pushlightuserdata(n.L, rows);
        if (!engine_call(&n, 2, 1))
            code = worker_say(WORKER_FAILED, "%s", lua_tostring(n.L, -1));
        else if (!write_texts(n.L, folder, &e))
            code = worker_say(WORKER_FAILED, "%s", e.text);
    }
    engine_close(&n);
    cJSON_Delete(operations);
    cJSON_Delete(rows);
    return code;
}
