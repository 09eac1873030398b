#include "autograd/clip.h"

#include "tensor/alloc.h"
#include "tensor/pool.h"

#include <math.h>

#define PIECE 16384 /* items a thread takes at once */
#define LANES 16    /* partial sums, so that the loop vectorises without reordering by the compiler */

/* A list of tensors cut into pieces: tensor i has pieces first[i] .. first[i + 1] - 1. */
typedef struct {
    const as_t *g;
    int n;
    int64_t *first;
    double *sums; /* a piece's sum of squares */
    double factor, limit;
} cut;

typedef struct {
    as_t x;
    int64_t at, n;
} part;

static part part_of(const cut *k, int64_t piece)
{
    int low = 0, high = k->n;
    while (high - low > 1) {
        int middle = (low + high) / 2;
        if (k->first[middle] <= piece)
            low = middle;
        else
            high = middle;
    }
    int64_t at = (piece - k->first[low]) * PIECE, left = k->g[low]->count - at;
    return (part){k->g[low], at, left < PIECE ? left : PIECE};
}

static void square_piece(void *arg, int64_t piece)
{
    const cut *k = arg;
    part p = part_of(k, piece);
    const float *f = p.x->dtype == AS_F32 ? (const float *)p.x->data + p.at : NULL;
    const double *d = f ? NULL : (const double *)p.x->data + p.at;
    double lane[LANES] = {0}, sum = 0;
    int64_t i = 0;
    for (; f && i + LANES <= p.n; i += LANES)
        for (int l = 0; l < LANES; l++)
            lane[l] += (double)f[i + l] * (double)f[i + l];
    for (; i < p.n; i++)
        sum += f ? (double)f[i] * (double)f[i] : d[i] * d[i];
    for (int l = 0; l < LANES; l++)
        sum += lane[l];
    k->sums[piece] = sum;
}

static void scale_piece(void *arg, int64_t piece)
{
    const cut *k = arg;
    part p = part_of(k, piece);
    float *f = (float *)p.x->data + p.at;
    double *d = (double *)p.x->data + p.at;
    for (int64_t i = 0; i < p.n; i++)
        if (p.x->dtype == AS_F32)
            f[i] *= (float)k->factor;
        else
            d[i] *= k->factor;
}

static void limit_piece(void *arg, int64_t piece)
{
    const cut *k = arg;
    part p = part_of(k, piece);
    float *f = (float *)p.x->data + p.at, limit = (float)k->limit;
    double *d = (double *)p.x->data + p.at;
    for (int64_t i = 0; i < p.n; i++)
        if (p.x->dtype == AS_F32)
            f[i] = f[i] > limit ? limit : f[i] < -limit ? -limit : f[i];
        else
            d[i] = d[i] > k->limit ? k->limit : d[i] < -k->limit ? -k->limit : d[i];
}

static void touch_all(const as_t *g, int n)
{
    for (int i = 0; i < n; i++)
        if (g[i])
            tensor_touch(g[i]);
}

/* Numbers the pieces; -1 and a failure when there is no memory. Free with uncut. */
static int64_t cut_list(as_ctx *c, const as_t *g, int n, cut *k)
{
    *k = (cut){.g = g, .n = n, .first = alloc_get((size_t)(n + 1) * sizeof(int64_t))};
    if (!k->first)
        return context_fail(c, "out of memory: clip of %d tensors", n), -1;
    int64_t pieces = 0;
    for (int i = 0; i < n; i++) {
        k->first[i] = pieces;
        pieces += g[i] ? (g[i]->count + PIECE - 1) / PIECE : 0;
    }
    k->first[n] = pieces;
    return pieces;
}

static void uncut(cut *k)
{
    alloc_put(k->first, (size_t)(k->n + 1) * sizeof(int64_t));
}

double clip_norm(as_ctx *c, const as_t *g, int n, double limit)
{
    cut k;
    int64_t pieces = cut_list(c, g, n, &k);
    if (pieces < 0)
        return NAN;
    double norm = NAN;
    k.sums = alloc_get((size_t)pieces * sizeof(double));
    if (k.sums) {
        pool_run(pieces, square_piece, &k);
        norm = 0;
        for (int64_t i = 0; i < pieces; i++)
            norm += k.sums[i];
        norm = sqrt(norm);
    } else {
        context_fail(c, "out of memory: clip of %d tensors", n);
    }
    alloc_put(k.sums, (size_t)pieces * sizeof(double));
    if (norm > limit) {
        k.factor = limit / norm;
        pool_run(pieces, scale_piece, &k);
        touch_all(g, n);
    }
    uncut(&k);
    return norm;
}

bool clip_each(as_ctx *c, const as_t *g, int n, double limit)
{
    cut k;
    int64_t pieces = cut_list(c, g, n, &k);
    if (pieces < 0)
        return false;
    k.limit = limit;
    pool_run(pieces, limit_piece, &k);
    touch_all(g, n);
    uncut(&k);
    return true;
}
