/* hooks/reflect_1_0: keeps a sample within a box: what left it before a step comes back mirrored. */
#include <assay/plugin.h>

typedef struct {
    double low, high;
} reflect;

static const as_param params[] = {
    AS_REAL_IN(reflect, low, 0.0, "(-inf, inf)", "of the box"),
    AS_REAL_IN(reflect, high, 1.0, "(-inf, inf)", "of the box"),
    AS_END,
};

static void validate(as_ctx *c, const void *params_)
{
    const reflect *p = params_;
    if (p->low >= p->high)
        as_fail(c, "low = %g is not below high = %g", p->low, p->high);
}

/* |x - low| mirrors at the lower side, then high - |...| at the upper; one bounce */
static void inside(as_ctx *c, const reflect *p, as_sample *s)
{
    double width = p->high - p->low;
    as_t up = as_abs(c, as_shift(c, s->x, -p->low));
    as_t down = as_abs(c, as_affine(c, up, -1, width));
    s->x = as_clamp(c, as_affine(c, down, -1, p->high), p->low, p->high);
}

static void pre_step(as_ctx *c, const void *params_, const as_t *in, const as_point *at, as_sample *s)
{
    (void)in, (void)at;
    inside(c, params_, s);
}

static void finish(as_ctx *c, const void *params_, const as_t *in, as_sample *s)
{
    (void)in;
    inside(c, params_, s);
}

AS_PLUGIN(.kind = "hooks", .name = "reflect_1_0", .version = "1.0.0", .doc = "keeps a sample within a box",
          .params = params, .signature = "-> x f32[B,...]", .params_size = sizeof(reflect),
          .validate = validate, .pre_step = pre_step, .finish = finish);
