/* What a plugin's call takes and gives, from one line of text:
 *
 *   logits f32[B,C], labels i64[B]<C -> loss f32[B]
 *   real f32[B,...], student model{params, taps:h}(f32[B,...], f32[B] -> f32[B,...]), opt group -> loss f32
 *
 * `name type` by commas, `->`, outputs. Types: f32 (the working float), f64, i64, each with axes in brackets
 * (none: a scalar); model, function, group, state, state[], dataset. An axis is a letter (an upper-case word:
 * binds on first sight, must agree after), a number, an integer parameter of the plugin (lower case), a
 * product of these (`M*B`), or `...`: any axes, the same wherever it stands. `?` after a name is optional,
 * `<C` (a letter, number or integer parameter) bounds an i64's values: 0 <= value < C. `|items` after a type:
 * the items along axis 0 are independent; after state[], the order of the states does not matter. `|stop`
 * after an output: part of what it is made of is meant to be constant, so that its gradient is not the
 * derivative of its value (a detached target, a surrogate). Letters in a model's brackets are its own and
 * bind anew at each call of it, but `^C` there is the letter C of the whole signature. A tap is named by its
 * path or by a string parameter that holds it, and may say its type: `taps:h f32[B,^H]|body.2`. Outputs may
 * do without a name. */
#ifndef ASSAY_PLUGIN_SIGNATURE_H
#define ASSAY_PLUGIN_SIGNATURE_H

#include "plugin/model.h"

#define SIGNATURE_PLACES 16  /* inputs, and outputs */
#define SIGNATURE_LETTERS 16 /* different ones in one signature */
#define SIGNATURE_FACTORS 4  /* in one product */

typedef enum {
    SIGNATURE_TENSOR,
    SIGNATURE_MODEL,
    SIGNATURE_FUNCTION,
    SIGNATURE_GROUP,
    SIGNATURE_STATE,  /* one state */
    SIGNATURE_STATES, /* state[]: any number from 1 */
    SIGNATURE_DATASET,
} signature_type;

/* A size: product of a number, letters and at most one integer parameter. */
typedef struct {
    int64_t number; /* 1 when there is none */
    int8_t letter_count;
    int8_t letter[SIGNATURE_FACTORS]; /* places in signature.letter */
    int32_t param;                    /* offset of an int in the plugin's parameters, -1 for none */
} signature_size;

typedef struct {
    signature_type type;
    const char *name; /* "labels"; "" for an output without one */
    const char *text; /* "i64[B]", "model{params}(...)" */
    bool optional;
    bool items;     /* |items */
    bool stops;     /* |stop */
    as_dtype dtype; /* AS_F32: the working float */
    int8_t rank;    /* axes written out, `...` not counted */
    int8_t rest;    /* place of `...` among them, -1 for none */
    signature_size axis[AS_MAX_RANK];
    bool bounded; /* i64: 0 <= value < bound */
    signature_size bound;
    const char *bound_text; /* "C" */
    unsigned needs;         /* of a model: MODEL_... */
    struct signature *call; /* of a model or function: what it takes and gives; NULL if not said */
} signature_item;

/* A parameter that is a tensor. Its letters are the signature's. */
typedef struct {
    signature_item type;
    size_t offset; /* of its as_t in the plugin's parameters, which is NULL while it is not given */
} signature_param;

/* An inner value of a model. */
typedef struct {
    signature_item type;
    const char *path; /* "h", "body.2" */
    int32_t param;    /* of a tap whose path is a string parameter: its offset; -1 */
} signature_tap;

typedef struct signature {
    char *text; /* as the plugin wrote it */
    int in_count, out_count;
    bool items; /* |items anywhere */
    int letter_count;
    const char *letter[SIGNATURE_LETTERS];
    int8_t outer[SIGNATURE_LETTERS]; /* of a model: the whole signature's letter a `^C` is, + 1; 0: its own */
    signature_item in[SIGNATURE_PLACES], out[SIGNATURE_PLACES];
    int param_count; /* tensors among the parameters */
    signature_param *param;
    int tap_count; /* of a model: taps whose types are said */
    signature_tap *tap;
    char *words; /* holds names and texts */
} signature;

/* Parses; `params` is the plugin's table (NULL: none), for sizes that name one and for the types of tensors
 * among them. NULL text is the empty signature. Fails "signature: column 17: what was expected" or "parameter
 * mask: type: column 5: ...". Owned: signature_free. */
signature *signature_parse(const char *text, const as_param *params, as_error *e);
void signature_free(signature *s);

/* What the letters of one call are. */
typedef struct {
    int64_t size[SIGNATURE_LETTERS];     /* -1: not seen yet */
    const char *from[SIGNATURE_LETTERS]; /* the name of what bound it */
    int8_t rest_rank;                    /* of `...`; -1: not seen yet */
    const char *rest_from;
    int64_t rest[AS_MAX_RANK];
} signature_bound;

/* Before a call: the letters are what tensors among the parameters make them, else not seen. */
void signature_unbind(const signature *s, as_ctx *c, const void *params, signature_bound *b);

/* Checks the tensors among the parameters. Fails "parameter mask f32[2,3], expected f32[C]". */
bool signature_check_params(const signature *s, as_ctx *c, const void *params);

/* Checks a call's inputs and binds the letters. Fails in the context, no plugin's name in front:
 * "labels f32[64], expected i64[B]", "labels: value 12 at [3], expected 0 <= value < 10 (C)". No allocation;
 * about 50 ns for two tensors plus the pass over bounded values. */
bool signature_check_in(const signature *s, as_ctx *c, const void *params, const argument *in, int n,
                        signature_bound *b);

/* The same for a model's call: letters written ^C are what `outer` knows of them. signature_share hands what
 * the call of the model of this name has found of them back. */
bool signature_check_call(const signature *s, as_ctx *c, const void *params, const argument *in, int n,
                          signature_bound *b, const signature_bound *outer);
void signature_share(const signature *s, const char *model, const signature_bound *b, signature_bound *outer);

/* Checks what a call returned against one output: "returned f32[64,10], expected loss f32[B] with B = 64".
 * NULL is fine where the output is optional. */
bool signature_check_out(const signature *s, as_ctx *c, const void *params, int place, as_t x,
                         signature_bound *b);

/* The same for a tap of a model's call, read or replaced; a path whose type is not said is fine. */
bool signature_check_tap(const signature *s, as_ctx *c, const void *params, const char *path, as_t x,
                         signature_bound *b);
const char *signature_tap_path(const signature_tap *tap, const void *params);

int signature_place(const signature *s, const char *input_name); /* -1 when there is none */

#endif
