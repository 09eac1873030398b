/* What the files of per_sample share. */
#ifndef ASSAY_AUTOGRAD_PER_SAMPLE_PARTS_H
#define ASSAY_AUTOGRAD_PER_SAMPLE_PARTS_H

#include "autograd/tape.h"

/* A parameter, or a view of one, as input `at` of a node whose result has the batch along `axis`. */
typedef struct {
    node *by;
    int at, parameter, axis;
    as_dims out;
    as_t g; /* what arrives at the node's result */
} use;

/* Where the batch lies in input i of a node whose result has it along `axis`; -1: nowhere, all items take the
 * same. */
int batch_axis_of_input(const node *n, const as_dims *out, int axis, int64_t items, int i);

/* Whether a node only looks at its input's items otherwise, and the way back from g [n, sizes of the view] to
 * [n, sizes of the input]. */
bool is_view(const node *from);
as_t unviewed(as_ctx *c, const node *from, as_t g);

/* How one use contributes to the gradients, after its g is there. */
typedef enum {
    PART_OUTER, /* sum over places of the product of g and x */
    PART_ROWS,  /* g at the rows of a table that the places took */
    PART_SUMMED /* [B, count], done */
} part_form;

typedef struct {
    part_form form;
    const use *u;
    int64_t items;
    int64_t groups, places, inputs,
        outputs;          /* OUTER; of ROWS: places, outputs = a row's size, inputs = rows */
    bool unfold, swapped; /* OUTER: x is an image; the gradient is [inputs, outputs] */
    as_t x, g;            /* items first; SUMMED: g alone */
    as_dtype dtype;
} part;

/* False and a failure where the operation's gradient of one item is not known. */
bool part_make(as_ctx *c, const use *u, int64_t items, part *p);

/* Items begin .. end-1: the gradient as [end - begin, sizes of the input]; its square norm, [end - begin]. */
as_t part_gradient(as_ctx *c, const part *p, int64_t begin, int64_t end);
as_t part_square(as_ctx *c, const part *p, int64_t begin, int64_t end);

/* Whether the square norm is cheaper without the gradient. */
bool part_has_trick(const part *p);

/* Bytes held while one item is computed, either way. */
int64_t part_bytes(const part *p, bool trick);

as_t part_squares_of(as_ctx *c, as_t x); /* [n, ...] -> [n] */

#endif
