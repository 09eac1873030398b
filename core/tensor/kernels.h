/* The inner loops, one table for each real type and instruction set, chosen once at start. Kernels are
 * single-threaded and see dense memory only: layout, threads, shapes and errors are their callers'
 * (core/tensor/forward_*.c). Pointers are void because one source is compiled as float and as double
 * (kernels/real.h): `real` is the table's type. */
#ifndef ASSAY_TENSOR_KERNELS_H
#define ASSAY_TENSOR_KERNELS_H

#include <assay/types.h>
#include <assay/ops.h>

#include <stdbool.h>

/* y[i] = f(x[i]) for n items; y may be x. r0, r1 as the operation's options. */
typedef void kernel_unary(void *y, const void *x, int64_t n, double r0, double r1);
/* gx[i] = gy[i] f'(x[i]) from the operation's input x or its output y: from y for exp, sqrt, rsqrt, tanh,
 * sigmoid and relu, from x for the others; the one not used may be NULL. gx may be gy. */
typedef void kernel_unary_gradient(void *gx, const void *gy, const void *x, const void *y, int64_t n,
                                   double r0, double r1);
/* y[i] = f(a[i sa], b[i sb]); steps sa, sb in items, 0 and 1 being the fast ones. */
typedef void kernel_binary(void *y, const void *a, int64_t sa, const void *b, int64_t sb, int64_t n);
/* x [outer, n, inner] dense -> y [outer, inner] (argmax: i64). n >= 1 except for sum. */
typedef void kernel_reduce(void *y, const void *x, int64_t outer, int64_t n, int64_t inner);
/* x [outer, n, inner] -> y of the same shape, along n. */
typedef void kernel_softmax(void *y, const void *x, int64_t outer, int64_t n, int64_t inner);
/* gx from gy and the output y, shapes as above. */
typedef void kernel_softmax_gradient(void *gx, const void *gy, const void *y, int64_t outer, int64_t n,
                                     int64_t inner);

/* One image of a convolution or pooling. Sizes in items; C channels of this group. */
typedef struct {
    int64_t channels, height, width; /* input */
    int64_t out_height, out_width;   /* output */
    int64_t kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w;
} kernel_window;

/* One image of a 3x3 convolution of stride 1 by Winograd's F(4x4, 3x3): its 4x4 tiles of outputs. Transformed
 * tiles have 36 values, each in a plane of its own, [tile][stride] with the channels side by side. */
typedef struct {
    int64_t height, width, pad;    /* input */
    int64_t out_height, out_width; /* output */
    int64_t rows, columns;         /* of tiles */
    int64_t channels, stride;      /* of the side transformed; stride: a multiple of 16, the rest zeros */
} kernel_tiles;

/* Transformed filters: planes [in_stride][out_stride] */
typedef struct {
    int64_t out, in, out_stride, in_stride;
} kernel_filters;

#define KERNEL_STRIP 64

/* Along one axis of a resized image: place i of `to` lies `share` of the way from low[i] to high[i] of
 * `from`. */
typedef struct {
    int64_t from, to;
    const int64_t *low, *high;
    const double *share;
} kernel_taps;

typedef struct {
    kernel_unary *unary[AS_OP_ADD];                   /* by operation number; NULL where it is no unary one */
    kernel_unary_gradient *unary_gradient[AS_OP_ADD]; /* all but those of gradient 0 (sign) */
    kernel_binary *binary[AS_OP_WHERE - AS_OP_ADD];   /* number - AS_OP_ADD; comparisons give 0 or 1 */
    kernel_binary
        *compare_i64[AS_OP_WHERE - AS_OP_ADD]; /* comparisons of i64 inputs, real output; else NULL */

    void (*where)(void *y, const void *c, int64_t sc, const void *a, int64_t sa, const void *b, int64_t sb,
                  int64_t n);

    kernel_reduce *sum, *mean, *max, *min, *argmax,
        *logsumexp; /* sum and mean: pairwise or in lanes, error O(log n) */
    kernel_softmax *softmax, *log_softmax;
    kernel_softmax_gradient *softmax_gradient, *log_softmax_gradient;

    /* loss[r] = lse(x) - (1 - s) x[label] - s mean(x) of rows x [rows, n]; labels in range, n >= 1.
     * gx, unless NULL: the gradient of factor times the losses' sum */
    void (*cross_entropy)(void *loss, void *gx, const void *x, const int64_t *label, int64_t rows, int64_t n,
                          double smoothing, double factor);
    void (*cross_entropy_gradient)(void *gx, const void *gy, const void *x, const void *loss,
                                   const int64_t *label, int64_t rows, int64_t n, double smoothing);

    /* normalisation. moments give the means and the sums of squared deviations of rows x [rows, n], which are
     * read twice. A row is `channels` segments of `inner` items, w and b [channels]; the gradient adds to gw
     * and gb. */
    void (*moments)(double *mean, double *squares, const void *x, int64_t rows, int64_t n);
    void (*normalize)(void *y, const void *x, const void *w, const void *b, double mean, double rstd,
                      int64_t channels, int64_t inner);
    void (*normalize_gradient)(void *gx, void *gw, void *gb, const void *gy, const void *x, const void *w,
                               double mean, double rstd, int64_t channels, int64_t inner);
    /* sums of gy and gy (x - mean); gx = scale gy - shift - slope (x - mean) */
    void (*normalize_sums)(double *plain, double *product, const void *gy, const void *x, double mean,
                           int64_t n);
    void (*normalize_combine)(void *gx, const void *gy, const void *x, int64_t n, double mean, double scale,
                              double shift, double slope);
    /* the same for columns of x [rows, step] */
    void (*column_moments)(double *mean, double *squares, const void *x, int64_t rows, int64_t step,
                           int64_t columns);
    void (*column_sums)(double *plain, double *product, const void *gy, const void *x, const double *mean,
                        int64_t rows, int64_t step, int64_t columns);

    /* y = scale gy + shift + slope (x - mean) for one row of columns; gy NULL: 0 */
    void (*column_map)(void *y, const void *gy, const void *x, const double *mean, const double *scale,
                       const double *shift, const double *slope, int64_t columns);

    /* y += x */
    void (*accumulate)(void *y, const void *x, int64_t n);
    /* y[o,m,:] = x[o,index[m],:] : x [outer, n, inner], y [outer, items, inner]; indices are in range */
    void (*index_select)(void *y, const void *x, const int64_t *index, int64_t outer, int64_t n,
                         int64_t items, int64_t inner);
    /* y[o,index[m],:] += x[o,m,:] in the order of m; y [outer, n, inner] is given zeroed */
    void (*index_add)(void *y, const void *x, const int64_t *index, int64_t outer, int64_t n, int64_t items,
                      int64_t inner);
    /* y[o,m,i] = x[o,index[o,m,i],i] : index and y [outer, items, inner] */
    void (*gather)(void *y, const void *x, const int64_t *index, int64_t outer, int64_t n, int64_t items,
                   int64_t inner);
    /* y[o,index[o,m,i],i] += x[o,m,i]; y [outer, n, inner] is given zeroed */
    void (*scatter_add)(void *y, const void *x, const int64_t *index, int64_t outer, int64_t n, int64_t items,
                        int64_t inner);
    /* y [C kh kw, OH OW] = the windows of one image x [C,H,W], zeros outside */
    void (*im2col)(void *y, const void *x, const kernel_window *w);
    /* x [C,H,W] += the windows back, the transpose of im2col */
    void (*col2im)(void *x, const void *y, const kernel_window *w);
    /* y [C,OH,OW] = maxima of one image; place (may be NULL) the h * width + w of each, the first among
     * equals. A NaN in the window wins. */
    void (*max_pool)(void *y, int64_t *place, const void *x, const kernel_window *w);
    /* gx [C,H,W] = gy [C,OH,OW] at the places of the maxima of x, 0 elsewhere; y, place: scratch as
     * max_pool's */
    void (*max_pool_gradient)(void *gx, const void *gy, const void *x, const kernel_window *w, void *y,
                              int64_t *place);
    /* Winograd's transforms of one image [channels,...], planes `plane` items apart. scratch: places of the
     * image and one more, times stride. */
    void (*winograd_input)(void *v, int64_t plane, const void *x, const kernel_tiles *t, void *scratch);
    void (*winograd_output)(void *y, void *m, int64_t plane, const kernel_tiles *t, const void *bias,
                            void *scratch); /* bias [channels] or NULL */
    void (*winograd_gradient)(void *z, int64_t plane, const void *gy, const kernel_tiles *t, void *scratch);
    /* of filters w [O,I,3,3]; flip: of w [I,O,3,3] turned by 180 degrees. And the transpose. */
    void (*winograd_filters)(void *u, const void *w, const kernel_filters *f, bool flip);
    void (*winograd_filter_gradient)(void *gw, void *gu, const kernel_filters *f);
    /* y [C,OH,OW] = means of the windows of one image, zeros outside; the transpose adds to a zeroed x */
    void (*avg_pool)(void *y, const void *x, const kernel_window *w);
    void (*avg_pool_transposed)(void *x, const void *y, const kernel_window *w);
    void (*resize)(void *y, const void *x, const kernel_taps *rows, const kernel_taps *columns,
                   int64_t channels);
    void (*resize_transposed)(void *x, const void *y, const kernel_taps *rows, const kernel_taps *columns,
                              int64_t channels);
    /* column_of[i] of the cheapest assignment of all rows, rows <= columns, costs finite; work: 8 * columns
     * doubles */
    void (*assignment)(int64_t *column_of, const void *cost, int64_t rows, int64_t columns, double *work);
    /* running sums down n rows of at most KERNEL_STRIP columns, `stride` items apart, each in double */
    void (*cumsum)(void *y, const void *x, int64_t n, int64_t columns, int64_t stride, int backwards);
    /* y[i] = sum_k weights[k] x[k][i], each sum in double */
    void (*weighted_sum)(void *y, const void *const *x, const double *weights, int count, int64_t n);

    /* y[j step_y + i] = x[i step_x + j] for i < rows, j < columns: items of the table's size, whatever they
     * are */
    void (*transpose)(void *y, int64_t step_y, const void *x, int64_t step_x, int64_t rows, int64_t columns);

    /* dense items to another type */
    void (*from_f32)(void *y, const float *x, int64_t n);
    void (*from_f64)(void *y, const double *x, int64_t n);
    void (*from_i64)(void *y, const int64_t *x, int64_t n);
    void (*to_i64)(int64_t *y, const void *x, int64_t n); /* towards zero */

    /* optimizers, one pass. Adam: m, v first and second moments in place; rate and corrections precomputed.
     */
    void (*sgd)(void *p, const void *g, void *velocity, int64_t n, double rate, double momentum, double decay,
                int nesterov);
    /* p -= rate * (m / c1) / (sqrt(v / c2) + eps); decay is added to g (coupled) or p shrinks by rate * decay
     */
    void (*adam)(void *p, const void *g, void *m, void *v, int64_t n, double rate, double beta1, double beta2,
                 double eps, double c1, double c2, double decay, int decoupled);
} kernels;

/* The table for AS_F32 or AS_F64 on this machine (cpu.h; ASSAY_ISA chooses a lower one). */
const kernels *kernels_for(as_dtype dtype);

#endif
