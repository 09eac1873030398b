/* samplers/score_subset: an index sampler, keeps M of N items by their scores. Paul et al. 2021, Deep
 * Learning on a Data Diet, data.py of the official code. */
#include <assay/plugin.h>

#include <stdlib.h>

typedef struct {
    int rule, keep, offset;
} score_subset;

enum { KEEP_MAX, KEEP_MIN, OFFSET, RANDOM };

static const as_param params[] = {
    AS_CHOICE(score_subset, rule, "keep_max", "keep_max|keep_min|offset|random", "which items are kept"),
    AS_INT(score_subset, keep, 1, 1, 1000000000, "M, how many"),
    AS_INT(score_subset, offset, 0, 0, 1000000000, "rule offset: how many of the lowest scores are left out"),
    AS_END,
};

typedef struct {
    double score;
    int64_t item;
} entry;

/* Ascending, ties by item */
static int by_score(const void *a_, const void *b_)
{
    const entry *a = a_, *b = b_;
    if (a->score != b->score)
        return a->score < b->score ? -1 : 1;
    return a->item < b->item ? -1 : 1;
}

static int by_item(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* order[start .. start + M - 1] of the ascending order; entries lie in a tensor: the host frees it */
static void choose(as_ctx *c, as_t scores, int64_t start, int64_t M, int64_t *out)
{
    int64_t N = as_count(c, scores);
    const double *value = as_data_f64(c, as_contiguous(c, as_cast(c, scores, AS_F64)));
    as_t room = as_contiguous(c, as_expand(c, as_reshape(c, as_arange(c, 1), AS_DIMS(1, 1)), AS_DIMS(N, 2)));
    entry *order = (entry *)(void *)as_data_i64(c, room); /* two words an entry */
    if (!value || !order)
        return;
    for (int64_t i = 0; i < N; i++)
        order[i] = (entry){value[i], i};
    qsort(order, (size_t)N, sizeof *order, by_score);
    for (int64_t k = 0; k < M; k++)
        out[k] = order[start + k].item;
}

static as_t draw(as_ctx *c, const void *params_, const as_t *in)
{
    const score_subset *p = params_;
    int64_t N = as_count(c, in[0]), M = p->keep, o = p->rule == OFFSET ? p->offset : 0;
    if (o + M > N)
        return as_fail(c, "keep = %d and offset = %d of %lld items", p->keep, (int)o, (long long)N);
    if (!as_finite(c, in[0]))
        return as_fail(c, "scores hold NaN or infinity");
    as_t kept = p->rule == RANDOM ? as_slice(c, as_permutation(c, "subset", N), 0, 0, M, 1) : as_arange(c, M);
    kept = as_contiguous(c, kept);
    int64_t *out = as_data_i64(c, kept);
    if (!out)
        return as_inert(c);
    if (p->rule != RANDOM)
        choose(c, in[0], p->rule == KEEP_MAX ? N - M : o, M, out);
    qsort(out, (size_t)M, sizeof *out, by_item);
    return kept;
}

AS_PLUGIN(.kind = "samplers", .name = "score_subset", .version = "1.0.0", .paper = "arXiv:2107.07075",
          .doc = "keeps the items of the highest, lowest, middle or random scores", .params = params,
          .signature = "scores f32[N] -> kept i64[M]<N", .params_size = sizeof(score_subset), .draw = draw);
