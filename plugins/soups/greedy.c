/* soups/greedy: adds models to the mean one by one, best first, and keeps one only if the held-out number
 * rises. Wortsman et al. 2022, model soups, recipe 1. */
#include <assay/plugin.h>

typedef struct {
    int tie, order;
} greedy;

enum { REJECT, ACCEPT };
enum { SORTED, RANDOM };
enum { STATES, EVALUATE, MODELS = 256 };

static const as_param params[] = {
    AS_CHOICE(greedy, tie, "reject", "reject|accept",
              "a model that changes nothing: official code rejects it, the paper's recipe accepts"),
    AS_CHOICE(greedy, order, "sorted", "sorted|random",
              "best first, or the ablation: a drawn order, whose first model need not be good"),
    AS_END,
};

/* Places of the states by falling number, ties by place. */
static void sort(const double *a, int *order, int count)
{
    for (int k = 0; k < count; k++) {
        int at = k;
        for (; at > 0 && a[order[at - 1]] < a[k]; at--)
            order[at] = order[at - 1];
        order[at] = k;
    }
}

static void draw(as_ctx *c, int *order, int count)
{
    const int64_t *drawn = as_data_i64(c, as_permutation(c, "order", count));
    for (int k = 0; drawn && k < count; k++)
        order[k] = (int)drawn[k];
}

/* The mean of `count` of the states, summed in double: what is kept is never averaged twice. */
static as_state *mean(as_ctx *c, const int *kept, int count)
{
    as_state *soup = as_state_new(c);
    const as_state *first = as_state_in(c, STATES, 0);
    double w[MODELS];
    for (int k = 0; k < count; k++)
        w[k] = 1.0 / count;
    for (int i = 0; as_ok(c) && i < as_state_size(c, first); i++) {
        as_t x[MODELS + 1];
        for (int k = 0; k < count; k++)
            x[k] = as_state_tensor(c, as_state_in(c, STATES, kept[k]), i);
        bool integers = as_dtype_of(c, x[0]) == AS_I64;
        for (int k = 1; integers && k < count; k++)
            if (!as_equal(c, x[0], x[k]))
                as_fail(c, "integer tensor \"%s\" differs between the states", as_state_name(c, first, i));
        x[count] = as_from(c, AS_F64, AS_DIMS(count), w);
        as_state_set(c, soup, as_state_name(c, first, i), integers ? x[0] : as_weighted_sum(c, x, count));
    }
    return soup;
}

static bool finite(as_ctx *c, int count)
{
    for (int k = 0; k < count; k++) {
        const as_state *theta = as_state_in(c, STATES, k);
        for (int i = 0; i < as_state_size(c, theta); i++)
            if (!as_finite(c, as_state_tensor(c, theta, i)))
                return as_fail(c, "\"%s\" of state %d holds NaN or infinity", as_state_name(c, theta, i),
                               k + 1),
                       false;
    }
    return as_ok(c);
}

static double evaluate(as_ctx *c, const as_state *theta)
{
    double a = as_evaluate(c, as_model_in(c, EVALUATE), theta);
    if (as_ok(c) && a != a)
        as_fail(c, "evaluate returned NaN");
    return a;
}

/* Puts the states into the order in which they are tried; trace[0] is the number of the first. How often
 * evaluate was called. */
static int arrange(as_ctx *c, const greedy *p, int count, int *order, double *trace)
{
    double a[MODELS] = {0};
    if (p->order == RANDOM) {
        draw(c, order, count);
        trace[0] = evaluate(c, as_state_in(c, STATES, order[0]));
        return 1;
    }
    for (int k = 0; k < count && as_ok(c); k++)
        a[k] = evaluate(c, as_state_in(c, STATES, k));
    sort(a, order, count);
    trace[0] = a[order[0]];
    return count;
}

static as_t merge(as_ctx *c, const void *params_, const as_t *in)
{
    const greedy *p = params_;
    int count = as_state_count(c, STATES), order[MODELS] = {0}, kept[MODELS], m = 1;
    double trace[MODELS] = {0};
    int64_t places[MODELS];
    (void)in;
    if (count > MODELS)
        return as_fail(c, "%d states, expected %d at most", count, MODELS);
    if (!finite(c, count))
        return NULL;
    int evaluations = arrange(c, p, count, order, trace) + count - 1;
    kept[0] = order[0];
    double best = trace[0];
    for (int k = 1; k < count && as_ok(c); k++) {
        kept[m] = order[k];
        trace[k] = evaluate(c, mean(c, kept, m + 1));
        if (trace[k] > best || (p->tie == ACCEPT && trace[k] == best)) {
            best = trace[k];
            m++;
        }
    }
    const as_state *soup = mean(c, kept, m);
    for (int i = 0; as_ok(c) && i < as_state_size(c, soup); i++)
        as_state_put(c, as_state_name(c, soup, i), as_state_tensor(c, soup, i));
    for (int k = 0; k < m; k++)
        places[k] = kept[k];
    as_output(c, 1, as_from(c, AS_I64, AS_DIMS(m), places));
    as_output(c, 2, as_from(c, AS_F64, AS_DIMS(count), trace));
    as_report_real(c, "ingredients", m);
    as_report_real(c, "value", best);
    as_report_real(c, "evaluations", evaluations);
    return NULL;
}

AS_PLUGIN(.kind = "soups", .name = "greedy", .version = "1.1.0", .paper = "arXiv:2203.05482",
          .doc = "mean of the models that help on held-out data, tried best first", .params = params,
          .signature = "states state[]|items, evaluate function -> state, kept i64[M], trace f64[K]",
          .params_size = sizeof(greedy), .merge = merge);
