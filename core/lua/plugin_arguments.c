#include "lua/plugin_arguments.h"

#include "lua/optimizers.h"
#include "lua/plugin_object.h"
#include "lua/state.h"

#include <stdio.h>
#include <string.h>

/* ---- the border ---- */

void border_enter(lua_State *L, border *b, int object)
{
    luaL_checkstack(L, 8, "a call of a plugin");
    lua_host *h = host_of(L);
    lua_pushnil(L);
    *b = (border){.L = L, .object = object, .error = lua_gettop(L), .scope = h->scope, .outer = h->border};
    h->border = b;
}

void border_leave(lua_State *L, border *b)
{
    host_of(L)->border = b->outer;
}

int border_raise(lua_State *L, const border *b)
{
    if (!b->raised)
        return lua_host_raise_context(L);
    as_error e;
    context_take_error(host_of(L)->c, &e);
    lua_pushvalue(L, b->error);
    return lua_error(L);
}

/* ---- states ---- */

const as_state *state_from(lua_State *L, int index, const char *what)
{
    index = lua_absindex(L, index);
    bool object = luaL_getmetafield(L, index, "__index") != LUA_TNIL;
    if (object) {
        lua_pop(L, 1);
        if (lua_getfield(L, index, "state") != LUA_TFUNCTION)
            lua_host_raise(L, "%s: expected a state or an object with :state(), got a %s", what,
                           luaL_typename(L, index));
        lua_pushvalue(L, index);
        lua_call(L, 1, 1);
        index = lua_gettop(L);
    }
    int n;
    named_tensor *list = state_argument(L, index, what, &n);
    as_state *s = lua_newuserdatauv(L, sizeof *s + (size_t)n * sizeof(state_entry), 0);
    *s = (as_state){.count = n, .capacity = n, .entries = (state_entry *)(s + 1)};
    for (int i = 0; i < n; i++)
        s->entries[i] = (state_entry){.name = (char *)(uintptr_t)list[i].name, .tensor = list[i].tensor};
    return s;
}

static void read_states(lua_State *L, const char *what, argument *a, int value, bool several)
{
    if (several && !lua_istable(L, value))
        lua_host_raise(L, "%s is a %s, expected a list of states", what, luaL_typename(L, value));
    int n = several ? (int)lua_rawlen(L, value) : 1;
    if (n == 0)
        lua_host_raise(L, "%s: the list of states is empty", what);
    luaL_checkstack(L, 4 * n + 8, what);
    const as_state **list = lua_newuserdatauv(L, (size_t)n * sizeof *list, 0);
    for (int i = 0; i < n; i++) {
        int at = value;
        if (several) {
            lua_rawgeti(L, value, i + 1);
            at = lua_gettop(L);
        }
        list[i] = state_from(L, at, what);
    }
    a->states = list;
    a->state_count = n;
}

/* ---- tensors ---- */

/* sampler { 4, 2 } looks like sizes and would be two numbers of noise. */
static void refuse_sizes(lua_State *L, const char *what, const plugin *p, const signature_item *item,
                         int value)
{
    bool axes = item->rest >= 0 || item->rank > 1;
    if (!p->d.advance || !axes || !lua_istable(L, value))
        return;
    if (lua_rawgeti(L, value, 1) == LUA_TNUMBER)
        lua_host_raise(L, "%s is a list of numbers, expected a tensor %s; %s", what, item->text,
                       signature_place(p->signature, "shape") >= 0 ? "sizes are given as shape = { ... }"
                                                                   : "as.randn(...) draws one");
    lua_pop(L, 1);
}

/* Numbers and lists of them are taken where a tensor is wanted. */
static void read_tensor(lua_State *L, const char *what, const plugin *p, const signature_item *item,
                        argument *a, int value)
{
    a->tensor = tensor_at(L, value);
    if (a->tensor)
        return;
    bool number = lua_type(L, value) == LUA_TNUMBER;
    if (!number && (!lua_istable(L, value) || luaL_getmetafield(L, value, "__index") != LUA_TNIL))
        lua_host_raise(L, "%s is a %s, expected %s", what, luaL_typename(L, value), item->text);
    refuse_sizes(L, what, p, item, value);
    lua_getfield(L, LUA_REGISTRYINDEX, "assay.core");
    lua_getfield(L, -1, "tensor");
    lua_remove(L, -2);
    lua_pushvalue(L, value);
    if (item->dtype == AS_F32)
        lua_pushnil(L); /* the working float */
    else
        lua_pushstring(L, tensor_dtype_name(item->dtype));
    lua_call(L, 2, 1);
    a->tensor = tensor_at(L, -1);
}

/* ---- all of a call's ---- */

void argument_read(lua_State *L, const plugin *p, plugin_arguments *a, int place, int value)
{
    const signature_item *item = &p->signature->in[place];
    char what[160];
    snprintf(what, sizeof what, "%.80s: %.60s", p->name, item->name);
    argument *in = &a->in[place];
    switch (item->type) {
    case SIGNATURE_TENSOR:
        read_tensor(L, what, p, item, in, value);
        a->handle[place] = handle_at(L, value) ? value : 0;
        break;
    case SIGNATURE_MODEL:
    case SIGNATURE_FUNCTION:
        model_read(L, what, a, place, value);
        break;
    case SIGNATURE_GROUP:
        in->group = optimizer_at(L, value);
        if (!in->group)
            lua_host_raise(L, "%s is a %s, expected an optimizer", what, luaL_typename(L, value));
        break;
    case SIGNATURE_STATE:
    case SIGNATURE_STATES:
        read_states(L, what, in, value, item->type == SIGNATURE_STATES);
        break;
    case SIGNATURE_DATASET: {
        if (lua_istable(L, value)) { /* { "digits" }: as scripts and YAML write a plugin */
            lua_pushcfunction(L, plugin_new);
            lua_pushliteral(L, "datasets");
            lua_pushvalue(L, value);
            lua_call(L, 2, 1);
            value = lua_gettop(L);
        }
        plugin_object *o = plugin_at(L, value);
        if (!o || strcmp(o->i->plugin->d.kind, "datasets") != 0)
            lua_host_raise(L, "%s is a %s, expected a data set", what, luaL_typename(L, value));
        else
            in->dataset = o->i;
    }
    }
}

/* Whether the only argument is a table by names: a plain one without a list, one of whose keys is an input's
 * name, or any such table where the first input is a tensor. */
static bool by_names(lua_State *L, const signature *s, int first)
{
    if (lua_gettop(L) != first || !lua_istable(L, first) || lua_rawlen(L, first) > 0)
        return false;
    if (lua_getmetatable(L, first)) {
        lua_pop(L, 1);
        return false;
    }
    lua_pushnil(L);
    bool empty = !lua_next(L, first);
    lua_settop(L, first);
    bool states = s->in_count > 0 && s->in[0].type == SIGNATURE_STATES; /* an empty list of them */
    bool names = (empty && !states) || (s->in_count > 0 && s->in[0].type == SIGNATURE_TENSOR);
    for (int k = 0; k < s->in_count && !names; k++) {
        lua_pushstring(L, s->in[k].name);
        names = lua_rawget(L, first) != LUA_TNIL;
        lua_pop(L, 1);
    }
    return names;
}

static void read_named(lua_State *L, const plugin *p, plugin_arguments *a, int table)
{
    const signature *s = p->signature;
    const char *names[SIGNATURE_PLACES];
    for (int k = 0; k < s->in_count; k++)
        names[k] = s->in[k].name;
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
        const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "";
        char nearest[128];
        if (signature_place(s, key) < 0)
            lua_host_raise(L, "%s: no input \"%s\"%s", p->name, key,
                           lua_host_suggest(key, names, (size_t)s->in_count, nearest, sizeof nearest));
    }
    for (int k = 0; k < s->in_count; k++) {
        if (lua_getfield(L, table, s->in[k].name) != LUA_TNIL)
            argument_read(L, p, a, k, lua_gettop(L));
    }
}

static void input_names(const plugin_object *o, char *out, size_t size)
{
    const signature *s = o->i->plugin->signature;
    size_t at = 0;
    out[0] = 0;
    for (int k = 0; k < s->in_count && at < size; k++)
        if (!o->names[k])
            at += (size_t)snprintf(out + at, size - at, at ? ", %s" : "%s", s->in[k].name);
}

void arguments_read(lua_State *L, plugin_object *o, plugin_arguments *a, int first)
{
    const plugin *p = o->i->plugin;
    const signature *s = p->signature;
    a->n = s->in_count;
    memset(a->in, 0, (size_t)s->in_count * sizeof *a->in);
    memset(a->handle, 0, (size_t)s->in_count * sizeof *a->handle);
    luaL_checkstack(L, 4 * SIGNATURE_PLACES, p->name);
    if (by_names(L, s, first)) {
        read_named(L, p, a, first);
        return;
    }
    int last = lua_gettop(L), place = 0;
    for (int value = first; value <= last; value++, place++) {
        while (place < s->in_count && o->names[place])
            place++;
        if (place >= s->in_count) {
            char names[256];
            input_names(o, names, sizeof names);
            lua_host_raise(L, "%s: %d inputs given, it takes %s%s", p->name, last - first + 1,
                           *names ? "" : "none", names);
        }
        if (!lua_isnil(L, value))
            argument_read(L, p, a, place, value);
    }
}
