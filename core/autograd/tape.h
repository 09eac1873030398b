/* Reverse-mode differentiation over a graph of counted nodes. An operation whose inputs require gradients
 * leaves a node that keeps what its gradient needs (and nothing else) and points at the nodes of its inputs.
 * Gradients are written with operations (gradients_*.c), so that gradients have gradients; where speed counts
 * a fused kernel serves when no second order is asked for. */
#ifndef ASSAY_AUTOGRAD_TAPE_H
#define ASSAY_AUTOGRAD_TAPE_H

#include "tensor/forward.h"

typedef struct node node;

/* Runs an operation and records it: the services table's `op`. */
as_t tape_op(as_ctx *c, as_op_code code, const as_t *in, int n, const as_attr *attr);

/* x without its history; x itself when it has none. */
as_t tape_detach(as_ctx *c, as_t x);

/* Makes a leaf collect gradients (or no longer). Fails on a tensor that was computed, or is no float. */
bool tape_require(as_ctx *c, as_t x, bool on);

/* Adds d y / d leaf to every leaf's grad; y is a scalar. Frees the graph as it goes: a second call fails.
 * Builds no graph itself. */
bool tape_backward(as_ctx *c, as_t y);

/* d y / d x[k], shapes of x, in the current scope; grad_y of y's shape or NULL for ones. Keeps the graph. A
 * tensor that y does not depend on gets zeros. create_graph records the computation of the results. */
bool tape_gradients(as_ctx *c, as_t y, as_t grad_y, const as_t *x, int n, bool create_graph, as_t *grad_x);

/* Sets whether operations are recorded, returns how it was. */
bool tape_recording(as_ctx *c, bool on);

/* Fills the part of the table that needs no plugin: operations, tensors, scopes, gradients. */
void tape_services(as_services *s);

/* ---- the table of operations (ops.c) ---- */

/* One row. forward checks, computes and returns a tensor in the scope, or fails. gradient fills gx[i] for the
 * inputs that node_needs names: shapes may still be broadcast, the tape sums them down; NULL says zero. */
typedef struct {
    const char *name;
    const char
        *form; /* how it is called: "unary", "binary", "axis", "axes", ...: drives bindings, docs and tests */
    int arity; /* -1: any number from 1 */
    unsigned saves; /* what the gradient needs: bit i is input i (of the first 8), or OP_SAVES_... */
    as_t (*forward)(as_ctx *c, op_call *call);
    void (*gradient)(as_ctx *c, const node *n, as_t gy, as_t *gx); /* NULL: no gradient flows */
    void (*fused)(as_ctx *c, const node *n, as_t gy, as_t *gx); /* the same by a kernel, first order only */
    const char *doc;
} op;

#define OP_SAVES_OUTPUT 0x8000u
#define OP_SAVES_LAST 0x4000u /* the last input, where their number is open */

typedef struct {
    node *from; /* kept; NULL where no gradient flows */
    as_t saved; /* kept; NULL if not needed */
    uint32_t version;
    as_dtype dtype;
    as_dims dims;
} node_input;

struct node {
    int32_t refs;
    int32_t n;
    const op *op; /* NULL: a leaf */
    as_op_code code;
    as_attr attr;
    bool spent;    /* backward has freed what was saved */
    bool wanted;   /* during a walk: something asked for lies here or beyond */
    bool target;   /* during a walk: its gradient is asked for */
    uint32_t line; /* of the script, where a message may want it: context_line_text */
    uint64_t mark; /* the last walk that met it */
    as_t grad;     /* kept during a walk: what has arrived */
    as_t leaf;     /* borrowed: the tensor of a leaf */
    as_t out;      /* kept: the output without its node, which would make a cycle */
    as_t found;    /* kept: what the forward left for the fused gradient; NULL if nothing */
    uint32_t out_version, found_version;
    node *next;   /* the node above during a walk down; the list of nodes to free */
    node *before; /* during a walk: the node to visit next */
    int place;    /* during a walk: inputs looked at */
    node_input *in, small[3];
};

static inline bool node_needs(const node *n, int i)
{
    return n->in[i].from && n->in[i].from->wanted;
}

/* The output a gradient needs, with its history when the gradient itself is being recorded. */
as_t node_out(as_ctx *c, const node *n);

const op *op_at(as_op_code code); /* NULL for a number without a row */
const op *op_find(const char *name, as_op_code *code);

#endif
