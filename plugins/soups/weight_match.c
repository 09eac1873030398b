/* soups/weight_match: permutes the hidden units of networks so that their weights come as near to one another
 * as may be, then averages. Ainsworth et al. 2023, Git re-basin (weight_matching.py, MergeMany); analysed in
 * Ito et al. 2025:  min_P |theta_a - P(theta_b)|^2 = max_P sum over tensors <w_a, P(w_b)>. */
#include "matching.h"

typedef struct {
    const char *spec;
    int mode, give;
} weight_match;

enum { STATES, MODEL, X };
enum { ANCHOR, BARYCENTRE };

static const as_param params[] = {
    AS_STRING(weight_match, spec, "", SPEC_DOC),
    AS_CHOICE(weight_match, mode, "anchor", "anchor|barycentre",
              "each state is matched to the first, or in turn to the mean of the others"),
    AS_CHOICE(weight_match, give, "mean", GIVE_WORDS, GIVE_DOC),
    AS_END,
};

/* |mean of the others - P theta_k|^2, with that mean in `others` */
static double to_others(as_ctx *c, const matching *m, const as_t *others, int k, const as_t *perm)
{
    double sum = 0;
    for (int i = 0; i < m->tensors && as_ok(c); i++) {
        if (as_dtype_of(c, m->x[k][i]) == AS_I64)
            continue;
        as_t b = permuted(c, &m->spec, i, m->x[k][i], perm, -1);
        sum += as_item(c, as_sum(c, as_square(c, as_sub(c, others[i], b)), AS_ALL));
    }
    return sum;
}

static void mean_of_others(as_ctx *c, const matching *m, int k, as_t *others)
{
    for (int i = 0; i < m->tensors && as_ok(c); i++) {
        as_t sum = NULL;
        for (int j = 0; j < m->models; j++)
            if (j != k)
                sum = sum ? as_add(c, sum, matched(c, m, j, i)) : matched(c, m, j, i);
        others[i] = as_dtype_of(c, sum) == AS_I64 ? sum : as_scale(c, sum, 1.0 / (m->models - 1));
    }
}

/* Until no distance drops: in drawn order, each state to the mean of the others (MergeMany). */
static int match_all(as_ctx *c, matching *m)
{
    int sweeps = 0;
    bool dropped = true;
    for (int round = 0; dropped && round < SWEEPS && as_ok(c); round++) {
        const int64_t *order = as_data_i64(c, as_permutation(c, "models", m->models));
        dropped = false;
        for (int at = 0; at < m->models && order && as_ok(c); at++) {
            int k = (int)order[at];
            as_t others[TENSORS_MAX], perm[PERMUTATIONS_MAX];
            memcpy(perm, m->perm[k], sizeof perm);
            mean_of_others(c, m, k, others);
            double before = to_others(c, m, others, k, perm);
            sweeps += weight_matching(c, &m->spec, others, m->x[k], perm);
            if (to_others(c, m, others, k, perm) < before * (1 - 1e-12)) {
                memcpy(m->perm[k], perm, sizeof perm);
                dropped = true;
            }
        }
    }
    return sweeps;
}

static as_t merge(as_ctx *c, const void *params_, const as_t *in)
{
    const weight_match *p = params_;
    matching m = {0};
    if (!matching_begin(c, &m, p->spec))
        return NULL;
    if (in[X] && as_model_in(c, MODEL))
        spec_must_fit(c, &m.spec, as_model_in(c, MODEL), in[X], as_state_in(c, STATES, 0));
    int sweeps = p->mode == ANCHOR ? match_to_first(c, &m) : match_all(c, &m);
    matching_end(c, &m, p->give);
    as_report_real(c, "sweeps", sweeps);
    return NULL;
}

AS_PLUGIN(.kind = "soups", .name = "weight_match", .version = "1.0.0", .paper = "arXiv:2402.04051",
          .doc = "mean of networks whose hidden units are permuted to near weights", .params = params,
          .signature = "states state[], model? model{params}(f32[B,...] -> f32[B,O]), x? f32[B,...]"
                       " -> state, perm i64[K,P]",
          .params_size = sizeof(weight_match), .merge = merge);
