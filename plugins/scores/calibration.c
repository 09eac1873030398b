/* scores/calibration: whether a classifier is right as often as it says. Expected calibration error with bins
 * of equal width (Guo et al. 2017), of equal count and of every class (Nixon et al. 2019), Brier's score, and
 * how well the confidence tells right from wrong (AUROC). */
#include <assay/plugin.h>

typedef struct {
    int bins, input;
} calibration;

enum { OF_LOGITS, OF_PROBS };

static const as_param params[] = {
    AS_INT(calibration, bins, 15, 1, 10000, "bins (b/bins, (b + 1)/bins] of confidence"),
    AS_CHOICE(calibration, input, "logits", "logits|probs", "what is given: logits, or probabilities"),
    AS_END,
};

/* sum_b (n_b / N) |mean of conf in b - mean of hit in b| = sum_b |sum of conf - hit in b| / N.
 *   gap  f64[n]  conf - hit;  bin  i64[n] < bins */
static as_t ece(as_ctx *c, as_t gap, as_t bin, int64_t bins, int64_t N)
{
    as_t sums = as_index_add(c, gap, bin, 0, bins); /* [bins] */
    return as_scale(c, as_sum(c, as_abs(c, sums), AS_ALL), 1 / (double)N);
}

/* The place b of (b/bins, (b + 1)/bins] each number lies in, 0 in the first: how many upper ends lie below.
 * */
static as_t bin_of(as_ctx *c, as_t p, int bins)
{
    as_t bin = as_scale(c, p, 0);
    for (int b = 1; b < bins && as_ok(c); b++) {
        as_scope m = as_open(c);
        as_t end = as_full(c, AS_SCALAR, (double)b / bins); /* in p's own float: 0.2 lies below 3/15's end */
        bin = as_close(c, m, as_add(c, bin, as_gt(c, p, end)));
    }
    return as_cast(c, bin, AS_I64);
}

/* Items in the order of conf, cut into bins of equal count (as near as can be). i64[N] by place in that
 * order. */
static as_t bins_of_equal_count(as_ctx *c, int64_t N, int bins)
{
    as_t bin = as_arange(c, N);
    int64_t *b = as_data_i64(c, bin);
    for (int64_t i = 0; b && i < N; i++)
        b[i] = i * bins / N;
    return bin;
}

/* P(conf of a right item > conf of a wrong one), ties 1/2; 1/2 where one of the two kinds is missing.
 *   conf [N] ascending, right i64[N] in that order */
static double auroc(as_ctx *c, as_t conf, as_t right)
{
    int64_t N = as_dim(c, conf, 0), rights = 0, wrongs = 0, tied_rights = 0, tied_wrongs = 0;
    as_t higher = as_gt(c, as_slice(c, conf, 0, 1, N, 1), as_slice(c, conf, 0, 0, N - 1, 1)); /* [N-1] */
    const int64_t *up = as_data_i64(c, as_cast(c, higher, AS_I64)), *hit = as_data_i64(c, right);
    double below = 0; /* pairs with the wrong one below, ties 1/2 */
    for (int64_t i = 0; up && hit && i < N; i++) {
        tied_rights += hit[i];
        tied_wrongs += 1 - hit[i];
        if (i < N - 1 && !up[i])
            continue;
        below += (double)tied_rights * ((double)wrongs + 0.5 * (double)tied_wrongs);
        rights += tied_rights, wrongs += tied_wrongs;
        tied_rights = tied_wrongs = 0;
    }
    return rights && wrongs ? below / ((double)rights * (double)wrongs) : 0.5;
}

/* Probabilities as given, or of logits; fails where they are none. */
static as_t probabilities(as_ctx *c, const calibration *p, as_t x)
{
    if (as_dim(c, x, 1) < 2)
        return as_fail(c, "1 class, expected 2 classes or more");
    if (as_dim(c, x, 0) < 1)
        return as_fail(c, "there are no items");
    if (!as_finite(c, x))
        return as_fail(c, "%s hold NaN or infinity", p->input == OF_PROBS ? "probabilities" : "logits");
    if (p->input == OF_LOGITS)
        return as_softmax(c, x, -1);
    double off = as_item(c, as_max(c, as_abs(c, as_shift(c, as_sum(c, x, -1), -1)), AS_ALL));
    if (!(off < 1e-3) || as_item(c, as_min(c, x, AS_ALL)) < 0)
        return as_fail(c, "probabilities that are negative, or add up to 1 only within %.3g", off);
    return x;
}

static as_t score(as_ctx *c, const void *params_, const as_t *in)
{
    const calibration *p = params_;
    as_t prob = as_detach(c, probabilities(c, p, in[0]));
    int64_t N = as_dim(c, prob, 0), C = as_dim(c, prob, 1);
    as_t onehot = as_cast(c, as_one_hot(c, in[1], C), AS_F64);               /* [N,C] */
    as_t gaps = as_sub(c, as_cast(c, prob, AS_F64), onehot);                 /* [N,C], p_k - [y = k] */
    as_t conf = as_squeeze(c, as_max(c, prob, -1), -1);                      /* [N] */
    as_t right = as_eq(c, as_squeeze(c, as_argmax(c, prob, -1), -1), in[1]); /* [N] */
    as_t gap = as_sub(c, as_cast(c, conf, AS_F64), as_cast(c, right, AS_F64));
    as_t order = as_argsort(c, conf, 0, false);
    as_t width = ece(c, gap, bin_of(c, conf, p->bins), p->bins, N);
    as_t count = ece(c, as_index_select(c, gap, order, 0), bins_of_equal_count(c, N, p->bins), p->bins, N);
    as_t first =
        as_scale(c, as_cast(c, as_arange(c, C), AS_F64), p->bins); /* each class has bins of its own */
    as_t bin = as_add(c, as_cast(c, bin_of(c, prob, p->bins), AS_F64), first); /* [N,C] */
    as_t flat = as_reshape(c, as_cast(c, bin, AS_I64), AS_DIMS(N * C));
    as_t by_class = ece(c, as_reshape(c, gaps, AS_DIMS(N * C)), flat, C * p->bins, N * C);
    as_t brier = as_scale(c, as_sum(c, as_square(c, gaps), AS_ALL), 1 / (double)N);
    double area =
        auroc(c, as_index_select(c, conf, order, 0), as_index_select(c, as_cast(c, right, AS_I64), order, 0));
    as_dtype working = as_dtype_of(c, in[0]);
    as_output(c, 1, as_cast(c, count, working));
    as_output(c, 2, as_cast(c, by_class, working));
    as_output(c, 3, as_cast(c, brier, working));
    as_output(c, 4, as_full(c, AS_SCALAR, area));
    return as_cast(c, width, working);
}

AS_PLUGIN(.kind = "scores", .name = "calibration", .version = "1.0.0", .paper = "arXiv:1706.04599",
          .doc = "calibration errors, Brier's score, and how well confidence tells right from wrong",
          .params = params,
          .signature = "predicted f32[N,C], labels i64[N]<C"
                       " -> ece f32, aece f32, classwise_ece f32, brier f32, auroc f32",
          .params_size = sizeof(calibration), .score = score);
