/* The percentile bootstrap. Draws are a function of (draw, place): the same bits every time and everywhere.
 */
#include "results/statistics.h"

#include <math.h>
#include <stdlib.h>

/* SplitMix64's output function (Steele, Lea & Flood 2014): a bijection that mixes all 64 bits. */
static uint64_t mixed(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

void statistics_resample(uint64_t draw, size_t n, size_t *index)
{
    uint64_t key = mixed(draw * 0x9e3779b97f4a7c15u + 0x9e3779b97f4a7c15u);
    for (size_t i = 0; i < n; i++) {
        uint64_t word = mixed(key + (i + 1) * 0x9e3779b97f4a7c15u) >> 32;
        index[i] = (size_t)((word * n) >> 32); /* uneven by n / 2^32 */
    }
}

bool statistics_bootstrap(const double *x, size_t n, bool median, double drawn[STATISTICS_DRAWS])
{
    size_t *index = malloc((n + 1) * sizeof *index);
    double *sample = malloc((n + 1) * sizeof *sample);
    bool ok = index && sample && n > 0;
    for (size_t draw = 0; ok && draw < STATISTICS_DRAWS; draw++) {
        statistics_resample(draw, n, index);
        for (size_t i = 0; i < n; i++)
            sample[i] = x[index[i]];
        drawn[draw] = median ? statistics_quantile(sample, n, 0.5) : statistics_mean(sample, n);
    }
    free(index);
    free(sample);
    return ok;
}
