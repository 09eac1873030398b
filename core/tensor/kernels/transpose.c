/* A matrix turned round in memory. */
#include "tensor/kernels/vectors.h"

static void turn(void *y, int64_t step_y, const void *x, int64_t step_x, int64_t rows, int64_t columns)
{
    transpose(y, step_y, x, step_x, rows, columns);
}

void KERNEL(fill_transpose)(kernels *k)
{
    k->transpose = turn;
}
