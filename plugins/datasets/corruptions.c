/* datasets/corruptions: images of another data set, corrupted. After Hendrycks & Dietterich 2019,
 * Benchmarking neural network robustness to common corruptions: the kinds that mean something for small grey
 * images, pixels in [0, 1]. The noise is clipped to that range, as there. */
#include <assay/plugin.h>

#include <math.h>
#include <string.h>

typedef struct {
    int kind, pixels, side;
    double sd, sigma, factor, degrees;
    const char *split;
} corruptions;

enum { NOISE, BLUR, CONTRAST, ROTATE, TRANSLATE, OCCLUDE, INVERT };

static const as_param params[] = {
    AS_CHOICE(corruptions, kind, "noise", "noise|blur|contrast|rotate|translate|occlude|invert",
              "what is done"),
    AS_REAL_IN(corruptions, sd, 0.2, "[0, inf)", "noise: deviation of a pixel"),
    AS_REAL_IN(corruptions, sigma, 1.0, "(0, 100]", "blur: deviation of the Gaussian, in pixels"),
    AS_REAL_IN(corruptions, factor, 0.5, "[0, inf)", "contrast: x becomes (x - 1/2) factor + 1/2"),
    AS_REAL_IN(corruptions, degrees, 25.0, "[-360, 360]", "rotate: counter-clockwise about the middle"),
    AS_INT(corruptions, pixels, 2, 0, 10000, "translate: up, down, left or right, drawn for each image"),
    AS_INT(corruptions, side, 8, 0, 10000, "occlude: of the black square, its place drawn for each image"),
    AS_STRING(corruptions, split, "", "the split whose images change; empty: all splits"),
    AS_END,
};

enum { MOST_TAPS = 601 };

typedef struct {
    int64_t N, C, H, W; /* images, channels, rows, columns */
} sizes;

static float at_or_zero(const float *plane, const sizes *s, int64_t row, int64_t column)
{
    return row < 0 || row >= s->H || column < 0 || column >= s->W ? 0 : plane[row * s->W + column];
}

static int64_t inside(int64_t place, int64_t n)
{
    return place < 0 ? 0 : place >= n ? n - 1 : place;
}

/* One direction of a separable Gaussian; beyond the border lies the border's own value. */
static void blur_along(const float *from, float *to, const sizes *s, const double *tap, int radius, bool rows)
{
    for (int64_t r = 0; r < s->H; r++)
        for (int64_t k = 0; k < s->W; k++) {
            double sum = 0;
            for (int d = -radius; d <= radius; d++) {
                int64_t row = rows ? inside(r + d, s->H) : r, column = rows ? k : inside(k + d, s->W);
                sum += tap[d + radius] * from[row * s->W + column];
            }
            to[r * s->W + k] = (float)sum;
        }
}

static void blur(const corruptions *p, const float *from, float *to, const sizes *s, float *between)
{
    double tap[MOST_TAPS], sum = 0;
    int radius = (int)ceil(3 * p->sigma);
    for (int d = -radius; d <= radius; d++)
        sum += tap[d + radius] = exp(-0.5 * d * d / (p->sigma * p->sigma));
    for (int d = 0; d <= 2 * radius; d++)
        tap[d] /= sum;
    for (int64_t plane = 0; plane < s->N * s->C; plane++) {
        blur_along(from + plane * s->H * s->W, between, s, tap, radius, true);
        blur_along(between, to + plane * s->H * s->W, s, tap, radius, false);
    }
}

/* Bilinear; outside the image it is black. */
static void rotate(const corruptions *p, const float *from, float *to, const sizes *s)
{
    double a = p->degrees * acos(-1) / 180, middle_row = 0.5 * (double)(s->H - 1);
    double middle_column = 0.5 * (double)(s->W - 1);
    for (int64_t r = 0; r < s->H; r++)
        for (int64_t k = 0; k < s->W; k++) {
            double dy = (double)r - middle_row, dx = (double)k - middle_column;
            double y = middle_row + dy * cos(a) + dx * sin(a), x = middle_column - dy * sin(a) + dx * cos(a);
            int64_t row = (int64_t)floor(y), column = (int64_t)floor(x);
            double down = y - (double)row, right = x - (double)column;
            for (int64_t n = 0; n < s->N * s->C; n++) {
                const float *plane = from + n * s->H * s->W;
                double top = (1 - right) * at_or_zero(plane, s, row, column) +
                             right * at_or_zero(plane, s, row, column + 1);
                double bottom = (1 - right) * at_or_zero(plane, s, row + 1, column) +
                                right * at_or_zero(plane, s, row + 1, column + 1);
                to[(n * s->H + r) * s->W + k] = (float)((1 - down) * top + down * bottom);
            }
        }
}

static void translate(const corruptions *p, const float *from, float *to, const sizes *s, const int64_t *way)
{
    static const int rows[] = {-1, 1, 0, 0}, columns[] = {0, 0, -1, 1};
    for (int64_t plane = 0; plane < s->N * s->C; plane++)
        for (int64_t r = 0; r < s->H; r++)
            for (int64_t k = 0; k < s->W; k++) {
                int64_t w = way[plane / s->C], row = r - rows[w] * p->pixels,
                        column = k - columns[w] * p->pixels;
                to[(plane * s->H + r) * s->W + k] = at_or_zero(from + plane * s->H * s->W, s, row, column);
            }
}

static void occlude(as_ctx *c, const corruptions *p, float *to, const sizes *s)
{
    if (p->side > s->H || p->side > s->W) {
        as_fail(c, "side = %d, the images are %lld x %lld", p->side, (long long)s->H, (long long)s->W);
        return;
    }
    const int64_t *top = as_data_i64(c, as_randint(c, "top", s->H - p->side + 1, AS_DIMS(s->N)));
    const int64_t *left = as_data_i64(c, as_randint(c, "left", s->W - p->side + 1, AS_DIMS(s->N)));
    for (int64_t plane = 0; top && left && plane < s->N * s->C; plane++)
        for (int r = 0; r < p->side; r++)
            memset(to + (plane * s->H + top[plane / s->C] + r) * s->W + left[plane / s->C], 0,
                   (size_t)p->side * sizeof *to);
}

/* The kinds that move pixels, one image after the other. */
static as_t rearranged(as_ctx *c, const corruptions *p, as_t x)
{
    sizes s = {as_dim(c, x, 0), as_dim(c, x, 1), as_dim(c, x, 2), as_dim(c, x, 3)};
    as_t source = as_contiguous(c, as_cast(c, x, AS_F32)), room = as_zeros(c, AS_DIMS(s.H, s.W));
    const float *from = as_data_f32(c, source);
    as_t result = from ? as_from(c, AS_F32, as_dims_of(c, x), from) : NULL;
    float *to = from ? as_data_f32(c, result) : NULL, *between = as_data_f32(c, room);
    const int64_t *way = as_data_i64(c, as_randint(c, "way", 4, AS_DIMS(s.N)));
    if (!from || !to || !between || !way)
        return as_inert(c);
    if (p->kind == BLUR)
        blur(p, from, to, &s, between);
    else if (p->kind == ROTATE)
        rotate(p, from, to, &s);
    else if (p->kind == TRANSLATE)
        translate(p, from, to, &s, way);
    else
        occlude(c, p, to, &s);
    return result;
}

static as_t corrupted(as_ctx *c, const corruptions *p, as_t x)
{
    switch (p->kind) {
    case NOISE:
        return as_clamp(c, as_add(c, x, as_scale(c, as_randn(c, "noise", as_dims_of(c, x)), p->sd)), 0, 1);
    case CONTRAST:
        return as_affine(c, x, p->factor, 0.5 * (1 - p->factor));
    case INVERT:
        return as_affine(c, x, -1, 1);
    default:
        return rearranged(c, p, x);
    }
}

static void open_splits(as_ctx *c, const void *params_)
{
    const corruptions *p = params_;
    bool known = !*p->split;
    for (int k = 0; k < as_source_count(c, 0); k++) {
        const char *split = as_source_split(c, 0, k);
        known |= strcmp(split, p->split) == 0;
        as_split(c, split);
    }
    if (!known)
        as_fail(c, "split = \"%s\" is no split of the source", p->split);
}

static void read_split(as_ctx *c, const void *params_, const char *split)
{
    const corruptions *p = params_;
    const as_state *fields = as_source(c, 0, split);
    for (int k = 0; k < as_state_size(c, fields) && as_ok(c); k++) {
        const char *name = as_state_name(c, fields, k);
        as_t x = as_state_tensor(c, fields, k);
        if (strcmp(name, "x") == 0 && as_rank(c, x) != 4) {
            as_fail(c, "x of the source's split \"%s\" has %d axes, expected images [N,C,H,W]", split,
                    as_rank(c, x));
            return;
        }
        bool changes = strcmp(name, "x") == 0 && (!*p->split || strcmp(split, p->split) == 0);
        as_field(c, name, changes ? corrupted(c, p, x) : x);
    }
}

AS_PLUGIN(
        .kind = "datasets", .name = "corruptions", .version = "1.0.0", .paper = "arXiv:1903.12261",
        .doc =
            "images of another data set with noise, blur, less contrast, turned, moved, covered or inverted",
        .params = params, .signature = "source dataset -> x f32[N,C,H,W]", .params_size = sizeof(corruptions),
        .open = open_splits, .read = read_split);
