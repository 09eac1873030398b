/* The worker program: one file a mode, each called with what follows the mode's name on the command line and
 * returning the exit code. */
#ifndef ASSAY_WORKER_WORKER_H
#define ASSAY_WORKER_WORKER_H

#include "lua/run_sources.h"

#include <assay/types.h>
#include <lua.h>

enum { WORKER_OK = 0, WORKER_FAILED = 1, WORKER_MISUSE = 2 };

int mode_plan(int argc, char **argv);    /* SCRIPT [overrides]: the plan as a line of JSON */
int mode_run(int argc, char **argv);     /* JOB.json: one run */
int mode_judge(int argc, char **argv);   /* DATABASE JOB...: the verdicts on claims */
int mode_script(int argc, char **argv);  /* FILE [args]: a plain Lua script */
int mode_library(int argc, char **argv); /* MODULE OPTIONS: a command written in Lua */
int mode_repl(int argc, char **argv);    /* Lua at the keyboard */
int mode_plugins(int argc, char **argv); /* list | show KIND/NAME | meta [DIR] */
int mode_check(int argc, char **argv);   /* KIND/NAME | FILE.so: the conformance check */
int mode_doctor(int argc, char **argv);  /* what there is, as a line of JSON */

/* A context with a Lua state in which `require "assay"` works. */
typedef struct {
    as_ctx *c;
    lua_State *L;
    run_sources sources;
    char library[4096]; /* the folder that holds assay/ */
    lua_Alloc alloc;    /* Lua's own, with its argument */
    void *alloc_self;
    char lacked[128]; /* "x.lua:12: ", where Lua was last refused memory; its message has no place */
} engine;

/* threads: 0 for $ASSAY_THREADS, else one a core. Close in any case. */
bool engine_open(engine *n, uint64_t seed, int threads, as_error *e);
void engine_close(engine *n);

/* Without a script: *n opens when the first plugin in Lua is loaded. Close in any case. */
void engine_on_demand(engine *n);

/* Loads the script and lets it `require` its neighbours; pushes its function. Messages call it by the path
 * below the current folder where it lies there. *missing: the file cannot be read. */
bool engine_load(engine *n, const char *script, bool *missing, as_error *e);

/* The same for a script whose text is known; its file need not be there any more. */
bool engine_load_text(engine *n, const char *script, const char *text, as_error *e);

/* Calls what lies under `arguments` values, keeping `results`. After an error one text (or, for what the
 * planner raises, a table) is at the top: "experiments/x.lua:12: text", with the stack when
 * ASSAY_TRACEBACK=1. */
bool engine_call(engine *n, int arguments, int results);

/* From a hook: raises "x.lua:12: TEXT" at the innermost line that is not lua/assay's. */
int engine_raise(const engine *n, lua_State *L, const char *text);

/* From now on *n's script has so many seconds. Then it fails at its line, or, where it is not in Lua, the
 * process ends by SIGALRM a little later. One engine a process. */
void limit_time(engine *n, unsigned seconds);

/* From now on this process may hold `bytes` more than it does; 0: no limit. */
void limit_memory(double bytes);
/* Ends the limit: the run is over, and how it ended must be written down. */
void limit_lift(void);
/* Whether a failure's text says that memory was out: the allocator's words, or Lua's. */
bool limit_was_met(const char *problem);

/* The path from the current folder if it lies below it, else the path itself. Borrowed from `path`. */
const char *engine_short_path(const char *path);

/* Prints "TEXT" and a line break on stderr; returns `code`. */
int worker_say(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
