/* Random numbers by counter: Philox4x32-10 (Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as
 * easy as 1, 2, 3"). A stream is a key and a position; number i of a draw is a function of (key, position +
 * i), so a draw runs in parallel, gives the same bits at any thread count and on any instruction set, and
 * saving a stream is saving two integers. Statistical use only, not for secrets.
 *
 * Streams are named: one a (seed, kind/name, instance, purpose), so that adding a draw in one place moves
 * nothing elsewhere. To split by item (sample i of a batch, particle i) take random_item(stream, i): its
 * draws depend on i and not on how many items there are or in which order they come.
 *
 * One draw reads whole groups of 16 counter values (64 words of 32 bits) and moves the position past them: by
 * an amount that depends on n only, never on the values. Item i of a draw is the same whatever n is.
 * Large draws use the thread pool: engine's main thread, or a pool piece (then serially). */
#ifndef ASSAY_TENSOR_RANDOM_H
#define ASSAY_TENSOR_RANDOM_H

#include <stdint.h>

typedef struct {
    uint64_t key;     /* which stream */
    uint64_t counter; /* the next unused block */
} random_stream;

/* The stream for one purpose ("init", "dropout") of one instance (0, 1, ...) of a plugin or script object
 * ("losses/ sogclr"). The mapping is part of every recorded result: it never changes. */
random_stream random_named(uint64_t seed, const char *name, uint64_t instance, const char *purpose);

/* The stream of one item of `s` at its present position; `s` itself does not move. */
random_stream random_item(random_stream s, uint64_t item);
/* Moves on by one group, as a draw does: the next items have other streams. */
void random_pass(random_stream *s);

/* Uniform in [0, 1): multiples of 2^-24 (f32), 2^-53 (f64). */
void random_uniform_f32(random_stream *s, float *out, int64_t n);
void random_uniform_f64(random_stream *s, double *out, int64_t n);

/* Standard normal by Box-Muller from 24- and 53-bit uniforms: |value| <= 5.77 (f32), 8.58 (f64). */
void random_normal_f32(random_stream *s, float *out, int64_t n);
void random_normal_f64(random_stream *s, double *out, int64_t n);

/* -1 or 1, each with probability 1/2. */
void random_sign_f32(random_stream *s, float *out, int64_t n);
void random_sign_f64(random_stream *s, double *out, int64_t n);

/* Integers in [0, below), every one equally likely (Lemire 2019, with rejection). below >= 1. */
void random_below(random_stream *s, uint64_t below, int64_t *out, int64_t n);

/* A permutation of 0 .. n-1, every one equally likely (Fisher-Yates). Serial: about 10 ns an item while in
 * cache. */
void random_permutation(random_stream *s, int64_t *out, int64_t n);

/* Gamma of this shape > 0 and scale 1 (Marsaglia & Tsang 2000, by rejection: the exact distribution),
 * computed in double. Far below shape 1 most of it lies under the least number above 0 and comes as 0. About
 * 100 ns an item and thread, as the next. */
void random_gamma_f32(random_stream *s, double shape, float *out, int64_t n);
void random_gamma_f64(random_stream *s, double shape, double *out, int64_t n);

/* Beta of a, b > 0, in [0, 1]: a gamma of shape a over the sum with one of shape b. */
void random_beta_f32(random_stream *s, double a, double b, float *out, int64_t n);
void random_beta_f64(random_stream *s, double a, double b, double *out, int64_t n);

/* For each row of weights [rows, classes], finite, >= 0 and not all 0, `draws` classes with these odds.
 * Leaves each row's running sums in `weights`. One uniform of 53 bits a draw; a class of weight 0 never
 * comes. */
void random_categorical(random_stream *s, double *weights, int64_t rows, int64_t classes, int64_t draws,
                        int64_t *out);

/* One block: the bijection itself, for tests and for code that needs its own layout. */
void random_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

#endif
