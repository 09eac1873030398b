#include "tensor/gemm.h"

#include "tensor/cpu.h"
#include "tensor/kernels.h"
#include "tensor/pool.h"

#include <cblas.h>
#include <pthread.h>
#include <string.h>

/* How the products of one call are cut: C into blocks of rows x cols, a piece of pool work each; or, where
 * one matrix is less than a piece, `together` matrices to a piece. A piece is one call of BLAS, or, if
 * `strip` is not 0, one for each strip of so many rows and `depth` terms, the panel of B laid out afresh. */
typedef struct {
    bool ta, tb;
    int64_t m, n, k, lda, ldb, ldc;
    int64_t count, stride_a, stride_b, stride_c;
    int64_t rows, cols;           /* of a block */
    int64_t grid_rows, grid_cols; /* blocks of a matrix */
    int64_t together;
    int64_t strip, depth;
    bool gram;        /* B is A transposed: in panels, what is above C's diagonal is copied from below */
    const void *bias; /* the row that every row of C starts from, in place of beta C; NULL: none */
} cut;

typedef struct {
    cut cut;
    float alpha, beta;
    const float *a, *b;
    float *c;
} product_f32;

typedef struct {
    cut cut;
    double alpha, beta;
    const double *a, *b;
    double *c;
} product_f64;

/* Below this many multiply-adds a second thread gains nothing: 2 us where no operand is packed, 10 us where
 * each piece packs one. */
#define WORTH_CUTTING (1 << 17)
#define WORTH_PACKING (1 << 19)

/* OpenBLAS's AVX-512 kernels multiply small single-precision matrices without packing them first, 10 to 40 %
 * faster than their way for large ones, up to this many multiply-adds ... */
#define UNPACKED_MOST 1000000
/* ... and, with B transposed (dot products), up to this many elements of C. */
#define UNPACKED_TRANSPOSED_C 1200

/* A panel of B: columns and terms. Two vectors of 16 less than 512 terms leave a strip of 32 rows. */
#define PANEL_COLS 64
#define PANEL_DEPTH 480
/* Rows of C below which laying out a panel costs more than it gains, and rows of a piece. */
#define PANEL_LEAST_ROWS 64
#define PANEL_ROWS 512

static pthread_once_t prepared = PTHREAD_ONCE_INIT;
static bool has_unpacked;

static void prepare(void)
{
    openblas_set_num_threads(1); /* the pool is the only source of threads */
    has_unpacked = cpu_blas_isa() == CPU_AVX512;
}

static int64_t ceil_div(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Extent in about equal parts of at most `most`, in whole vectors of 16. */
static int64_t even_part(int64_t extent, int64_t most)
{
    int64_t part = ceil_div(extent, ceil_div(extent, most));
    return smaller(extent, ceil_div(part, 16) * 16);
}

/* Blocks small enough for the unpacked kernel, where that is faster than a packed product of the whole. The
 * limits were measured on Zen 4 and OpenBLAS 0.3.21 over some fifty shapes. */
static bool cut_unpacked(cut *c)
{
    int64_t rows, cols;
    if (c->ta && c->tb)
        return false;
    if (c->tb) {
        if (c->n <= 16 ? c->k < 32 : c->k < 192)
            return false;
        cols = even_part(c->n, 32);
        rows = smaller(UNPACKED_TRANSPOSED_C / cols, 64) / 16 * 16;
    } else {
        cols = even_part(c->n, 64);
        rows = 64 * c->k < 4096 ? 4096 / c->k : 64;
    }
    rows = smaller(rows, UNPACKED_MOST / (cols * c->k)) / 16 * 16;
    if (!rows)
        return false;
    c->cols = cols;
    c->rows = even_part(c->m, rows);
    return true;
}

/* Panels of B as the unpacked kernel likes them: its rows side by side, not transposed. */
static bool cut_panels(cut *c)
{
    bool pays = c->gram || (c->tb ? c->k < 192 || c->m >= 256 : c->k > 2 * PANEL_DEPTH || c->ldb >= 1024);
    if (!pays || c->m < PANEL_LEAST_ROWS || c->n <= 16)
        return false;
    /* a gram matrix in whole squares on the diagonal; of few columns two pieces at least */
    int64_t rows = c->n <= PANEL_COLS ? smaller(PANEL_ROWS, ceil_div(c->m, 2)) : PANEL_ROWS;
    c->cols = c->gram ? PANEL_COLS : even_part(c->n, PANEL_COLS);
    c->rows = c->gram ? PANEL_ROWS : even_part(c->m, rows);
    c->depth = even_part(c->k, PANEL_DEPTH);
    c->strip = smaller(UNPACKED_MOST / (c->cols * c->depth), 64) / 16 * 16;
    return true;
}

/* Two blocks, or up to 16 of at least 512 and 32 M multiply-adds, across the longer side: packing the other
 * operand once a block then costs 0 to 4 % of one thread's time. */
static void cut_in_parts(cut *c, double work)
{
    int64_t longer = c->m >= c->n ? c->m : c->n;
    int64_t parts = smaller(16, smaller(longer / 512, (int64_t)(work / (1 << 25))));
    int64_t part = even_part(longer, ceil_div(longer, parts < 2 ? 2 : parts));
    c->rows = c->m >= c->n ? part : c->m;
    c->cols = c->m >= c->n ? c->n : part;
}

static int64_t count_pieces(cut *c, bool f32)
{
    pthread_once(&prepared, prepare);
    double work = (double)c->m * (double)c->n * (double)c->k;
    c->rows = c->m;
    c->cols = c->n;
    c->together = 1;
    bool unpacked = f32 && has_unpacked;
    if (work < WORTH_CUTTING)
        c->together = (int64_t)(WORTH_CUTTING / (work + 1)) + 1;
    else if (unpacked && !c->tb && work <= UNPACKED_MOST)
        cut_in_parts(c, work);
    else if (!(unpacked && (cut_panels(c) || cut_unpacked(c))) && work >= WORTH_PACKING)
        cut_in_parts(c, work);
    c->grid_rows = ceil_div(c->m, c->rows);
    c->grid_cols = ceil_div(c->n, c->cols);
    return ceil_div(c->count, c->together) * c->grid_rows * c->grid_cols;
}

/* One block of C, as offsets in elements and its extent. */
typedef struct {
    int64_t a, b, c, row, col;
    int m, n;
} block;

/* Columns outside, so that a panel of B stays in the cache while the rows of A go by. */
static block find_block(const cut *c, int64_t matrix, int64_t inside)
{
    int64_t row = inside % c->grid_rows * c->rows, col = inside / c->grid_rows * c->cols;
    return (block){
        .a = matrix * c->stride_a + (c->ta ? row : row * c->lda),
        .b = matrix * c->stride_b + (c->tb ? col * c->ldb : col),
        .c = matrix * c->stride_c + row * c->ldc + col,
        .row = row,
        .col = col,
        .m = (int)smaller(c->rows, c->m - row),
        .n = (int)smaller(c->cols, c->n - col),
    };
}

/* Puts the bias into `rows` rows of a block of C. */
static void start_from_bias(const cut *c, char *to, int64_t col, int64_t rows, int64_t cols, size_t item)
{
    for (int64_t i = 0; i < rows; i++)
        memcpy(to + (size_t)(i * c->ldc) * item, (const char *)c->bias + (size_t)col * item,
               (size_t)cols * item);
}

static void call_f32(const product_f32 *p, bool tb, int64_t m, int64_t n, int64_t k, const float *a,
                     const float *b, int64_t ldb, float beta, float *c)
{
    cblas_sgemm(CblasRowMajor, p->cut.ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans, (int)m,
                (int)n, (int)k, p->alpha, a, (int)p->cut.lda, b, (int)ldb, beta, c, (int)p->cut.ldc);
}

/* k rows of op(B), of `cols` columns each, close together */
static void lay_out(float *panel, const cut *c, const float *b, int64_t k, int64_t cols)
{
    if (c->tb)
        kernels_for(AS_F32)->transpose(panel, cols, b, c->ldb, cols, k);
    for (int64_t i = 0; !c->tb && i < k; i++)
        memcpy(panel + i * cols, b + i * c->ldb, (size_t)cols * sizeof *b);
}

/* Rows first to last of the block, terms term to term + depth, in strips. */
static void strips_f32(const product_f32 *p, const block *at, const float *panel, int64_t term, int64_t depth,
                       int64_t first, int64_t last)
{
    const cut *c = &p->cut;
    const float *a = p->a + at->a + (c->ta ? term * c->lda : term);
    float beta = term || c->bias ? 1 : p->beta;
    for (int64_t row = first; row < last; row += c->strip) {
        int64_t rows = smaller(c->strip, last - row);
        float *to = p->c + at->c + row * c->ldc;
        if (c->bias && !term)
            start_from_bias(c, (char *)to, at->col, rows, at->n, sizeof *to);
        call_f32(p, false, rows, at->n, depth, a + (c->ta ? row : row * c->lda), panel, at->n, beta, to);
        if (c->gram && at->row + row >= at->col + at->n && term + depth == c->k)
            kernels_for(AS_F32)->transpose(to + at->row + row - at->col + (at->col - at->row - row) * c->ldc,
                                           c->ldc, to, c->ldc, rows, at->n);
    }
}

/* The upper half of the square on the diagonal from its lower half, so that C has the same bits both ways. */
static void mirror_square(const product_f32 *p, const block *at, int64_t first, int64_t last)
{
    int64_t ldc = p->cut.ldc;
    float *square = p->c + at->c + first * ldc;
    for (int64_t i = 0; i < last - first; i++)
        for (int64_t j = 0; j < i; j++)
            square[j * ldc + i] = square[i * ldc + j];
}

static void panel_f32(const product_f32 *p, const block *at)
{
    const cut *c = &p->cut;
    _Alignas(64) float panel[PANEL_COLS * PANEL_DEPTH];
    /* of a gram matrix the rows from the diagonal on: the square that lies on it, then those below */
    int64_t first = c->gram ? larger(0, at->col - at->row) : 0;
    int64_t below = c->gram ? smaller(at->m, larger(first, at->col + at->n - at->row)) : first;
    if (first >= at->m)
        return;
    for (int64_t term = 0, depth; term < c->k; term += depth) {
        depth = smaller(c->depth, c->k - term);
        lay_out(panel, c, p->b + at->b + (c->tb ? term : term * c->ldb), depth, at->n);
        strips_f32(p, at, panel, term, depth, first, below);
        strips_f32(p, at, panel, term, depth, below, at->m);
    }
    mirror_square(p, at, first, below);
}

static void piece_f32(void *arg, int64_t piece)
{
    const product_f32 *p = arg;
    const cut *c = &p->cut;
    int64_t blocks = c->grid_rows * c->grid_cols, first = piece / blocks * c->together;
    for (int64_t i = first; i < smaller(first + c->together, c->count); i++) {
        block at = find_block(c, i, piece % blocks);
        if (c->strip) {
            panel_f32(p, &at);
            continue;
        }
        float *to = p->c + at.c;
        if (c->bias)
            start_from_bias(c, (char *)to, at.col, at.m, at.n, sizeof *to);
        call_f32(p, c->tb, at.m, at.n, c->k, p->a + at.a, p->b + at.b, c->ldb, c->bias ? 1 : p->beta, to);
    }
}

static void piece_f64(void *arg, int64_t piece)
{
    const product_f64 *p = arg;
    const cut *c = &p->cut;
    int64_t blocks = c->grid_rows * c->grid_cols, first = piece / blocks * c->together;
    for (int64_t i = first; i < smaller(first + c->together, c->count); i++) {
        block at = find_block(c, i, piece % blocks);
        double *to = p->c + at.c;
        if (c->bias)
            start_from_bias(c, (char *)to, at.col, at.m, at.n, sizeof *to);
        cblas_dgemm(CblasRowMajor, c->ta ? CblasTrans : CblasNoTrans, c->tb ? CblasTrans : CblasNoTrans, at.m,
                    at.n, (int)c->k, p->alpha, p->a + at.a, (int)c->lda, p->b + at.b, (int)c->ldb,
                    c->bias ? 1 : p->beta, to, (int)c->ldc);
    }
}

/* C = beta * C, or the bias: what a product over no terms leaves. */
static void scale_f32(const product_f32 *p)
{
    for (int64_t i = 0; i < p->cut.count; i++)
        for (int64_t row = 0; row < p->cut.m; row++) {
            float *c = p->c + i * p->cut.stride_c + row * p->cut.ldc;
            const float *bias = p->cut.bias;
            for (int64_t col = 0; col < p->cut.n; col++)
                c[col] = bias ? bias[col] : p->beta == 0 ? 0 : p->beta * c[col];
        }
}

static void scale_f64(const product_f64 *p)
{
    for (int64_t i = 0; i < p->cut.count; i++)
        for (int64_t row = 0; row < p->cut.m; row++) {
            double *c = p->c + i * p->cut.stride_c + row * p->cut.ldc;
            const double *bias = p->cut.bias;
            for (int64_t col = 0; col < p->cut.n; col++)
                c[col] = bias ? bias[col] : p->beta == 0 ? 0 : p->beta * c[col];
        }
}

static void run_f32(product_f32 *p)
{
    if (p->cut.count <= 0 || p->cut.m <= 0 || p->cut.n <= 0)
        return;
    if (p->cut.k <= 0 || p->alpha == 0)
        scale_f32(p);
    else
        pool_run(count_pieces(&p->cut, true), piece_f32, p);
}

static void run_f64(product_f64 *p)
{
    if (p->cut.count <= 0 || p->cut.m <= 0 || p->cut.n <= 0)
        return;
    if (p->cut.k <= 0 || p->alpha == 0)
        scale_f64(p);
    else
        pool_run(count_pieces(&p->cut, false), piece_f64, p);
}

static cut whole(int64_t count, bool ta, bool tb, int64_t m, int64_t n, int64_t k, int64_t lda, int64_t ldb,
                 int64_t ldc)
{
    return (cut){
        .ta = ta, .tb = tb, .m = m, .n = n, .k = k, .lda = lda, .ldb = ldb, .ldc = ldc, .count = count};
}

void gemm_batch_f32(int64_t count, bool ta, bool tb, int64_t m, int64_t n, int64_t k, float alpha,
                    const float *a, int64_t lda, int64_t stride_a, const float *b, int64_t ldb,
                    int64_t stride_b, float beta, float *c, int64_t ldc, int64_t stride_c)
{
    product_f32 p = {whole(count, ta, tb, m, n, k, lda, ldb, ldc), alpha, beta, a, b, c};
    p.cut.stride_a = stride_a, p.cut.stride_b = stride_b, p.cut.stride_c = stride_c;
    p.cut.gram = a == b && ta != tb && m == n && lda == ldb && stride_a == stride_b && beta == 0;
    run_f32(&p);
}

void gemm_batch_f64(int64_t count, bool ta, bool tb, int64_t m, int64_t n, int64_t k, double alpha,
                    const double *a, int64_t lda, int64_t stride_a, const double *b, int64_t ldb,
                    int64_t stride_b, double beta, double *c, int64_t ldc, int64_t stride_c)
{
    product_f64 p = {whole(count, ta, tb, m, n, k, lda, ldb, ldc), alpha, beta, a, b, c};
    p.cut.stride_a = stride_a, p.cut.stride_b = stride_b, p.cut.stride_c = stride_c;
    run_f64(&p);
}

void gemm_f32(bool ta, bool tb, int64_t m, int64_t n, int64_t k, float alpha, const float *a, int64_t lda,
              const float *b, int64_t ldb, float beta, float *c, int64_t ldc)
{
    gemm_batch_f32(1, ta, tb, m, n, k, alpha, a, lda, 0, b, ldb, 0, beta, c, ldc, 0);
}

void gemm_f64(bool ta, bool tb, int64_t m, int64_t n, int64_t k, double alpha, const double *a, int64_t lda,
              const double *b, int64_t ldb, double beta, double *c, int64_t ldc)
{
    gemm_batch_f64(1, ta, tb, m, n, k, alpha, a, lda, 0, b, ldb, 0, beta, c, ldc, 0);
}

void gemm_bias_f32(bool tb, int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *b,
                   int64_t ldb, const float *bias, float *c, int64_t ldc)
{
    product_f32 p = {whole(1, false, tb, m, n, k, lda, ldb, ldc), 1, 1, a, b, c};
    p.cut.bias = bias;
    run_f32(&p);
}

void gemm_bias_f64(bool tb, int64_t m, int64_t n, int64_t k, const double *a, int64_t lda, const double *b,
                   int64_t ldb, const double *bias, double *c, int64_t ldc)
{
    product_f64 p = {whole(1, false, tb, m, n, k, lda, ldb, ldc), 1, 1, a, b, c};
    p.cut.bias = bias;
    run_f64(&p);
}
