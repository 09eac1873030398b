/* datasets/by_visits: what a split holds depends on how many were read before. */
#include <assay/plugin.h>

typedef struct {
    int visits;
} self;

static void setup(as_ctx *c, const void *params, void *self_)
{
    (void)params;
    as_counter(c, "visits", &((self *)self_)->visits);
}

static void open_splits(as_ctx *c, const void *params)
{
    (void)params;
    as_split(c, "train");
    as_split(c, "test");
}

static void read_split(as_ctx *c, const void *params, const char *split)
{
    self *s = as_self(c);
    (void)params, (void)split;
    as_field(c, "x", as_full(c, AS_DIMS(4, 1), s->visits++));
}

AS_PLUGIN(.kind = "datasets", .name = "by_visits", .version = "1.0.0", .doc = "other items at each visit",
          .signature = "-> x f32[N,1]", .state_size = sizeof(self), .setup = setup, .open = open_splits,
          .read = read_split);
