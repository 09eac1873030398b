/* heads/amcl_barlow: Barlow Twins with several heads and a learnt temperature for each pair of dimensions.
 * Wang et al. 2024, ECCV (AMCL), (2.3) of table 2. That phi reads the two standardised columns is UNVERIFIED;
 * a column has as many numbers as a batch has items, so that those are always `batch`. phi = "table" learns t
 * for each pair of dimensions instead. */
#include "amcl.h"

static const as_param params[] = {
    AMCL_HEADS,
    AS_CHOICE(amcl, phi, "columns", "columns|table", "phi reads columns of the batch, or t is a parameter"),
    AS_INT(amcl, batch, 128, 2, 1000000, "items of a batch, always"),
    AS_REAL_IN(amcl, lam_bt, 5e-3, "[0, inf)", "weight of the terms off the diagonal", .log = 1),
    AS_END,
};

typedef struct {
    amcl_nets nets;
    as_t table; /* [C,D,D] */
} self;

static void setup(as_ctx *c, const void *params_, void *self_)
{
    const amcl *p = params_;
    self *s = self_;
    const int D = amcl_width(p);
    amcl_setup_projections(c, p, &s->nets);
    if (p->phi == AMCL_TABLE)
        s->table = as_parameter(c, "table", as_zeros(c, AS_DIMS(p->heads, D, D)));
    else
        amcl_setup_phi(c, p, &s->nets, p->batch);
}

/* The heads' embeddings, each column of mean 0 and variance 1 over the batch, as rows: [C,D,B] */
static as_t columns(as_ctx *c, const amcl *p, const amcl_nets *s, as_t h)
{
    as_t z = amcl_project(c, p, s->w1, s->b1, s->w2, s->b2, h); /* [C,B,D] */
    as_t apart = as_sub(c, z, as_mean(c, z, 1));
    as_t deviation = as_sqrt(c, as_mean(c, as_square(c, apart), 1)); /* [C,1,D] */
    if (as_item(c, as_min(c, deviation, AS_ALL)) == 0)
        return as_fail(c, "a column of the embeddings is constant over the batch: it has no correlation");
    return as_transpose(c, as_div(c, apart, deviation));
}

/* loss = sum_c { sum_l (1 - X_ll/tau+_l)^2 + lam_bt sum_{l != m} X_lm^2/tau-_lm
 *                + beta sum_l Omega(tau+_l) - beta sum_{l != m} Omega(tau-_lm) },   X = z_a^T z_b / B */
static as_t forward(as_ctx *c, const void *params_, const as_t *in)
{
    static const char *const name[3] = {"tau 10%", "tau 50%", "tau 90%"};
    const amcl *p = params_;
    const self *s = as_self(c);
    as_t a = columns(c, p, &s->nets, in[0]), b = columns(c, p, &s->nets, in[1]);
    as_t X = as_scale(c, as_matmul(c, a, as_transpose(c, b)), 1 / (double)p->batch); /* [C,D,D] */
    as_t tau = p->phi == AMCL_TABLE ? amcl_tau(c, p, s->table)
                                    : amcl_tau_of_all(c, p, &s->nets, amcl_left(c, p, &s->nets, a),
                                                      amcl_right(c, p, &s->nets, b));
    const int64_t D = as_dim(c, X, 1);
    as_t diagonal = as_one_hot(c, as_arange(c, D), D);
    as_t on = as_square(c, as_affine(c, as_div(c, X, tau), -1, 1));
    as_t off = as_scale(c, as_div(c, as_square(c, X), tau), p->lam_bt);
    as_t loss = as_where(c, diagonal, on, off);
    amcl_report(c, name, tau);
    as_report(c, "X+", as_scale(c, as_sum(c, as_mul(c, diagonal, X), AS_ALL), 1 / (double)(D * p->heads)));
    if (p->beta > 0) {
        as_t sign = as_affine(c, diagonal, 2, -1); /* 1 and -1 */
        loss = as_add(c, loss, as_scale(c, as_mul(c, sign, amcl_omega(c, p, tau)), p->beta));
    }
    return as_sum(c, loss, AS_ALL);
}

AS_PLUGIN(.kind = "heads", .name = "amcl_barlow", .version = "1.0.0", .paper = "arXiv:2310.05615",
          .doc = "Barlow Twins with several heads and a learnt temperature for each pair of dimensions",
          .params = params,
          .signature = "view_a f32[batch,in_dim], view_b f32[batch,in_dim], index? i64[batch] -> loss f32",
          .params_size = sizeof(amcl), .state_size = sizeof(self), .validate = amcl_validate, .setup = setup,
          .forward = forward);
