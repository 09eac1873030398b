/* The cheapest assignment of rows to columns, R. Jonker & A. Volgenant 1987, "A Shortest Augmenting Path
 * Algorithm for Dense and Sparse Linear Assignment Problems": reductions that assign most rows at once, then
 * a shortest path for each row that is left. Prices v are such that reduced costs c - v of a row are least at
 * its column. */
#include "tensor/kernels/rows.h"

#define INFINITE_COST __builtin_inf()
#define WIDE 32 /* partial results side by side */

typedef struct {
    const real *cost;
    int64_t rows, columns;
    double *v, *distance;  /* of a column; distance: of the open ones, else infinite */
    double *price, *final; /* v, or -infinity once its distance is final; that distance */
    int64_t *row_of, *before, *closed, *free;
    int64_t *column_of;
    int64_t free_count;
} lap;

INLINE double least(double a, double b)
{
    return b < a ? b : a;
}

/* The first place where x is `value`, from the block on that holds it; n when there is none. */
static int64_t place_of(const double *x, int64_t n, double value, int64_t from)
{
    int64_t j = from;
    for (int found = 0; j + WIDE <= n; j += WIDE) {
        for (int l = 0; l < WIDE; l++)
            found |= x[j + l] == value;
        if (found)
            break;
    }
    while (j < n && x[j] != value)
        j++;
    return j;
}

/* Prices are the columns' smallest costs; each takes the row where it lies, unless that row has one. */
static void reduce_columns(lap *p)
{
    int64_t m = p->columns;
    for (int64_t j = 0; j < m; j++) {
        p->v[j] = (double)p->cost[j];
        p->before[j] = 0;
    }
    for (int64_t i = 1; i < p->rows; i++) {
        const real *c = p->cost + i * m;
        for (int64_t j = 0; j < m; j++) {
            bool better = (double)c[j] < p->v[j];
            p->v[j] = better ? (double)c[j] : p->v[j];
            p->before[j] = better ? i : p->before[j];
        }
    }
    for (int64_t j = m; j-- > 0;) {
        int64_t i = p->before[j];
        if (p->column_of[i] < 0) {
            p->column_of[i] = j;
            p->row_of[j] = i;
        }
    }
}

/* Reduced costs of row i into `distance`; the least and the second least. */
static void two_least(lap *p, int64_t i, double *first, double *second)
{
    const real *c = p->cost + i * p->columns;
    double one[WIDE], two[WIDE], *r = p->distance;
    int64_t j = 0;
    for (int l = 0; l < WIDE; l++)
        one[l] = two[l] = INFINITE_COST;
    for (; j + WIDE <= p->columns; j += WIDE)
        for (int l = 0; l < WIDE; l++) {
            double x = (double)c[j + l] - p->v[j + l], larger = x < one[l] ? one[l] : x;
            r[j + l] = x;
            two[l] = least(two[l], larger);
            one[l] = least(one[l], x);
        }
    for (int l = 0; j < p->columns; j++, l++) {
        double x = (double)c[j] - p->v[j], larger = x < one[l] ? one[l] : x;
        r[j] = x;
        two[l] = least(two[l], larger);
        one[l] = least(one[l], x);
    }
    for (int l = 1; l < WIDE; l++) {
        double larger = one[l] < one[0] ? one[0] : one[l];
        two[0] = least(least(two[0], two[l]), larger);
        one[0] = least(one[0], one[l]);
    }
    *first = one[0];
    *second = two[0];
}

/* Each free row takes its cheapest column, whose price falls by what the second would cost more; a row that
 * loses its column goes on at once if the price fell, else waits. */
static void reduce_rows(lap *p)
{
    int64_t count = p->free_count, at = 0, left = 0, budget = 4 * p->rows + 16;
    while (at < count) {
        int64_t i = p->free[at++];
        double first, second;
        two_least(p, i, &first, &second);
        int64_t j = place_of(p->distance, p->columns, first, 0), owner = p->row_of[j];
        double price = p->v[j] - (second - first);
        bool falls = price < p->v[j] && second < INFINITE_COST;
        if (falls) {
            p->v[j] = price;
        } else if (owner >= 0) {
            int64_t other = place_of(p->distance + j + 1, p->columns - j - 1, second, 0) + j + 1;
            j = other < p->columns ? other : j;
            owner = p->row_of[j];
        }
        p->column_of[i] = j;
        p->row_of[j] = i;
        if (owner < 0)
            continue;
        p->column_of[owner] = -1;
        if (falls && budget-- > 0)
            p->free[--at] = owner;
        else
            p->free[left++] = owner;
    }
    p->free_count = left;
}

/* distance[j] = min(distance[j], c[j] - price[j] - base), by way of row i; the least of them */
static double relax(lap *p, int64_t i, double base)
{
    const real *c = p->cost + i * p->columns;
    double *restrict d = p->distance, lane[WIDE];
    const double *restrict price = p->price;
    int64_t *restrict before = p->before;
    int64_t j = 0;
    for (int l = 0; l < WIDE; l++)
        lane[l] = INFINITE_COST;
    for (; j + WIDE <= p->columns; j += WIDE)
        for (int l = 0; l < WIDE; l++) {
            double r = (double)c[j + l] - price[j + l] - base, was = d[j + l];
            bool better = r < was;
            double now = better ? r : was;
            d[j + l] = now;
            before[j + l] = better ? i : before[j + l];
            lane[l] = least(lane[l], now);
        }
    for (; j < p->columns; j++) {
        double r = (double)c[j] - price[j] - base;
        if (r < d[j]) {
            d[j] = r;
            before[j] = i;
        }
        lane[0] = least(lane[0], d[j]);
    }
    for (int l = 1; l < WIDE; l++)
        lane[0] = least(lane[0], lane[l]);
    return lane[0];
}

/* The nearest open column, one without a row if there is such. */
static int64_t nearest(const lap *p, double distance)
{
    int64_t first = place_of(p->distance, p->columns, distance, 0);
    for (int64_t j = first; j < p->columns; j = place_of(p->distance, p->columns, distance, j + 1))
        if (p->row_of[j] < 0)
            return j;
    return first;
}

static void assign_by_path(lap *p, int64_t start)
{
    int64_t count = 0, j, i = start;
    double base = 0, distance = 0;
    for (j = 0; j < p->columns; j++) {
        p->price[j] = p->v[j];
        p->distance[j] = INFINITE_COST;
    }
    for (;;) {
        distance = relax(p, i, base);
        j = nearest(p, distance);
        if (p->row_of[j] < 0)
            break;
        i = p->row_of[j];
        p->closed[count++] = j;
        p->price[j] = -INFINITE_COST;
        p->distance[j] = INFINITE_COST;
        base = (double)p->cost[i * p->columns + j] - p->v[j] - distance;
        p->final[j] = distance;
    }
    for (int64_t k = 0; k < count; k++)
        p->v[p->closed[k]] += p->final[p->closed[k]] - distance;
    for (;;) {
        i = p->before[j];
        p->row_of[j] = i;
        int64_t next = p->column_of[i];
        p->column_of[i] = j;
        if (i == start)
            break;
        j = next;
    }
}

static void assignment(int64_t *column_of, const void *cost, int64_t rows, int64_t columns, double *work)
{
    int64_t *places = (int64_t *)(void *)(work + 4 * columns);
    lap p = {.cost = cost,
             .rows = rows,
             .columns = columns,
             .v = work,
             .distance = work + columns,
             .price = work + 2 * columns,
             .final = work + 3 * columns,
             .row_of = places,
             .before = places + columns,
             .closed = places + 2 * columns,
             .free = places + 3 * columns,
             .column_of = column_of};
    for (int64_t j = 0; j < columns; j++) {
        p.row_of[j] = -1;
        p.v[j] = 0;
    }
    for (int64_t i = 0; i < rows; i++)
        column_of[i] = -1;
    if (rows == columns && rows > 0)
        reduce_columns(&p); /* prices of columns that stay free must be 0, so only where none does */
    for (int64_t i = 0; i < rows; i++)
        if (column_of[i] < 0)
            p.free[p.free_count++] = i;
    for (int round = 0; round < 2 && columns > 1; round++)
        reduce_rows(&p);
    for (int64_t k = 0; k < p.free_count; k++)
        assign_by_path(&p, p.free[k]);
}

void KERNEL(fill_assignment)(kernels *k)
{
    k->assignment = assignment;
}
