/* What the heads of adaptive multi-head contrastive learning share: C projections, the temperature network
 * phi that reads a pair, and the regulariser Omega. Wang et al. 2024, ECCV (AMCL), tables 1 and 2. The public
 * code (src/amcl_components) differs from the tables; the tables are followed. UNVERIFIED readings: d' in
 * Omega is the embedding's width; one phi for all heads, as the paper's figure has it (share_phi = false: one
 * each, as the code); no stop of the gradient before phi. */
#ifndef ASSAY_PLUGINS_HEADS_AMCL_H
#define ASSAY_PLUGINS_HEADS_AMCL_H

#include <assay/plugin.h>

#include <math.h>

enum { AMCL_MAX, AMCL_LSE };
enum { AMCL_COLUMNS, AMCL_TABLE };

typedef struct {
    int in_dim, hidden, out_dim, heads, phi_hidden, omega_dim;
    double beta, tau_min, tau_max, tau;
    bool adaptive, share_phi, detach_phi_input, infonce;
    int neg;
    int size;        /* amcl_moco: keys in a queue */
    double momentum; /* amcl_moco: of the keys' projections */
    int batch, phi;  /* amcl_barlow */
    double lam_bt;   /* amcl_barlow */
} amcl;

#define AMCL_HEADS                                                                                           \
    AS_INT(amcl, in_dim, 128, 1, 65536, "width of the features"),                                            \
        AS_INT(amcl, hidden, 128, 0, 65536,                                                                  \
               "width of each projection's hidden layer; 0 leaves the projections out"),                     \
        AS_INT(amcl, out_dim, 32, 1, 65536, "width of each embedding"),                                      \
        AS_INT(amcl, heads, 3, 1, 1024, "projection heads, C"),                                              \
        AS_REAL_IN(amcl, beta, 0.1, "[0, inf)", "weight of Omega", .log = 1),                                \
        AS_REAL_IN(amcl, tau_min, 1e-5, "(0, inf)", "temperatures lie above it", .log = 1),                  \
        AS_REAL_IN(amcl, tau_max, 2.0, "(0, inf)", "temperatures lie below it", .log = 1),                   \
        AS_INT(amcl, omega_dim, 0, 0, 65536, "d' in Omega; 0 takes the embedding's width"),                  \
        AS_INT(amcl, phi_hidden, 128, 1, 65536, "width of phi's hidden layer"),                              \
        AS_BOOL(amcl, share_phi, true, "one phi for all heads, not one each"),                               \
        AS_BOOL(amcl, detach_phi_input, false, "no gradient through phi into the embeddings")

#define AMCL_PAIRS                                                                                           \
    AS_BOOL(amcl, adaptive, true, "phi gives the temperature of each pair; else tau is that of all"),        \
        AS_REAL_IN(amcl, tau, 0.2, "(0, inf)", "temperature where none is learnt", .log = 1),                \
        AS_CHOICE(amcl, neg, "max", "max|lse",                                                               \
                  "the most similar negative alone, (2.1), or the log-sum-exp over all"),                    \
        AS_BOOL(amcl, infonce, false, "the positive is among the candidates, (2.4)")

typedef struct {
    as_t w1, b1, w2, b2; /* [C,hidden,in], [C,1,hidden], [C,out,hidden], [C,1,out] */
    as_t phi_left, phi_right, phi_b, phi_w,
        phi_b2; /* [P,hidden,D] twice, [P,1,hidden], [P,hidden,1], [P,1,1] */
} amcl_nets;

static inline int amcl_width(const amcl *p)
{
    return p->hidden > 0 ? p->out_dim : p->in_dim;
}

static inline void amcl_validate(as_ctx *c, const void *params)
{
    const amcl *p = params;
    if (p->tau_min >= p->tau_max)
        as_fail(c, "tau_min = %g is not below tau_max = %g", p->tau_min, p->tau_max);
}

/* Uniform within 1/sqrt(inputs), as PyTorch starts a linear layer. */
static inline as_t amcl_start(as_ctx *c, as_dims dims, int inputs)
{
    double bound = 1 / sqrt(inputs);
    return as_affine(c, as_rand(c, "init", dims), 2 * bound, -bound);
}

static inline void amcl_setup_projections(as_ctx *c, const amcl *p, amcl_nets *s)
{
    if (p->hidden == 0)
        return;
    const int C = p->heads, H = p->hidden, D = p->out_dim;
    s->w1 = as_parameter(c, "hidden.weight", amcl_start(c, AS_DIMS(C, H, p->in_dim), p->in_dim));
    s->b1 = as_parameter(c, "hidden.bias", amcl_start(c, AS_DIMS(C, 1, H), p->in_dim));
    s->w2 = as_parameter(c, "out.weight", amcl_start(c, AS_DIMS(C, D, H), H));
    s->b2 = as_parameter(c, "out.bias", amcl_start(c, AS_DIMS(C, 1, D), H));
}

/* phi: MLP 2 width - phi_hidden - 1, its first layer split over the two of the pair: W [x; y] = Wl x + Wr y.
 */
static inline void amcl_setup_phi(as_ctx *c, const amcl *p, amcl_nets *s, int width)
{
    const int P = p->share_phi ? 1 : p->heads, H = p->phi_hidden;
    s->phi_left = as_parameter(c, "phi.left", amcl_start(c, AS_DIMS(P, H, width), 2 * width));
    s->phi_right = as_parameter(c, "phi.right", amcl_start(c, AS_DIMS(P, H, width), 2 * width));
    s->phi_b = as_parameter(c, "phi.hidden_bias", amcl_start(c, AS_DIMS(P, 1, H), 2 * width));
    s->phi_w = as_parameter(c, "phi.out", amcl_start(c, AS_DIMS(P, H, 1), H));
    s->phi_b2 = as_parameter(c, "phi.bias", amcl_start(c, AS_DIMS(P, 1, 1), H));
}

/* g_c(h), h [N,in_dim] -> [C,N,D] */
static inline as_t amcl_project(as_ctx *c, const amcl *p, as_t w1, as_t b1, as_t w2, as_t b2, as_t h)
{
    const int64_t N = as_dim(c, h, 0);
    h = as_expand(c, as_unsqueeze(c, h, 0), AS_DIMS(p->heads, N, p->in_dim));
    if (p->hidden == 0)
        return h;
    h = as_relu(c, as_add(c, as_matmul(c, h, as_transpose(c, w1)), b1));
    return as_add(c, as_matmul(c, h, as_transpose(c, w2)), b2);
}

static inline as_t amcl_unit(as_ctx *c, as_t x)
{
    as_t norm = as_sqrt(c, as_sum(c, as_square(c, x), -1));
    if (as_item(c, as_min(c, norm, AS_ALL)) == 0)
        return as_fail(c, "an embedding has norm 0, so it has no direction to compare");
    return as_div(c, x, norm);
}

static inline bool amcl_batch_fits(as_ctx *c, as_t view)
{
    const int64_t items = as_dim(c, view, 0);
    if (items < 2)
        as_fail(c, "a batch of %lld, expected 2 items or more: without others nothing is contrasted",
                (long long)items);
    return as_ok(c);
}

/* tau = sigmoid(t) (tau_max - tau_min) + tau_min */
static inline as_t amcl_tau(as_ctx *c, const amcl *p, as_t t)
{
    return as_affine(c, as_sigmoid(c, t), p->tau_max - p->tau_min, p->tau_min);
}

/* Omega(tau) = (d'/2) log tau + 1 / tau, least at tau = 2 / d' */
static inline as_t amcl_omega(as_ctx *c, const amcl *p, as_t tau)
{
    const double d = p->omega_dim > 0 ? p->omega_dim : amcl_width(p);
    return as_add(c, as_scale(c, as_log(c, tau), d / 2), as_pow(c, tau, as_full(c, AS_SCALAR, -1)));
}

/* The halves of phi's first layer: Wl x + b of x [C,N,width], Wr y of y -> [C,N,phi_hidden] */
static inline as_t amcl_left(as_ctx *c, const amcl *p, const amcl_nets *s, as_t x)
{
    x = p->detach_phi_input ? as_detach(c, x) : x;
    return as_add(c, as_matmul(c, x, as_transpose(c, s->phi_left)), s->phi_b);
}

static inline as_t amcl_right(as_ctx *c, const amcl *p, const amcl_nets *s, as_t y)
{
    y = p->detach_phi_input ? as_detach(c, y) : y;
    return as_matmul(c, y, as_transpose(c, s->phi_right));
}

/* tau of the pairs (x_n, y_n): [C,N,phi_hidden] twice -> [C,N,1] */
static inline as_t amcl_tau_of(as_ctx *c, const amcl *p, const amcl_nets *s, as_t left, as_t right)
{
    as_t t = as_add(c, as_matmul(c, as_relu(c, as_add(c, left, right)), s->phi_w), s->phi_b2);
    return amcl_tau(c, p, t);
}

/* tau of all pairs (x_a, y_n): [C,A,phi_hidden], [C,N,phi_hidden] -> [C,A,N] */
static inline as_t amcl_tau_of_all(as_ctx *c, const amcl *p, const amcl_nets *s, as_t left, as_t right)
{
    const int64_t C = as_dim(c, left, 0), A = as_dim(c, left, 1), N = as_dim(c, right, 1);
    as_t sum =
        as_relu(c, as_add(c, as_unsqueeze(c, left, 2), as_unsqueeze(c, right, 1))); /* [C,A,N,hidden] */
    sum = as_reshape(c, sum, AS_DIMS(C, A * N, p->phi_hidden));
    as_t t = as_add(c, as_matmul(c, sum, s->phi_w), s->phi_b2);
    return amcl_tau(c, p, as_reshape(c, t, AS_DIMS(C, A, N)));
}

/* The 10, 50 and 90 % points of tau and its name, as reports. */
static inline void amcl_report(as_ctx *c, const char *const name[3], as_t tau)
{
    bool before = as_no_grad(c);
    int64_t n = 1;
    for (int i = 0; i < as_rank(c, tau); i++)
        n *= as_dim(c, tau, i);
    as_t order = as_sort(c, as_reshape(c, as_detach(c, tau), AS_DIMS(n)), 0, false);
    for (int k = 0; k < 3; k++) {
        const int64_t at = (int64_t)((double)(n - 1) * (0.1 + 0.4 * k) + 0.5);
        as_report(c, name[k], as_squeeze(c, as_slice(c, order, 0, at, at + 1, 1), 0));
    }
    as_no_grad_end(c, before);
}

/* Loss of each anchor and head, [C,A,1], with m = argmax_n s-_n the most similar negative:
 *   (2.1)  -s+ / tau+ + s-_m / tau-_m + beta Omega(tau+) - beta Omega(tau-_m)
 * or with neg = "lse" log sum_n exp(s-_n / tau-_n) in place of s-_m / tau-_m. With infonce the positive is
 * one of the candidates (2.4); where it is m, the terms of (2.1) and of Omega cancel. z [C,A,D] anchors,
 * partner [C,A,D], others [C,N,D]; barred [A,N] or NULL, 1 where one is no negative */
static inline as_t amcl_contrast(as_ctx *c, const amcl *p, const amcl_nets *s, as_t z, as_t partner,
                                 as_t others, as_t barred)
{
    static const char *const pos[3] = {"tau+ 10%", "tau+ 50%", "tau+ 90%"};
    static const char *const neg[3] = {"tau- 10%", "tau- 50%", "tau- 90%"};
    const int64_t N = as_dim(c, others, 1);
    as_t none = as_full(c, AS_SCALAR, -INFINITY), nil = as_full(c, AS_SCALAR, 0);
    as_t s_pos = as_sum(c, as_mul(c, z, partner), -1);   /* [C,A,1] */
    as_t sim = as_matmul(c, z, as_transpose(c, others)); /* [C,A,N] */
    as_t open = barred ? as_where(c, barred, none, sim) : sim;
    as_t star = as_one_hot(c, as_squeeze(c, as_argmax(c, open, -1), -1), N); /* [C,A,N], a constant */
    as_t s_star = as_sum(c, as_mul(c, star, sim), -1);                       /* [C,A,1] */
    as_t tau_pos, tau_star, tau = as_full(c, AS_SCALAR, p->tau);
    tau_pos = tau_star = tau;
    if (p->adaptive) {
        as_t left = amcl_left(c, p, s, z), right = amcl_right(c, p, s, others);
        tau_pos = amcl_tau_of(c, p, s, left, amcl_right(c, p, s, partner));
        if (p->neg == AMCL_LSE) {
            tau = amcl_tau_of_all(c, p, s, left, right);
            tau_star = as_sum(c, as_mul(c, star, tau), -1);
        } else {
            tau_star = amcl_tau_of(c, p, s, left, as_matmul(c, star, right));
        }
        amcl_report(c, pos, tau_pos);
        amcl_report(c, neg, tau_star);
    }
    as_report(c, "s+", as_mean(c, s_pos, AS_ALL));
    as_report(c, "s-", as_mean(c, s_star, AS_ALL)); /* both near 1: collapsed */
    as_t is_pos = p->infonce ? as_ge(c, s_pos, s_star) : nil;
    as_t pull = as_div(c, s_pos, tau_pos), push = as_div(c, s_star, tau_star); /* [C,A,1] */
    if (p->neg == AMCL_LSE) {
        as_t logits = as_div(c, sim, tau);
        const as_t both[2] = {barred ? as_where(c, barred, none, logits) : logits, pull};
        push = as_logsumexp(c, p->infonce ? as_concat(c, both, 2, -1) : both[0], -1);
    } else {
        push = as_where(c, is_pos, pull, push);
    }
    as_t loss = as_sub(c, push, pull);
    if (!p->adaptive || p->beta == 0)
        return loss;
    as_t omega = as_sub(c, amcl_omega(c, p, tau_pos), amcl_omega(c, p, tau_star));
    return as_add(c, loss, as_scale(c, as_where(c, is_pos, nil, omega), p->beta));
}

#endif
