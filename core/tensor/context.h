/* The context every engine call is made in: the first error, the stack of scopes, the working float, whether
 * operations are recorded. One a worker; a plugin sees only its first member, the services.
 *
 * Errors are sticky: after the first one operations return the inert tensor at once. Whoever opened the frame
 * (a Lua call, a plugin call) takes the text with context_take_error and the context works again. Main thread
 * only. */
#ifndef ASSAY_TENSOR_CONTEXT_H
#define ASSAY_TENSOR_CONTEXT_H

#include "base/error.h"

#include <assay/services.h>

struct frame;  /* a call of a plugin: core/plugin/frame.h */
struct replay; /* values that leave the graph: core/autograd/replay.h */

/* Lines of the script, for messages about what was computed there. */
typedef struct {
    uint32_t (*here)(void *script);                         /* the innermost line, 0 if there is none */
    const char *(*text)(const void *script, uint32_t line); /* "train.lua:12" */
} script_lines;

typedef struct {
    as_ctx api; /* first: what plugins see */
    as_error error;
    bool failed;    /* the error's text is set, or was set and then moved up */
    bool recording; /* operations whose inputs require gradients are put on the tape */
    as_dtype working;
    as_t *scope; /* tensors the open scopes hold one reference to each, oldest first */
    int scope_size, scope_capacity;
    as_t inert;
    struct frame *frame;       /* innermost plugin call, NULL outside */
    uint64_t seed;             /* of the run: the root of all random streams */
    struct replay *replay;     /* during a gradient's check, else NULL */
    const script_lines *lines; /* NULL without a script */
    void *script;
    bool in_rule; /* a gradient rule is under way */
} context;

static inline context *context_of(as_ctx *c)
{
    return (context *)c;
}

/* NULL when out of memory. `services` is borrowed for the context's life. */
as_ctx *context_new(const as_services *services, uint64_t seed);
void context_free(as_ctx *c);

/* Keeps the first failure's text (printf form); returns the inert tensor. */
as_t context_fail(as_ctx *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
as_t context_fail_list(as_ctx *c, const char *format, va_list args);

static inline bool context_ok(const as_ctx *c)
{
    return !((const context *)c)->failed;
}

/* Moves the text into e and makes the context usable again. False if nothing had failed. */
bool context_take_error(as_ctx *c, as_error *e);

/* The script's line that is under way, 0 where there is none, and what it is called in a text: " (x.lua:12)",
 * "" for 0. The buffer is the caller's. */
#define CONTEXT_LINE 96
uint32_t context_line(as_ctx *c);
const char *context_line_text(as_ctx *c, uint32_t line, char buffer[CONTEXT_LINE]);

/* A broken invariant of our own: debug builds stop here, release builds fail the run with file and line. */
#ifdef NDEBUG
#define as_assert(c, condition)                                                                              \
    ((condition) ? (void)0                                                                                   \
                 : (void)context_fail(c, "internal error at %s:%d: %s", __FILE__, __LINE__, #condition))
#else
#define as_assert(c, condition) ((condition) ? (void)0 : __builtin_trap())
#endif

/* Scopes. A tensor made now belongs to the innermost; closing drops the scope's reference and nothing else.
 */
as_scope scope_open(as_ctx *c);
/* Drops everything made since scope_open except `keep` (NULL: nothing), which moves to the scope around.
 * Returns keep. */
as_t scope_close(as_ctx *c, as_scope s, as_t keep);
/* Hands one reference to the innermost scope. On failure to grow, drops it and fails. Returns x or inert. */
as_t scope_hold(as_ctx *c, as_t x);

#endif
