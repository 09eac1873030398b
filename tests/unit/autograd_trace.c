/* The first operation that makes a NaN is named, with the ranges of what it got. */
#include "engine.h"

static void first_nan(void **state)
{
    (void)state;
    setenv("ASSAY_TRACE_NAN", "1", 1);
    as_ctx *c = engine_context();
    as_scope s = as_open(c);
    as_t x = tensor_from(c, AS_F64, AS_DIMS(2), (double[]){-1, 4});
    as_t y = as_scale(c, as_sqrt(c, x), 2);
    (void)y;
    ENGINE_FAILS(c, "sqrt: the first NaN: result f64[2] 1 NaN; input 1 f64[2] mean 1.5 min -1 max 4");
    as_t nan = tensor_full(c, AS_F64, AS_DIMS(2), NAN); /* given, not made */
    as_scale(c, nan, 2);
    ENGINE_OK(c);
    as_close(c, s, NULL);
    context_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(first_nan)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
