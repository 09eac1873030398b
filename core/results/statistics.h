/* The statistics of tables and claims, in C and as SQL aggregates. */
#ifndef ASSAY_RESULTS_STATISTICS_H
#define ASSAY_RESULTS_STATISTICS_H

#ifdef ASSAY_SQL_EXTENSION /* inside the sqlite3 shell: its SQLite, through a table of functions */
#include <sqlite3ext.h>
extern const sqlite3_api_routines *sqlite3_api;
#else
#include <sqlite3.h>
#endif
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All are NaN when there are too few values: none for mean and quantile, one for the others. The caller
 * leaves NaN out. Those marked [sorts] put `x` into ascending order; those marked [allocates] are NaN when
 * memory runs out. */

double statistics_mean(const double *x, size_t n);
double statistics_stddev(const double *x, size_t n); /* divided by n - 1 */

/* The q-quantile, q in [0, 1], linear between the neighbours of position (n - 1) q (Hyndman & Fan 1996, type
 * 7). [sorts] */
double statistics_quantile(double *x, size_t n, double q);

/* The 97.5 % point of Student's t with `df` >= 1 degrees of freedom. */
double statistics_t975(size_t df);

/* The 95 % interval of the mean by Student's t. */
void statistics_ci95(const double *x, size_t n, double *low, double *high);

/* Spearman's rank correlation; equal values share their mean rank. NaN if x or y is constant. [allocates] */
double statistics_spearman(const double *x, const double *y, size_t n);

/* Kendall's tau-b. NaN if x or y is constant. Compares all pairs: 16 000 values take about a second. */
double statistics_kendall(const double *x, const double *y, size_t n);

/* ---- exact tests that the values lie about 0, two-sided, and the 95 % intervals that belong to them ----
 * With n values no p is below 2^(1-n), so fewer than six have no 95 % interval: NaN. Zeros are left out of
 * the tests; NaN if nothing is left. */

/* The sign test, and the interval of the median between two of the values. [sorts] */
double statistics_sign_p(const double *x, size_t n);
void statistics_sign_ci95(double *x, size_t n, double *low, double *high);

/* Wilcoxon's signed-rank test, equal sizes sharing their mean rank (its distribution is counted for the ranks
 * as they are), and the interval of the centre of a symmetric distribution between two of the means of pairs
 * (Walsh averages). [allocates] */
double statistics_wilcoxon_p(const double *x, size_t n);
void statistics_wilcoxon_ci95(const double *x, size_t n, double *low, double *high);

/* ---- the bootstrap ---- */

enum { STATISTICS_DRAWS = 10000 };

/* The n places of resample number `draw`, with repetition: index[i] < n. The same for ever. */
void statistics_resample(uint64_t draw, size_t n, size_t *index);

/* The mean, or the median, of each resample of x. false when memory runs out, or n is 0. */
bool statistics_bootstrap(const double *x, size_t n, bool median, double drawn[STATISTICS_DRAWS]);

/* Makes median, quantile, stddev, ci95_low, ci95_high, spearman and kendall known to `db`. NULL (and so NaN)
 * is left out, a pair with it when either is NULL; NaN comes back as NULL. -> SQLITE_OK or SQLite's code. */
int statistics_register(sqlite3 *db);

#endif
