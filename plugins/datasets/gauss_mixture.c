/* datasets/gauss_mixture: draws from a mixture of round Gaussians, whose density and score are known
 * (lua/assay/mixture.lua). The split `modes` says what was drawn from: the means as x, variance and weight.
 */
#define AS_MINOR 1
#include <assay/plugin.h>

#include <math.h>
#include <string.h>

typedef struct {
    int kind, modes, dim, train, test;
    double radius, variance;
    as_reals means, variances, weights;
} mixture;

enum { RING, LIST, MOST = 1024 };

static const as_param params[] = {
    AS_CHOICE(mixture, kind, "ring", "ring|list", "modes evenly on a circle, or those of the lists"),
    AS_INT(mixture, modes, 8, 1, 1024, "modes of a ring; mode k lies at angle 2 pi k / modes"),
    AS_REAL_IN(mixture, radius, 4.0, "[0, inf)", "of a ring"),
    AS_REAL_IN(mixture, variance, 0.04, "(0, inf)", "of a ring's modes, in each dimension", .log = 1),
    AS_INT(mixture, dim, 1, 1, 100000, "D of the lists"),
    AS_REALS(mixture, means, "", "(-inf, inf)", "list: D numbers a mode, one mode after the other"),
    AS_REALS(mixture, variances, "", "(0, inf)", "list: one a mode"),
    AS_REALS(mixture, weights, "", "(0, inf)",
             "list: one a mode, they need not add up to 1; none: all alike"),
    AS_INT(mixture, train, 10000, 1, 100000000, "items of the split train"),
    AS_INT(mixture, test, 10000, 1, 100000000, "items of the split test"),
    AS_END,
};

static int modes_of(const mixture *p)
{
    return p->kind == RING ? p->modes : p->variances.n;
}

static void validate(as_ctx *c, const void *params_)
{
    const mixture *p = params_;
    int K = p->variances.n;
    if (p->kind == RING)
        return;
    if (K < 1 || K > MOST)
        as_fail(c, "variances of %d modes, expected 1 to %d", K, MOST);
    else if (p->means.n != K * p->dim)
        as_fail(c, "means of %d numbers, expected %d: %d modes in %d dimensions", p->means.n, K * p->dim, K,
                p->dim);
    else if (p->weights.n && p->weights.n != K)
        as_fail(c, "weights of %d modes, there are %d variances", p->weights.n, K);
}

/* [K,D] */
static as_t means_of(as_ctx *c, const mixture *p)
{
    if (p->kind == LIST)
        return as_from(c, AS_F64, AS_DIMS(p->variances.n, p->dim), p->means.at);
    double at[MOST][2];
    for (int k = 0; k < p->modes; k++) {
        double angle = 2 * acos(-1) * k / p->modes;
        at[k][0] = p->radius * cos(angle);
        at[k][1] = p->radius * sin(angle);
    }
    return as_from(c, AS_F64, AS_DIMS(p->modes, 2), at);
}

/* [K] */
static as_t numbers_of(as_ctx *c, const mixture *p, const as_reals *list, double alike)
{
    int K = modes_of(p);
    double each[MOST];
    for (int k = 0; k < K; k++)
        each[k] = p->kind == LIST && list->n ? list->at[k] : alike;
    return as_from(c, AS_F64, AS_DIMS(K), each);
}

static void open_splits(as_ctx *c, const void *params_)
{
    (void)params_;
    as_split(c, "train");
    as_split(c, "test");
    as_split(c, "modes");
}

static as_t working(as_ctx *c, as_t x)
{
    return as_cast(c, x, as_dtype_of(c, as_zeros(c, AS_SCALAR)));
}

/* k ~ weights,  x = mean_k + sqrt(variance_k) z */
static void read_split(as_ctx *c, const void *params_, const char *split)
{
    const mixture *p = params_;
    as_t mean = working(c, means_of(c, p)),
         variance = working(c, numbers_of(c, p, &p->variances, p->variance));
    as_t odds = numbers_of(c, p, &p->weights, 1);
    as_t weight = working(c, as_div(c, odds, as_sum(c, odds, AS_ALL)));
    if (strcmp(split, "modes") == 0) {
        as_field(c, "x", mean);
        as_field(c, "y", as_arange(c, modes_of(p)));
        as_field(c, "variance", variance);
        as_field(c, "weight", weight);
        return;
    }
    int64_t N = strcmp(split, "train") == 0 ? p->train : p->test;
    as_t k = as_categorical(c, "mode", weight, N);                                        /* [N] */
    as_t deviation = as_unsqueeze(c, as_sqrt(c, as_index_select(c, variance, k, 0)), -1); /* [N,1] */
    as_t z = as_randn(c, "noise", AS_DIMS(N, as_dim(c, mean, 1)));                        /* [N,D] */
    as_field(c, "x", as_add(c, as_index_select(c, mean, k, 0), as_mul(c, deviation, z)));
    as_field(c, "y", k);
}

AS_PLUGIN(.kind = "datasets", .name = "gauss_mixture", .version = "1.0.0",
          .doc = "a mixture of round Gaussians, whose density and score are known", .params = params,
          .signature = "-> x f32[N,D], y i64[N]", .params_size = sizeof(mixture), .validate = validate,
          .open = open_splits, .read = read_split);
