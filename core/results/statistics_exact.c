/* Two exact tests of "the values lie about zero", and the intervals that belong to them. Both count, over all
 * 2^n ways to give n values their signs, those at least as extreme as what was seen. */
#include "results/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* P(X <= k) of a binomial with n tosses of a fair coin. */
static double coin_at_most(size_t k, size_t n)
{
    double sum = 0, term = ldexp(1, -(int)n); /* C(n, i) / 2^n */
    for (size_t i = 0; i <= k && i <= n; i++) {
        sum += term;
        term *= (double)(n - i) / (double)(i + 1);
    }
    return sum;
}

double statistics_sign_p(const double *x, size_t n)
{
    size_t up = 0, down = 0;
    for (size_t i = 0; i < n; i++) {
        up += x[i] > 0;
        down += x[i] < 0;
    }
    return up + down ? fmin(1, 2 * coin_at_most(up < down ? up : down, up + down)) : NAN;
}

void statistics_sign_ci95(double *x, size_t n, double *low, double *high)
{
    *low = *high = NAN;
    if (n == 0 || coin_at_most(0, n) > 0.025)
        return;
    size_t k = 0; /* so many values may be left out at either end */
    while (coin_at_most(k + 1, n) <= 0.025)
        k++;
    qsort(x, n, sizeof *x, ascending);
    *low = x[k];
    *high = x[n - 1 - k];
}

/* at_most[w] = P(W <= w) for the sum W of those of `rank` (whole numbers) whose coin shows heads; `sum` is
 * the largest. Owned; NULL when memory runs out. */
static double *rank_sums(const size_t *rank, size_t n, size_t sum)
{
    double *p = calloc(sum + 1, sizeof *p);
    if (!p)
        return NULL;
    p[0] = 1;
    for (size_t i = 0, reached = 0; i < n; i++) {
        reached += rank[i];
        for (size_t w = reached + 1; w-- > 0;)
            p[w] = 0.5 * (p[w] + (w >= rank[i] ? p[w - rank[i]] : 0));
    }
    for (size_t w = 1; w <= sum; w++)
        p[w] += p[w - 1];
    return p;
}

typedef struct {
    double size; /* |value| */
    bool up;
} signed_size;

static int by_size(const void *a, const void *b)
{
    return ascending(&((const signed_size *)a)->size, &((const signed_size *)b)->size);
}

/* Twice the ranks of the sizes, from 2; equal ones share the mean of theirs, which so stays whole. */
static void double_ranks(const signed_size *v, size_t n, size_t *rank)
{
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && v[end].size == v[i].size; end++)
            ;
        for (size_t k = i; k < end; k++)
            rank[k] = i + 1 + end;
    }
}

double statistics_wilcoxon_p(const double *x, size_t n)
{
    signed_size *v = malloc((n + 1) * sizeof *v);
    size_t *rank = malloc((n + 1) * sizeof *rank), kept = 0, up = 0, sum = 0;
    double p = NAN;
    for (size_t i = 0; v && rank && i < n; i++)
        if (x[i] != 0)
            v[kept++] = (signed_size){fabs(x[i]), x[i] > 0};
    if (kept > 0) {
        qsort(v, kept, sizeof *v, by_size);
        double_ranks(v, kept, rank);
        for (size_t i = 0; i < kept; i++) {
            sum += rank[i];
            up += v[i].up ? rank[i] : 0;
        }
        double *at_most = rank_sums(rank, kept, sum);
        if (at_most) /* the distribution is symmetric */
            p = fmin(1, 2 * at_most[up < sum - up ? up : sum - up]);
        free(at_most);
    }
    free(v);
    free(rank);
    return p;
}

/* How many of the smallest sums of ranks 1 .. n have together at most 2.5 %; 0: not even the first. */
static size_t rare_sums(size_t n)
{
    size_t *rank = malloc((n + 1) * sizeof *rank), rare = 0;
    for (size_t i = 0; rank && i < n; i++)
        rank[i] = i + 1;
    double *at_most = rank ? rank_sums(rank, n, n * (n + 1) / 2) : NULL;
    while (at_most && at_most[rare] <= 0.025)
        rare++;
    free(rank);
    free(at_most);
    return rare;
}

void statistics_wilcoxon_ci95(const double *x, size_t n, double *low, double *high)
{
    *low = *high = NAN;
    size_t rare = rare_sums(n), pairs = n * (n + 1) / 2, at = 0;
    double *walsh = rare ? malloc(pairs * sizeof *walsh) : NULL; /* means of every two values */
    if (!walsh)
        return;
    for (size_t i = 0; i < n; i++)
        for (size_t k = i; k < n; k++)
            walsh[at++] = 0.5 * (x[i] + x[k]);
    qsort(walsh, pairs, sizeof *walsh, ascending);
    *low = walsh[rare - 1];
    *high = walsh[pairs - rare];
    free(walsh);
}
