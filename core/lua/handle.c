/* Handles: tensors as Lua values. Each holds one counted reference; tensors are large beside their handles,
 * so the bytes in use step Lua's collector, which sees only the handles. */
#include "lua/internal.h"

#include "tensor/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char handle_tag = 0;

/* Growth of tensor bytes between two young collections, and the least worth a full one. */
#define COLLECT_STEP ((size_t)8 << 20)
#define COLLECT_ALL ((size_t)256 << 20)

static void unlink_handle(handle *u)
{
    if (!u->previous)
        return;
    u->previous->next = u->next;
    u->next->previous = u->previous;
    u->previous = u->next = NULL;
    u->scope = NULL;
}

static void link_handle(handle *u, handle_scope *s)
{
    u->scope = s;
    u->previous = &s->ring;
    u->next = s->ring.next;
    u->next->previous = u;
    s->ring.next = u;
}

/* A young collection each COLLECT_STEP (or eighth) of growth; all of it when the use has doubled since the
 * last time, because young collections leave what has survived two of them. */
static void collect(lua_State *L, lua_host *h)
{
    if (alloc_in_use() > h->collect_all_at) {
        lua_gc(L, LUA_GCCOLLECT);
        size_t twice = 2 * alloc_in_use();
        h->collect_all_at = twice > COLLECT_ALL ? twice : COLLECT_ALL;
    } else {
        lua_gc(L, LUA_GCSTEP, 0);
    }
    size_t used = alloc_in_use();
    h->collect_at = used + (used / 8 > COLLECT_STEP ? used / 8 : COLLECT_STEP);
}

handle *handle_new(lua_State *L, lua_host *h)
{
    handle *u = lua_newuserdatauv(L, sizeof *u, 0);
    u->tag = &handle_tag;
    u->x = NULL;
    u->previous = u->next = NULL;
    u->scope = NULL;
    u->dropped = 0;
    lua_rawgeti(L, LUA_REGISTRYINDEX, h->metatable);
    lua_setmetatable(L, -2);
    return u;
}

void handle_fill(lua_State *L, lua_host *h, handle *u, as_t x)
{
    u->x = tensor_ref(x);
    if (h->scope)
        link_handle(u, h->scope);
    if (alloc_in_use() > h->collect_at)
        collect(L, h);
}

void handle_drop(handle *u)
{
    unlink_handle(u);
    tensor_unref(u->x);
    u->x = NULL;
}

void handle_keep(handle *u)
{
    unlink_handle(u);
}

int handle_raise_dropped(lua_State *L, const handle *u)
{
    lua_host *h = host_of(L);
    if (u->dropped == 0)
        return lua_host_raise(L, "this tensor was closed before");
    const script_place *p = &h->places[u->dropped - 1];
    if (p->line == 0)
        return lua_host_raise(L, "tensor was dropped when a call of %s ended; register what is kept",
                              p->text);
    return lua_host_raise(L, "tensor was dropped when the scope at %s ended; return it or :keep() it",
                          p->text);
}

/* ---- as.scope ---- */

/* Of the caller's line. */
static uint32_t scope_place_of(lua_State *L, lua_host *h)
{
    lua_Debug ar = {.source = "?", .currentline = -1};
    if (lua_getstack(L, 1, &ar))
        lua_getinfo(L, "Sl", &ar);
    uint32_t place = host_place(h, &ar);
    return place == UINT32_MAX ? (uint32_t)luaL_error(L, "out of memory") : place;
}

static void move_out(handle *u, handle_scope *s)
{
    if (u->scope != s)
        return;
    unlink_handle(u);
    if (s->outer)
        link_handle(u, s->outer);
}

/* Hands what the value at the top reaches through plain tables to the scope around. `seen` is the stack index
 * of the set of tables met. Objects (tables with a metatable) are searched as well: a net made in a scope. */
static void move_reached(lua_State *L, handle_scope *s, int seen)
{
    handle *u = handle_at(L, -1);
    if (u) {
        move_out(u, s);
        return;
    }
    if (!lua_istable(L, -1) || !lua_checkstack(L, 6))
        return;
    lua_pushvalue(L, -1);
    bool met = lua_rawget(L, seen) != LUA_TNIL;
    lua_pop(L, 1);
    if (met)
        return;
    lua_pushvalue(L, -1);
    lua_pushboolean(L, 1);
    lua_rawset(L, seen);
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1))
        move_reached(L, s, seen);
}

static void retire(handle_scope *s)
{
    while (s->ring.next != &s->ring) {
        handle *u = s->ring.next;
        handle_drop(u);
        u->dropped = s->place + 1;
    }
}

void handle_scope_enter(lua_host *h, handle_scope *s)
{
    s->outer = h->scope;
    s->ring.previous = s->ring.next = &s->ring;
    h->scope = s;
}

void handle_scope_leave(lua_host *h, handle_scope *s)
{
    h->scope = s->outer;
    retire(s);
}

/* The part of as.scope after the call that may run out of Lua's memory, protected. (scope, results...) */
static int move_results(lua_State *L)
{
    handle_scope *s = lua_touserdata(L, 1);
    int last = lua_gettop(L);
    lua_newtable(L);
    for (int i = 2; i <= last; i++) {
        lua_pushvalue(L, i);
        move_reached(L, s, last + 1);
        lua_pop(L, 1);
    }
    return 0;
}

/* as.scope(f, ...): calls f; handles made meanwhile are dropped unless returned, kept or registered. */
static int scope_call(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_host *h = host_of(L);
    handle_scope s = {.place = scope_place_of(L, h)};
    handle_scope_enter(h, &s);
    int status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
    h->scope = s.outer;
    int results = lua_gettop(L);
    if (status == LUA_OK && s.ring.next != &s.ring && results > 0) {
        if (results == 1 && handle_at(L, 1)) {
            move_out(handle_at(L, 1), &s);
        } else if (!lua_checkstack(L, results + 8)) {
            status = LUA_ERRMEM;
            lua_pushliteral(L, "as.scope: too many results");
        } else {
            lua_pushcfunction(L, move_results);
            lua_pushlightuserdata(L, &s);
            for (int i = 1; i <= results; i++)
                lua_pushvalue(L, i);
            status = lua_pcall(L, results + 1, 0, 0);
        }
    }
    retire(&s);
    return status == LUA_OK ? lua_gettop(L) : lua_error(L);
}

/* x:keep(): the scope around does not drop it. A plugin keeps what it registers, and that alone. */
int tensor_keep(lua_State *L)
{
    lua_host_check_tensor(L, 1);
    if (L == host_of(L)->sketches)
        return lua_host_raise(L, "keep: a plugin's tensors go when its call ends; register what is kept in "
                                 "setup (self:buffer) or start (self:per_item)");
    handle_keep(handle_at(L, 1));
    lua_settop(L, 1);
    return 1;
}

static int collected(lua_State *L)
{
    handle *u = lua_touserdata(L, 1);
    handle_drop(u);
    return 0;
}

void core_open_scopes(lua_State *L)
{
    lua_pushcfunction(L, scope_call);
    lua_setfield(L, -2, "scope");
    lua_pushcfunction(L, tensor_keep);
    lua_setfield(L, -2, "keep");
}

void tensor_open_handles(lua_State *L)
{
    lua_pushcfunction(L, collected);
    lua_setfield(L, -2, "__gc");
    lua_pushcfunction(L, collected);
    lua_setfield(L, -2, "__close");
}

/* ---- for C code that serves scripts ---- */

as_t lua_host_tensor(lua_State *L, int index)
{
    return tensor_at(L, index);
}

as_t lua_host_check_tensor(lua_State *L, int index)
{
    as_t x = tensor_at(L, index);
    lua_Debug ar = {.name = NULL};
    if (!x && lua_getstack(L, 0, &ar))
        lua_getinfo(L, "n", &ar);
    if (!x)
        lua_host_raise(L, "%s: argument %d is a %s, expected a tensor", ar.name ? ar.name : "?", index,
                       luaL_typename(L, index));
    return x;
}

void lua_host_push_tensor(lua_State *L, as_t x)
{
    lua_host *h = host_of(L);
    handle *u = handle_new(L, h);
    handle_fill(L, h, u, x);
}

bool lua_host_number(lua_State *L, int index, double *out)
{
    if (lua_type(L, index) == LUA_TNUMBER) {
        *out = lua_tonumber(L, index);
        return true;
    }
    as_t x = tensor_at(L, index);
    if (!x || x->count != 1)
        return false;
    *out = tensor_item(host_of(L)->c, x);
    return true;
}
