/* What distillers of diffusion models share: the grid of noise levels, calls of denoisers D(x, sigma, class)
 * that estimate x0 of x = x0 + sigma eps, the distribution-matching field and its surrogate. Karras et al.
 * 2022 (EDM); Yin et al. 2024 (DMD2). A plugin includes this beside plugin.h. */
#ifndef ASSAY_DISTIL_H
#define ASSAY_DISTIL_H

#include <assay/plugin.h>

#include <math.h>

/* ---- noise levels ---- */

/* n levels from sigma_min (number 0) to sigma_max (number n - 1), and the deviation of the data.
 * AS_LEVELS_PARAMS fills it as the field `grid` of a plugin's parameters. */
typedef struct {
    int levels;
    double sigma_min, sigma_max, sigma_data;
} as_levels;

#define AS_LEVELS_ROW(T, field, type_, ...)                                                                  \
    {                                                                                                        \
        .type = type_, .name = #field, .offset = offsetof(T, grid) + offsetof(as_levels, field), __VA_ARGS__ \
    }
/* Rows of the table of parameters T for its field `as_levels grid`. */
#define AS_LEVELS_PARAMS(T)                                                                                  \
    AS_LEVELS_ROW(T, levels, AS_PARAM_INT, .value = 1000, .range = "[2, 100000]",                            \
                  .doc = "noise levels of the grid"),                                                        \
        AS_LEVELS_ROW(T, sigma_min, AS_PARAM_REAL, .value = 0.002, .range = "(0, inf)",                      \
                      .doc = "smallest noise level", .log = 1),                                              \
        AS_LEVELS_ROW(T, sigma_max, AS_PARAM_REAL, .value = 80, .range = "(0, inf)",                         \
                      .doc = "largest noise level", .log = 1),                                               \
        AS_LEVELS_ROW(T, sigma_data, AS_PARAM_REAL, .value = 0.5, .range = "(0, inf)",                       \
                      .doc = "deviation of the data", .log = 1)

/* For a plugin's .validate: the smaller end below the larger. */
static inline void as_levels_validate(as_ctx *c, const as_levels *g)
{
    if (g->sigma_min >= g->sigma_max)
        as_fail(c, "sigma_min = %g is not below sigma_max = %g", g->sigma_min, g->sigma_max);
}

/* sigma_i = (smin^(1/7) + i/(n-1) (smax^(1/7) - smin^(1/7)))^7, ascending, for floats i [B] from 0 to n-1:
 * [B] */
static inline as_t as_level(as_ctx *c, const as_levels *g, as_t i)
{
    double low = pow(g->sigma_min, 1 / 7.0), high = pow(g->sigma_max, 1 / 7.0);
    return as_power(c, as_affine(c, i, (high - low) / (g->levels - 1), low), 7);
}

/* [items] levels of numbers drawn evenly from first .. last. */
static inline as_t as_level_draw(as_ctx *c, const as_levels *g, const char *stream, int64_t items, int first,
                                 int last)
{
    as_t i = as_randint(c, stream, last - first + 1, AS_DIMS(items));
    as_dtype working = as_dtype_of(c, as_zeros(c, AS_SCALAR));
    return as_level(c, g, as_shift(c, as_cast(c, i, working), first));
}

/* One number an item beside x [B,...]: value [B] -> [B,1,...] */
static inline as_t as_beside(as_ctx *c, as_t value, as_t x)
{
    as_dims dims = {.rank = as_rank(c, x), .size = {-1, 1, 1, 1, 1, 1, 1, 1}};
    return as_reshape(c, value, dims);
}

/* x0 + sigma eps with fresh eps ~ N(0, I); sigma [B] */
static inline as_t as_noised(as_ctx *c, as_t x0, as_t sigma, const char *stream)
{
    return as_add(c, x0, as_mul(c, as_beside(c, sigma, x0), as_randn(c, stream, as_dims_of(c, x0))));
}

/* ---- denoisers ---- */

/* D(x, sigma), or D(x, sigma, labels) where labels is not NULL. */
static inline as_t as_denoise(as_ctx *c, as_model *m, as_t x, as_t sigma, as_t labels)
{
    const as_t in[3] = {x, sigma, labels};
    return as_model_call(c, m, in, labels ? 3 : 2);
}

/* Refuses models (their places in the signature, with their names) that share a trained tensor: moving one
 * would move the other. */
static inline void as_refuse_shared(as_ctx *c, int a, const char *name_a, int b, const char *name_b)
{
    const as_state *of_a = as_model_state(c, as_model_in(c, a));
    const as_state *of_b = as_model_state(c, as_model_in(c, b));
    int n = as_ok(c) ? as_state_size(c, of_a) : 0, m = as_ok(c) ? as_state_size(c, of_b) : 0;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < m && as_ok(c); k++)
            if (as_state_tensor(c, of_a, i) == as_state_tensor(c, of_b, k))
                as_fail(c, "%s and %s share the parameter %s: give each a network of its own, net:clone()",
                        name_a, name_b, as_state_name(c, of_a, i));
}

/* The same of all three. */
static inline void as_refuse_shared_nets(as_ctx *c, int student, int fake, int teacher)
{
    as_refuse_shared(c, fake, "fake", teacher, "teacher");
    as_refuse_shared(c, student, "student", teacher, "teacher");
    as_refuse_shared(c, student, "student", fake, "fake");
}

/* x itself; a failure that names it where an item is NaN or infinite. */
static inline as_t as_must_be_finite(as_ctx *c, as_t x, const char *name)
{
    if (as_ok(c) && !as_finite(c, x))
        return as_fail(c, "%s holds NaN or infinity, expected finite numbers", name);
    return x;
}

/* ---- distribution matching (DMD2, compute_distribution_matching_loss) ---- */

/* g = (p_T - p_F) / w = (D_F - D_T) / w [B,...] without history, p = x0 - D, w the item's mean of |p_T|; 0
 * where that is no finite number. */
static inline as_t as_dm_field(as_ctx *c, as_t x0, as_t teacher, as_t fake)
{
    bool before = as_no_grad(c);
    as_t miss = as_abs(c, as_sub(c, x0, teacher));
    as_t w = as_mean(c, as_reshape(c, miss, AS_DIMS(as_dim(c, x0, 0), -1)), -1); /* [B,1] */
    as_t g = as_div(c, as_sub(c, fake, teacher), as_beside(c, w, x0));
    as_t zero = as_zeros(c, as_dims_of(c, g));
    g = as_where(c, as_eq(c, as_sub(c, g, g), zero), g, zero);
    as_no_grad_end(c, before);
    return as_detach(c, g);
}

/* 1/2 mean (x0 - sg(x0 - g))^2, whose gradient in x0 is g / (B d). */
static inline as_t as_surrogate(as_ctx *c, as_t x0, as_t g)
{
    as_t target = as_detach(c, as_sub(c, x0, g));
    return as_scale(c, as_mean(c, as_square(c, as_sub(c, x0, target)), AS_ALL), 0.5);
}

/* L_dm of x0 [B,...]: level i drawn evenly between the shares low and high of the grid, ends included, x = x0
 * + sigma_i eps, both denoisers off. */
static inline as_t as_dm_loss(as_ctx *c, const as_levels *g, as_t x0, as_t labels, as_model *teacher,
                              as_model *fake, double low, double high)
{
    int last = g->levels - 1, from = (int)(low * g->levels + 1e-9), to = (int)(high * g->levels + 1e-9);
    bool before = as_no_grad(c);
    as_t sigma =
        as_level_draw(c, g, "dm level", as_dim(c, x0, 0), from < last ? from : last, to < last ? to : last);
    as_t x = as_noised(c, x0, sigma, "dm noise");
    as_t D_T = as_must_be_finite(c, as_denoise(c, teacher, x, sigma, labels), "what the teacher returned");
    as_t D_F = as_must_be_finite(c, as_denoise(c, fake, x, sigma, labels), "what the fake returned");
    as_no_grad_end(c, before);
    return as_surrogate(c, x0, as_dm_field(c, x0, D_T, D_F));
}

/* L_F = mean (sigma^-2 + sd^-2) (D_F(x) - x0)^2, x = x0 + sigma_i eps, i from the whole grid; D_F live, x0
 * without history (compute_loss_fake). */
static inline as_t as_fake_loss(as_ctx *c, const as_levels *g, as_t x0, as_t labels, as_model *fake)
{
    x0 = as_detach(c, x0);
    as_t sigma = as_level_draw(c, g, "fake level", as_dim(c, x0, 0), 0, g->levels - 1);
    as_t D_F = as_denoise(c, fake, as_noised(c, x0, sigma, "fake noise"), sigma, labels);
    as_t weight = as_shift(c, as_power(c, sigma, -2), 1 / (g->sigma_data * g->sigma_data)); /* [B] */
    return as_mean(c, as_mul(c, as_beside(c, weight, x0), as_square(c, as_sub(c, D_F, x0))), AS_ALL);
}

/* ---- distances of whole items ---- */

/* |r|^2 of each item of r [B,...]: [B] */
static inline as_t as_item_squares(as_ctx *c, as_t r)
{
    int64_t B = as_dim(c, r, 0);
    as_t sum = as_sum(c, as_square(c, as_reshape(c, r, AS_DIMS(B, as_count(c, r) / B))), -1); /* [B,1] */
    return as_reshape(c, sum, AS_DIMS(B));
}

/* sqrt(|r|^2 + h^2) - h of each item of d numbers, h = width sqrt(d): [B]. iCT (Song & Dhariwal 2023), eq. 7
 * and width 0.00054. Written as |r|^2 / (sqrt(|r|^2 + h^2) + h), which does not cancel where |r| is small. */
static inline as_t as_pseudo_huber(as_ctx *c, as_t r, double width)
{
    double h = width * sqrt((double)(as_count(c, r) / as_dim(c, r, 0)));
    as_t square = as_item_squares(c, r);
    as_t root = as_sqrt(c, as_shift(c, square, h * h));
    return as_div(c, square, as_shift(c, root, h));
}

#endif
