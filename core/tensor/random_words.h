/* What draws are made of, for the files that make them (random.c, random_variates.c): Philox blocks and the
 * way from their words to numbers. The bits are the same on every machine: own logarithm and sine, and the
 * files that include this are compiled (core/CMakeLists.txt) without fused multiply-add. Everything is
 * inlined, so that a caller can be compiled for several instruction sets. */
#ifndef ASSAY_TENSOR_RANDOM_WORDS_H
#define ASSAY_TENSOR_RANDOM_WORDS_H

#include <math.h>
#include <stdint.h>
#include <string.h>

/* Blocks are made 16 at a time, word w of block b at words[16 * w + b], so that vectors need no shuffling. */
enum { BLOCKS = 16, WORDS = 4 * BLOCKS };

#define INLINED static inline __attribute__((always_inline))

#define M0 0xd2511f53U
#define M1 0xcd9e8d57U
#define W0 0x9e3779b9U
#define W1 0xbb67ae85U

INLINED void philox_round(uint32_t c[4], uint32_t k0, uint32_t k1)
{
    uint64_t p0 = (uint64_t)M0 * c[0], p1 = (uint64_t)M1 * c[2];
    c[0] = (uint32_t)(p1 >> 32) ^ c[1] ^ k0;
    c[2] = (uint32_t)(p0 >> 32) ^ c[3] ^ k1;
    c[1] = (uint32_t)p1;
    c[3] = (uint32_t)p0;
}

/* Written out, so that the compiler keeps a vector of blocks in registers through all ten rounds. */
INLINED void philox(uint32_t c[4], uint32_t k0, uint32_t k1)
{
    philox_round(c, k0, k1);
    philox_round(c, k0 + W0, k1 + W1);
    philox_round(c, k0 + 2 * W0, k1 + 2 * W1);
    philox_round(c, k0 + 3 * W0, k1 + 3 * W1);
    philox_round(c, k0 + 4 * W0, k1 + 4 * W1);
    philox_round(c, k0 + 5 * W0, k1 + 5 * W1);
    philox_round(c, k0 + 6 * W0, k1 + 6 * W1);
    philox_round(c, k0 + 7 * W0, k1 + 7 * W1);
    philox_round(c, k0 + 8 * W0, k1 + 8 * W1);
    philox_round(c, k0 + 9 * W0, k1 + 9 * W1);
}

/* Blocks counter .. counter + 15 of the stream. What an item draws beyond its block is the same block at a
 * later attempt, or its next part. */
INLINED void make_group(uint64_t key, uint64_t counter, uint32_t attempt, uint32_t part,
                        uint32_t words[WORDS])
{
    for (uint32_t b = 0; b < BLOCKS; b++) {
        uint32_t c[4] = {(uint32_t)(counter + b), (uint32_t)((counter + b) >> 32), attempt, part};
        philox(c, (uint32_t)key, (uint32_t)(key >> 32));
        words[b] = c[0];
        words[BLOCKS + b] = c[1];
        words[2 * BLOCKS + b] = c[2];
        words[3 * BLOCKS + b] = c[3];
    }
}

/* From the first or last two words (`half`) of each block. */
INLINED void uniforms_f64(const uint32_t words[WORDS], int half, double u[BLOCKS])
{
    const uint32_t *low = words + 2 * half * BLOCKS, *high = low + BLOCKS;
    for (int b = 0; b < BLOCKS; b++) /* 27 and 26 bits, so that every step is exact */
        u[b] = ((int32_t)(high[b] >> 5) * 0x1p26 + (int32_t)(low[b] >> 6)) * 0x1p-53;
}

/* -2 log x for normal x > 0: x = 2^e m with m near 1, log m = 2 artanh s with s = (m - 1) / (m + 1),
 * |s| < 0.172. */
INLINED void minus_two_log_f32(float x[BLOCKS])
{
    int32_t bits[BLOCKS], exponent[BLOCKS];
    float m[BLOCKS];
    memcpy(bits, x, sizeof bits);
    for (int b = 0; b < BLOCKS; b++) { /* 0x3f3504f3 is sqrt(1/2): m runs from there to sqrt(2) */
        int32_t shifted = bits[b] - 0x3f3504f3;
        exponent[b] = shifted >> 23;
        bits[b] = (shifted & 0x7fffff) + 0x3f3504f3;
    }
    memcpy(m, bits, sizeof m);
    for (int b = 0; b < BLOCKS; b++) {
        float s = (m[b] - 1) / (m[b] + 1), z = s * s;
        float series = 1 + z * (1.0F / 3 + z * (1.0F / 5 + z * (1.0F / 7 + z * (1.0F / 9))));
        x[b] = -2 * ((float)exponent[b] * 0.693147181F + 2 * s * series);
    }
}

INLINED void minus_two_log_f64(double x[BLOCKS])
{
    int64_t bits[BLOCKS];
    int32_t exponent[BLOCKS];
    double m[BLOCKS];
    memcpy(bits, x, sizeof bits);
    for (int b = 0; b < BLOCKS; b++) {
        int64_t shifted = bits[b] - 0x3fe6a09e667f3bcd;
        exponent[b] =
            (int32_t)((uint64_t)shifted >> 52 ^ 0x800) - 0x800; /* the top 12 bits, with their sign */
        bits[b] = (shifted & 0xfffffffffffff) + 0x3fe6a09e667f3bcd;
    }
    memcpy(m, bits, sizeof m);
    for (int b = 0; b < BLOCKS; b++) {
        double s = (m[b] - 1) / (m[b] + 1), z = s * s;
        double series = 1.0 / 17 + z * (1.0 / 19 + z * (1.0 / 21));
        series = 1.0 / 9 + z * (1.0 / 11 + z * (1.0 / 13 + z * (1.0 / 15 + z * series)));
        series = 1 + z * (1.0 / 3 + z * (1.0 / 5 + z * (1.0 / 7 + z * series)));
        x[b] = -2 * (exponent[b] * 0.69314718055994531 + 2 * s * series);
    }
}

/* Box & Muller 1958: from radius^2 = -2 log u and turns in [0, 1), x = radius cos(2 pi turns) and y with the
 * sine. The angle is reduced to a quarter turn around the nearest axis, where Taylor's series are exact to
 * the last bit or so. */
INLINED void box_muller_f32(const float square[BLOCKS], const float turns[BLOCKS], float *x, float *y)
{
    for (int b = 0; b < BLOCKS; b++) {
        float quarters = 4 * turns[b];
        int q = (int)(quarters + 0.5F);
        float t = (quarters - (float)q) * 1.57079633F, z = t * t, r = sqrtf(square[b]);
        float s = t * (1 - z * (1.0F / 6 - z * (1.0F / 120 - z * (1.0F / 5040 - z * (1.0F / 362880)))));
        float c = 1 - z * (0.5F - z * (1.0F / 24 - z * (1.0F / 720 - z * (1.0F / 40320 - z / 3628800))));
        float along = q & 1 ? s : c, across = q & 1 ? c : s;
        x[b] = r * ((q + 1) & 2 ? -along : along);
        y[b] = r * (q & 2 ? -across : across);
    }
}

INLINED void box_muller_f64(const double square[BLOCKS], const double turns[BLOCKS], double *x, double *y)
{
    for (int b = 0; b < BLOCKS; b++) {
        double quarters = 4 * turns[b];
        int q = (int)(quarters + 0.5);
        double t = (quarters - q) * 1.5707963267948966, z = t * t, r = sqrt(square[b]);
        double s = 1.0 / 39916800 - z * (1.0 / 6227020800 - z * (1.0 / 1307674368000 - z / 355687428096000));
        s = t * (1 - z * (1.0 / 6 - z * (1.0 / 120 - z * (1.0 / 5040 - z * (1.0 / 362880 - z * s)))));
        double c =
            1.0 / 479001600 - z * (1.0 / 87178291200 - z * (1.0 / 20922789888000 - z / 6402373705728000));
        c = 1.0 / 40320 - z * (1.0 / 3628800 - z * c);
        c = 1 - z * (0.5 - z * (1.0 / 24 - z * (1.0 / 720 - z * c)));
        double along = q & 1 ? s : c, across = q & 1 ? c : s;
        x[b] = r * ((q + 1) & 2 ? -along : along);
        y[b] = r * (q & 2 ? -across : across);
    }
}

INLINED void normals_f32(const uint32_t words[WORDS], float *out)
{
    for (int half = 0; half < 2; half++) {
        const uint32_t *w = words + 2 * half * BLOCKS;
        float square[BLOCKS], turns[BLOCKS];
        for (int b = 0; b < BLOCKS; b++) {
            square[b] = (float)((int32_t)(w[b] >> 8) + 1) * 0x1p-24F; /* in (0, 1] */
            turns[b] = (float)(int32_t)(w[BLOCKS + b] >> 8) * 0x1p-24F;
        }
        minus_two_log_f32(square);
        box_muller_f32(square, turns, out + 2 * half * BLOCKS, out + (2 * half + 1) * BLOCKS);
    }
}

INLINED void normals_f64(const uint32_t words[WORDS], double *out)
{
    double square[BLOCKS], turns[BLOCKS];
    uniforms_f64(words, 0, square);
    uniforms_f64(words, 1, turns);
    for (int b = 0; b < BLOCKS; b++)
        square[b] += 0x1p-53;
    minus_two_log_f64(square);
    box_muller_f64(square, turns, out, out + BLOCKS);
}

#endif
