/* What lua/assay/teacher.lua needs to make the same model in any process: randomness of its own, a lock, a
 * hash. */
#include "lua/internal.h"

#include "base/folder.h"
#include "base/hash.h"
#include "plugin/load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define LOCK "assay.lock"

/* All that draws depend on. */
typedef struct {
    uint64_t seed;
    script_stream *streams;
    int stream_count;
    load_counts *counts;
    unsigned char math[64]; /* the state of math.random */
    size_t math_size;
} randomness;

/* The state of math.random, which Lua keeps in an upvalue of the function and gives no other way to read. */
static void *math_state(lua_State *L, size_t *size)
{
    lua_getglobal(L, "math");
    lua_getfield(L, -1, "random");
    void *state = lua_getupvalue(L, -1, 1) ? lua_touserdata(L, -1) : NULL; /* lives as long as math.random */
    *size = state ? lua_rawlen(L, -1) : 0;
    return state;
}

static void begin_anew(lua_State *L, lua_host *h, uint64_t seed, randomness *before)
{
    *before =
        (randomness){.seed = context_of(h->c)->seed, .streams = h->streams, .stream_count = h->stream_count};
    int top = lua_gettop(L);
    const void *state = math_state(L, &before->math_size);
    if (!state || before->math_size > sizeof before->math)
        lua_host_raise(L, "isolated: this Lua keeps the state of math.random elsewhere");
    memcpy(before->math, state, before->math_size);
    before->counts = load_counts_aside();
    if (!before->counts)
        lua_host_raise(L, "isolated: out of memory");
    h->streams = NULL;
    h->stream_count = 0;
    context_of(h->c)->seed = seed;
    lua_getglobal(L, "math");
    lua_getfield(L, -1, "randomseed");
    lua_pushinteger(L, (lua_Integer)seed);
    lua_pushinteger(L, 0);
    lua_call(L, 2, 0);
    lua_settop(L, top);
}

static void go_back(lua_State *L, lua_host *h, randomness *before)
{
    for (int i = 0; i < h->stream_count; i++)
        free(h->streams[i].name);
    free(h->streams);
    h->streams = before->streams;
    h->stream_count = before->stream_count;
    context_of(h->c)->seed = before->seed;
    load_counts_back(before->counts);
    size_t size;
    void *state = math_state(L, &size);
    memcpy(state, before->math, before->math_size);
    lua_pop(L, 3);
}

/* core.isolated(seed, f, ...) -> what f(...) gives: as in a process of its own that began with this seed. The
 * script's streams, math.random and the numbers of plugins' instances are afterwards as they were. */
static int isolated(lua_State *L)
{
    uint64_t seed = (uint64_t)luaL_checkinteger(L, 1);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_host *h = host_of(L);
    luaL_checkstack(L, 8, "isolated");
    randomness before;
    begin_anew(L, h, seed, &before);
    int status = lua_pcall(L, lua_gettop(L) - 2, LUA_MULTRET, 0);
    go_back(L, h, &before);
    return status == LUA_OK ? lua_gettop(L) - 1 : lua_error(L);
}

/* ---- files ---- */

static int unlock(lua_State *L)
{
    int *fd = luaL_checkudata(L, 1, LOCK);
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    return 0;
}

/* core.lock(folder, name) -> held until it is closed or the process ends; waits for who has it. Makes the
 * folder.
 */
static int lock(lua_State *L)
{
    as_error e = {0};
    const char *folder = luaL_checkstring(L, 1);
    const char *path = lua_pushfstring(L, "%s/%s", folder, luaL_checkstring(L, 2));
    int *fd = lua_newuserdatauv(L, sizeof *fd, 0);
    *fd = -1;
    luaL_setmetatable(L, LOCK);
    if (!folder_make(folder, &e))
        return lua_host_raise(L, "%s", e.text);
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    while (*fd >= 0 && flock(*fd, LOCK_EX) != 0)
        if (errno != EINTR)
            return lua_host_raise(L, "%s: cannot be locked: %s", path, strerror(errno));
    return *fd >= 0 ? 1 : lua_host_raise(L, "%s: cannot be written: %s", path, strerror(errno));
}

/* core.sha256(text) -> 64 hexadecimal digits */
static int sha256(lua_State *L)
{
    size_t size;
    const char *text = luaL_checklstring(L, 1, &size);
    char hash[HASH_TEXT];
    hash_bytes(text, size, hash);
    lua_pushstring(L, hash);
    return 1;
}

void core_open_isolation(lua_State *L)
{
    static const luaL_Reg events[] = {{"__gc", unlock}, {"__close", unlock}, {0}};
    luaL_newmetatable(L, LOCK);
    luaL_setfuncs(L, events, 0);
    lua_pop(L, 1);
    static const luaL_Reg functions[] = {{"isolated", isolated}, {"lock", lock}, {"sha256", sha256}, {0}};
    luaL_setfuncs(L, functions, 0);
}
