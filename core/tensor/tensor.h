/* Tensors: counted headers over counted storage. Views share storage. Headers are pooled: making one costs no
 * malloc. */
#ifndef ASSAY_TENSOR_TENSOR_H
#define ASSAY_TENSOR_TENSOR_H

#include "tensor/context.h"

struct node; /* how a tensor was made: core/autograd/tape.h */

typedef struct {
    int32_t refs;     /* tensors that share it */
    uint32_t version; /* grows with each change in place, so that the tape notices */
    size_t bytes;
    void *memory;
} storage;

struct as_tensor {
    int32_t refs; /* scopes, Lua handles, the tape, registered state: one each */
    uint8_t dtype, rank;
    bool requires_grad; /* a leaf that collects a gradient, or made from one */
    bool dense;         /* row-major without gaps */
    int64_t count;
    int64_t size[AS_MAX_RANK], stride[AS_MAX_RANK]; /* in items */
    void *data;                                     /* first item */
    storage *store;
    struct node *node; /* kept; NULL for a leaf that requires no gradient */
    as_t grad;         /* kept; of a leaf after backward */
};

static inline size_t tensor_item_bytes(as_dtype dtype)
{
    return dtype == AS_F32 ? 4 : 8;
}

static inline bool tensor_is_float(const struct as_tensor *x)
{
    return x->dtype != AS_I64;
}

const char *tensor_dtype_name(as_dtype dtype); /* "f32" */

static inline as_t tensor_ref(as_t x)
{
    x->refs++;
    return x;
}

void tensor_free(as_t x); /* refs have reached 0 */

/* Drops a tensor's reference to its node; set by the tape, which is above this folder. */
extern void (*tensor_drop_node)(struct node *n, as_t x);

static inline void tensor_unref(as_t x)
{
    if (x && --x->refs == 0)
        tensor_free(x);
}

as_dims tensor_dims(const struct as_tensor *x);

/* New tensors lie in the current scope; inert after a failure (also out of memory, which names the shape). */
as_t tensor_new(as_ctx *c, as_dtype dtype, as_dims dims); /* dense, items undefined */
as_t tensor_full(as_ctx *c, as_dtype dtype, as_dims dims, double value);
as_t tensor_arange(as_ctx *c, int64_t n);
as_t tensor_from(as_ctx *c, as_dtype dtype, as_dims dims, const void *values); /* copies */
/* Another look at x's storage: `data` within it. Carries no history. */
as_t tensor_view(as_ctx *c, as_t x, as_dims dims, const int64_t *stride, void *data);
/* The same items under a new header without history. */
as_t tensor_alias(as_ctx *c, as_t x);

/* Same dtype and sizes. */
static inline bool tensor_same_shape(const struct as_tensor *a, const struct as_tensor *b)
{
    bool same = a->dtype == b->dtype && a->rank == b->rank;
    for (int i = 0; same && i < a->rank; i++)
        same = a->size[i] == b->size[i];
    return same;
}
/* x if dense, else a dense copy without history. */
as_t tensor_dense(as_ctx *c, as_t x);

/* Copies src's items over dst's, sizes and dtypes equal, outside the tape. */
bool tensor_assign(as_ctx *c, as_t dst, as_t src);
/* Tells the tape that x's items change in place. */
static inline void tensor_touch(as_t x)
{
    x->store->version++;
}

static inline bool tensor_is_inert(const as_ctx *c, const struct as_tensor *x)
{
    return x == ((const context *)c)->inert;
}

/* Whether x is a float of four axes; if not, a failure that calls it `what`. */
bool tensor_is_image(as_ctx *c, as_t x, const char *what);

/* 0-based place of an axis given as 0-based or negative; -1 and a failure "OP: axis 3 of a tensor of rank 2".
 */
int tensor_axis(as_ctx *c, const char *op, as_t x, int64_t axis);

double tensor_get(const struct as_tensor *x,
                  const int64_t *index);      /* one item as a double; index 0-based, in range */
double tensor_item(as_ctx *c, as_t x);        /* the only item; fails when there are more */
bool tensor_equal(as_ctx *c, as_t a, as_t b); /* dtype, sizes, bits */
/* Dense items of this dtype, or NULL and a failure. */
void *tensor_data(as_ctx *c, as_t x, as_dtype dtype);

/* "f32[64,10]"; "f32[64,10] mean 0.02 min -1.1 max 1.3". Return buffer. */
#define TENSOR_TEXT 160
const char *tensor_shape_text(const struct as_tensor *x, char buffer[TENSOR_TEXT]);
const char *tensor_summary(const struct as_tensor *x, char buffer[TENSOR_TEXT]);

#endif
