/* One compilation's table, and the constants its functions take from outside. */
#include "tensor/kernels/functions.h"

#ifndef REAL64
/* Here, in another file than the loops that use them, because gcc must not know these values: it would
 * compute the function at the limit and choose between results with compares and blends, where the argument
 * takes one min or max (exp 0.25 -> 0.19 ns, gelu 1.27 -> 0.60 ns an item on Zen 4 with AVX-512).
 *   exp    below exp_low the scale 2^k is 0, at exp_high the result overflows; at exp_below_low that of
 *          exp_below is 0
 *   tanh, erf   1 beyond
 *   normal      e^(-a a / 2) is 0 beyond */
const function_limits KERNEL(limits) = {.exp_low = -87.5f,
                                        .exp_high = 89.0f,
                                        .exp_below_low = -88.0f,
                                        .tanh_far = 10.0f,
                                        .erf_far = 10.0f,
                                        .normal_far = 14.0f};
#endif

void KERNEL(kernels_fill)(kernels *k)
{
    *k = (kernels){0};
    KERNEL(fill_unary)(k);
    KERNEL(fill_gradient)(k);
    KERNEL(fill_binary)(k);
    KERNEL(fill_reduce)(k);
    KERNEL(fill_softmax)(k);
    KERNEL(fill_index)(k);
    KERNEL(fill_window)(k);
    KERNEL(fill_winograd)(k);
    KERNEL(fill_transpose)(k);
    KERNEL(fill_optim)(k);
    KERNEL(fill_cast)(k);
    KERNEL(fill_cross_entropy)(k);
    KERNEL(fill_normalize)(k);
    KERNEL(fill_assignment)(k);
    KERNEL(fill_resample)(k);
}
