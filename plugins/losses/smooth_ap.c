/* losses/smooth_ap: one less the average precision of every item's neighbours, with a sigmoid in place of the
 * step. Brown et al. 2020, Smooth-AP, equation 5; as in the official Smooth_AP_loss.py the positives of a
 * query include the query itself and ranks run over the whole batch. Equal numbers a class are not asked for.
 */
#include "pairs.h"

typedef struct {
    double temperature;
} smooth_ap;

static const as_param params[] = {
    AS_REAL_IN(smooth_ap, temperature, 0.01, "(0, inf)", "of the sigmoid that stands for a step", .log = 1),
    AS_END,
};

/* AP = (1/|P|) sum_{j in P} (1 + sum_{p in P, p != j} sg(s_p - s_j)) / (1 + sum_{a != j} sg(s_a - s_j)),
 * sg(x) = sigmoid(x / temperature), the exponent within +-50 */
static as_t forward(as_ctx *c, const void *params_, const as_t *in)
{
    const smooth_ap *p = params_;
    pairs pair = pairs_of(c, in[0], in[1]);
    int64_t B = as_dim(c, in[0], 0);
    as_t positive = as_affine(c, pair.different, -1, 1); /* [B,B] query by item, the query's own class */
    as_t above =
        as_sub(c, as_unsqueeze(c, pair.s, 1), as_unsqueeze(c, pair.s, 2)); /* [q,j,a] = s_qa - s_qj */
    as_t step = as_sigmoid(c, as_clamp(c, as_scale(c, above, 1 / p->temperature), -50, 50));
    as_t place = as_arange(c, B);
    as_t other = as_ne(c, as_unsqueeze(c, place, 0), as_unsqueeze(c, place, 1)); /* [j,a] */
    step = as_mul(c, step, other);
    as_t of_class = as_sum(c, as_mul(c, step, as_unsqueeze(c, positive, 1)), -1); /* [q,j,1] */
    as_t ratio = as_div(c, as_affine(c, of_class, 1, 1), as_affine(c, as_sum(c, step, -1), 1, 1));
    as_t ap =
        as_div(c, as_sum(c, as_mul(c, as_squeeze(c, ratio, -1), positive), -1), as_sum(c, positive, -1));
    return as_affine(c, as_mean(c, ap, AS_ALL), -1, 1);
}

AS_PLUGIN(.kind = "losses", .name = "smooth_ap", .version = "1.0.0", .paper = "arXiv:2007.12163",
          .doc = "one less a smooth average precision of neighbours", .params = params,
          .signature = "emb f32[B,D], labels i64[B] -> loss f32", .params_size = sizeof(smooth_ap),
          .forward = forward);
