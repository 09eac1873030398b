/* What soups that permute have in common: the states in double, weight matching by coordinate descent, what
 * is given back. Ainsworth et al. 2023, Git re-basin, algorithm 1 (weight_matching.py). */
#ifndef ASSAY_PLUGINS_SOUPS_MATCHING_H
#define ASSAY_PLUGINS_SOUPS_MATCHING_H

#include "permutations.h"

enum { SWEEPS = 100, GIVE_MEAN = 0, GIVE_MATCHED = 1 };

#define GIVE_WORDS "mean|matched"
#define GIVE_DOC "the mean of all states, or the last one alone as it was matched"

typedef struct {
    int models, tensors;
    spec spec;
    as_t x[MODELS_MAX][TENSORS_MAX];         /* in f64; integers as they are */
    as_t perm[MODELS_MAX][PERMUTATIONS_MAX]; /* of each state; the identity at first */
} matching;

/* The states of input 0: two at least, finite, their integers equal. */
static inline bool matching_begin(as_ctx *c, matching *m, const char *text)
{
    const as_state *first = as_state_in(c, 0, 0);
    m->models = as_state_count(c, 0), m->tensors = as_state_size(c, first);
    if (m->models < 2 || m->models > MODELS_MAX)
        as_fail(c, "%d state%s, expected 2 to %d", m->models, m->models == 1 ? "" : "s", MODELS_MAX);
    m->spec = spec_of(c, first, text);
    for (int k = 0; k < m->models && as_ok(c); k++) {
        identity(c, &m->spec, m->perm[k]);
        for (int i = 0; i < m->tensors && as_ok(c); i++) {
            as_t x = as_state_tensor(c, as_state_in(c, 0, k), i);
            bool integers = as_dtype_of(c, x) == AS_I64;
            if (!integers && !as_finite(c, x))
                as_fail(c, "\"%s\" of state %d holds NaN or infinity", as_state_name(c, first, i), k + 1);
            else if (integers && !as_equal(c, x, as_state_tensor(c, first, i)))
                as_fail(c, "integer tensor \"%s\" differs between state 1 and state %d",
                        as_state_name(c, first, i), k + 1);
            m->x[k][i] = integers ? x : as_cast(c, x, AS_F64);
        }
    }
    return as_ok(c);
}

/* sum over axes tied to P_l of mat(w_a) mat(w_b')^T, w_b' under all other permutations: [n_l,n_l] */
static inline as_t alignment(as_ctx *c, const spec *s, const as_t *a, const as_t *b, const as_t *perm, int l)
{
    as_t sum = NULL;
    for (int k = 0; k < s->ties && as_ok(c); k++) {
        tie t = s->at[k];
        if (t.perm != l)
            continue;
        as_t of_a = rows_of(c, a[t.tensor], t.axis, s->size[l]);
        as_t of_b = rows_of(c, permuted(c, s, t.tensor, b[t.tensor], perm, l), t.axis, s->size[l]);
        as_t part = as_matmul(c, of_a, as_transpose(c, of_b));
        sum = sum ? as_add(c, sum, part) : part;
    }
    return sum;
}

/* sum_i A[i,perm[i]] */
static inline double aligned(as_ctx *c, as_t A, as_t perm)
{
    return as_item(c, as_sum(c, as_gather(c, A, perm, -1), AS_ALL));
}

/* max_P sum <a, P b>, one layer after the other in drawn order until a sweep raises nothing; perm is where it
 * starts and what it finds. How many sweeps. */
static inline int weight_matching(as_ctx *c, const spec *s, const as_t *a, const as_t *b, as_t *perm)
{
    int sweeps = 0;
    for (bool raised = s->count > 0; raised && sweeps < SWEEPS && as_ok(c); sweeps++) {
        raised = false;
        const int64_t *order = as_data_i64(c, as_permutation(c, "order", s->count));
        for (int k = 0; k < s->count && order && as_ok(c); k++) {
            int l = (int)order[k];
            as_scope scope = as_open(c);
            as_t A = alignment(c, s, a, b, perm, l), found = as_assignment(c, A, true);
            double before = aligned(c, A, perm[l]), now = aligned(c, A, found);
            bool better = now > before + 1e-12 * (1 + fabs(before));
            as_t kept = as_close(c, scope, better ? found : NULL);
            if (better)
                perm[l] = kept, raised = true;
        }
    }
    return sweeps;
}

/* Each state to the first. */
static inline int match_to_first(as_ctx *c, matching *m)
{
    int sweeps = 0;
    for (int k = 1; k < m->models && as_ok(c); k++)
        sweeps += weight_matching(c, &m->spec, m->x[0], m->x[k], m->perm[k]);
    return sweeps;
}

static inline as_t matched(as_ctx *c, const matching *m, int k, int i)
{
    return permuted(c, &m->spec, i, m->x[k][i], m->perm[k], -1);
}

/* How far states stand from the first, before and after; the inner products that matching raises. */
static inline void report_distances(as_ctx *c, const matching *m)
{
    double before = 0, after = 0, inner = 0, start = 0;
    for (int k = 1; k < m->models; k++)
        for (int i = 0; i < m->tensors && as_ok(c); i++) {
            if (as_dtype_of(c, m->x[0][i]) == AS_I64)
                continue;
            as_t a = matched(c, m, 0, i), b = matched(c, m, k, i);
            inner += as_item(c, as_sum(c, as_mul(c, a, b), AS_ALL));
            start += as_item(c, as_sum(c, as_mul(c, m->x[0][i], m->x[k][i]), AS_ALL));
            after += as_item(c, as_sum(c, as_square(c, as_sub(c, a, b)), AS_ALL));
            before += as_item(c, as_sum(c, as_square(c, as_sub(c, m->x[0][i], m->x[k][i])), AS_ALL));
        }
    as_report_real(c, "objective", inner);
    as_report_real(c, "objective_before", start);
    as_report_real(c, "distance2", after);
    as_report_real(c, "distance2_before", before);
    as_report_real(c, "reduction",
                   before > 0 ? 100 * (1 - sqrt(after / before)) : 0); /* percent of the norm */
}

/* The state, all permutations i64[K,P], the distances. */
static inline void matching_end(as_ctx *c, const matching *m, int give)
{
    const as_state *first = as_state_in(c, 0, 0);
    as_t all[MODELS_MAX];
    for (int i = 0; i < m->tensors && as_ok(c); i++) {
        as_t sum = give == GIVE_MEAN ? matched(c, m, 0, i) : matched(c, m, m->models - 1, i);
        if (as_dtype_of(c, sum) != AS_I64 && give == GIVE_MEAN) {
            for (int k = 1; k < m->models; k++)
                sum = as_add(c, sum, matched(c, m, k, i));
            sum = as_scale(c, sum, 1.0 / m->models);
        }
        as_dtype dtype = as_dtype_of(c, as_state_tensor(c, first, i));
        as_state_put(c, as_state_name(c, first, i), as_contiguous(c, as_cast(c, sum, dtype)));
    }
    for (int k = 0; k < m->models; k++)
        all[k] = flat(c, &m->spec, m->perm[k]);
    as_output(c, 1, as_concat(c, all, m->models, 0));
    report_distances(c, m);
}

#endif
