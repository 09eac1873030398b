/* The types a plugin and the host share. plugin.h includes this; nothing else needs to. */
#ifndef ASSAY_TYPES_H
#define ASSAY_TYPES_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AS_MAX_RANK 8

/* A tensor. The scope it was made in holds it; it is never freed by hand. */
typedef struct as_tensor *as_t;

/* What a call is made in: errors, scopes, random streams, the plugin's instance. Borrowed by every call. */
typedef struct as_ctx as_ctx;

/* A model, a group of parameters with its optimizer, an ordered set of named tensors. Borrowed. */
typedef struct as_model as_model;
typedef struct as_group as_group;
typedef struct as_state as_state;

/* A place in the stack of scopes; see as_open. */
typedef int as_scope;

typedef enum {
    AS_F32 = 0,
    AS_F64 = 1,
    AS_I64 = 2,
} as_dtype;

/* Sizes of the axes. AS_DIMS(64, 10) makes one, AS_DIMS() is a scalar. */
typedef struct {
    int rank;
    int64_t size[AS_MAX_RANK];
} as_dims;

/* Options of an operation: integers (axes, strides, dims) and reals (factors), in the order its call gives
 * them. */
typedef struct {
    int64_t i[12];
    double r[2];
} as_attr;

/* A sampler's position. The host keeps it; the sampler and its hooks read and replace x, x_mean and logw. */
typedef struct {
    as_t x;      /* [B,...] the items as they are now */
    as_t x_mean; /* [B,...] x without the last step's noise; NULL in a sampler that draws none */
    as_t logw;   /* [B] log weights; NULL in a sampler that weights nothing */
    int steps;   /* how many steps the grid has; set by start */
} as_sample;

/* Where in time a sampler calls its hooks. What the sampler cannot say is NaN. */
typedef struct {
    double t;            /* the time x belongs to: 0 is data */
    double t_next;       /* where the step leads */
    double alpha, sigma; /* of x = alpha x_0 + sigma noise at t */
    int index;           /* the step, from 0 */
} as_point;

typedef enum { AS_TRAIN = 0, AS_EVAL = 1, AS_BATCH_STATS = 2 } as_mode;

/* A model's call in full. Zero what is not used; size is sizeof(as_request), for it grows at the end. */
typedef struct {
    uint32_t size;
    int in_count;
    const as_t *in;
    int out_count; /* room in out; outputs the model does not give become NULL */
    as_t *out;
    int read_count; /* taps to read: the outputs of modules by their paths ("0", "body.2") */
    const char *const *read;
    as_t *value;       /* what was read */
    int replace_count; /* taps whose values are replaced before the model goes on */
    const char *const *replace;
    const as_t *with;
} as_request;

/* Lists of numbers, as fields of the struct of parameters. Borrowed from the host. */
typedef struct {
    const double *at;
    int n;
} as_reals;

typedef struct {
    const int *at;
    int n;
} as_ints;

/* ---- parameters ---- */
typedef enum {
    AS_PARAM_END = 0,
    AS_PARAM_REAL = 1,
    AS_PARAM_INT = 2,
    AS_PARAM_BOOL = 3,
    AS_PARAM_CHOICE = 4,
    AS_PARAM_STRING = 5,
    AS_PARAM_REALS = 6,
    AS_PARAM_INTS = 7,
    AS_PARAM_TENSOR = 8,
} as_param_type;

typedef struct {
    as_param_type type;
    const char *name;
    size_t offset;
    double value;      /* default of a real, int or bool */
    const char *text;  /* default of a choice or string; of a list: "0.5, 1" */
    const char *range; /* "[-1, 10]", "(0, inf)"; "mean|sum|none" for a choice; of a list: of each number; of
                          a tensor its type, "f32[C]"; NULL for no limits */
    const char *doc;   /* one line, required */
    const char *unit;  /* "s", "nats", "px"; NULL for a plain number */
    int log;           /* 1: a sweep draws on a log scale */
} as_param;

/* ---- descriptor ---- */

/* in[]: one entry an input of the signature, by place; NULL where it is no tensor or was left out. */
typedef as_t as_call(as_ctx *c, const void *params, const as_t *in);
typedef void as_sample_call(as_ctx *c, const void *params, const as_t *in, as_sample *s);
typedef void as_advance_call(as_ctx *c, const void *params, const as_t *in, as_sample *s, int index);
typedef as_t as_guide_call(as_ctx *c, const void *params, const as_t *in, const as_point *at, as_t x,
                           as_t score);
typedef void as_hook_call(as_ctx *c, const void *params, const as_t *in, const as_point *at, as_sample *s);

/* What a plugin is. Fields a kind does not use stay zero. New fields come at the end only; C++ wants them in
 * this order. */
typedef struct {
    uint32_t size;           /* of this struct as the plugin was compiled; AS_PLUGIN fills it */
    const char *source_hash; /* SHA-256 of the source; AS_PLUGIN fills it from the build */
    const char *kind, *name; /* "losses", "poly1" */
    const char *version;     /* "1.0.0" */
    const char *paper;       /* "arXiv:2204.12511", or NULL */
    const char *doc;         /* one line */
    const as_param *params;  /* ends with AS_END; NULL for none */
    const char *signature;   /* "logits f32[B,C], labels i64[B]<C -> loss f32[B]" */
    size_t params_size;
    size_t state_size; /* of the instance's own struct, zeroed by the host; see as_self */

    /* Rules between parameters, at construction: as_fail says what is wrong. */
    void (*validate)(as_ctx *c, const void *params);
    /* Registers parameters, buffers and counters. Models, groups and data sets given at construction are
     * there (as_model_in). */
    void (*setup)(as_ctx *c, const void *params, void *self);
    /* Foreign resources only. */
    void (*destroy)(void *self);

    as_call *forward; /* losses, heads, and adapters that are called without adapting */
    as_call *step; /* distillers: one batch -> the loss, not differentiable; as_report for more. Adapters: one
                      batch of what they learn before they are used */
    as_call *score; /* scores: the values; as_verdict for a decision */
    as_call *merge; /* soups: as_state_in gives the states, as_state_put the result; returns NULL */

    as_sample_call *start;    /* samplers: fills s->x and s->steps. Hooks, once the sampler has: may change s,
                                 and register what is kept by item (as_per_item) */
    as_advance_call *advance; /* samplers: from grid point `index` to the next */
    as_sample_call *finish;   /* samplers and hooks: last touches on s->x; may be NULL */

    void (*open)(as_ctx *c, const void *params); /* datasets: as_split declares the splits */
    void (*read)(as_ctx *c, const void *params, const char *split); /* datasets: as_field gives its tensors */

    as_call *draw;           /* index samplers: i64[M], places of items. Instead of start and advance */
    as_guide_call *guide;    /* hooks: the score of x at at->t in place of the model's */
    as_hook_call *pre_step;  /* hooks: before a step: correctors, reflection */
    as_hook_call *update;    /* hooks: after every move of x, a corrector's too: imputation */
    as_hook_call *post_step; /* hooks: after a step: weights, resampling */
    as_call *adapt;          /* adapters: one batch -> its outputs, the model changed on the way */
} as_plugin;

typedef struct {
    uint32_t abi_major, abi_minor;
    uint32_t size; /* sizeof(as_plugin) as compiled */
    uint32_t count;
    const as_plugin *const *list;
} as_module;

#ifdef __cplusplus
}
#endif
#endif
