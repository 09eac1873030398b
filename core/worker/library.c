/* library MODULE OPTIONS: a command that is written in Lua. require("assay.command.MODULE") is a function; it
 * gets the options, a JSON object, as a table, and what it prints is the command's result. */
#include "worker/worker.h"

#include "lua/job_json.h"

#include <lauxlib.h>
#include <string.h>

/* (module, options) */
static int call_module(lua_State *L)
{
    lua_getglobal(L, "require");
    lua_pushfstring(L, "assay.command.%s", lua_tostring(L, 1));
    lua_call(L, 1, 1);
    job_json_push(L, lua_touserdata(L, 2));
    lua_call(L, 1, 0);
    return 0;
}

/* No script of the user's stands behind a command: a place in Assay's own library says nothing to anybody. */
static const char *without_place(const engine *n, const char *text)
{
    size_t length = strlen(n->library);
    const char *end = text && strncmp(text, n->library, length) == 0 ? strstr(text, ".lua:") : NULL;
    end = end ? strchr(end + strlen(".lua:"), ' ') : NULL;
    return end ? end + 1 : text;
}

int mode_library(int argc, char **argv)
{
    cJSON *options = argc == 2 ? cJSON_Parse(argv[1]) : NULL;
    if (!options)
        return worker_say(WORKER_MISUSE, "usage: assay-worker library MODULE '{\"OPTION\": VALUE}'");
    engine n;
    as_error e = {0};
    int code = WORKER_OK;
    if (engine_open(&n, 0, 1, &e)) {
        lua_pushcfunction(n.L, call_module);
        lua_pushstring(n.L, argv[0]);
        lua_pushlightuserdata(n.L, options);
        if (!engine_call(&n, 2, 0)) {
            const char *text = without_place(&n, lua_tostring(n.L, -1));
            code = worker_say(WORKER_FAILED, "%s", text ? text : "the error's value is a table");
        }
    } else {
        code = worker_say(WORKER_FAILED, "%s", e.text);
    }
    engine_close(&n);
    cJSON_Delete(options);
    return code;
}
