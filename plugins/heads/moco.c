/* heads/moco: each view against its partner's key and a queue of earlier keys, all from a slowly moving copy
 * of encoder and projection. He et al. 2020 (MoCo); two layers of projection as Chen et al. 2020 (MoCo v2).
 */
#include <assay/plugin.h>

#include <math.h>

typedef struct {
    int in_dim, hidden, out_dim, size;
    double tau, momentum;
} moco;

enum { VIEW_A, VIEW_B, INDEX, KEY_A, KEY_B };

static const as_param params[] = {
    AS_INT(moco, in_dim, 128, 1, 65536, "width of the features"),
    AS_INT(moco, hidden, 128, 0, 65536,
           "width of the projection's hidden layer; 0 leaves the projection out"),
    AS_INT(moco, out_dim, 64, 1, 65536, "width of the embedding"),
    AS_INT(moco, size, 1024, 1, 10000000, "keys in the queue"),
    AS_REAL_IN(moco, tau, 0.2, "(0, inf)", "temperature; 0.07 in MoCo v1", .log = 1),
    AS_REAL(moco, momentum, 0.99, 0.0, 1.0, "of the keys' projection"),
    AS_END,
};

enum { LAYERS = 4 };

typedef struct {
    as_t w[LAYERS], key[LAYERS]; /* hidden.weight, hidden.bias, out.weight, out.bias, and those of the keys */
    as_t queue;                  /* [size,D] */
    int at;                      /* where the next key goes */
} self;

static void setup(as_ctx *c, const void *params_, void *self_)
{
    static const char *const name[LAYERS] = {"hidden.weight", "hidden.bias", "out.weight", "out.bias"};
    static const char *const of_keys[LAYERS] = {"key.hidden.weight", "key.hidden.bias", "key.out.weight",
                                                "key.out.bias"};
    const moco *p = params_;
    self *s = self_;
    const as_dims dims[LAYERS] = {AS_DIMS(p->hidden, p->in_dim), AS_DIMS(p->hidden),
                                  AS_DIMS(p->out_dim, p->hidden), AS_DIMS(p->out_dim)};
    for (int k = 0; k < LAYERS && p->hidden > 0; k++) {
        const double bound = 1 / sqrt(k < 2 ? p->in_dim : p->hidden); /* as PyTorch starts a linear layer */
        as_t w = as_affine(c, as_rand(c, "init", dims[k]), 2 * bound, -bound);
        s->w[k] = as_parameter(c, name[k], w);
        s->key[k] = as_buffer(c, of_keys[k], as_detach(c, w));
    }
    as_t queue = as_randn(c, "queue", AS_DIMS(p->size, p->hidden > 0 ? p->out_dim : p->in_dim));
    as_t norm = as_sqrt(c, as_sum(c, as_square(c, queue), -1));
    s->queue = as_buffer(c, "queue", as_div(c, queue, norm));
    as_counter(c, "at", &s->at);
}

/* proj(h) / |proj(h)| */
static as_t embed(as_ctx *c, const moco *p, const as_t *w, as_t h)
{
    if (p->hidden > 0)
        h = as_linear(c, as_relu(c, as_linear(c, h, w[0], w[1])), w[2], w[3]);
    as_t norm = as_sqrt(c, as_sum(c, as_square(c, h), -1));
    if (as_item(c, as_min(c, norm, AS_ALL)) == 0)
        return as_fail(c, "an embedding has norm 0, so it has no direction to compare");
    return as_div(c, h, norm);
}

/* log(exp(q k+ / tau) + sum_j exp(q k_j / tau)) - q k+ / tau, mean over the queries */
static as_t info_nce(as_ctx *c, const moco *p, as_t q, as_t k, as_t queue)
{
    as_t positive = as_sum(c, as_mul(c, q, k), -1); /* [B,1] */
    const as_t all[2] = {positive, as_matmul(c, q, as_transpose(c, queue))};
    as_t logits = as_scale(c, as_concat(c, all, 2, 1), 1 / p->tau); /* [B,1+size] */
    return as_mean(c, as_sub(c, as_logsumexp(c, logits, -1), as_scale(c, positive, 1 / p->tau)), AS_ALL);
}

/* The keys, in the batch's order, over the oldest; those of a batch larger than the queue that would be
 * overwritten at once are left out. */
static void enqueue(as_ctx *c, const moco *p, self *s, as_t k)
{
    const int64_t n = as_dim(c, k, 0), size = p->size, kept = n < size ? n : size;
    as_t place = as_arange(c, size);
    int64_t *from = as_data_i64(c, place); /* in the queue, then in the keys */
    for (int64_t i = 0; from && i < kept; i++)
        from[(s->at + n - kept + i) % size] = size + n - kept + i;
    const as_t both[2] = {s->queue, as_detach(c, k)};
    as_assign(c, s->queue, as_index_select(c, as_concat(c, both, 2, 0), place, 0));
    s->at = (int)((s->at + n) % size);
}

/* Symmetric over the views: a asks for b's key, b for a's. The queue is as it was before this batch; it then
 * takes the keys of both views, and the keys' projection moves on. Evaluation leaves the state as it is. */
static as_t forward(as_ctx *c, const void *params_, const as_t *in)
{
    const moco *p = params_;
    self *s = as_self(c);
    if (as_dim(c, in[VIEW_A], 0) < 2)
        return as_fail(c, "a batch of %lld, expected 2 items or more", (long long)as_dim(c, in[VIEW_A], 0));
    const as_t features[2] = {in[KEY_A] ? in[KEY_A] : in[VIEW_A], in[KEY_B] ? in[KEY_B] : in[VIEW_B]};
    as_t queue = as_scale(c, s->queue, 1); /* a copy: the queue moves on before the gradient is asked for */
    as_t k[2], loss[2];
    for (int v = 0; v < 2; v++)
        k[v] = as_detach(c, embed(c, p, s->key, as_detach(c, features[v])));
    for (int v = 0; v < 2; v++)
        loss[v] = info_nce(c, p, embed(c, p, s->w, in[v]), k[1 - v], queue);
    if (as_training(c)) {
        enqueue(c, p, s, as_concat(c, k, 2, 0));
        for (int i = 0; i < LAYERS && p->hidden > 0; i++)
            as_assign(c, s->key[i],
                      as_add(c, as_scale(c, s->key[i], p->momentum),
                             as_scale(c, as_detach(c, s->w[i]), 1 - p->momentum)));
    }
    return as_scale(c, as_add(c, loss[0], loss[1]), 0.5);
}

AS_PLUGIN(.kind = "heads", .name = "moco", .version = "1.0.0", .paper = "arXiv:1911.05722",
          .doc = "each view against a queue of slowly moving keys", .params = params,
          .signature = "view_a f32[B,in_dim], view_b f32[B,in_dim], index? i64[B],"
                       " key_a? f32[B,in_dim], key_b? f32[B,in_dim] -> loss f32|stop",
          .params_size = sizeof(moco), .state_size = sizeof(self), .setup = setup, .forward = forward);
