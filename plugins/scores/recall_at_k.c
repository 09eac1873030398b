/* scores/recall_at_k: whether one of an item's k nearest neighbours by cosine, itself left out, has its
 * label. The mean over the items is recall@k, as metric learning reports it. */
#include <assay/plugin.h>

#include <math.h>

typedef struct {
    int k;
} recall_at_k;

enum { AT_ONCE = 500 };

static const as_param params[] = {
    AS_INT(recall_at_k, k, 1, 1, 1000000, "neighbours that are looked at"),
    AS_END,
};

/* hits of items first to last, [last - first] */
static as_t hits(as_ctx *c, const recall_at_k *p, as_t unit, as_t labels, int64_t first, int64_t last)
{
    as_t some = as_slice(c, unit, 0, first, last, 1), place = as_arange(c, as_dim(c, unit, 0));
    as_t s = as_matmul(c, some, as_transpose(c, unit)); /* [n,N] */
    as_t itself =
        as_eq(c, as_unsqueeze(c, place, 0), as_unsqueeze(c, as_slice(c, place, 0, first, last, 1), 1));
    s = as_where(c, itself, as_full(c, AS_SCALAR, -INFINITY), s);
    as_t near = as_top_k(c, s, p->k, 1); /* i64 [n,k] */
    as_t found = as_reshape(c, as_index_select(c, labels, as_reshape(c, near, AS_DIMS(-1)), 0),
                            AS_DIMS(last - first, p->k));
    as_t own = as_unsqueeze(c, as_slice(c, labels, 0, first, last, 1), 1);
    return as_squeeze(c, as_max(c, as_eq(c, found, own), 1), 1);
}

static as_t score(as_ctx *c, const void *params_, const as_t *in)
{
    const recall_at_k *p = params_;
    const int64_t N = as_dim(c, in[0], 0);
    if (p->k >= N)
        return as_fail(c, "k = %d of %lld items, each has %lld others", p->k, (long long)N, (long long)N - 1);
    as_t emb = as_detach(c, in[0]), norm = as_sqrt(c, as_sum(c, as_square(c, emb), -1));
    if (!as_finite(c, emb) || as_item(c, as_min(c, norm, AS_ALL)) == 0)
        return as_fail(c, "an embedding has no direction: it holds NaN or infinity, or is 0");
    as_t unit = as_div(c, emb, norm), all = as_zeros(c, AS_DIMS(0));
    for (int64_t first = 0; first < N && as_ok(c); first += AT_ONCE) {
        int64_t last = first + AT_ONCE < N ? first + AT_ONCE : N;
        as_scope scope = as_open(c);
        all = as_close(c, scope, as_concat(c, (as_t[]){all, hits(c, p, unit, in[1], first, last)}, 2, 0));
    }
    return all;
}

AS_PLUGIN(.kind = "scores", .name = "recall_at_k", .version = "1.0.0",
          .doc = "whether a near neighbour has the item's label", .params = params,
          .signature = "emb f32[N,D], labels i64[N] -> hit f32[N]", .params_size = sizeof(recall_at_k),
          .score = score);
