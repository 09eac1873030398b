/* The host's own plugins, which those under check work with: a sampler for hooks, a data set for transforms.
 */
#include "check/internal.h"

#include <assay/plugin.h>

#include <string.h>

/* The plugin a descriptor makes, once and for the life of the process. NULL after a failure. */
static plugin *made(as_ctx *c, plugin *p, const as_plugin *d, const char *name)
{
    as_error e = {{0}};
    if (p->signature)
        return p;
    *p = (plugin){.d = *d, .name = name};
    if (!load_check(&p->d, &p->signature, &e))
        context_fail(c, "%s", e.text);
    return p->signature ? p : NULL;
}

/* ---- the sampler: three steps towards 0, weights that fall item by item ---- */

enum { STEPS = 3 };

typedef struct {
    as_t origin; /* [B] which item of the start each one was: what resampling has to take along */
} self;

static as_t falling(as_ctx *c, as_t x)
{
    as_t place = as_cast(c, as_arange(c, as_dim(c, x, 0)), as_dtype_of(c, x));
    return as_scale(c, place, -2); /* an effective number of 1.3 of 4 items */
}

static void start(as_ctx *c, const void *params, const as_t *in, as_sample *s)
{
    (void)params;
    s->steps = STEPS;
    s->x = s->x_mean = in[0];
    s->logw = as_scale(c, falling(c, in[0]), 0);
    ((self *)as_self(c))->origin = as_per_item(c, "origin", as_arange(c, as_dim(c, in[0], 0)));
}

static void advance(as_ctx *c, const void *params, const as_t *in, as_sample *s, int index)
{
    double t = 1 - index / (double)STEPS, t_next = 1 - (index + 1) / (double)STEPS;
    as_point at = {t, t_next, 1 - 0.5 * t, 0.1 + t, index};
    (void)params, (void)in;
    as_pre_step(c, &at, s);
    s->logw = as_add(c, s->logw, falling(c, s->x));
    as_t score = as_neg(c, s->x);
    if (as_guided(c))
        score = as_guide(c, &at, s->x, score);
    s->x_mean = as_add(c, s->x, as_scale(c, score, 0.1));
    s->x = as_add(c, s->x_mean, as_scale(c, as_randn(c, "noise", as_dims_of(c, s->x)), 0.1));
    as_moved(c, &at, s);
    as_post_step(c, &at, s);
}

static void finish(as_ctx *c, const void *params, const as_t *in, as_sample *s)
{
    (void)params, (void)in;
    as_output(c, 1, s->logw);
    as_output(c, 2, ((self *)as_self(c))->origin);
}

plugin *partner_sampler(as_ctx *c)
{
    static plugin p;
    static const as_plugin d = {.size = sizeof d,
                                .kind = "samplers",
                                .name = "check",
                                .version = "1.0.0",
                                .doc = "calls hooks at every point there is",
                                .signature = "noise f32[B,...] -> x f32[B,...], logw f32[B], origin i64[B]",
                                .state_size = sizeof(self),
                                .start = start,
                                .advance = advance,
                                .finish = finish};
    return made(c, &p, &d, "samplers/check");
}

/* ---- the data set ---- */

static void open_splits(as_ctx *c, const void *params)
{
    (void)params;
    as_split(c, "train");
    as_split(c, "test");
}

/* How many items a split has; their labels y[n] = n mod 5 are given. */
static int64_t labelled(as_ctx *c, const char *split)
{
    int64_t N = strcmp(split, "train") == 0 ? 12 : 7;
    as_t y = as_arange(c, N);
    int64_t *label = as_data_i64(c, y);
    for (int64_t n = 0; label && n < N; n++)
        label[n] = n % 5;
    as_field(c, "y", y);
    return N;
}

/* x[n,k] = 0.5 (3 n + k) */
static void read_split(as_ctx *c, const void *params, const char *split)
{
    int64_t N = labelled(c, split);
    as_t x = as_reshape(c, as_arange(c, 3 * N), AS_DIMS(N, 3));
    (void)params;
    as_field(c, "x", as_scale(c, as_cast(c, x, AS_F32), 0.5));
}

/* x [N,1,8,8], each image a ramp in [0, 1] and the next one further along it */
static void read_images(as_ctx *c, const void *params, const char *split)
{
    int64_t N = labelled(c, split);
    as_t x = as_reshape(c, as_arange(c, 64 * N), AS_DIMS(N, 1, 8, 8));
    (void)params;
    as_field(c, "x", as_scale(c, as_cast(c, x, AS_F32), 1 / (64.0 * (double)N)));
}

plugin *partner_images(as_ctx *c)
{
    static plugin p;
    static const as_plugin d = {.size = sizeof d,
                                .kind = "datasets",
                                .name = "check_images",
                                .version = "1.0.0",
                                .doc = "two splits of small images",
                                .signature = "-> x f32[N,1,8,8], y i64[N]<5",
                                .open = open_splits,
                                .read = read_images};
    return made(c, &p, &d, "datasets/check_images");
}

plugin *partner_dataset(as_ctx *c)
{
    static plugin p;
    static const as_plugin d = {.size = sizeof d,
                                .kind = "datasets",
                                .name = "check",
                                .version = "1.0.0",
                                .doc = "two splits of numbers in a row",
                                .signature = "-> x f32[N,3], y i64[N]<5",
                                .open = open_splits,
                                .read = read_split};
    return made(c, &p, &d, "datasets/check");
}
