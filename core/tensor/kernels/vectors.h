/* Vectors of the instruction set's full width, for the loops that no compiler finds: transposing blocks. */
#ifndef ASSAY_TENSOR_KERNELS_VECTORS_H
#define ASSAY_TENSOR_KERNELS_VECTORS_H

#include "tensor/kernels/real.h"

#if defined __AVX512F__
#define VECTOR_BYTES 64
#elif defined __AVX2__
#define VECTOR_BYTES 32
#else
#define VECTOR_BYTES 16
#endif
#define WIDTH ((int64_t)(VECTOR_BYTES / sizeof(real)))

/* As many of an array's items as a register holds, wherever they lie. */
typedef real vector __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(real)), may_alias));

#ifdef REAL64
typedef int64_t vector_places __attribute__((vector_size(VECTOR_BYTES)));
#else
typedef int32_t vector_places __attribute__((vector_size(VECTOR_BYTES)));
#endif

#ifdef __clang__
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (vector_places){__VA_ARGS__})
#endif

/* The items of the first halves, and of the second halves, of two vectors by turns. */
#if defined __AVX512F__ && !defined REAL64
#define FIRST_HALVES(a, b) SHUFFLE(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define SECOND_HALVES(a, b) SHUFFLE(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#elif defined __AVX512F__ || (defined __AVX2__ && !defined REAL64)
#define FIRST_HALVES(a, b) SHUFFLE(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define SECOND_HALVES(a, b) SHUFFLE(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#elif defined __AVX2__ || !defined REAL64
#define FIRST_HALVES(a, b) SHUFFLE(a, b, 0, 4, 1, 5)
#define SECOND_HALVES(a, b) SHUFFLE(a, b, 2, 6, 3, 7)
#else
#define FIRST_HALVES(a, b) SHUFFLE(a, b, 0, 2)
#define SECOND_HALVES(a, b) SHUFFLE(a, b, 1, 3)
#endif

INLINE vector load(const real *x)
{
    return *(const vector *)x;
}

INLINE void store(real *y, vector x)
{
    *(vector *)y = x;
}

/* WIDTH x WIDTH items: each row shuffled with the one half the rows further on, log2(WIDTH) times. */
static inline void transpose_square(real *y, int64_t step_y, const real *x, int64_t step_x)
{
    vector a[VECTOR_BYTES / sizeof(real)], b[VECTOR_BYTES / sizeof(real)];
    for (int64_t i = 0; i < WIDTH; i++)
        a[i] = load(x + i * step_x);
    for (int64_t done = 1; done < WIDTH; done *= 2) {
        for (int64_t i = 0; i < WIDTH / 2; i++) {
            b[2 * i] = FIRST_HALVES(a[i], a[i + WIDTH / 2]);
            b[2 * i + 1] = SECOND_HALVES(a[i], a[i + WIDTH / 2]);
        }
        for (int64_t i = 0; i < WIDTH; i++)
            a[i] = b[i];
    }
    for (int64_t i = 0; i < WIDTH; i++)
        store(y + i * step_y, a[i]);
}

/* y[j step_y + i] = x[i step_x + j] for i < rows, j < columns */
static inline void transpose(real *y, int64_t step_y, const real *x, int64_t step_x, int64_t rows,
                             int64_t columns)
{
    int64_t whole_rows = rows / WIDTH * WIDTH, whole_columns = columns / WIDTH * WIDTH;
    for (int64_t i = 0; i < whole_rows; i += WIDTH)
        for (int64_t j = 0; j < whole_columns; j += WIDTH)
            transpose_square(y + j * step_y + i, step_y, x + i * step_x + j, step_x);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = i < whole_rows ? whole_columns : 0; j < columns; j++)
            y[j * step_y + i] = x[i * step_x + j];
}

#endif
