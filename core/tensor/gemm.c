#include "tensor/gemm.h"

#include "tensor/cpu.h"
#include "tensor/pool.h"

#include <cblas.h>
#include <pthread.h>

/* How the products of one call are cut: C into blocks of rows x cols, a piece of pool work each; or, where
 * one matrix is less than a piece, `together` matrices to a piece. */
typedef struct {
    bool ta, tb;
    int64_t m, n, k, lda, ldb, ldc;
    int64_t count, stride_a, stride_b, stride_c;
    int64_t rows, cols;           /* of a block */
    int64_t grid_rows, grid_cols; /* blocks of a matrix */
    int64_t together;
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
    bool unpacked = f32 && has_unpacked && !(c->ta && c->tb);
    if (work < WORTH_CUTTING)
        c->together = (int64_t)(WORTH_CUTTING / (work + 1)) + 1;
    else if (unpacked && !c->tb && work <= UNPACKED_MOST)
        cut_in_parts(c, work);
    else if (!(unpacked && cut_unpacked(c)) && work >= WORTH_PACKING)
        cut_in_parts(c, work);
    c->grid_rows = ceil_div(c->m, c->rows);
    c->grid_cols = ceil_div(c->n, c->cols);
    return ceil_div(c->count, c->together) * c->grid_rows * c->grid_cols;
}

/* One block of C, as offsets in elements and its extent. */
typedef struct {
    int64_t a, b, c;
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
        .m = (int)smaller(c->rows, c->m - row),
        .n = (int)smaller(c->cols, c->n - col),
    };
}

static void piece_f32(void *arg, int64_t piece)
{
    const product_f32 *p = arg;
    const cut *c = &p->cut;
    int64_t blocks = c->grid_rows * c->grid_cols, first = piece / blocks * c->together;
    for (int64_t i = first; i < smaller(first + c->together, c->count); i++) {
        block at = find_block(c, i, piece % blocks);
        cblas_sgemm(CblasRowMajor, c->ta ? CblasTrans : CblasNoTrans, c->tb ? CblasTrans : CblasNoTrans, at.m,
                    at.n, (int)c->k, p->alpha, p->a + at.a, (int)c->lda, p->b + at.b, (int)c->ldb, p->beta,
                    p->c + at.c, (int)c->ldc);
    }
}

static void piece_f64(void *arg, int64_t piece)
{
    const product_f64 *p = arg;
    const cut *c = &p->cut;
    int64_t blocks = c->grid_rows * c->grid_cols, first = piece / blocks * c->together;
    for (int64_t i = first; i < smaller(first + c->together, c->count); i++) {
        block at = find_block(c, i, piece % blocks);
        cblas_dgemm(CblasRowMajor, c->ta ? CblasTrans : CblasNoTrans, c->tb ? CblasTrans : CblasNoTrans, at.m,
                    at.n, (int)c->k, p->alpha, p->a + at.a, (int)c->lda, p->b + at.b, (int)c->ldb, p->beta,
                    p->c + at.c, (int)c->ldc);
    }
}

/* C = beta * C: what a product over no terms leaves. */
static void scale_f32(const product_f32 *p)
{
    for (int64_t i = 0; i < p->cut.count; i++)
        for (int64_t row = 0; row < p->cut.m; row++) {
            float *c = p->c + i * p->cut.stride_c + row * p->cut.ldc;
            for (int64_t col = 0; col < p->cut.n; col++)
                c[col] = p->beta == 0 ? 0 : p->beta * c[col];
        }
}

static void scale_f64(const product_f64 *p)
{
    for (int64_t i = 0; i < p->cut.count; i++)
        for (int64_t row = 0; row < p->cut.m; row++) {
            double *c = p->c + i * p->cut.stride_c + row * p->cut.ldc;
            for (int64_t col = 0; col < p->cut.n; col++)
                c[col] = p->beta == 0 ? 0 : p->beta * c[col];
        }
}

void gemm_batch_f32(int64_t count, bool ta, bool tb, int64_t m, int64_t n, int64_t k, float alpha,
                    const float *a, int64_t lda, int64_t stride_a, const float *b, int64_t ldb,
                    int64_t stride_b, float beta, float *c, int64_t ldc, int64_t stride_c)
{
    if (count <= 0 || m <= 0 || n <= 0)
        return;
    product_f32 p = {{ta, tb, m, n, k, lda, ldb, ldc, count, stride_a, stride_b, stride_c, 0, 0, 0, 0, 0},
                     alpha,
                     beta,
                     a,
                     b,
                     c};
    if (k <= 0 || alpha == 0)
        scale_f32(&p);
    else
        pool_run(count_pieces(&p.cut, true), piece_f32, &p);
}

void gemm_batch_f64(int64_t count, bool ta, bool tb, int64_t m, int64_t n, int64_t k, double alpha,
                    const double *a, int64_t lda, int64_t stride_a, const double *b, int64_t ldb,
                    int64_t stride_b, double beta, double *c, int64_t ldc, int64_t stride_c)
{
    if (count <= 0 || m <= 0 || n <= 0)
        return;
    product_f64 p = {{ta, tb, m, n, k, lda, ldb, ldc, count, stride_a, stride_b, stride_c, 0, 0, 0, 0, 0},
                     alpha,
                     beta,
                     a,
                     b,
                     c};
    if (k <= 0 || alpha == 0)
        scale_f64(&p);
    else
        pool_run(count_pieces(&p.cut, false), piece_f64, &p);
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
