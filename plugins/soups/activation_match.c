/* soups/activation_match: permutes the hidden units of networks so that what they say on the same inputs
 * agrees, then averages. Li et al. 2016, Convergent learning; Ainsworth et al. 2023, Git re-basin,
 * section 3.1: A = Z_l^a (Z_l^b)^T [n_l,n_l],  perm_l = the assignment of largest sum, each layer by itself
 */
#include "matching.h"

typedef struct {
    const char *spec;
    int give;
} activation_match;

enum { STATES, ACTIVATIONS, MODEL, X };

static const as_param params[] = {
    AS_STRING(activation_match, spec, "", SPEC_DOC),
    AS_CHOICE(activation_match, give, "mean", GIVE_WORDS, GIVE_DOC),
    AS_END,
};

/* Each model's outputs by the same names in the same order. */
static void must_agree(as_ctx *c, int models)
{
    const as_state *first = as_state_in(c, ACTIVATIONS, 0);
    if (as_state_count(c, ACTIVATIONS) != models)
        as_fail(c, "activations of %d models for %d states", as_state_count(c, ACTIVATIONS), models);
    for (int k = 1; k < models && as_ok(c); k++)
        for (int i = 0; i < as_state_size(c, first) && as_ok(c); i++)
            if (strcmp(as_state_name(c, as_state_in(c, ACTIVATIONS, k), i), as_state_name(c, first, i)) != 0)
                as_fail(c, "activations of state %d have no \"%s\"", k + 1, as_state_name(c, first, i));
}

/* Z_l [n_l, all else] of state k: the l-th tensor, [N, n_l, ...] */
static as_t outputs_of(as_ctx *c, const spec *s, int k, int l)
{
    const as_state *said = as_state_in(c, ACTIVATIONS, k);
    if (as_state_size(c, said) != s->count)
        return as_fail(c, "activations of %d layers for %d permutations", as_state_size(c, said), s->count);
    as_t z = as_state_tensor(c, said, l);
    if (as_rank(c, z) < 2 || as_dim(c, z, 1) != s->size[l])
        return as_fail(c, "activations \"%s\" have not the %lld units of permutation %s in their second axis",
                       as_state_name(c, said, l), (long long)s->size[l], s->name[l]);
    if (!as_finite(c, z))
        return as_fail(c, "activations \"%s\" of state %d hold NaN or infinity", as_state_name(c, said, l),
                       k + 1);
    return rows_of(c, as_cast(c, z, AS_F64), 1, s->size[l]);
}

static as_t merge(as_ctx *c, const void *params_, const as_t *in)
{
    const activation_match *p = params_;
    matching m = {0};
    if (!matching_begin(c, &m, p->spec))
        return NULL;
    must_agree(c, m.models);
    if (in[X] && as_model_in(c, MODEL))
        spec_must_fit(c, &m.spec, as_model_in(c, MODEL), in[X], as_state_in(c, STATES, 0));
    for (int l = 0; l < m.spec.count && as_ok(c); l++) {
        as_t anchor = outputs_of(c, &m.spec, 0, l);
        for (int k = 1; k < m.models && as_ok(c); k++) {
            as_t A = as_matmul(c, anchor, as_transpose(c, outputs_of(c, &m.spec, k, l)));
            m.perm[k][l] = as_assignment(c, A, true);
        }
    }
    matching_end(c, &m, p->give);
    return NULL;
}

AS_PLUGIN(.kind = "soups", .name = "activation_match", .version = "1.0.0", .paper = "arXiv:2402.04051",
          .doc = "mean of networks whose hidden units are permuted to like outputs on the same inputs",
          .params = params,
          .signature = "states state[], activations state[], model? model{params}(f32[B,...] -> f32[B,O]),"
                       " x? f32[B,...] -> state, perm i64[K,P]",
          .params_size = sizeof(activation_match), .merge = merge);
