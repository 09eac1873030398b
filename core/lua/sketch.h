/* Plugins written in Lua: plugins/KIND/NAME.lua returns as.plugin { ... } (lua/assay/plugin.lua). Their files
 * become the same descriptors as those of C files; each call of one is a function here that runs the plugin's
 * Lua function of that name. They run on a coroutine of their own, so that the script's stack stays as the
 * border of its call knows it. */
#ifndef ASSAY_LUA_SKETCH_H
#define ASSAY_LUA_SKETCH_H

#include "lua/internal.h"
#include "plugin/frame.h"

#define SKETCH_COUNTERS 32

/* An instance's half in Lua: instance->script. */
typedef struct sketch {
    lua_host *host;
    int description; /* registry references: of the table of its functions, */
    int self;        /* of the object they get first, */
    int values;      /* of the table behind it: parameters and what is registered, by name, */
    int counters;    /* and of the counters' places by name */
    int counter_count;
    uint32_t place; /* what messages call a call of it: host_place */
} sketch;

/* The instance's own struct. */
typedef struct {
    int counter[SKETCH_COUNTERS];
} sketch_state;

/* What a call has beyond the inputs of the signature. */
typedef struct {
    frame *f;
    as_sample *sample;
    const as_point *at;
    as_t x, score;
    int index;
    const char *split;
    as_t result; /* in the frame's scope; NULL for none */
} sketch_call;

/* Gives a descriptor the calls that the description at the stack index has functions for. */
void sketch_set_calls(lua_State *L, int description, as_plugin *d);

/* The instance's half, made on its first call. Raises when out of memory. */
const sketch *sketch_of(lua_State *L, instance *i);
void sketch_release(instance *i);

/* The instance whose function runs and whose self is at index 1; raises for any other. */
instance *sketch_self(lua_State *L);

/* Raises what the context holds, if anything. */
void sketch_check(lua_State *L);

/* Tensors at the stack indices first to last. Returns how many; raises for anything else. */
int sketch_tensors(lua_State *L, int first, int last, as_t out[SIGNATURE_PLACES]);

/* Pushes the signature's inputs by place, nil for what was not given. Returns how many. */
int sketch_push_inputs(lua_State *L, const frame *f);

/* A sampler's position as an object that works while its call does; the position behind one at an index. */
void sketch_push_sample(lua_State *L, as_sample *s);
void sketch_push_point(lua_State *L, const as_point *at);

/* What each file adds. self_methods go into the table at the top. */
void sketch_open_inputs(lua_State *L);
void sketch_open_self(lua_State *L);
void sketch_self_methods(lua_State *L);
void sketch_random_methods(lua_State *L);
void sketch_sampling_methods(lua_State *L);

/* From now on this state loads and runs plugins in Lua, until sketch_close, which comes after lua_close. */
void sketch_open(lua_State *L);
void sketch_close(void);

#endif
