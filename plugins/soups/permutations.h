/* Permutations of hidden units that leave a network's function as it is: which axes of which tensors belong
 * together (the spec), and what becomes of a state. perm[l][i] = j: row i of what is permuted is row j of
 * what was. Ainsworth et al. 2023, Git re-basin, section 3; Ito et al. 2025, section 2. */
#ifndef ASSAY_PLUGINS_SOUPS_PERMUTATIONS_H
#define ASSAY_PLUGINS_SOUPS_PERMUTATIONS_H

#include <assay/plugin.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PERMUTATIONS_MAX = 64, TIES_MAX = 512, TENSORS_MAX = 512, MODELS_MAX = 32, SPEC_NAME = 96 };

/* An axis that permutation `perm` acts on; `block` neighbours move together, as behind a flatten. */
typedef struct {
    int tensor, axis, perm;
    int64_t block;
} tie;

typedef struct {
    int count, ties;                        /* of permutations, of tied axes */
    char name[PERMUTATIONS_MAX][SPEC_NAME]; /* in order of first mention */
    int64_t size[PERMUTATIONS_MAX];
    tie at[TIES_MAX];
} spec;

#define SPEC_DOC                                                                                             \
    "tensors and the permutation of each axis, \"1.weight h1 -, 1.bias h1, 3.weight - h1\"; h2*49: blocks "  \
    "of 49, behind a flatten; empty: layers one after the other, in order"

static inline int spec_permutation(as_ctx *c, spec *s, const char *name)
{
    for (int l = 0; l < s->count; l++)
        if (strcmp(s->name[l], name) == 0)
            return l;
    size_t length = strlen(name);
    if (s->count == PERMUTATIONS_MAX || length >= SPEC_NAME) {
        as_fail(c, "spec: permutation %s: more than %d of them, or a name of more than %d characters", name,
                PERMUTATIONS_MAX, SPEC_NAME - 1);
        return 0;
    }
    memcpy(s->name[s->count], name, length + 1);
    return s->count++;
}

static inline void spec_tie(as_ctx *c, spec *s, const as_state *theta, tie t)
{
    as_t x = as_state_tensor(c, theta, t.tensor);
    const char *tensor = as_state_name(c, theta, t.tensor), *name = s->name[t.perm];
    int64_t axis = as_dim(c, x, t.axis), n = axis / t.block;
    for (int k = 0; k < s->ties; k++)
        if (s->at[k].tensor == t.tensor && s->at[k].perm == t.perm)
            as_fail(c,
                    "spec: permutation %s is tied to axes %d and %d of \"%s\", expected one axis of a tensor",
                    name, s->at[k].axis + 1, t.axis + 1, tensor);
    if (axis % t.block)
        as_fail(c, "spec: axis %d of \"%s\" has %lld items, no multiple of %lld", t.axis + 1, tensor,
                (long long)axis, (long long)t.block);
    if (s->size[t.perm] && s->size[t.perm] != n)
        as_fail(c, "spec: permutation %s is of %lld items, axis %d of \"%s\" has %lld", name,
                (long long)s->size[t.perm], t.axis + 1, tensor, (long long)n);
    if (as_dtype_of(c, x) == AS_I64)
        as_fail(c, "spec: \"%s\" holds integers, expected floats", tensor);
    if (s->ties == TIES_MAX)
        as_fail(c, "spec: more than %d tied axes", TIES_MAX);
    if (!as_ok(c))
        return;
    s->size[t.perm] = n;
    s->at[s->ties++] = t;
}

static inline int spec_tensor(as_ctx *c, const as_state *theta, const char *name)
{
    for (int i = 0; i < as_state_size(c, theta); i++)
        if (strcmp(as_state_name(c, theta, i), name) == 0)
            return i;
    as_fail(c, "spec: the states have no \"%s\"", name);
    return 0;
}

/* One axis' word: "-", "h1" or "h1*49". */
static inline void spec_axis(as_ctx *c, spec *s, const as_state *theta, int tensor, int axis, char *word)
{
    tie t = {.tensor = tensor, .axis = axis, .block = 1};
    if (strcmp(word, "-") == 0)
        return;
    char *star = strchr(word, '*'), *end = NULL;
    if (star) {
        *star = 0;
        t.block = strtoll(star + 1, &end, 10);
        if (*end || t.block < 1)
            as_fail(c, "spec: \"%s*%s\" has no whole number behind the star", word, star + 1);
    }
    t.perm = spec_permutation(c, s, word);
    if (as_ok(c))
        spec_tie(c, s, theta, t);
}

/* "1.weight h1 -, 1.bias h1, ..."; axes that are not named are not tied */
static inline void spec_parse(as_ctx *c, spec *s, const as_state *theta, const char *text)
{
    for (const char *at = text; *at && as_ok(c);) {
        char word[SPEC_NAME];
        int tensor = -1, axis = 0;
        for (; *at && *at != ','; at += strspn(at, " \t\n")) {
            size_t n = strcspn(at, " \t\n,");
            if (n >= SPEC_NAME) {
                as_fail(c, "spec: a word of %d characters, expected fewer than %d", (int)n, SPEC_NAME);
                return;
            }
            memcpy(word, at, n);
            word[n] = 0;
            at += n;
            if (n && tensor < 0)
                tensor = spec_tensor(c, theta, word);
            else if (n && axis == as_rank(c, as_state_tensor(c, theta, tensor)))
                as_fail(c, "spec: \"%s\" has %d axes, \"%s\" is one too many",
                        as_state_name(c, theta, tensor), axis, word);
            else if (n)
                spec_axis(c, s, theta, tensor, axis++, word);
            if (!as_ok(c))
                return;
        }
        at += *at == ',';
        at += strspn(at, " \t\n");
    }
}

/* z_l = relu(W_l z_{l-1} + b_l), l < L: rows of W_l and what stands behind it (biases, scales) by P_l,
 * columns by P_{l-1}; neither the first layer's columns nor the last one's rows move. */
static inline void spec_chain(as_ctx *c, spec *s, const as_state *theta)
{
    int left = 0, before = -1, now = -1;
    for (int i = 0; i < as_state_size(c, theta); i++)
        left += as_rank(c, as_state_tensor(c, theta, i)) >= 2;
    for (int i = 0; i < as_state_size(c, theta) && as_ok(c); i++) {
        as_t x = as_state_tensor(c, theta, i);
        int rank = as_rank(c, x);
        if (rank >= 2) {
            before = now, left--;
            now = left ? spec_permutation(c, s, as_state_name(c, theta, i)) : -1;
            if (left)
                spec_tie(c, s, theta, (tie){i, 0, now, 1});
            int64_t columns = as_dim(c, x, 1);
            if (before >= 0 && columns % s->size[before])
                as_fail(
                    c,
                    "\"%s\" has %lld columns for %lld units before it: not one after the other, give a spec",
                    as_state_name(c, theta, i), (long long)columns, (long long)s->size[before]);
            else if (before >= 0)
                spec_tie(c, s, theta, (tie){i, 1, before, columns / s->size[before]});
        } else if (rank == 1 && now >= 0) {
            spec_tie(c, s, theta, (tie){i, 0, now, 1});
        }
    }
}

static inline spec spec_of(as_ctx *c, const as_state *theta, const char *text)
{
    spec s = {0};
    if (as_state_size(c, theta) > TENSORS_MAX)
        as_fail(c, "states of %d tensors, expected %d at most", as_state_size(c, theta), TENSORS_MAX);
    else if (*text)
        spec_parse(c, &s, theta, text);
    else
        spec_chain(c, &s, theta);
    return s;
}

/* [n, rest]: the axis first, its blocks and all else behind it */
static inline as_t rows_of(as_ctx *c, as_t x, int axis, int64_t n)
{
    as_dims order = {as_rank(c, x), {axis}};
    for (int k = 0, to = 1; k < order.rank; k++)
        if (k != axis)
            order.size[to++] = k;
    return as_reshape(c, as_permute(c, x, order), AS_DIMS(n, as_count(c, x) / n));
}

/* ... and back into x's shape */
static inline as_t from_rows(as_ctx *c, as_t rows, as_t x, int axis)
{
    as_dims moved = {as_rank(c, x), {as_dim(c, x, axis)}}, back = {moved.rank, {0}};
    for (int k = 0, to = 1; k < moved.rank; k++) {
        if (k != axis)
            moved.size[to] = as_dim(c, x, k);
        back.size[k] = k == axis ? 0 : to++;
    }
    return as_permute(c, as_reshape(c, rows, moved), back);
}

/* Tensor i under all permutations but `except`: i64[n_l] places, or floats [n_l,n_l] that multiply. */
static inline as_t permuted(as_ctx *c, const spec *s, int i, as_t x, const as_t *perm, int except)
{
    for (int k = 0; k < s->ties && as_ok(c); k++) {
        tie t = s->at[k];
        if (t.tensor != i || t.perm == except)
            continue;
        as_t rows = rows_of(c, x, t.axis, s->size[t.perm]), p = perm[t.perm];
        rows = as_dtype_of(c, p) == AS_I64 ? as_index_select(c, rows, p, 0) : as_matmul(c, p, rows);
        x = from_rows(c, rows, x, t.axis);
    }
    return x;
}

static inline void identity(as_ctx *c, const spec *s, as_t *perm)
{
    for (int l = 0; l < s->count; l++)
        perm[l] = as_arange(c, s->size[l]);
}

/* The items of x in the place of those of `to`, which outlives a scope: f64 or i64. */
static inline void store(as_ctx *c, as_t to, as_t x)
{
    as_dtype dtype = as_dtype_of(c, to);
    size_t size = 8 * (size_t)as_count(c, to);
    x = as_contiguous(c, as_cast(c, as_detach(c, x), dtype));
    void *into = dtype == AS_I64 ? (void *)as_data_i64(c, to) : (void *)as_data_f64(c, to);
    const void *from = dtype == AS_I64 ? (void *)as_data_i64(c, x) : (void *)as_data_f64(c, x);
    if (as_ok(c))
        memcpy(into, from, size);
}

static inline void store_all(as_ctx *c, const spec *s, const as_t *to, const as_t *perm)
{
    for (int l = 0; l < s->count; l++)
        store(c, to[l], perm[l]);
}

/* The permutations found for a state, behind one another: i64[1,P]. */
static inline as_t flat(as_ctx *c, const spec *s, const as_t *perm)
{
    as_t all = s->count ? as_concat(c, perm, s->count, 0) : as_arange(c, 0);
    return as_unsqueeze(c, all, 0);
}

/* Refuses a spec that is no symmetry of the model, such as a group norm over several channels that move: f
 * must stay as it is under drawn permutations. */
static inline void spec_must_fit(as_ctx *c, const spec *s, as_model *f, as_t x, const as_state *theta)
{
    as_t perm[PERMUTATIONS_MAX];
    as_state *moved = as_state_new(c);
    for (int l = 0; l < s->count; l++)
        perm[l] = as_permutation(c, "probe", s->size[l]);
    for (int i = 0; i < as_state_size(c, theta) && as_ok(c); i++)
        as_state_set(c, moved, as_state_name(c, theta, i),
                     permuted(c, s, i, as_state_tensor(c, theta, i), perm, -1));
    as_t few = as_slice(c, x, 0, 0, as_dim(c, x, 0) < 16 ? as_dim(c, x, 0) : 16, 1);
    bool before = as_no_grad(c);
    as_t y = as_call_with(c, f, theta, &few, 1), z = as_call_with(c, f, moved, &few, 1);
    double change = as_item(c, as_max(c, as_abs(c, as_sub(c, y, z)), AS_ALL));
    double size = as_item(c, as_max(c, as_abs(c, y), AS_ALL));
    as_no_grad_end(c, before);
    if (as_ok(c) && !(change <= 1e-3 * (1 + size)))
        as_fail(c,
                "permuting units as the spec says changes the model's outputs by %g: it is no symmetry of it",
                change);
}

#endif
