/* datasets/long_tail: a labelled data set whose classes have exponentially fewer items. Cui et al. 2019,
 * section 5.1: the k-th class in a drawn order keeps n_k = round(n_max ratio^(-k / (classes - 1))) of its
 * items. */
#include <assay/plugin.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    int n_max, classes;
    double ratio;
    bool shuffle;
    const char *split;
} long_tail;

static const as_param params[] = {
    AS_INT(long_tail, n_max, 0, 0, 100000000,
           "items of the most frequent class; 0: as many as the smallest has"),
    AS_REAL_IN(long_tail, ratio, 100.0, "[1, inf)", "of the most to the least frequent class", .log = 1),
    AS_INT(long_tail, classes, 0, 0, 1000000, "C; 0: up to the largest label"),
    AS_BOOL(long_tail, shuffle, true, "the order of the classes is drawn; else class 0 is the most frequent"),
    AS_STRING(long_tail, split, "train", "the split that is cut; the others stay as they are"),
    AS_END,
};

static void open_splits(as_ctx *c, const void *params_)
{
    const long_tail *p = params_;
    bool known = false;
    for (int k = 0; k < as_source_count(c, 0); k++) {
        known |= strcmp(as_source_split(c, 0, k), p->split) == 0;
        as_split(c, as_source_split(c, 0, k));
    }
    if (!known)
        as_fail(c, "split = \"%s\" is no split of the source", p->split);
}

/* The labels' largest, and one more. */
static int64_t classes_of(as_ctx *c, const long_tail *p, as_t y)
{
    if (p->classes)
        return p->classes;
    return as_count(c, y) ? 1 + (int64_t)as_item(c, as_max(c, as_cast(c, y, AS_F64), AS_ALL)) : 1;
}

static bool counts_of(as_ctx *c, const int64_t *label, int64_t N, int64_t *count, int64_t classes)
{
    memset(count, 0, (size_t)classes * sizeof *count);
    for (int64_t i = 0; i < N; i++) {
        if (label[i] < 0 || label[i] >= classes) {
            as_fail(c, "label %lld of item %lld, expected 0 <= label < %lld (classes)", (long long)label[i],
                    (long long)i, (long long)classes);
            return false;
        }
        count[label[i]]++;
    }
    return true;
}

/* Turns how many items each class has into how many it keeps. */
static void thin_out(as_ctx *c, const long_tail *p, int64_t *count, int64_t classes)
{
    const int64_t *class =
        as_data_i64(c, p->shuffle ? as_permutation(c, "classes", classes) : as_arange(c, classes));
    int64_t most = p->n_max ? p->n_max : count[0];
    for (int64_t k = 0; !p->n_max && k < classes; k++)
        most = count[k] < most ? count[k] : most;
    for (int64_t k = 0; class && k < classes; k++) {
        double share = classes > 1 ? pow(p->ratio, -(double)k / (double)(classes - 1)) : 1;
        int64_t n = llround((double)most * share);
        if (n > count[class[k]])
            as_fail(c, "class %lld has %lld items, %lld are wanted: lower n_max = %lld", (long long)class[k],
                    (long long)count[class[k]], (long long)n, (long long)most);
        count[class[k]] = n;
    }
}

/* The places of the items that stay, ascending: of each class those that come first in a drawn order. */
static as_t chosen(as_ctx *c, const long_tail *p, as_t y)
{
    int64_t N = as_dim(c, y, 0), C = classes_of(c, p, y), kept = 0;
    as_t drawn = as_permutation(c, "items", N), taken = as_arange(c, N), left = as_arange(c, C);
    const int64_t *place = as_data_i64(c, drawn), *label = as_data_i64(c, as_contiguous(c, y));
    int64_t *stays = as_data_i64(c, taken), *count = as_data_i64(c, left);
    if (!place || !label || !stays || !count || !counts_of(c, label, N, count, C))
        return as_inert(c);
    thin_out(c, p, count, C);
    memset(stays, 0, (size_t)N * sizeof *stays);
    for (int64_t i = 0; i < N; i++) {
        stays[place[i]] = count[label[place[i]]] > 0;
        count[label[place[i]]] -= stays[place[i]];
    }
    for (int64_t i = 0; i < N; i++)
        if (stays[i])
            stays[kept++] = i;
    return as_slice(c, taken, 0, 0, kept, 1);
}

static void read_split(as_ctx *c, const void *params_, const char *split)
{
    const long_tail *p = params_;
    const as_state *fields = as_source(c, 0, split);
    bool cut = strcmp(split, p->split) == 0;
    as_t y = as_state_find(c, fields, "y");
    if (!y) {
        as_fail(c, "the source's split \"%s\" has no labels y", split);
        return;
    }
    as_t places = cut ? chosen(c, p, y) : NULL;
    for (int k = 0; k < as_state_size(c, fields) && as_ok(c); k++) {
        as_t x = as_state_tensor(c, fields, k);
        as_field(c, as_state_name(c, fields, k), cut ? as_index_select(c, x, places, 0) : x);
    }
}

AS_PLUGIN(.kind = "datasets", .name = "long_tail", .version = "1.0.0", .paper = "arXiv:1901.05555",
          .doc = "another data set with exponentially fewer items from class to class", .params = params,
          .signature = "source dataset -> y i64[N]", .params_size = sizeof(long_tail), .open = open_splits,
          .read = read_split);
