/* scores/opis: how much one threshold of distance means different things to different classes: the operating
 * point inconsistency score. Zhang et al. 2023, Threshold-consistent margin loss, section 3. UNVERIFIED: the
 * paper's text calls it a variance across classes of their operating characteristics over a range of
 * calibration; its utility, its pair sets and its normalisation are read so, no official code is public. A
 * pair is accepted at threshold d when its distance is <= d; a class has the pairs within it and those with
 * one end in it. sens_i(d), spec_i(d),  U_i = (1 + c^2) spec sens / (c^2 spec + sens),  Ubar = mean_i U_i
 *   OPIS = mean_i 1/(d_max - d_min) integral (U_i(d) - Ubar(d))^2 dd */
#include <assay/plugin.h>

#include <math.h>
#include <stdlib.h>

typedef struct {
    double c, far_low, far_high, d_min, d_max, worst, far;
    int thresholds, rule;
    bool strict;
} opis;

enum { DISTANCE, FIRST, SECOND };
enum { MEAN, TRAPEZOID };

static const as_param params[] = {
    AS_REAL_IN(opis, c, 1.0, "(0, inf)", "weight of sensitivity against specificity in the utility"),
    AS_REAL(opis, far_low, 0.01, 0.0, 1.0,
            "false-accept rate of all classes together at the lowest threshold"),
    AS_REAL(opis, far_high, 0.1, 0.0, 1.0, "the same at the highest threshold"),
    AS_REAL(opis, d_min, 0.0, 0.0, 1e300, "lowest threshold, in place of far_low; 0 for none",
            .unit = "distance"),
    AS_REAL(opis, d_max, 0.0, 0.0, 1e300, "highest threshold, in place of far_high; 0 for none",
            .unit = "distance"),
    AS_REAL_IN(opis, worst, 0.1, "(0, 1]", "share of the classes that the worst-class variant averages"),
    AS_REAL(opis, far, 0.05, 0.0, 1.0, "rate of all at whose threshold the classes' rates are compared"),
    AS_INT(opis, thresholds, 101, 2, 100000, "equally spaced, both ends included"),
    AS_CHOICE(opis, rule, "mean", "mean|trapz", "how the integral is taken over the thresholds"),
    AS_BOOL(opis, strict, false, "refuse a class without a pair of its own rather than leave it out"),
    AS_END,
};

typedef struct {
    int64_t pairs, classes;
    const double *d;
    const int64_t *a, *b;
} sample;

static int ascending(const void *x_, const void *y_)
{
    double x = *(const double *)x_, y = *(const double *)y_;
    return (x > y) - (x < y);
}

/* Room for n doubles at 0, the host's to free. */
static double *room(as_ctx *c, int64_t n)
{
    return as_data_f64(c, as_cast(c, as_zeros(c, AS_DIMS(n)), AS_F64));
}

/* Distances of pairs of different classes, ascending; NULL without any. */
static const double *differing(as_ctx *c, const sample *s, int64_t *n)
{
    double *list = room(c, s->pairs);
    *n = 0;
    for (int64_t k = 0; list && k < s->pairs; k++)
        if (s->a[k] != s->b[k])
            list[(*n)++] = s->d[k];
    if (list && *n == 0)
        as_fail(c, "no pair of different classes");
    if (list)
        qsort(list, (size_t)*n, sizeof *list, ascending);
    return list;
}

/* The distance at which this share of them is accepted, linear between two of them. */
static double at_rate(const double *sorted, int64_t n, double rate)
{
    double place = rate * (double)(n - 1);
    int64_t k = (int64_t)place;
    return k + 1 < n ? sorted[k] + (place - (double)k) * (sorted[k + 1] - sorted[k]) : sorted[n - 1];
}

/* Counts of one threshold or of many: [classes, G + 1] of pairs whose first accepting threshold is g. */
typedef struct {
    double *same, *other;
} counts;

static int64_t first_accepting(const double *grid, int64_t G, double d)
{
    int64_t low = 0, high = G; /* G: none accepts it */
    while (low < high) {
        int64_t middle = (low + high) / 2;
        if (grid[middle] >= d)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static counts count(as_ctx *c, const sample *s, const double *grid, int64_t G)
{
    counts n = {room(c, s->classes * (G + 1)), room(c, s->classes * (G + 1))};
    for (int64_t k = 0; n.same && n.other && k < s->pairs; k++) {
        int64_t g = first_accepting(grid, G, s->d[k]);
        if (s->a[k] == s->b[k]) {
            n.same[s->a[k] * (G + 1) + g]++;
        } else {
            n.other[s->a[k] * (G + 1) + g]++;
            n.other[s->b[k] * (G + 1) + g]++;
        }
    }
    return n;
}

static double sum_of(const double *x, int64_t n)
{
    double sum = 0;
    for (int64_t k = 0; k < n; k++)
        sum += x[k];
    return sum;
}

/* U_i at every threshold; false for a class without a pair within it. */
static bool utilities(const opis *p, const double *same, const double *other, int64_t G, double *U)
{
    double n_same = sum_of(same, G + 1), n_other = sum_of(other, G + 1), accepted = 0, wrongly = 0;
    for (int64_t g = 0; g < G; g++) {
        accepted += same[g];
        wrongly += other[g];
        double sens = n_same > 0 ? accepted / n_same : 0, spec = n_other > 0 ? 1 - wrongly / n_other : 1;
        double below = p->c * p->c * spec + sens;
        U[g] = below > 0 ? (1 + p->c * p->c) * spec * sens / below : 0;
    }
    return n_same > 0;
}

/* A class's mean squared deviation from Ubar over the thresholds. */
static double deviation(const opis *p, const double *U, const double *Ubar, int64_t G)
{
    double sum = 0;
    for (int64_t g = 0; g < G; g++) {
        bool end = p->rule == TRAPEZOID && (g == 0 || g == G - 1);
        sum += (end ? 0.5 : 1) * (U[g] - Ubar[g]) * (U[g] - Ubar[g]);
    }
    return sum / (double)(p->rule == TRAPEZOID ? G - 1 : G);
}

/* Largest less smallest false-accept rate of a class at the threshold where that of all is p->far. */
static double spread(as_ctx *c, const opis *p, const sample *s, const double *sorted, int64_t n)
{
    double threshold = at_rate(sorted, n, p->far), low = 1, high = 0;
    counts k = count(c, s, &threshold, 1);
    for (int64_t i = 0; k.other && i < s->classes; i++) {
        double accepted = k.other[2 * i], all = accepted + k.other[2 * i + 1];
        if (all == 0)
            continue;
        low = fmin(low, accepted / all);
        high = fmax(high, accepted / all);
    }
    return high - low;
}

static bool take_sample(as_ctx *c, const as_t *in, sample *s)
{
    as_t d = as_contiguous(c, as_detach(c, in[DISTANCE]));
    if (as_ok(c) && !as_finite(c, d))
        as_fail(c, "distances hold NaN or infinity");
    s->pairs = as_count(c, d);
    s->d = as_data_f64(c, d);
    s->a = as_data_i64(c, as_contiguous(c, in[FIRST]));
    s->b = as_data_i64(c, as_contiguous(c, in[SECOND]));
    s->classes = 0;
    for (int64_t k = 0; as_ok(c) && k < s->pairs; k++) {
        int64_t top = s->a[k] > s->b[k] ? s->a[k] : s->b[k], least = s->a[k] < s->b[k] ? s->a[k] : s->b[k];
        if (least < 0 || top >= s->pairs + 1000000)
            as_fail(c, "pair %lld has the classes %lld and %lld, expected small numbers from 0 on",
                    (long long)k, (long long)s->a[k], (long long)s->b[k]);
        s->classes = top >= s->classes ? top + 1 : s->classes;
    }
    return as_ok(c);
}

/* OPIS of the counted pairs; *worst is that of its worst classes. `U` has room for [classes, G]. */
static double judge(as_ctx *c, const opis *p, const sample *s, counts n, int64_t G, double *U, double *worst)
{
    double *Ubar = room(c, G), *each = room(c, s->classes);
    int64_t T = 0, skipped = 0;
    if (!Ubar || !each || !U)
        return 0;
    for (int64_t i = 0; i < s->classes; i++) {
        bool known = sum_of(n.same + i * (G + 1), G + 1) + sum_of(n.other + i * (G + 1), G + 1) > 0;
        bool has = utilities(p, n.same + i * (G + 1), n.other + i * (G + 1), G, U + T * G);
        if (known && !has && p->strict)
            as_fail(c, "class %lld has no pair within it", (long long)i);
        skipped += known && !has;
        T += has;
    }
    if (T == 0) {
        as_fail(c, "no class has a pair within it");
        return 0;
    }
    for (int64_t g = 0; g < G; g++)
        for (int64_t i = 0; i < T; i++)
            Ubar[g] += U[i * G + g] / (double)T;
    for (int64_t i = 0; i < T; i++)
        each[i] = deviation(p, U + i * G, Ubar, G);
    qsort(each, (size_t)T, sizeof *each, ascending);
    int64_t few = (int64_t)ceil(p->worst * (double)T);
    as_report_real(c, "classes", (double)T);
    as_report_real(c, "skipped", (double)skipped);
    *worst = sum_of(each + T - few, few) / (double)few;
    return sum_of(each, T) / (double)T;
}

static as_t number(as_ctx *c, double x)
{
    return as_from(c, AS_F64, AS_SCALAR, &x);
}

static as_t score(as_ctx *c, const void *params_, const as_t *in)
{
    const opis *p = params_;
    sample s;
    int64_t n, G = p->thresholds;
    if (!take_sample(c, in, &s))
        return as_inert(c);
    const double *sorted = differing(c, &s, &n);
    double *grid = room(c, G);
    if (!sorted || !grid || !as_ok(c))
        return as_inert(c);
    double low = p->d_min > 0 ? p->d_min : at_rate(sorted, n, p->far_low);
    double high = p->d_max > 0 ? p->d_max : at_rate(sorted, n, p->far_high);
    if (low >= high)
        return as_fail(c, "thresholds from %g to %g: the first must be the lower one", low, high);
    for (int64_t g = 0; g < G; g++)
        grid[g] = g == G - 1 ? high : low + (high - low) * (double)g / (double)(G - 1);
    as_report_real(c, "d_min", low);
    as_report_real(c, "d_max", high);
    as_report_real(c, "far_spread", spread(c, p, &s, sorted, n));
    double worst = 0, all = judge(c, p, &s, count(c, &s, grid, G), G, room(c, s.classes * G), &worst);
    as_output(c, 1, number(c, worst));
    return number(c, all);
}

AS_PLUGIN(.kind = "scores", .name = "opis", .version = "1.0.0", .paper = "arXiv:2307.04047",
          .doc = "inconsistency of the classes' operating points over thresholds of distance",
          .params = params,
          .signature = "distance f64[M], first i64[M], second i64[M] -> opis f64, worst f64",
          .params_size = sizeof(opis), .score = score);
