// Two data sets in one file, in C++20: the header is clean there too.
#include <assay/plugin.h>

namespace {

struct counted {
    int items;
    double scale;
};

const as_param params[] = {
    AS_INT(counted, items, 2000, 1, 100000, "items of the training split"),
    AS_REAL_IN(counted, scale, 1.0, "(0, inf)", "of the values", .unit = "px"),
    AS_END,
};

void open_splits(as_ctx *c, const void *)
{
    as_split(c, "train");
    as_split(c, "test");
}

// x[n] = n scale, y[n] = floor(10 n / N)
void read_split(as_ctx *c, const void *params_, const char *split)
{
    const auto *p = static_cast<const counted *>(params_);
    const int64_t n = split[1] == 'r' ? p->items : 50;
    as_t labels = as_arange(c, n);
    int64_t *label = as_data_i64(c, labels);
    for (int64_t i = 0; label && i < n; i++)
        label[i] = 10 * i / n;
    as_t x = as_scale(c, as_cast(c, as_arange(c, n), AS_F32), p->scale);
    as_field(c, "x", as_reshape(c, x, AS_DIMS(n, 1)));
    as_field(c, "y", labels);
}

AS_DEFINE(counted_set, .kind = "datasets", .name = "counted", .version = "1.0.0",
          .doc = "numbers in a row", .params = params, .signature = "-> x f32[N,1], y i64[N]<10",
          .params_size = sizeof(counted), .open = open_splits, .read = read_split);
AS_DEFINE(second_set, .kind = "datasets", .name = "counted_again", .version = "1.0.0",
          .doc = "the same under another name", .params = params,
          .signature = "-> x f32[N,1], y i64[N]<10", .params_size = sizeof(counted), .open = open_splits,
          .read = read_split);

} // namespace

AS_MODULE(&counted_set, &second_set);
