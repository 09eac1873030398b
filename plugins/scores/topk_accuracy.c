/* scores/topk_accuracy: the share of items whose label is among the k largest logits, for k = 1 .. K; over
 * all items, or as the mean of the classes' own shares, which does not favour the frequent ones. */
#include <assay/plugin.h>

typedef struct {
    int k;
    bool balanced;
} topk_accuracy;

enum { LOGITS, LABELS };

static const as_param params[] = {
    AS_INT(topk_accuracy, k, 5, 1, 1000000, "the largest k; from the count of classes on the accuracy is 1"),
    AS_BOOL(topk_accuracy, balanced, false, "the mean over the classes that have items, not over items"),
    AS_END,
};

/* How many classes stand before the label in descending order of logits; of equals the lower class does, as
 * in argmax. [N,1] */
static as_t rank_of_label(as_ctx *c, as_t f, as_t y)
{
    as_t label = as_unsqueeze(c, y, -1);                          /* [N,1] */
    as_t f_y = as_gather(c, f, label, -1);                        /* [N,1] */
    as_t lower = as_lt(c, as_arange(c, as_dim(c, f, -1)), label); /* [N,C] */
    as_t tied = as_mul(c, as_eq(c, f, f_y), as_cast(c, lower, as_dtype_of(c, f)));
    return as_sum(c, as_add(c, as_gt(c, f, f_y), tied), -1);
}

/* values[j], of the j + 1 largest: mean_n [rank_n <= j];  balanced: mean over classes y of mean over n in y
 * */
static as_t score(as_ctx *c, const void *params_, const as_t *in)
{
    const topk_accuracy *p = params_;
    int64_t classes = as_dim(c, in[LOGITS], 1);
    if (!as_finite(c, in[LOGITS]))
        return as_fail(c, "logits hold NaN or infinity");
    as_t f = as_detach(c, in[LOGITS]);
    as_t j = as_cast(c, as_arange(c, p->k), as_dtype_of(c, f));
    as_t hit = as_le(c, rank_of_label(c, f, in[LABELS]), j); /* [N,k] */
    if (!p->balanced)
        return as_squeeze(c, as_mean(c, hit, 0), 0);
    as_t member = as_transpose(c, as_one_hot(c, in[LABELS], classes)); /* [C,N] */
    as_t count = as_sum(c, member, -1);                                /* [C,1] */
    as_t some = as_clamp(c, count, 0, 1);                              /* 1 where a class has items */
    as_t share = as_div(c, as_matmul(c, member, hit), as_maximum(c, count, as_full(c, AS_SCALAR, 1)));
    return as_squeeze(c, as_div(c, as_sum(c, share, 0), as_sum(c, some, 0)), 0);
}

AS_PLUGIN(.kind = "scores", .name = "topk_accuracy", .version = "1.0.0",
          .doc = "share of items whose label is among the k largest logits, k = 1 .. K", .params = params,
          .signature = "logits f32[N,C], labels i64[N]<C -> values f32[k]",
          .params_size = sizeof(topk_accuracy), .score = score);
