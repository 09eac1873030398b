/* Draws by rejection or inversion: gamma, beta, categorical. Item i of a draw uses block i of the stream and,
 * where it is rejected, that block's later attempts, so it does not depend on what the others do. */
#include "tensor/pool.h"
#include "tensor/random.h"
#include "tensor/random_words.h"

#include <stdbool.h>
#include <stddef.h>

/* ---- gamma ---- */

/* Marsaglia & Tsang 2000: d (1 + c x)^3 of a normal x, accepted with the odds that make it a gamma of
 * shape d + 1/3 >= 1. Below shape 1, a gamma of shape + 1 times u^(1 / shape). */
typedef struct {
    double shape, d, c;
} gamma_law;

static gamma_law law_of(double shape)
{
    double d = (shape < 1 ? shape + 1 : shape) - 1.0 / 3;
    return (gamma_law){.shape = shape, .d = d, .c = 1 / sqrt(9 * d)};
}

/* Puts candidates of one attempt in the places not yet filled. -> how many places are left */
static int try_gamma(const gamma_law *g, const uint32_t normal[WORDS], const uint32_t uniform[WORDS],
                     bool filled[BLOCKS], double value[BLOCKS])
{
    double x[2 * BLOCKS], u[BLOCKS], v[BLOCKS], cube[BLOCKS];
    int left = 0;
    normals_f64(normal, x);
    uniforms_f64(uniform, 0, u);
    for (int b = 0; b < BLOCKS; b++) {
        u[b] += 0x1p-53;
        double root = 1 + g->c * x[b];
        cube[b] = root > 0 ? root * root * root : 0;
        v[b] = cube[b] > 0 ? cube[b] : 1;
    }
    minus_two_log_f64(u);
    minus_two_log_f64(v);
    for (int b = 0; b < BLOCKS; b++) {
        /* log u < x^2 / 2 + d - d v + d log v, both sides times -2 */
        bool accepted = cube[b] > 0 && u[b] > g->d * (2 * cube[b] - 2 + v[b]) - x[b] * x[b];
        if (!filled[b] && accepted) {
            value[b] = g->d * cube[b];
            filled[b] = true;
        }
        left += !filled[b];
    }
    return left;
}

/* Items counter .. counter + 15 as value * e^exponent, exponent <= 0. `part` and the one after it are used.
 */
static void gamma_group(const gamma_law *g, uint64_t key, uint64_t counter, uint32_t part,
                        double value[BLOCKS], double exponent[BLOCKS])
{
    bool filled[BLOCKS] = {false};
    int left = BLOCKS;
    for (uint32_t attempt = 0; left > 0; attempt++) {
        uint32_t normal[WORDS], uniform[WORDS];
        make_group(key, counter, attempt, part, normal);
        make_group(key, counter, attempt, part + 1, uniform);
        left = try_gamma(g, normal, uniform, filled, value);
        if (attempt > 0)
            continue;
        uniforms_f64(uniform, 1, exponent); /* log u / shape, from the half that acceptance leaves alone */
        for (int b = 0; b < BLOCKS; b++)
            exponent[b] += 0x1p-53;
        minus_two_log_f64(exponent);
        for (int b = 0; b < BLOCKS; b++)
            exponent[b] = g->shape < 1 ? fmax(-0.5 * exponent[b] / g->shape, -1e308) : 0;
    }
}

/* e^x for x <= 0: 2^k e^r, |r| <= log(2) / 2 in two parts, by Taylor's series. */
static double exp_of(double x)
{
    if (!(x > -745.2))
        return 0;
    double k = (double)(int)(x * 1.4426950408889634 - 0.5);
    double r = (x - k * 6.93147180369123816e-01) - k * 1.90821492927058770e-10, sum = 1;
    for (int i = 13; i >= 1; i--)
        sum = 1 + r * sum / i;
    return ldexp(sum, (int)k);
}

/* ---- draws ---- */

typedef struct {
    gamma_law a, b;
    bool beta, single;
    uint64_t key, counter;
    int64_t n;
    char *out;
} variates;

enum { PIECE = 64 * BLOCKS };

static void put_group(const variates *v, int64_t first)
{
    double x[BLOCKS], y[BLOCKS], p[BLOCKS], q[BLOCKS];
    uint64_t counter = v->counter + (uint64_t)first;
    gamma_group(&v->a, v->key, counter, 0, x, p);
    if (v->beta)
        gamma_group(&v->b, v->key, counter, 2, y, q);
    for (int b = 0; b < BLOCKS && first + b < v->n; b++) {
        double value;
        if (v->beta) { /* x e^p / (x e^p + y e^q), the larger power taken out */
            double most = p[b] > q[b] ? p[b] : q[b], up = x[b] * exp_of(p[b] - most);
            value = up / (up + y[b] * exp_of(q[b] - most));
        } else {
            value = x[b] * exp_of(p[b]);
        }
        if (v->single)
            ((float *)(void *)v->out)[first + b] = (float)value;
        else
            ((double *)(void *)v->out)[first + b] = value;
    }
}

static void put_piece(void *arg, int64_t piece)
{
    const variates *v = arg;
    for (int64_t i = piece * PIECE; i < (piece + 1) * PIECE && i < v->n; i += BLOCKS)
        put_group(v, i);
}

static void run(random_stream *s, variates v)
{
    if (v.n <= 0)
        return;
    v.key = s->key;
    v.counter = s->counter;
    pool_run((v.n + PIECE - 1) / PIECE, put_piece, &v);
    s->counter += (uint64_t)((v.n + BLOCKS - 1) / BLOCKS) * BLOCKS;
}

void random_gamma_f32(random_stream *s, double shape, float *out, int64_t n)
{
    run(s, (variates){.a = law_of(shape), .single = true, .n = n, .out = (char *)out});
}

void random_gamma_f64(random_stream *s, double shape, double *out, int64_t n)
{
    run(s, (variates){.a = law_of(shape), .n = n, .out = (char *)out});
}

void random_beta_f32(random_stream *s, double a, double b, float *out, int64_t n)
{
    run(s,
        (variates){.a = law_of(a), .b = law_of(b), .beta = true, .single = true, .n = n, .out = (char *)out});
}

void random_beta_f64(random_stream *s, double a, double b, double *out, int64_t n)
{
    run(s, (variates){.a = law_of(a), .b = law_of(b), .beta = true, .n = n, .out = (char *)out});
}

/* ---- categorical ---- */

typedef struct {
    double *sums;
    int64_t rows, classes, draws;
    uint64_t key, counter;
    int64_t *out;
} picks;

static void add_row(void *arg, int64_t row)
{
    const picks *p = arg;
    double *sum = p->sums + row * p->classes;
    for (int64_t k = 1; k < p->classes; k++)
        sum[k] += sum[k - 1];
}

/* The first class whose running sum is above u times the whole. */
static int64_t class_at(const double *sum, int64_t classes, double u)
{
    double whole = sum[classes - 1], t = u * whole;
    if (t >= whole) /* rounded up to it, among the smallest numbers there are */
        t = nextafter(whole, 0);
    int64_t low = 0, high = classes - 1;
    while (low < high) {
        int64_t middle = (low + high) / 2;
        if (sum[middle] > t)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static void pick_piece(void *arg, int64_t piece)
{
    const picks *p = arg;
    int64_t all = p->rows * p->draws;
    for (int64_t i = piece * PIECE; i < (piece + 1) * PIECE && i < all; i += BLOCKS) {
        uint32_t words[WORDS];
        double u[BLOCKS];
        make_group(p->key, p->counter + (uint64_t)i, 0, 0, words);
        uniforms_f64(words, 0, u);
        for (int64_t b = 0; b < BLOCKS && i + b < all; b++)
            p->out[i + b] = class_at(p->sums + (i + b) / p->draws * p->classes, p->classes, u[b]);
    }
}

void random_categorical(random_stream *s, double *weights, int64_t rows, int64_t classes, int64_t draws,
                        int64_t *out)
{
    int64_t all = rows * draws;
    if (all <= 0)
        return;
    picks p = {weights, rows, classes, draws, s->key, s->counter, out};
    pool_run(rows, add_row, &p);
    pool_run((all + PIECE - 1) / PIECE, pick_piece, &p);
    s->counter += (uint64_t)((all + BLOCKS - 1) / BLOCKS) * BLOCKS;
}
