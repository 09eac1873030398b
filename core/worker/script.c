/* script FILE [args]: plain Lua with `assay` at hand; `arg` as in lua. */
#include "worker/worker.h"

#include <stdlib.h>
#include <unistd.h>

/* arg[0] is the script, arg[1] ... its arguments, below 0 what started it. */
static void set_arg(lua_State *L, int argc, char **argv)
{
    char program[4096];
    ssize_t n = readlink("/proc/self/exe", program, sizeof program);
    lua_createtable(L, argc, 3);
    lua_pushlstring(L, program, n > 0 ? (size_t)n : 0);
    lua_rawseti(L, -2, -2);
    lua_pushliteral(L, "script");
    lua_rawseti(L, -2, -1);
    for (int i = 0; i < argc; i++) {
        lua_pushstring(L, argv[i]);
        lua_rawseti(L, -2, i);
    }
    lua_setglobal(L, "arg");
}

static int run_script(engine *n, int argc, char **argv)
{
    set_arg(n->L, argc, argv);
    bool missing;
    as_error e = {0};
    if (!engine_load(n, argv[0], &missing, &e))
        return worker_say(missing ? WORKER_MISUSE : WORKER_FAILED, "%s", e.text);
    for (int i = 1; i < argc; i++)
        lua_pushstring(n->L, argv[i]);
    if (!engine_call(n, argc - 1, 0)) {
        const char *text = lua_tostring(n->L, -1);
        return worker_say(WORKER_FAILED, "%s", text ? text : "the error's value is a table");
    }
    return WORKER_OK;
}

int mode_script(int argc, char **argv)
{
    if (argc < 1)
        return worker_say(WORKER_MISUSE, "usage: assay-worker script FILE [args]");
    engine n;
    as_error e = {0};
    int code;
    if (engine_open(&n, 0, 0, &e))
        code = run_script(&n, argc, argv);
    else
        code = worker_say(WORKER_FAILED, "%s", e.text);
    engine_close(&n);
    return code;
}
