#include "tensor/layout.h"

#include "tensor/kernels.h"

#include <string.h>

bool layout_broadcast(as_dims a, as_dims b, as_dims *out)
{
    if (a.rank < b.rank) {
        as_dims t = a;
        a = b, b = t;
    }
    int shift = a.rank - b.rank;
    *out = a;
    for (int i = 0; i < b.rank; i++) {
        int64_t x = a.size[i + shift], y = b.size[i];
        if (x != y && x != 1 && y != 1)
            return false;
        out->size[i + shift] = x == 1 ? y : x;
    }
    return true;
}

layout_loop layout_loop_over(as_dims dims, const as_t *x, int inputs)
{
    layout_loop l = {.rank = 0, .inputs = inputs, .rows = 1};
    for (int i = 0; i < dims.rank; i++) {
        if (dims.size[i] == 1)
            continue;
        int64_t step[LAYOUT_INPUTS] = {0};
        bool merge = l.rank > 0;
        for (int k = 0; k < inputs; k++) {
            int at = i - (dims.rank - x[k]->rank);
            step[k] = at < 0 || x[k]->size[at] == 1 ? 0 : x[k]->stride[at];
            merge = merge && l.stride[k][l.rank - 1] == step[k] * dims.size[i];
        }
        if (!merge)
            l.size[l.rank++] = 1;
        l.size[l.rank - 1] *= dims.size[i];
        for (int k = 0; k < inputs; k++)
            l.stride[k][l.rank - 1] = step[k];
    }
    if (l.rank == 0)
        l.size[l.rank++] = 1;
    for (int i = 0; i < l.rank - 1; i++)
        l.rows *= l.size[i];
    return l;
}

void layout_row(const layout_loop *l, int64_t row, int64_t offset[LAYOUT_INPUTS])
{
    for (int k = 0; k < l->inputs; k++)
        offset[k] = 0;
    for (int i = l->rank - 2; i >= 0; i--) {
        int64_t at = row % l->size[i];
        row /= l->size[i];
        for (int k = 0; k < l->inputs; k++)
            offset[k] += at * l->stride[k][i];
    }
}

void layout_copy(void *to, const struct as_tensor *x)
{
    if (x->count == 0)
        return;
    size_t bytes = tensor_item_bytes(x->dtype);
    const as_t in[1] = {(as_t)x};
    layout_loop l = layout_loop_over(tensor_dims(x), in, 1);
    int64_t n = l.size[l.rank - 1], step = l.stride[0][l.rank - 1];
    bool transposed = l.rank > 1 && step != 1 && l.stride[0][l.rank - 2] == 1;
    int64_t together = transposed ? l.size[l.rank - 2] : 1; /* rows copied at once */
    char *out = to;
    for (int64_t row = 0; row < l.rows; row += together) {
        int64_t at[LAYOUT_INPUTS];
        layout_row(&l, row, at);
        const char *from = (const char *)x->data + (size_t)at[0] * bytes;
        if (transposed) {
            kernels_for(bytes == 4 ? AS_F32 : AS_F64)->transpose(out, n, from, step, n, together);
        } else if (step == 1) {
            memcpy(out, from, (size_t)n * bytes);
        } else if (bytes == 4) {
            for (int64_t i = 0; i < n; i++)
                ((uint32_t *)out)[i] = ((const uint32_t *)from)[i * step];
        } else {
            for (int64_t i = 0; i < n; i++)
                ((uint64_t *)out)[i] = ((const uint64_t *)from)[i * step];
        }
        out += (size_t)(together * n) * bytes;
    }
}
