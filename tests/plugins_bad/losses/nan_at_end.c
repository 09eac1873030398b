/* losses/nan_at_end: its range holds 0, where it divides 0 by 0. losses/nan_in_list: so does that of its
 * list's numbers, where it takes a logarithm. */
#include <assay/plugin.h>

#include <math.h>

typedef struct {
    double width;
} at_end;

typedef struct {
    as_reals weights;
} in_list;

static const as_param at_end_params[] = {
    AS_REAL(at_end, width, 1.0, 0.0, 10.0, "of the window"),
    AS_END,
};

static const as_param in_list_params[] = {
    AS_REALS(in_list, weights, "1, 2", "[0, 10]", "of the terms"),
    AS_END,
};

static as_t divide(as_ctx *c, const void *params, const as_t *in)
{
    double width = ((const at_end *)params)->width;
    as_t window = as_scale(c, in[0], width);
    return as_mean(c, as_div(c, window, as_shift(c, as_abs(c, window), width)), AS_ALL);
}

static as_t weigh(as_ctx *c, const void *params, const as_t *in)
{
    const in_list *p = params;
    double sum = 0;
    for (int k = 0; k < p->weights.n; k++)
        sum += log(p->weights.at[k]);
    return as_scale(c, as_mean(c, as_square(c, in[0]), AS_ALL), sum);
}

AS_DEFINE(one, .kind = "losses", .name = "nan_at_end", .version = "1.0.0",
          .doc = "NaN at an end of its range", .params = at_end_params, .signature = "x f32[B,D] -> loss f32",
          .params_size = sizeof(at_end), .forward = divide);
AS_DEFINE(two, .kind = "losses", .name = "nan_in_list", .version = "1.0.0",
          .doc = "infinite at an end of a list", .params = in_list_params,
          .signature = "x f32[B,D] -> loss f32", .params_size = sizeof(in_list), .forward = weigh);
AS_MODULE(&one, &two);
