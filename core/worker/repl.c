/* repl: what assay.repl (lua/assay/repl.lua) needs of the machine: lines, calls that Ctrl-C interrupts. */
#include "worker/lines.h"
#include "worker/worker.h"

#include "base/terminal.h"
#include "worker/build_info.h"

#include <lauxlib.h>
#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Instructions of Lua after which a computation that caught the interruption is interrupted again. */
#define STUBBORN 1000000

static struct {
    engine n;
    lines *lines;
} console;

/* ---- Ctrl-C ---- */

static volatile sig_atomic_t interrupted;
static lua_State *volatile computing; /* NULL while a line is typed */

static void raise_interrupted(lua_State *L, lua_Debug *now)
{
    (void)now;
    lua_sethook(L, raise_interrupted, LUA_MASKCOUNT, STUBBORN);
    engine_raise(&console.n, L, "interrupted");
}

/* The hook is the one thing of Lua's that a handler may set. A third Ctrl-C during one long operation ends
 * the program. */
static void on_interrupt(int signal_number)
{
    static const char patience[] = "\nwaiting for an operation to end; Ctrl-C again ends assay\n";
    lua_State *L = computing;
    if (L && interrupted) {
        signal(signal_number, SIG_DFL);
        if (write(STDERR_FILENO, patience, sizeof patience - 1) < 0)
            return;
    }
    interrupted = 1;
    if (L)
        lua_sethook(L, raise_interrupted, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
}

/* Without SA_RESTART: a read under way ends. */
static void catch_interrupt(void)
{
    struct sigaction action = {.sa_handler = on_interrupt};
    sigaction(SIGINT, &action, NULL);
}

/* Threads started meanwhile leave SIGINT to the main one. */
static void block_interrupt(int how)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    pthread_sigmask(how, &set, NULL);
}

/* ---- the functions in Lua ---- */

/* console.read(prompt) -> a line; nil at the end; false when interrupted */
static int read_line(lua_State *L)
{
    const char *prompt = luaL_checkstring(L, 1), *text = NULL;
    switch (lines_read(console.lines, prompt, &text)) {
    case LINES_TEXT:
        lua_pushstring(L, text);
        break;
    case LINES_END:
        lua_pushnil(L);
        break;
    case LINES_INTERRUPTED:
        interrupted = 0;
        lua_pushboolean(L, 0);
        break;
    }
    return 1;
}

/* console.remember(line) */
static int remember_line(lua_State *L)
{
    lines_remember(console.lines, luaL_checkstring(L, 1));
    return 0;
}

/* console.run(f) -> true, results... or false, text */
static int run(lua_State *L)
{
    lua_settop(L, 1);
    computing = L;
    bool ok = engine_call(&console.n, 0, LUA_MULTRET);
    computing = NULL;
    lua_sethook(L, NULL, 0, 0);
    interrupted = 0;
    catch_interrupt();
    if (!ok && lua_istable(L, -1)) {
        lua_pop(L, 1);
        lua_pushliteral(L, "the error's value is a table");
    }
    lua_pushboolean(L, ok);
    lua_insert(L, 1);
    return lua_gettop(L);
}

static int columns(void)
{
    struct winsize window;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 1 ? window.ws_col : 80;
}

/* The field of the result at the top as text of its own; NULL for none. */
static char *result_text(lua_State *L, int index)
{
    const char *text = lua_tostring(L, index);
    return text && *text ? strdup(text) : NULL;
}

/* Tab: assay.repl's `complete`, registered by run_console. An error in it completes nothing. */
static void complete(void *self, const char *before, char **insert, char **show)
{
    lua_State *L = self;
    int top = lua_gettop(L);
    lua_getfield(L, LUA_REGISTRYINDEX, "assay.complete");
    lua_pushstring(L, before);
    lua_pushinteger(L, columns());
    if (lua_pcall(L, 2, 2, 0) == LUA_OK) {
        *insert = result_text(L, -2);
        *show = result_text(L, -1);
    }
    lua_settop(L, top);
}

/* ---- life ---- */

/* $XDG_STATE_HOME/assay/history; NULL without a home */
static const char *history_path(char out[PATH_MAX])
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    bool given = state && state[0] == '/';
    if (!given && !(home && *home))
        return NULL;
    int n = snprintf(out, PATH_MAX, "%s%s/assay/history", given ? state : home, given ? "" : "/.local/state");
    return n < PATH_MAX ? out : NULL;
}

static void push_console(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"read", read_line}, {"remember", remember_line}, {"run", run}, {NULL, NULL}};
    bool colours = terminal_colours(stderr);
    luaL_newlib(L, functions);
    lua_pushboolean(L, lines_interactive(console.lines));
    lua_setfield(L, -2, "interactive");
    lua_pushstring(L, build_version);
    lua_setfield(L, -2, "version");
    lua_pushstring(L, terminal_sequence(colours, TERMINAL_BAD));
    lua_setfield(L, -2, "bad");
    lua_pushstring(L, terminal_sequence(colours, TERMINAL_PLAIN));
    lua_setfield(L, -2, "plain");
}

/* require("assay.repl").run(console) -> whether all went well */
static int run_console(lua_State *L)
{
    lua_getglobal(L, "require");
    lua_pushliteral(L, "assay.repl");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "complete");
    lua_setfield(L, LUA_REGISTRYINDEX, "assay.complete");
    lua_getfield(L, -1, "run");
    push_console(L);
    lua_call(L, 1, 1);
    return 1;
}

static int talk(void)
{
    char path[PATH_MAX];
    lua_State *L = console.n.L;
    console.lines = lines_open(&(lines_options){
        .history = history_path(path), .complete = complete, .self = L, .interrupted = &interrupted});
    if (!console.lines)
        return worker_say(WORKER_FAILED, "out of memory");
    catch_interrupt();
    block_interrupt(SIG_UNBLOCK);
    lua_pushcfunction(L, run_console);
    bool ok = engine_call(&console.n, 0, 1);
    int code = ok && lua_toboolean(L, -1) ? WORKER_OK : WORKER_FAILED;
    if (!ok)
        worker_say(WORKER_FAILED, "%s", lua_tostring(L, -1));
    lines_close(console.lines);
    return code;
}

int mode_repl(int argc, char **argv)
{
    (void)argv;
    if (argc)
        return worker_say(WORKER_MISUSE, "usage: assay-worker repl");
    setlocale(LC_CTYPE, ""); /* letters beyond ASCII; numbers stay as C writes them */
    block_interrupt(SIG_BLOCK);
    as_error e = {0};
    int code = engine_open(&console.n, 0, 0, &e) ? talk() : worker_say(WORKER_FAILED, "%s", e.text);
    engine_close(&console.n);
    return code;
}
