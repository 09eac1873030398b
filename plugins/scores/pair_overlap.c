/* scores/pair_overlap: the area that the histograms of two kinds of similarities share, each of area 1: how
 * far positive pairs are told from negative ones. After Wang et al. 2024, ECCV (AMCL), whose figures show the
 * two. */
#include <assay/plugin.h>

typedef struct {
    int bins;
    double low, high;
} pair_overlap;

static const as_param params[] = {
    AS_INT(pair_overlap, bins, 40, 1, 100000,
           "bins of equal width from low to high, [a, b), the last [a, b]"),
    AS_REAL(pair_overlap, low, -1.0, -1e9, 1e9, "lower end"),
    AS_REAL(pair_overlap, high, 1.0, -1e9, 1e9, "upper end"),
    AS_END,
};

static void validate(as_ctx *c, const void *params_)
{
    const pair_overlap *p = params_;
    if (p->low >= p->high)
        as_fail(c, "low = %g is not below high = %g", p->low, p->high);
}

/* Shares of the values in each bin, f64[bins]; by half a millionth of the range they may lie outside. */
static as_t histogram(as_ctx *c, const pair_overlap *p, as_t x, const char *name)
{
    const double width = (p->high - p->low) / p->bins, slack = 5e-7 * (p->high - p->low);
    const int64_t n = as_dim(c, x, 0);
    if (n < 1)
        return as_fail(c, "%s holds no pair", name);
    if (!as_finite(c, x))
        return as_fail(c, "%s holds NaN or infinity", name);
    x = as_cast(c, as_detach(c, x), AS_F64);
    double least = as_item(c, as_min(c, x, AS_ALL)), most = as_item(c, as_max(c, x, AS_ALL));
    if (least < p->low - slack || most > p->high + slack)
        return as_fail(c, "%s reaches from %g to %g, outside low = %g to high = %g", name, least, most,
                       p->low, p->high);
    as_t place = as_clamp(c, as_affine(c, x, 1 / width, -p->low / width), 0, p->bins - 1);
    as_t one = as_cast(c, as_full(c, AS_DIMS(n), 1 / (double)n), AS_F64);
    return as_index_add(c, one, as_cast(c, place, AS_I64), 0, p->bins);
}

/* sum_b min(p_b, q_b): 1 where the histograms are the same, 0 where they share no bin */
static as_t score(as_ctx *c, const void *params_, const as_t *in)
{
    const pair_overlap *p = params_;
    as_t pos = histogram(c, p, in[0], "positive"), neg = histogram(c, p, in[1], "negative");
    return as_cast(c, as_sum(c, as_minimum(c, pos, neg), AS_ALL), as_dtype_of(c, in[0]));
}

AS_PLUGIN(.kind = "scores", .name = "pair_overlap", .version = "1.0.0", .paper = "arXiv:2310.05615",
          .doc = "area shared by the histograms of positive and negative similarities", .params = params,
          .signature = "positive f32[P]|items, negative f32[N] -> overlap f32",
          .params_size = sizeof(pair_overlap), .validate = validate, .score = score);
