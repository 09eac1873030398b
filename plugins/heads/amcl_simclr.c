/* heads/amcl_simclr: SimCLR with several heads and a learnt temperature for each pair. Wang et al. 2024, ECCV
 * (AMCL), (2.1) and (2.4) of table 2. With neg = "max", the paper's, training from the start tends to map
 * everything to one point (reports s+ and s- near 1); neg = "lse" is the soft form behind it. */
#include "amcl.h"

static const as_param params[] = {AMCL_HEADS, AMCL_PAIRS, AS_END};

static void setup(as_ctx *c, const void *params_, void *self)
{
    const amcl *p = params_;
    amcl_setup_projections(c, p, self);
    if (p->adaptive)
        amcl_setup_phi(c, p, self, amcl_width(p));
}

/* loss = sum_c mean_a l_ca over the 2B anchors a of both views; neither a nor its partner is a negative. */
static as_t forward(as_ctx *c, const void *params_, const as_t *in)
{
    const amcl *p = params_;
    const amcl_nets *s = as_self(c);
    const int64_t B = as_dim(c, in[0], 0);
    if (!amcl_batch_fits(c, in[0]))
        return as_inert(c);
    as_t h = as_concat(c, in, 2, 0);                                          /* [2B,in_dim] */
    as_t z = amcl_unit(c, amcl_project(c, p, s->w1, s->b1, s->w2, s->b2, h)); /* [C,2B,D] */
    const as_t swapped[2] = {as_slice(c, z, 1, B, 2 * B, 1), as_slice(c, z, 1, 0, B, 1)};
    as_t item = as_one_hot(c, as_arange(c, B), B); /* [B,B] */
    const as_t row[2] = {item, item};
    as_t barred = as_concat(c, row, 2, 0); /* [2B,B] */
    const as_t wide[2] = {barred, barred};
    as_t l = amcl_contrast(c, p, s, z, as_concat(c, swapped, 2, 1), z, as_concat(c, wide, 2, 1));
    return as_scale(c, as_mean(c, l, AS_ALL), p->heads);
}

AS_PLUGIN(.kind = "heads", .name = "amcl_simclr", .version = "1.0.0", .paper = "arXiv:2310.05615",
          .doc = "SimCLR with several heads and a learnt temperature for each pair", .params = params,
          .signature =
              "view_a f32[B,in_dim]|items, view_b f32[B,in_dim]|items, index? i64[B]|items -> loss f32",
          .params_size = sizeof(amcl), .state_size = sizeof(amcl_nets), .validate = amcl_validate,
          .setup = setup, .forward = forward);
