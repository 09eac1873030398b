/* heads/amcl_moco: MoCo with several heads, a queue each, and a learnt temperature for each pair. Wang et al.
 * 2024, ECCV (AMCL), (2.1) and (2.4) of table 2, with keys and queues of He et al. 2020 as heads/moco has
 * them. */
#include "amcl.h"

enum { VIEW_A, VIEW_B, INDEX, KEY_A, KEY_B };
enum { LAYERS = 4 };

static const as_param params[] = {
    AMCL_HEADS,
    AMCL_PAIRS,
    AS_INT(amcl, size, 1024, 1, 10000000, "keys in each head's queue"),
    AS_REAL(amcl, momentum, 0.99, 0.0, 1.0, "of the keys' projections"),
    AS_END,
};

typedef struct {
    amcl_nets nets;
    as_t key[LAYERS]; /* the keys' w1, b1, w2, b2 */
    as_t queue;       /* [C,size,D] */
    int at;           /* where the next key goes */
} self;

static void setup(as_ctx *c, const void *params_, void *self_)
{
    static const char *const name[LAYERS] = {"key.hidden.weight", "key.hidden.bias", "key.out.weight",
                                             "key.out.bias"};
    const amcl *p = params_;
    self *s = self_;
    amcl_setup_projections(c, p, &s->nets);
    if (p->adaptive)
        amcl_setup_phi(c, p, &s->nets, amcl_width(p));
    const as_t w[LAYERS] = {s->nets.w1, s->nets.b1, s->nets.w2, s->nets.b2};
    for (int k = 0; k < LAYERS && p->hidden > 0; k++)
        s->key[k] = as_buffer(c, name[k], as_detach(c, w[k]));
    as_t queue = as_randn(c, "queue", AS_DIMS(p->heads, p->size, amcl_width(p)));
    s->queue = as_buffer(c, "queue", amcl_unit(c, queue));
    as_counter(c, "at", &s->at);
}

/* The keys [C,n,D], in the batch's order, over the oldest; those of a batch larger than the queue that would
 * be overwritten at once are left out. */
static void enqueue(as_ctx *c, const amcl *p, self *s, as_t k)
{
    const int64_t n = as_dim(c, k, 1), size = p->size, kept = n < size ? n : size;
    as_t place = as_arange(c, size);
    int64_t *from = as_data_i64(c, place); /* in the queue, then in the keys */
    for (int64_t i = 0; from && i < kept; i++)
        from[(s->at + n - kept + i) % size] = size + n - kept + i;
    const as_t both[2] = {s->queue, as_detach(c, k)};
    as_assign(c, s->queue, as_index_select(c, as_concat(c, both, 2, 1), place, 1));
    s->at = (int)((s->at + n) % size);
}

/* loss = sum_c mean_a l_ca, the mean over the queries of both views; keys and queue are constants, the queue
 * as it was before this batch. Evaluation leaves the state as it is. */
static as_t forward(as_ctx *c, const void *params_, const as_t *in)
{
    const amcl *p = params_;
    self *s = as_self(c);
    const amcl_nets *w = &s->nets;
    if (!amcl_batch_fits(c, in[VIEW_A]))
        return as_inert(c);
    const as_t features[2] = {in[KEY_B] ? in[KEY_B] : in[VIEW_B], in[KEY_A] ? in[KEY_A] : in[VIEW_A]};
    as_t h = as_detach(c, as_concat(c, features, 2, 0)); /* each row's partner */
    as_t k = amcl_unit(c, amcl_project(c, p, s->key[0], s->key[1], s->key[2], s->key[3], h));
    as_t z = amcl_unit(c, amcl_project(c, p, w->w1, w->b1, w->w2, w->b2, as_concat(c, in, 2, 0)));
    as_t queue = as_scale(c, s->queue, 1); /* a copy: the queue moves on before the gradient is asked for */
    as_t l = amcl_contrast(c, p, w, z, as_detach(c, k), queue, NULL);
    if (as_training(c)) {
        const as_t now[LAYERS] = {w->w1, w->b1, w->w2, w->b2};
        enqueue(c, p, s, k);
        for (int i = 0; i < LAYERS && p->hidden > 0; i++)
            as_assign(c, s->key[i],
                      as_add(c, as_scale(c, s->key[i], p->momentum),
                             as_scale(c, as_detach(c, now[i]), 1 - p->momentum)));
    }
    return as_scale(c, as_mean(c, l, AS_ALL), p->heads);
}

AS_PLUGIN(.kind = "heads", .name = "amcl_moco", .version = "1.0.0", .paper = "arXiv:2310.05615",
          .doc = "MoCo with several heads and a learnt temperature for each pair", .params = params,
          .signature = "view_a f32[B,in_dim], view_b f32[B,in_dim], index? i64[B],"
                       " key_a? f32[B,in_dim], key_b? f32[B,in_dim] -> loss f32|stop",
          .params_size = sizeof(amcl), .state_size = sizeof(self), .validate = amcl_validate, .setup = setup,
          .forward = forward);
