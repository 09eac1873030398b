/* datasets/label_noise: flips training labels of another data set. Zhu et al. 2023 (LDR), utils.py: with
 * probability xi a label becomes a draw over ALL classes, so that the true flip rate is xi (C - 1) / C; or
 * the next class, or the one a table names: the true flip rate is xi where the table names another. */
#include <assay/plugin.h>

#include <string.h>

typedef struct {
    double xi;
    int kind, classes;
    as_ints table;
    const char *split;
} label_noise;

enum { UNIFORM, NEXT, TABLE };

static const as_param params[] = {
    AS_REAL(label_noise, xi, 0.3, 0.0, 1.0, "share of the labels that are drawn anew"),
    AS_CHOICE(label_noise, kind, "uniform", "uniform|next|table",
              "a class drawn over all, the next one, or the one in the table"),
    AS_INT(label_noise, classes, 10, 2, 1000000, "C"),
    AS_INTS(label_noise, table, "", "[0, 999999]", "kind table: class k becomes table[k], C numbers"),
    AS_STRING(label_noise, split, "train", "the split whose labels are flipped; the others stay clean"),
    AS_END,
};

static void validate(as_ctx *c, const void *params_)
{
    const label_noise *p = params_;
    if (p->kind == TABLE && p->table.n != p->classes)
        as_fail(c, "table of %d numbers, expected one for each of %d classes", p->table.n, p->classes);
    for (int k = 0; k < p->table.n; k++)
        if (p->table.at[k] >= p->classes)
            as_fail(c, "table: class %d at [%d], expected 0 <= class < %d", p->table.at[k], k, p->classes);
}

static void open_splits(as_ctx *c, const void *params_)
{
    (void)params_;
    for (int k = 0; k < as_source_count(c, 0); k++)
        as_split(c, as_source_split(c, 0, k));
}

/* The class a flipped label becomes. */
static int64_t flipped(const label_noise *p, int64_t clean, int64_t drawn)
{
    return p->kind == UNIFORM ? drawn : p->kind == NEXT ? (clean + 1) % p->classes : p->table.at[clean];
}

static void refuse_class(as_ctx *c, const label_noise *p, const int64_t *label, int64_t N)
{
    for (int64_t i = 0; i < N && as_ok(c); i++)
        if (label[i] < 0 || label[i] >= p->classes)
            as_fail(c, "label %lld of item %lld, expected 0 <= label < %d (classes)", (long long)label[i],
                    (long long)i, p->classes);
}

static void read_split(as_ctx *c, const void *params_, const char *split)
{
    const label_noise *p = params_;
    const as_state *fields = as_source(c, 0, split);
    as_t y = as_state_find(c, fields, "y");
    if (!y) {
        as_fail(c, "the source's split \"%s\" has no labels y", split);
        return;
    }
    for (int k = 0; k < as_state_size(c, fields); k++)
        if (strcmp(as_state_name(c, fields, k), "y") != 0)
            as_field(c, as_state_name(c, fields, k), as_state_tensor(c, fields, k));
    int64_t N = as_dim(c, y, 0);
    bool flips = strcmp(split, p->split) == 0;
    as_t chosen = as_lt(c, as_rand(c, "flip", AS_DIMS(N)), as_full(c, AS_SCALAR, flips ? p->xi : 0));
    as_t fresh = as_randint(c, "class", p->classes, AS_DIMS(N));
    const int64_t *drawn = as_data_i64(c, fresh), *clean = as_data_i64(c, as_contiguous(c, y));
    if (!drawn || !clean)
        return;
    refuse_class(c, p, clean, N);
    as_t noisy = as_from(c, AS_I64, AS_DIMS(N), clean);
    as_t marks = as_contiguous(c, as_cast(c, chosen, AS_I64));
    int64_t *label = as_data_i64(c, noisy), *mark = as_data_i64(c, marks);
    for (int64_t i = 0; label && mark && as_ok(c) && i < N; i++) {
        if (mark[i])
            label[i] = flipped(p, clean[i], drawn[i]);
        mark[i] = label[i] != clean[i];
    }
    as_field(c, "y", noisy);
    as_field(c, "clean", y);
    as_field(c, "noisy", marks);
}

AS_PLUGIN(.kind = "datasets", .name = "label_noise", .version = "1.1.0", .paper = "arXiv:2112.14869",
          .doc = "flips labels of another data set; clean and noisy come along", .params = params,
          .signature = "source dataset -> y i64[N], clean i64[N], noisy i64[N]<2",
          .params_size = sizeof(label_noise), .validate = validate, .open = open_splits, .read = read_split);
