/* heads/moco_1_0: each view against a queue of keys from a slowly moving copy of the projection. He et al.
 * 2020.
 */
#include <assay/plugin.h>

#include <math.h>

typedef struct {
    int in_dim, out_dim, size;
    double tau, momentum;
} moco;

static const as_param params[] = {
    AS_INT(moco, in_dim, 128, 1, 65536, "width of the features"),
    AS_INT(moco, out_dim, 64, 1, 65536, "width of the embedding"),
    AS_INT(moco, size, 4096, 1, 1000000, "keys in the queue"),
    AS_REAL_IN(moco, tau, 0.2, "(0, inf)", "temperature", .log = 1),
    AS_REAL(moco, momentum, 0.999, 0.0, 1.0, "of the keys' projection"),
    AS_END,
};

typedef struct {
    as_t w, key, queue; /* [out,in], [out,in], [size,out] */
    int head;
} self;

enum { VIEW_A, VIEW_B };

static as_t unit(as_ctx *c, as_t x)
{
    as_t norm = as_sqrt(c, as_sum(c, as_square(c, x), -1));
    if (as_item(c, as_min(c, norm, AS_ALL)) == 0)
        return as_fail(c, "an embedding has norm 0, so it has no direction to compare");
    return as_div(c, x, norm);
}

static void setup(as_ctx *c, const void *params_, void *self_)
{
    const moco *p = params_;
    self *s = self_;
    double bound = 1 / sqrt(p->in_dim);
    s->w = as_parameter(c, "weight",
                        as_affine(c, as_rand(c, "init", AS_DIMS(p->out_dim, p->in_dim)), 2 * bound, -bound));
    s->key = as_buffer(c, "key", as_detach(c, s->w));
    s->queue = as_buffer(c, "queue", unit(c, as_randn(c, "queue", AS_DIMS(p->size, p->out_dim))));
    as_counter(c, "head", &s->head);
}

/* The oldest keys make room. */
static void enqueue(as_ctx *c, const moco *p, self *s, as_t k)
{
    int64_t items = as_dim(c, k, 0);
    if (p->size % items != 0) {
        as_fail(c, "size %d is not a multiple of the batch %lld", p->size, (long long)items);
        return;
    }
    const as_t part[3] = {as_slice(c, s->queue, 0, 0, s->head, 1), k,
                          as_slice(c, s->queue, 0, s->head + items, p->size, 1)};
    as_assign(c, s->queue, as_concat(c, part, 3, 0));
    as_assign(c, s->key, as_add(c, as_scale(c, s->key, p->momentum), as_scale(c, s->w, 1 - p->momentum)));
    s->head = (int)((s->head + items) % p->size);
}

/* -log exp(q k+ / tau) / (exp(q k+ / tau) + sum_j exp(q k_j / tau)), mean over the batch; keys are constants
 */
static as_t forward(as_ctx *c, const void *params_, const as_t *in)
{
    const moco *p = params_;
    self *s = as_self(c);
    as_t q = unit(c, as_matmul(c, in[VIEW_A], as_transpose(c, s->w))); /* [B,out] */
    bool before = as_no_grad(c);
    as_t k = unit(c, as_matmul(c, in[VIEW_B], as_transpose(c, s->key)));
    as_no_grad_end(c, before);
    as_t positive = as_sum(c, as_mul(c, q, k), -1); /* [B,1] */
    as_t queue = as_scale(c, s->queue, 1); /* a copy: the queue moves on before the gradient is asked for */
    as_t negative = as_matmul(c, q, as_transpose(c, queue)); /* [B,size] */
    const as_t both[2] = {positive, negative};
    as_t logits = as_scale(c, as_concat(c, both, 2, 1), 1 / p->tau); /* the right one is column 0 */
    as_t loss = as_sub(c, as_logsumexp(c, logits, -1), as_slice(c, logits, 1, 0, 1, 1));
    loss = as_mean(c, loss, AS_ALL);
    if (as_training(c))
        enqueue(c, p, s, k);
    return loss;
}

AS_PLUGIN(.kind = "heads", .name = "moco_1_0", .version = "1.0.0", .paper = "arXiv:1911.05722",
          .doc = "each view against a queue of slowly moving keys", .params = params,
          .signature = "view_a f32[B,in_dim], view_b f32[B,in_dim], index? i64[B] -> loss f32|stop",
          .params_size = sizeof(moco), .state_size = sizeof(self), .setup = setup, .forward = forward);
