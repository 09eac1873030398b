/* Places along an axis. x [outer, n, inner]; indices were checked by the caller. Gradients are added in the
 * order of the index, so repeated places give the same bits each time. */
#include "tensor/kernels/real.h"

#include <string.h>

static void index_select(void *y_, const void *x_, const int64_t *index, int64_t outer, int64_t n,
                         int64_t items, int64_t inner)
{
    real *y = y_;
    const real *x = x_;
    for (int64_t o = 0; o < outer; o++, x += n * inner, y += items * inner) {
        if (inner == 1)
            for (int64_t m = 0; m < items; m++)
                y[m] = x[index[m]];
        else
            for (int64_t m = 0; m < items; m++)
                memcpy(y + m * inner, x + index[m] * inner, (size_t)inner * sizeof *y);
    }
}

static void index_add(void *y_, const void *x_, const int64_t *index, int64_t outer, int64_t n, int64_t items,
                      int64_t inner)
{
    real *y = y_;
    const real *x = x_;
    for (int64_t o = 0; o < outer; o++, x += items * inner, y += n * inner)
        for (int64_t m = 0; m < items; m++) {
            real *to = y + index[m] * inner;
            const real *from = x + m * inner;
            INDEPENDENT
            for (int64_t i = 0; i < inner; i++)
                to[i] += from[i];
        }
}

static void gather(void *y_, const void *x_, const int64_t *index, int64_t outer, int64_t n, int64_t items,
                   int64_t inner)
{
    real *y = y_;
    const real *x = x_;
    for (int64_t o = 0; o < outer; o++, x += n * inner)
        for (int64_t m = 0; m < items; m++, index += inner, y += inner)
            for (int64_t i = 0; i < inner; i++)
                y[i] = x[index[i] * inner + i];
}

static void scatter_add(void *y_, const void *x_, const int64_t *index, int64_t outer, int64_t n,
                        int64_t items, int64_t inner)
{
    real *y = y_;
    const real *x = x_;
    for (int64_t o = 0; o < outer; o++, y += n * inner)
        for (int64_t m = 0; m < items; m++, index += inner, x += inner)
            for (int64_t i = 0; i < inner; i++)
                y[index[i] * inner + i] += x[i];
}

void KERNEL(fill_index)(kernels *k)
{
    k->index_select = index_select;
    k->index_add = index_add;
    k->gather = gather;
    k->scatter_add = scatter_add;
}
