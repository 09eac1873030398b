/* What the files of core/lua share: the host behind a state, handles, argument readers. */
#ifndef ASSAY_LUA_INTERNAL_H
#define ASSAY_LUA_INTERNAL_H

#include "lua/host.h"

#include "autograd/tape.h"
#include "tensor/random.h"

#include <assay/plugin.h>

typedef struct handle handle;
typedef struct handle_scope handle_scope;

/* A tensor as a Lua value: a userdata that owns one reference. */
struct handle {
    const void *tag;         /* tells a handle from other userdata of its size */
    as_t x;                  /* one reference; NULL once dropped */
    handle *previous, *next; /* ring of its scope; NULL outside scopes */
    handle_scope *scope;
    uint32_t dropped; /* place + 1 in the host's list of scopes that ended, 0 if none dropped it */
};

/* as.scope under way: the ring of handles made in it. On the C stack of the call. */
struct handle_scope {
    handle ring;
    handle_scope *outer;
    uint32_t place;
};

/* A line of a script, kept for messages. */
typedef struct {
    const char *source;         /* identity of the chunk's name, for a quick compare */
    int line;                   /* 0: the calls of a plugin, by its name */
    char text[LUA_IDSIZE + 16]; /* "file:line" */
} script_place;

typedef struct {
    char *name;
    random_stream stream;
} script_stream;

struct border; /* a call into a plugin under way: plugin_arguments.h */

typedef struct {
    as_ctx *c;
    lua_State *main, *sketches; /* sketches: where plugins in Lua run */
    struct border *border;      /* the innermost, NULL outside */
    int metatable;              /* registry reference of the handles' */
    handle_scope *scope;        /* innermost as.scope, NULL outside */
    script_place *places;       /* where scopes stood, and operations that messages may name */
    uint32_t place_count;
    script_stream *streams; /* the script's random streams */
    int stream_count;
    size_t collect_at, collect_all_at; /* bytes of tensors in use that step Lua's collector */
    char library[];                    /* "@/path/lua/assay/": chunk names that start so are ours */
} lua_host;

static inline lua_host *host_of(lua_State *L)
{
    return *(lua_host **)lua_getextraspace(L);
}

extern const char handle_tag;

/* Pushes an empty handle: made before the work, so that running out of Lua's memory leaves nothing behind. */
handle *handle_new(lua_State *L, lua_host *h);
/* Gives an empty handle its tensor (one more reference) and steps the collector when much is held. */
void handle_fill(lua_State *L, lua_host *h, handle *u, as_t x);
void handle_drop(handle *u);
/* Takes it out of its scope: it lives until collected. */
void handle_keep(handle *u);
int tensor_keep(lua_State *L); /* x:keep() */
int handle_raise_dropped(lua_State *L, const handle *u);
/* The number of a place that scopes can have; `source` is compared as a pointer. Raises when out of memory.
 */
uint32_t handle_place(lua_State *L, lua_host *h, const char *source, int line, const char *text);
/* From enter to leave handles belong to `s`, whose place may be set in between; then they are dropped. */
void handle_scope_enter(lua_host *h, handle_scope *s);
void handle_scope_leave(lua_host *h, handle_scope *s);

static inline handle *handle_at(lua_State *L, int index)
{
    if (lua_rawlen(L, index) != sizeof(handle))
        return NULL;
    handle *u = lua_touserdata(L, index);
    return u && u->tag == &handle_tag ? u : NULL;
}

/* lua_host_tensor, in line */
static inline as_t tensor_at(lua_State *L, int index)
{
    handle *u = handle_at(L, index);
    if (!u)
        return NULL;
    if (!u->x)
        handle_raise_dropped(L, u);
    return u->x;
}

/* The place of a line in the host's list, which keeps one entry a line of source; UINT32_MAX out of memory.
 */
uint32_t host_place(lua_host *h, const lua_Debug *ar);
/* The innermost Lua line outside lua/assay, or the innermost one at all; false if there is none. */
bool host_user_line(lua_State *L, lua_Debug *ar);

/* Runs one operation on tensors of the stack and pushes the result; raises after a failure. Returns 1. */
int host_op(lua_State *L, as_op_code code, const as_t *in, int n, const as_attr *attr);
/* The end of a binding that made `u`, opened `s` and computed y: fills u or raises. Returns 1. */
int host_finish(lua_State *L, lua_host *h, handle *u, as_scope s, as_t y);

/* ---- argument readers: raise at the script's line ---- */

/* Axis 1, 2, ... or -1, -2, ... of x -> 0-based. `what` begins the text. */
int axis_argument(lua_State *L, int index, const char *what, as_t x);
/* The same from a number in hand. */
int axis_of(lua_State *L, lua_Integer axis, const char *what, int rank, as_t x);
/* Sizes as further arguments or as one list at `index`; -1 is let through if `open`. */
as_dims dims_argument(lua_State *L, int index, const char *what, bool open);
/* Two integers from one (both) or a list of two, at `index`. */
void pair_argument(lua_State *L, int index, const char *what, int64_t *pair);
/* A list of tensors at `index`; pushes a userdata that holds the array until it is popped. */
as_t *list_argument(lua_State *L, int index, const char *what, int *n, int extra);
/* Refuses keys of the table at `index` that are strings and not among the names. */
void check_options(lua_State *L, int index, const char *what, const char *const *names, size_t n);
as_dtype dtype_argument(lua_State *L, int index, as_dtype fallback);
/* The field `dtype` of the options table at `index`; the working float if there is none. */
as_dtype option_dtype(lua_State *L, int index);
/* A field of the options table at `index`, 0 for "no table". */
bool option_bool(lua_State *L, int index, const char *name, bool fallback);

/* The script's stream of this name ("script" if NULL). Raises when out of memory. */
random_stream *host_stream(lua_State *L, const char *name);

/* ---- what each file adds ---- */

void tensor_open_arithmetic(lua_State *L); /* into the metatable at the top */
void tensor_open_handles(lua_State *L);    /* the same */
void tensor_open_text(lua_State *L);       /* the same */
void tensor_open_methods(lua_State *L);    /* into the method table at the top */
void tensor_open_shapes(lua_State *L);     /* the same */
void tensor_open_reading(lua_State *L);    /* the same */
void tensor_open_gradients(lua_State *L);  /* the same */
void core_open_making(lua_State *L);       /* into "assay.core" at the top */
void core_open_drawing(lua_State *L);      /* the same */
void core_open_isolation(lua_State *L);    /* the same */
void core_open_scopes(lua_State *L);       /* the same */
void core_open_gradients(lua_State *L);    /* the same */
void core_open_operations(lua_State *L);   /* the same */
void core_open_layers(lua_State *L);       /* the same */
void core_open_optimizer(lua_State *L);    /* the same */
void core_open_files(lua_State *L);        /* the same */
void core_open_readers(lua_State *L);      /* the same */
void core_open_pictures(lua_State *L);     /* the same */
void core_open_plugins(lua_State *L);      /* the same */
int sorted_pairs(lua_State *L);            /* replaces the global */
void tensor_open_composites(lua_State *L); /* into the method table at the top */
void core_open_composites(lua_State *L);   /* into "assay.core" at the top */
int tensor_index(lua_State *L);            /* __index; upvalue 1: the methods */

#endif
