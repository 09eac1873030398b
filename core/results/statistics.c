#include "results/statistics.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

double statistics_mean(const double *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    return n ? sum / (double)n : NAN;
}

double statistics_stddev(const double *x, size_t n)
{
    double mean = statistics_mean(x, n), sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (x[i] - mean) * (x[i] - mean);
    return n > 1 ? sqrt(sum / (double)(n - 1)) : NAN;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double statistics_quantile(double *x, size_t n, double q)
{
    if (n == 0 || !(q >= 0 && q <= 1))
        return NAN;
    qsort(x, n, sizeof *x, ascending);
    double at = q * (double)(n - 1);
    size_t low = (size_t)at;
    double part = at - (double)low;
    return part > 0 ? x[low] + part * (x[low + 1] - x[low]) : x[low];
}

/* P(|T| <= t) for df degrees of freedom, with t = sqrt(df) tan(angle): the finite sums that Student's
 * density, whole powers of the cosine, integrates to. Each term is the one before times (k - 1) / k cos^2. */
static double t_inside(double angle, size_t df)
{
    double c = cos(angle), sum = 0, term = df % 2 ? c : 1;
    for (size_t k = df % 2 ? 3 : 2; k <= df; k += 2) {
        sum += term;
        term *= (double)(k - 1) / (double)k * c * c;
    }
    return df % 2 ? 2 / acos(-1) * (angle + sin(angle) * sum) : sin(angle) * sum;
}

double statistics_t975(size_t df)
{
    if (df == 0)
        return NAN;
    if (df > 1000) { /* the series in 1/df (Cornish and Fisher); what is left out is below 1e-10 */
        double z = 1.959963984540054, z2 = z * z, v = (double)df;
        return z + z * (z2 + 1) / (4 * v) + z * ((5 * z2 + 16) * z2 + 3) / (96 * v * v) +
               z * (((3 * z2 + 19) * z2 + 17) * z2 - 15) / (384 * v * v * v);
    }
    double low = 0, high = acos(0);
    for (int i = 0; i < 60; i++) {
        double middle = 0.5 * (low + high);
        *(t_inside(middle, df) < 0.95 ? &low : &high) = middle;
    }
    return sqrt((double)df) * tan(0.5 * (low + high));
}

void statistics_ci95(const double *x, size_t n, double *low, double *high)
{
    double mean = statistics_mean(x, n);
    double half = n > 1 ? statistics_t975(n - 1) * statistics_stddev(x, n) / sqrt((double)n) : NAN;
    *low = mean - half;
    *high = mean + half;
}

typedef struct {
    double value;
    size_t place;
} placed;

static int placed_ascending(const void *a, const void *b)
{
    return ascending(&((const placed *)a)->value, &((const placed *)b)->value);
}

/* rank[i] of x[i], from 1; equal values share the mean of their ranks. */
static void ranks(const double *x, size_t n, placed *room, double *rank)
{
    for (size_t i = 0; i < n; i++)
        room[i] = (placed){x[i], i};
    qsort(room, n, sizeof *room, placed_ascending);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && room[end].value == room[i].value; end++)
            ;
        for (size_t k = i; k < end; k++)
            rank[room[k].place] = 0.5 * (double)(i + 1 + end);
    }
}

static double correlation(const double *x, const double *y, size_t n)
{
    double mx = statistics_mean(x, n), my = statistics_mean(y, n), xx = 0, yy = 0, xy = 0;
    for (size_t i = 0; i < n; i++) {
        xx += (x[i] - mx) * (x[i] - mx);
        yy += (y[i] - my) * (y[i] - my);
        xy += (x[i] - mx) * (y[i] - my);
    }
    return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : NAN;
}

double statistics_spearman(const double *x, const double *y, size_t n)
{
    if (n < 2)
        return NAN;
    placed *room = malloc(n * sizeof *room);
    double *rank = malloc(2 * n * sizeof *rank), rho = NAN;
    if (room && rank) {
        ranks(x, n, room, rank);
        ranks(y, n, room, rank + n);
        rho = correlation(rank, rank + n, n);
    }
    free(room);
    free(rank);
    return rho;
}

double statistics_kendall(const double *x, const double *y, size_t n)
{
    int64_t same_way = 0, other_way = 0, only_x = 0, only_y = 0; /* only_x: pairs that differ in x alone */
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < i; k++) {
            int a = (x[i] > x[k]) - (x[i] < x[k]), b = (y[i] > y[k]) - (y[i] < y[k]);
            same_way += a * b > 0;
            other_way += a * b < 0;
            only_x += a && !b;
            only_y += b && !a;
        }
    }
    double both = (double)(same_way + other_way), x_differs = both + (double)only_x,
           y_differs = both + (double)only_y;
    return x_differs > 0 && y_differs > 0 ? (double)(same_way - other_way) / sqrt(x_differs * y_differs)
                                          : NAN;
}

/* ---- the aggregates: they gather their values, and the end computes ---- */

typedef enum { MEDIAN, QUANTILE, STDDEV, CI95_LOW, CI95_HIGH, SPEARMAN, KENDALL } aggregate;

typedef struct {
    double *x, *y; /* y for the correlations */
    size_t n, room;
    double q;
    bool no_memory, bad_quantile;
} gathered;

static aggregate which(sqlite3_context *c)
{
    return *(const aggregate *)sqlite3_user_data(c);
}

static bool grow(gathered *g)
{
    if (g->n < g->room)
        return true;
    size_t room = g->room ? 2 * g->room : 64;
    double *x = realloc(g->x, room * sizeof *x);
    g->x = x ? x : g->x;
    double *y = realloc(g->y, room * sizeof *y);
    g->y = y ? y : g->y;
    if (x && y)
        g->room = room;
    return x && y;
}

static void step(sqlite3_context *c, int count, sqlite3_value **value)
{
    gathered *g = sqlite3_aggregate_context(c, sizeof *g);
    if (!g || g->no_memory || sqlite3_value_type(value[0]) == SQLITE_NULL)
        return;
    bool pairs = which(c) == SPEARMAN || which(c) == KENDALL;
    if (pairs && sqlite3_value_type(value[1]) == SQLITE_NULL)
        return;
    if (!grow(g)) {
        g->no_memory = true;
        return;
    }
    g->x[g->n] = sqlite3_value_double(value[0]);
    g->y[g->n++] = pairs ? sqlite3_value_double(value[1]) : 0;
    if (!pairs && count > 1) {
        g->q = sqlite3_value_double(value[1]);
        g->bad_quantile |= sqlite3_value_type(value[1]) == SQLITE_NULL || !(g->q >= 0 && g->q <= 1);
    }
}

static double compute(aggregate what, gathered *g)
{
    double low, high;
    switch (what) {
    case MEDIAN:
        return statistics_quantile(g->x, g->n, 0.5);
    case QUANTILE:
        return statistics_quantile(g->x, g->n, g->q);
    case STDDEV:
        return statistics_stddev(g->x, g->n);
    case SPEARMAN:
        return statistics_spearman(g->x, g->y, g->n);
    case KENDALL:
        return statistics_kendall(g->x, g->y, g->n);
    case CI95_LOW:
    case CI95_HIGH:
        break;
    }
    statistics_ci95(g->x, g->n, &low, &high);
    return what == CI95_LOW ? low : high;
}

static void finish(sqlite3_context *c)
{
    gathered *g = sqlite3_aggregate_context(c, 0);
    if (!g) /* no row at all */
        return;
    if (g->no_memory)
        sqlite3_result_error_nomem(c);
    else if (g->bad_quantile)
        sqlite3_result_error(c, "quantile(x, q): q must be from 0 to 1", -1);
    else
        sqlite3_result_double(c, compute(which(c), g)); /* NaN becomes NULL */
    free(g->x);
    free(g->y);
}

int statistics_register(sqlite3 *db)
{
    static const struct {
        const char *name;
        int arguments;
        aggregate what;
    } functions[] = {
        {"median", 1, MEDIAN},     {"quantile", 2, QUANTILE},   {"stddev", 1, STDDEV},
        {"ci95_low", 1, CI95_LOW}, {"ci95_high", 1, CI95_HIGH}, {"spearman", 2, SPEARMAN},
        {"kendall", 2, KENDALL},
    };
    int code = SQLITE_OK;
    for (size_t i = 0; i < sizeof functions / sizeof *functions && code == SQLITE_OK; i++)
        code = sqlite3_create_function_v2(db, functions[i].name, functions[i].arguments,
                                          SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS,
                                          (void *)&functions[i].what, NULL, step, finish, NULL);
    return code;
}
