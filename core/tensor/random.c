#include "tensor/random.h"

#include "tensor/cpu.h"
#include "tensor/pool.h"
#include "tensor/random_words.h"

#include <stddef.h>
#include <string.h>

/* The bodies are compiled once for each instruction set, by inlining them into fill_base, fill_avx2,
 * fill_avx512. */

typedef enum { UNIFORM_F32, UNIFORM_F64, NORMAL_F32, NORMAL_F64, SIGN_F32, SIGN_F64, BELOW } kind;

static const struct {
    int items;  /* made from one group */
    int groups; /* to a piece of pool work: some microseconds */
    size_t item_bytes;
} kinds[] = {
    [UNIFORM_F32] = {64, 256, 4}, [UNIFORM_F64] = {32, 256, 8}, [NORMAL_F32] = {64, 128, 4},
    [NORMAL_F64] = {32, 128, 8},  [SIGN_F32] = {2048, 16, 4},   [SIGN_F64] = {2048, 16, 8},
    [BELOW] = {32, 128, 8},
};

typedef struct {
    kind kind;
    uint64_t key, counter;
    uint64_t below;
    int64_t n;
    char *out;
} draw;

/* ---- streams ---- */

/* The finaliser of SplitMix64 (Steele, Lea & Flood 2014): every input bit reaches every output bit. */
static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15U;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9U;
    x = (x ^ x >> 27) * 0x94d049bb133111ebU;
    return x ^ x >> 31;
}

/* FNV-1a over the bytes, then the length, so that "a", "bc" and "ab", "c" differ. */
static uint64_t mix_text(uint64_t key, const char *text)
{
    uint64_t hash = 0xcbf29ce484222325U, n = 0;
    for (; text[n]; n++)
        hash = (hash ^ (unsigned char)text[n]) * 0x100000001b3U;
    return mix(mix(key ^ hash) ^ n);
}

random_stream random_named(uint64_t seed, const char *name, uint64_t instance, const char *purpose)
{
    uint64_t key = mix_text(mix(seed), name);
    return (random_stream){.key = mix_text(mix(key ^ mix(instance)), purpose)};
}

random_stream random_item(random_stream s, uint64_t item)
{
    return (random_stream){.key = mix(mix(mix(s.key) ^ s.counter) ^ mix(~item))};
}

void random_pass(random_stream *s)
{
    s->counter += BLOCKS;
}

void random_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c[4];
    memcpy(c, counter, sizeof c);
    philox(c, key[0], key[1]);
    memcpy(out, c, sizeof c);
}

/* Lemire 2019, "Fast random integer generation in an interval": the high half of x * below is the integer,
 * and the few x that would make some integers likelier are drawn again, from the same block at the next
 * attempt. */
INLINED uint64_t reduce(uint64_t x, uint64_t below, uint64_t key, uint64_t block, int half)
{
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)x * below;
    if ((uint64_t)product < below) {
        uint64_t unfair = -below % below;
        for (uint32_t attempt = 1; (uint64_t)product < unfair; attempt++) {
            uint32_t words[4];
            random_philox((uint32_t[]){(uint32_t)block, (uint32_t)(block >> 32), attempt, 0},
                          (uint32_t[]){(uint32_t)key, (uint32_t)(key >> 32)}, words);
            product = (wide)((uint64_t)words[2 * half + 1] << 32 | words[2 * half]) * below;
        }
    }
    return (uint64_t)(product >> 64);
}

INLINED void integers(const uint32_t words[WORDS], const draw *d, uint64_t counter, int64_t *out)
{
    for (int half = 0; half < 2; half++)
        for (int b = 0; b < BLOCKS; b++) {
            const uint32_t *w = words + 2 * half * BLOCKS + b;
            uint64_t x = (uint64_t)w[BLOCKS] << 32 | w[0];
            out[half * BLOCKS + b] = (int64_t)reduce(x, d->below, d->key, counter + (uint64_t)b, half);
        }
}

/* ---- whole draws ---- */

/* One group's items. */
INLINED void fill_group(const draw *d, uint64_t counter, void *out)
{
    uint32_t words[WORDS];
    make_group(d->key, counter, 0, 0, words);
    float *f32 = out;
    double *f64 = out;
    switch (d->kind) {
    case UNIFORM_F32:
        for (int i = 0; i < WORDS; i++)
            f32[i] = (float)(int32_t)(words[i] >> 8) * 0x1p-24F;
        break;
    case UNIFORM_F64:
        uniforms_f64(words, 0, f64);
        uniforms_f64(words, 1, f64 + BLOCKS);
        break;
    case NORMAL_F32:
        normals_f32(words, f32);
        break;
    case NORMAL_F64:
        normals_f64(words, f64);
        break;
    case SIGN_F32:
        for (int bit = 0; bit < 32; bit++)
            for (int i = 0; i < WORDS; i++)
                f32[bit * WORDS + i] = (float)((int32_t)(words[i] >> bit & 1) * 2 - 1);
        break;
    case SIGN_F64:
        for (int bit = 0; bit < 32; bit++)
            for (int i = 0; i < WORDS; i++)
                f64[bit * WORDS + i] = (int32_t)(words[i] >> bit & 1) * 2 - 1;
        break;
    case BELOW:
        integers(words, d, counter, out);
        break;
    }
}

/* Groups begin .. end-1; the last of the draw may be cut short. */
INLINED void fill(const draw *d, int64_t begin, int64_t end)
{
    int64_t items = kinds[d->kind].items;
    size_t item_bytes = kinds[d->kind].item_bytes;
    for (int64_t g = begin; g < end; g++) {
        char *out = d->out + (size_t)(g * items) * item_bytes;
        uint64_t counter = d->counter + (uint64_t)g * BLOCKS;
        int64_t left = d->n - g * items;
        if (left >= items) {
            fill_group(d, counter, out);
        } else {
            _Alignas(64) char whole[2048 * sizeof(double)];
            fill_group(d, counter, whole);
            memcpy(out, whole, (size_t)left * item_bytes);
        }
    }
}

static void fill_base(const draw *d, int64_t begin, int64_t end)
{
    fill(d, begin, end);
}

__attribute__((target("avx2"))) static void fill_avx2(const draw *d, int64_t begin, int64_t end)
{
    fill(d, begin, end);
}

__attribute__((target("avx512f,avx512vl,avx512bw,avx512dq"))) static void
fill_avx512(const draw *d, int64_t begin, int64_t end)
{
    fill(d, begin, end);
}

static int64_t groups_of(const draw *d)
{
    return (d->n + kinds[d->kind].items - 1) / kinds[d->kind].items;
}

static void fill_piece(void *arg, int64_t piece)
{
    static void (*const fills[CPU_ISA_COUNT])(const draw *d, int64_t begin, int64_t end) = {
        [CPU_BASE] = fill_base, [CPU_AVX2] = fill_avx2, [CPU_AVX512] = fill_avx512};
    const draw *d = arg;
    int64_t begin = piece * kinds[d->kind].groups, end = begin + kinds[d->kind].groups, all = groups_of(d);
    fills[cpu_isa()](d, begin, end < all ? end : all);
}

static void run(random_stream *s, kind what, uint64_t below, void *out, int64_t n)
{
    if (n <= 0)
        return;
    draw d = {what, s->key, s->counter, below, n, out};
    int64_t groups = groups_of(&d);
    pool_run((groups + kinds[what].groups - 1) / kinds[what].groups, fill_piece, &d);
    s->counter += (uint64_t)groups * BLOCKS;
}

void random_uniform_f32(random_stream *s, float *out, int64_t n)
{
    run(s, UNIFORM_F32, 0, out, n);
}

void random_uniform_f64(random_stream *s, double *out, int64_t n)
{
    run(s, UNIFORM_F64, 0, out, n);
}

void random_normal_f32(random_stream *s, float *out, int64_t n)
{
    run(s, NORMAL_F32, 0, out, n);
}

void random_normal_f64(random_stream *s, double *out, int64_t n)
{
    run(s, NORMAL_F64, 0, out, n);
}

void random_sign_f32(random_stream *s, float *out, int64_t n)
{
    run(s, SIGN_F32, 0, out, n);
}

void random_sign_f64(random_stream *s, double *out, int64_t n)
{
    run(s, SIGN_F64, 0, out, n);
}

void random_below(random_stream *s, uint64_t below, int64_t *out, int64_t n)
{
    run(s, BELOW, below, out, n);
}

void random_permutation(random_stream *s, int64_t *out, int64_t n)
{
    uint32_t words[WORDS];
    for (int64_t i = 0; i < n; i++)
        out[i] = i;
    /* The last place takes one of all, the last but one of the rest, and so on. The first takes what is left,
     * but has its number drawn as well, so that n numbers are used. */
    for (int64_t i = 0; i < n; i++) {
        int64_t place = n - 1 - i;
        int within = (int)(i % 32), half = within / BLOCKS, b = within % BLOCKS;
        if (!within)
            make_group(s->key, s->counter + (uint64_t)(i / 32) * BLOCKS, 0, 0, words);
        const uint32_t *w = words + 2 * half * BLOCKS + b;
        uint64_t block = s->counter + (uint64_t)(i / 32) * BLOCKS + (uint64_t)b;
        int64_t from =
            (int64_t)reduce((uint64_t)w[BLOCKS] << 32 | w[0], (uint64_t)place + 1, s->key, block, half);
        int64_t kept = out[place];
        out[place] = out[from];
        out[from] = kept;
    }
    if (n > 0)
        s->counter += (uint64_t)((n + 31) / 32) * BLOCKS;
}
