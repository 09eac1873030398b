/* What scripts give to plugins: Lua values as tensors, models, groups, states; and the border over which
 * models call back. */
#ifndef ASSAY_LUA_PLUGIN_ARGUMENTS_H
#define ASSAY_LUA_PLUGIN_ARGUMENTS_H

#include "lua/internal.h"
#include "plugin/call.h"

/* One call into a plugin. On the C stack of the binding; callbacks run on its coroutine, in its frame. */
typedef struct border {
    lua_State *L;
    int object; /* stack index of the userdata whose user value 1 is the table of values by place */
    int error;  /* stack index where a callback's error value is kept */
    bool raised;
    const struct plugin_arguments *arguments; /* of the call; NULL where they are not on the stack */
    handle_scope *scope;                      /* the script's, where handles of a callback belong */
    struct border *outer;
} border;

/* Pushes the place of the error value and makes this the innermost border. Nothing may raise until
 * border_leave. */
void border_enter(lua_State *L, border *b, int object);
void border_leave(lua_State *L, border *b);
/* Raises what a callback raised, unchanged, or else the context's failure. */
int border_raise(lua_State *L, const border *b);

/* A Lua function or callable object as a model. */
typedef struct {
    struct as_model model; /* first */
    lua_host *host;
    int index; /* of the value in the border's frame; 0: bound, or in the table of values by place */
    int place;
} lua_model;

/* Reads the model at stack index `value` as input `place`; raises with `what` in front. */
struct plugin_arguments;
void model_read(lua_State *L, const char *what, struct plugin_arguments *a, int place, int value);

/* Takes a model read at construction off the stack: `value` is remembered as long as something holds it. */
void model_bind(lua_State *L, lua_model *m, int value);

typedef struct plugin_arguments {
    int n; /* the signature's inputs */
    argument in[SIGNATURE_PLACES];
    int handle[SIGNATURE_PLACES]; /* stack index of the script's own handle of a tensor; 0 for none */
    lua_model models[SIGNATURE_PLACES];
} plugin_arguments;

/* The user data of a plugin. User value 1: the values bound at construction, by place (1, 2, ...); user value
 * 2: a data set's splits that were read; 3: what brings an adapter's model back. */
typedef enum { REDUCE_MEAN, REDUCE_SUM, REDUCE_NONE } reduction;

typedef struct {
    instance *i;
    reduction reduction; /* of losses */
    plugin_arguments bound;
    char names[SIGNATURE_PLACES];    /* 1 where a value is bound */
    instance *hooks[INSTANCE_HOOKS]; /* of a sampler; their objects are in the table of values */
    int hook_count;
} plugin_object;

plugin_object *plugin_at(lua_State *L, int index); /* NULL if it is none */

/* Reads the value at stack index `value` as input `place` (0-based) of the signature into a->in[place]; what
 * has to live as long as the call is left on the stack. Raises with the input's name. */
void argument_read(lua_State *L, const plugin *p, plugin_arguments *a, int place, int value);

/* Reads a call's arguments, stack indices `first` to the top: one table by the inputs' names, or positions in
 * the signature's order, those bound at construction left out. */
void arguments_read(lua_State *L, plugin_object *o, plugin_arguments *a, int first);

/* A table of named tensors (or something with :state()) at `index` as a state that lives in a userdata pushed
 * here. */
const as_state *state_from(lua_State *L, int index, const char *what);

#endif
