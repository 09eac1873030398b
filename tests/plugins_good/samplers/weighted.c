/* samplers/weighted: leaves its items where they are and adds the same to their log weights at each step. */
#include <assay/plugin.h>

typedef struct {
    int steps;
} cfg;

static const as_param params[] = {
    AS_INT(cfg, steps, 1, 1, 100, "how many"),
    AS_END,
};

enum { X, LOGW };

static void start(as_ctx *c, const void *params_, const as_t *in, as_sample *s)
{
    s->steps = ((const cfg *)params_)->steps;
    s->x = in[X];
    s->logw = as_zeros(c, as_dims_of(c, in[LOGW]));
}

static void advance(as_ctx *c, const void *params_, const as_t *in, as_sample *s, int index)
{
    const as_point at = {1, 0, 1, 0, index};
    (void)params_;
    s->logw = as_add(c, s->logw, in[LOGW]);
    as_moved(c, &at, s);
    as_post_step(c, &at, s);
}

static void finish(as_ctx *c, const void *params_, const as_t *in, as_sample *s)
{
    (void)params_, (void)in;
    as_output(c, 1, s->logw);
}

AS_PLUGIN(.kind = "samplers", .name = "weighted", .version = "1.0.0",
          .doc = "items that stay, with log weights that grow", .params = params,
          .signature = "x f32[B]|items, logw f32[B]|items -> x f32[B]|items, logw f32[B]|items",
          .params_size = sizeof(cfg), .start = start, .advance = advance, .finish = finish);
